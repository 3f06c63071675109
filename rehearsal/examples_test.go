//go:build unix

package rehearsal_test

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	embedded "github.com/slipway-eks/slipway/examples/embedded/program"
	network "github.com/slipway-eks/slipway/examples/network/program"
	service "github.com/slipway-eks/slipway/examples/service/program"
	"github.com/slipway-eks/slipway/stacks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
	"github.com/slipway-eks/slipway/rehearsal/internal/stackfile"
)

// examples is the folder of the example programs.
var examples = filepath.Join(root, "examples")

// example prepares a run of an example in dir, with the settings of its own project file and more.
func example(t *testing.T, name, dir string, program pulumi.RunFunc, more map[string]any) *engine.Run {
	t.Helper()
	return exampleAs(t, engine.Account{}, name, dir, program, more)
}

// exampleAs is example for whoever the account says.
func exampleAs(
	t *testing.T, account engine.Account, name, dir string, program pulumi.RunFunc, more map[string]any,
) *engine.Run {
	t.Helper()
	project, err := workspace.LoadProject(filepath.Join(examples, name, "Pulumi.yaml"))
	require.NoError(t, err)
	settings, err := stackfile.Settings{}.With(more)
	require.NoError(t, err)
	return openWith(t, engine.Options{
		Dir: dir, Stack: "dev", Project: *project, Program: program, Settings: settings, Account: account,
	})
}

func TestExamples_endInAnEmptyAccount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		program pulumi.RunFunc
		outputs []string
	}{
		"network":  {network.Deploy, []string{"vpcId", "privateSubnetIds"}},
		"embedded": {embedded.Deploy, []string{"auditLogGroup", "frontHost"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := example(t, name, t.TempDir(), c.program, nil)
			up, err := run.Up(t.Context())
			require.NoError(t, err)
			for _, output := range c.outputs {
				assert.NotEmpty(t, up.Outputs[output].Value, output)
			}
			again, err := run.Up(t.Context())
			require.NoError(t, err)
			assert.Empty(t, again.Changes(), "a second update is empty")

			_, err = run.Destroy(t.Context())
			require.NoError(t, err)
			assert.Zero(t, run.Cloud().AWS.LiveCount())
			assert.Empty(t, objectsOf(t, run))
		})
	}
}

// The service comes and goes, and the platform that it is added to stays as it is.
func TestExamples_aServiceIsAddedFromAnotherProgram(t *testing.T) {
	t.Parallel()
	platform, err := platform(root, "dev")
	require.NoError(t, err)
	run := exampleAs(t, platform.Account, "service", dev(t).copy(t), service.Deploy,
		map[string]any{"reports:platform": "organization/slipway/dev"})
	before := inNamespace(t, run, "apps")
	up, err := run.Up(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "reports.apps.svc", up.Outputs["host"].Value)
	kinds := map[string]int{}
	for _, step := range up.Steps {
		if step.Of("kubernetes") {
			kinds[string(step.URN.Type())]++
		}
	}
	assert.Equal(t, map[string]int{
		"kubernetes:apps/v1:Deployment": 1, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": 1,
		"kubernetes:core/v1:Service": 1, "kubernetes:core/v1:ServiceAccount": 1,
		"kubernetes:networking.k8s.io/v1:Ingress": 1, "kubernetes:networking.k8s.io/v1:NetworkPolicy": 1,
		"kubernetes:policy/v1:PodDisruptionBudget": 1,
	}, kinds)
	assert.Len(t, inNamespace(t, run, "apps"), len(before)+len(kinds))

	_, err = run.Destroy(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, before, inNamespace(t, run, "apps"))
}

func TestExamples_campusHoldsEveryPromise(t *testing.T) {
	t.Parallel()
	project := copyOf(t, filepath.Join(examples, "campus"))
	report, err := rehearse.Run(t.Context(), rehearse.Options{
		Root: project, Stack: "campus", Program: stacks.DeployFrom(project), Tools: tools, Progress: io.Discard,
	})
	require.NoError(t, err)
	assert.True(t, report.Passed, "%v", report.Failures)
}

// inNamespace returns what a program may have made in a namespace of the run's cluster, as kind and name.
func inNamespace(t *testing.T, run *engine.Run, namespace string) []string {
	t.Helper()
	cluster, err := run.Cloud().Clusters.Cluster(run.Cloud().Clusters.Names()[0])
	require.NoError(t, err)
	client, err := dynamic.NewForConfig(cluster.Config())
	require.NoError(t, err)
	var found []string
	for _, kind := range []schema.GroupVersionResource{
		{Group: "apps", Version: "v1", Resource: "deployments"},
		{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"},
		{Version: "v1", Resource: "services"},
		{Version: "v1", Resource: "serviceaccounts"},
		{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
		{Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
		{Group: "policy", Version: "v1", Resource: "poddisruptionbudgets"},
	} {
		list, err := client.Resource(kind).Namespace(namespace).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		for _, item := range list.Items {
			found = append(found, item.GetKind()+" "+item.GetName())
		}
	}
	require.NotEmpty(t, found)
	return found
}
