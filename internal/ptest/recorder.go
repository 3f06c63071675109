// Package ptest runs Pulumi programs against an engine in memory that records what they register.
//
// The mock engine of the SDK accepts what the real one refuses. So Run fails a test where two resources share a URN,
// where a child's name does not start with its parent's (a rename of the parent could then not carry it along), where
// an invoke has no answer, and where the preview does not show every resource that the deployment registers.
package ptest

import (
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Resource is one registration.
type Resource struct {
	// URN is the engine's identity of the resource.
	URN resource.URN
	// Type and Name are those given at registration.
	Type, Name string
	// Parent is the URN of the parent.
	Parent resource.URN
	// Custom says that a provider manages the resource; components are not custom.
	Custom bool
	// Inputs are the properties given at registration. In a preview, those that are not known yet are absent.
	Inputs resource.PropertyMap
	// Provider is the reference of the explicit provider, "" for the default one.
	Provider string
	// Protect and IgnoreChanges are the resource's options.
	Protect       bool
	IgnoreChanges []string
	// DependsOn are the URNs that the resource waits for, by its options or by its inputs.
	DependsOn []resource.URN
}

// Answers maps an invoke's token to its result.
type Answers map[string]resource.PropertyMap

// recorder implements pulumi.MockResourceMonitor.
type recorder struct {
	stack   string
	preview bool
	answers Answers
	// stackOutputs are those of other stacks, by full name.
	stackOutputs map[string]resource.PropertyMap

	mu        sync.Mutex
	resources map[resource.URN]Resource
	problems  []string
}

// NewResource records a registration and answers as a provider would.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	parent := resource.URN(args.RegisterRPC.GetParent())
	urn := r.urnOf(parent, args.TypeToken, args.Name)
	r.record(Resource{
		URN: urn, Type: args.TypeToken, Name: args.Name, Parent: parent, Custom: args.Custom, Inputs: args.Inputs,
		Provider: args.Provider, Protect: args.RegisterRPC.GetProtect(),
		IgnoreChanges: args.RegisterRPC.GetIgnoreChanges(), DependsOn: urns(args.RegisterRPC.GetDependencies()),
	})
	if args.TypeToken == stackReferenceType {
		return r.readStack(args)
	}
	if args.TypeToken == remoteClusterType {
		return "", r.remoteClusterState(args.Inputs), nil
	}
	if !args.Custom {
		return "", args.Inputs, nil
	}
	if r.preview && args.Name != standInName {
		// What a provider computes is not known before it did. The cluster is an exception: the SDK's mock engine
		// fails on a value that is both secret and unknown, as a kubeconfig would be.
		return "", args.Inputs, nil
	}
	return args.Name + "-id", computed(args), nil
}

func (r *recorder) record(res Resource) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, twice := r.resources[res.URN]; twice {
		r.problems = append(r.problems, "two resources share the URN "+string(res.URN))
	}
	r.resources[res.URN] = res
}

// Call answers an invoke.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if answer, ok := r.answers[args.Token]; ok {
		return answer, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.problems = append(r.problems, "no answer for the invoke "+args.Token)
	return nil, fmt.Errorf("ptest: no answer for the invoke %s", args.Token)
}

func (r *recorder) urnOf(parent resource.URN, typ, name string) resource.URN {
	urn := "urn:pulumi:" + r.stack + "::" + Project + "::"
	if parent != "" && parent.QualifiedType() != resource.RootStackType {
		urn += string(parent.QualifiedType()) + "$"
	}
	return resource.URN(urn + typ + "::" + name)
}

func urns(list []string) []resource.URN {
	all := make([]resource.URN, len(list))
	for i, u := range list {
		all[i] = resource.URN(u)
	}
	return all
}
