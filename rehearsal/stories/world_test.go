//go:build unix

package stories_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"github.com/slipway-eks/slipway/rehearsal/internal/clusters"
	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/drill"
	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// speed is how much faster than in AWS nodes and pods are: a service that starts in 40 s is ready in 0.8 s.
const speed = 50

// patience is how long a test waits for the cluster, in real time.
const patience = 30 * time.Second

// period is how often it looks.
const period = 50 * time.Millisecond

// autoScalingGroup is what the mock engine calls the Auto Scaling group behind every node group.
const autoScalingGroup = "eks-general-0123"

// tools are made once a machine.
var tools toolchain.Set

func TestMain(m *testing.M) {
	source, err := toolchain.Source("..")
	if err == nil {
		var chain *toolchain.Toolchain
		if chain, err = toolchain.New(source, os.Stderr); err == nil {
			tools, err = chain.Ensure(context.Background())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "setting up:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// world is a cluster of a test's own.
type world struct {
	*clusters.Cluster
	t       *testing.T
	mapper  *restmapper.DeferredDiscoveryRESTMapper
	dynamic dynamic.Interface
}

// account is who the cluster belongs to.
type account struct {
	groups []simaws.NodeGroup
	addons []string
	// joined says that the nodes have joined. The platform makes its add-ons after that: before, the first node would
	// get all pods of them.
	joined *atomic.Bool
}

func (a account) NodeGroups(string) []simaws.NodeGroup      { return a.groups }
func (a account) AccessEntries(string) []simaws.AccessEntry { return nil }
func (a account) Caller() string                            { return "" }
func (a account) Addons(string) []string {
	if a.joined != nil && !a.joined.Load() {
		return nil
	}
	return a.addons
}

// everyAddon is what a platform has.
var everyAddon = []string{"coredns", "metrics-server", "vpc-cni", "kube-proxy"}

// group is a node group of so many nodes in three zones.
func group(name, instanceType string, nodes int) simaws.NodeGroup {
	return simaws.NodeGroup{
		Name: name, InstanceTypes: []string{instanceType}, Min: nodes, Max: nodes, Desired: nodes, PrefixDelegation: true,
		Zones:  []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"},
		Labels: map[string]string{"slipway.dev/node-group": name},
	}
}

// newWorld starts a cluster with node groups and waits for its nodes.
func newWorld(t *testing.T, a account) *world {
	t.Helper()
	a.joined = &atomic.Bool{}
	set := clusters.New(clusters.Options{
		Dir: t.TempDir(), Binary: tools.ControlPlane, KWOK: tools.KWOK, Speed: speed, Timing: controlplane.Faster(speed),
	})
	t.Cleanup(func() { assert.NoError(t, set.Close()) })
	require.NoError(t, set.Attach(a, nil))
	_, _, err := set.Start("test")
	require.NoError(t, err)
	c, err := set.Cluster("test")
	require.NoError(t, err)
	w := &world{Cluster: c, t: t}
	config := c.Config()
	w.dynamic, err = dynamic.NewForConfig(config)
	require.NoError(t, err)
	w.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.Client().Discovery()))

	want := 0
	for _, g := range a.groups {
		want += g.Desired
	}
	w.await("all nodes are ready", func() bool {
		nodes := c.Fleet().Nodes()
		return len(nodes) == want && !slices.ContainsFunc(nodes, notReady)
	})
	a.joined.Store(true)
	return w
}

// await waits until so.
func (w *world) await(what string, so func() bool) {
	w.t.Helper()
	require.Eventually(w.t, so, patience, period, "%s; the fleet says %v", what, w.Fleet().Fault())
}

// late are the kinds that need what the others make: a webhook's pods, and then the webhook.
var late = []string{
	"kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration",
	"kubernetes:networking.k8s.io/v1:Ingress",
}

// deploy writes all Kubernetes objects of a program and waits until its Deployments are at full strength.
func (w *world) deploy(got *ptest.Result) {
	w.t.Helper()
	w.write(got)
	w.settle()
	for _, kind := range late {
		for _, r := range got.OfType(kind) {
			require.NoError(w.t, w.apply(r), r.URN)
		}
	}
}

// write writes the Kubernetes objects of a program, but for the late ones and for other types.
func (w *world) write(got *ptest.Result, but ...string) {
	w.t.Helper()
	all := slices.DeleteFunc(slices.Clone(got.All()), func(r ptest.Resource) bool {
		return !r.Custom || !strings.HasPrefix(r.Type, "kubernetes:") ||
			slices.Contains(late, r.Type) || slices.Contains(but, r.Type) ||
			strings.HasPrefix(r.Type, "kubernetes:helm.sh") // no chart can be had
	})
	// Namespaces first, and what pods refer to before the pods.
	slices.SortStableFunc(all, func(a, b ptest.Resource) int { return order(a.Type) - order(b.Type) })
	for _, r := range all {
		require.NoError(w.t, w.apply(r), r.URN)
	}
}

func order(typ string) int {
	switch typ[strings.LastIndex(typ, ":")+1:] {
	case "Namespace", "PriorityClass":
		return 0
	case "Deployment", "CronJob":
		return 2
	default:
		return 1
	}
}

// apply writes one object as the real provider does.
func (w *world) apply(r ptest.Resource) error {
	object := simprovider.RevealMap(r.Inputs).Mappable()
	metadata, _ := object["metadata"].(map[string]any)
	if metadata == nil {
		metadata = map[string]any{}
		object["metadata"] = metadata
	}
	if metadata["name"] == nil {
		metadata["name"] = r.Name + "-generated" // as the mock engine names it for those that refer to it
	}
	namespace, _ := metadata["namespace"].(string)
	group, rest, _ := strings.Cut(strings.TrimPrefix(r.Type, "kubernetes:"), "/")
	version, kind, _ := strings.Cut(rest, ":")
	if group == "core" {
		group = ""
	}
	object["apiVersion"], object["kind"] = schema.GroupVersion{Group: group, Version: version}.String(), kind
	mapping, err := w.mapper.RESTMapping(schema.GroupKind{Group: group, Kind: kind}, version)
	if err != nil {
		return err
	}
	data, err := json.Marshal(object)
	if err != nil {
		return err
	}
	var client dynamic.ResourceInterface = w.dynamic.Resource(mapping.Resource)
	if mapping.Scope.Name() == "namespace" {
		if namespace == "" {
			namespace = "default"
		}
		client = w.dynamic.Resource(mapping.Resource).Namespace(namespace)
	}
	force := false
	_, err = client.Patch(w.t.Context(), metadata["name"].(string), types.ApplyPatchType, data,
		metav1.PatchOptions{FieldManager: "pulumi", FieldValidation: "Strict", Force: &force})
	return err
}

// settle waits until all Deployments have the pods that they want, and HPAs have had their say.
func (w *world) settle() {
	w.t.Helper()
	w.await("all deployments are at full strength", func() bool {
		hpas, err := w.Client().AutoscalingV2().HorizontalPodAutoscalers("").List(w.t.Context(), metav1.ListOptions{})
		if err != nil {
			return false
		}
		for _, hpa := range hpas.Items {
			if hpa.Status.DesiredReplicas < *hpa.Spec.MinReplicas {
				return false
			}
		}
		return len(w.weak()) == 0
	})
}

// weak returns the Deployments that are not at full strength.
func (w *world) weak() []string {
	all, err := w.Client().AppsV1().Deployments("").List(w.t.Context(), metav1.ListOptions{})
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, d := range all.Items {
		if d.Status.AvailableReplicas < replicas(&d) || d.Status.ObservedGeneration < d.Generation {
			out = append(out, d.Namespace+"/"+d.Name)
		}
	}
	return out
}

func replicas(d *appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}

// drill returns the options of a drill in this world.
func (w *world) drill() drill.Options {
	return drill.Options{Cluster: w.Cluster, Speed: speed, Say: func(e drill.Entry) { w.t.Logf("%6.0f s  %s", e.Seconds, e.Text) }}
}

// resources returns what a program registered, as an account would hold it: with the names that AWS gives.
func resources(got *ptest.Result) []simaws.Resource {
	var out []simaws.Resource
	for _, r := range got.All() {
		if !r.Custom {
			continue
		}
		properties := r.Inputs.Copy()
		if r.Type == "aws:eks/nodeGroup:NodeGroup" {
			properties["nodeGroupName"] = resource.NewProperty(r.Name)
			maps.Copy(properties, resource.NewPropertyMapFromMap(map[string]any{"resources": []any{
				map[string]any{"autoscalingGroups": []any{map[string]any{"name": autoScalingGroup}}},
			}}))
		}
		out = append(out, simaws.Resource{Type: r.Type, ID: r.Name + "-id", Properties: properties})
	}
	return out
}

func notReady(n fleet.NodeState) bool { return !n.Ready }

func groups(all ...simaws.NodeGroup) []simaws.NodeGroup { return all }
