package ptest

import (
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	awsClusterType    = "aws:eks/cluster:Cluster"
	remoteClusterType = "eks:index:Cluster"
	repositoryType    = "aws:ecr/repository:Repository"
	// standInName is the cluster that answers in place of the one inside pulumi-eks' component: a component runs in
	// another process, of which a mock engine knows nothing.
	standInName = "ptest-cluster"
)

// Account, Region and the rest are what resources computed by a provider are made of.
const (
	Account = "123456789012"
	Region  = "eu-west-1"
	// Endpoint and Issuer are the URLs of the stand-in cluster.
	Endpoint = "https://ABC.gr7.eu-west-1.eks.amazonaws.com"
	Issuer   = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"
)

// extra are outputs that a provider computes, by type.
var extra = map[string]resource.PropertyMap{
	"aws:ec2/launchTemplate:LaunchTemplate": {"latestVersion": resource.NewProperty(1.0)},
	"aws:ec2/natGateway:NatGateway":         {"publicIp": resource.NewProperty("198.51.100.1")},
	"aws:iam/openIdConnectProvider:OpenIdConnectProvider": {
		"arn": resource.NewProperty("arn:aws:iam::" + Account + ":oidc-provider/" + strings.TrimPrefix(Issuer, "https://")),
	},
	"aws:eks/nodeGroup:NodeGroup": {"resources": list(resource.PropertyMap{
		"autoscalingGroups": list(resource.PropertyMap{"name": resource.NewProperty("eks-general-0123")}),
	})},
	awsClusterType: {
		"endpoint":             resource.NewProperty(Endpoint),
		"certificateAuthority": resource.NewProperty(resource.PropertyMap{"data": resource.NewProperty("Q0E=")}),
		"identities": list(resource.PropertyMap{
			"oidcs": list(resource.PropertyMap{"issuer": resource.NewProperty(Issuer)}),
		}),
		"kubernetesNetworkConfig": resource.NewProperty(resource.PropertyMap{
			"serviceIpv4Cidr": resource.NewProperty("172.20.0.0/16"),
		}),
		"vpcConfig": resource.NewProperty(resource.PropertyMap{
			"clusterSecurityGroupId": resource.NewProperty("sg-cluster"),
		}),
	},
}

// computed returns a custom resource's state: its inputs, a name and an ARN where it has none, and what else its
// provider computes.
func computed(args pulumi.MockResourceArgs) resource.PropertyMap {
	state := args.Inputs.Copy()
	switch {
	case strings.HasPrefix(args.TypeToken, "kubernetes:"):
		nameObject(state, args.Name)
	case strings.HasPrefix(args.TypeToken, "aws:"):
		if _, ok := state["name"]; !ok {
			state["name"] = resource.NewProperty(args.Name + "-0123456")
		}
		service, _, _ := strings.Cut(strings.TrimPrefix(args.TypeToken, "aws:"), "/")
		state["arn"] = resource.NewProperty("arn:aws:" + service + ":" + Region + ":" + Account + ":" + args.Name)
	}
	if args.TypeToken == repositoryType {
		name := state["name"].StringValue()
		state["repositoryUrl"] = resource.NewProperty(Account + ".dkr.ecr." + Region + ".amazonaws.com/" + name)
	}
	maps.Copy(state, extra[args.TypeToken])
	return state
}

// nameObject gives a Kubernetes object that names itself nothing a generated name.
func nameObject(state resource.PropertyMap, name string) {
	metadata := resource.PropertyMap{}
	if v, ok := state["metadata"]; ok && v.IsObject() {
		metadata = v.ObjectValue().Copy()
	}
	if _, ok := metadata["name"]; !ok {
		metadata["name"] = resource.NewProperty(name + "-generated")
	}
	state["metadata"] = resource.NewProperty(metadata)
}

// registerStandIn registers the cluster that remoteClusterState refers to, and waits until the engine knows it.
func registerStandIn(ctx *pulumi.Context) error {
	var standIn pulumi.CustomResourceState
	err := ctx.RegisterResource(awsClusterType, standInName, pulumi.Map{"name": pulumi.String(standInName)}, &standIn)
	if err != nil {
		return err
	}
	known := make(chan struct{})
	standIn.URN().ApplyT(func(pulumi.URN) error { close(known); return nil })
	<-known
	return nil
}

func (r *recorder) remoteClusterState(inputs resource.PropertyMap) resource.PropertyMap {
	state := inputs.Copy()
	urn := r.urnOf("", awsClusterType, standInName)
	state["eksCluster"] = resource.MakeCustomResourceReference(urn, standInName, "6.83.2")
	return state
}

func list(object resource.PropertyMap) resource.PropertyValue {
	return resource.NewProperty([]resource.PropertyValue{resource.NewProperty(object)})
}
