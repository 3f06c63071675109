//go:build unix

package kubeprovider_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

var (
	configMaps  = corev1.SchemeGroupVersion.WithResource("configmaps")
	services    = corev1.SchemeGroupVersion.WithResource("services")
	deployments = appsv1.SchemeGroupVersion.WithResource("deployments")
)

// shop is what a small program makes.
func (c cluster) shop() map[string]m {
	return map[string]m{
		deploymentType: c.deployment(m{"replicas": 2, "progressDeadlineSeconds": 60}, nil),
		serviceType:    c.service(80, m{"type": "ClusterIP"}),
		scalerType: c.object(scalerType, "app", m{"spec": m{
			"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": m{"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
			"metrics": list{m{"type": "Resource", "resource": m{
				"name": "cpu", "target": m{"type": "AverageValue", "averageValue": "1500m"},
			}}},
		}}),
		configType: c.config("app", m{"MODE": "production"}),
		secretType: c.object(secretType, "app", m{"stringData": m{"key": "a-secret-text"}}),
		policyType: c.object(policyType, "app", m{"spec": m{
			"podSelector": m{}, "policyTypes": list{"Ingress"}, "ingress": list{m{"ports": list{m{"port": "http"}}}},
		}}),
		quotaType: c.object(quotaType, "app", m{"spec": m{"hard": m{"requests.cpu": "8000m", "requests.memory": "0.5Ti"}}}),
	}
}

func TestProgram_liesStillAfterUp(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	made := map[string]simtest.Resource{}
	for typ, inputs := range c.shop() {
		made[typ] = c.Make(t, typ, "app", inputs)
	}
	objects, err := c.model.Objects(t.Context())
	require.NoError(t, err)
	assert.Len(t, objects, len(made))
	for typ, inputs := range c.shop() {
		r := c.Read(t, made[typ])
		assert.Equal(t, made[typ].ID, r.ID)
		assert.Equal(t, made[typ].Inputs, r.Inputs, "%s: a refresh finds the program's own words", typ)
		assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, c.Diff(t, r, inputs).Changes, typ)
	}
	assert.InDelta(t, 2, made[deploymentType].Outputs["status"].ObjectValue()["readyReplicas"].NumberValue(), 0)
	assert.NotEmpty(t, made[serviceType].Outputs["spec"].ObjectValue()["clusterIP"].StringValue())
	for _, r := range made {
		require.NoError(t, c.Delete(r))
		require.NoError(t, c.Delete(r), "to delete what is gone is no error")
	}
	objects, err = c.model.Objects(t.Context())
	require.NoError(t, err)
	assert.Empty(t, objects)
}

func TestUpdate_changesAndRemovesFields(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	r := c.Make(t, deploymentType, "app", c.deployment(m{"minReadySeconds": 1}, m{"command": list{"a"}}))
	preview, err := c.PreviewUpdate(r, c.deployment(m{"replicas": 2}, nil))
	require.NoError(t, err)
	assert.InDelta(t, 2, preview.Outputs["spec"].ObjectValue()["replicas"].NumberValue(), 0)
	live, err := objects(deployments, c.space).Get(t.Context(), "app", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, int64(1), live.GetGeneration(), "a preview changes nothing")
	r, err = c.Update(r, c.deployment(m{"replicas": 2}, nil))
	require.NoError(t, err)
	spec := r.Outputs["spec"].ObjectValue().Mappable()
	assert.NotContains(t, spec, "minReadySeconds")
	assert.NotContains(t, fmt.Sprint(spec["template"]), "command")
	assert.InDelta(t, 2, r.Outputs["status"].ObjectValue()["availableReplicas"].NumberValue(), 0, "it waits")
	assert.Equal(t, r.Inputs, c.Read(t, r).Inputs)
}

func TestRead_findsDriftAndLoss(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	r := c.Make(t, deploymentType, "app", c.deployment(m{"replicas": 1}, nil))
	merge(t, deployments, c.space, "app", m{"spec": m{"replicas": 3}, "metadata": m{"labels": m{"by": "hand"}}})
	diff := c.Diff(t, c.Read(t, r), c.deployment(m{"replicas": 1}, nil))
	assert.Equal(t, []string{"spec.replicas"}, diff.Diffs)
	require.NoError(t, objects(deployments, c.space).Delete(t.Context(), "app", metav1.DeleteOptions{}))
	assert.Empty(t, c.Read(t, r).ID)
	_, err := c.PreviewUpdate(r, c.deployment(nil, nil))
	require.ErrorContains(t, err, `"app" not found`)
	_, err = c.Update(r, c.deployment(nil, nil))
	require.ErrorContains(t, err, `"app" not found`)
	left, err := c.model.Objects(t.Context())
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestRead_leavesToOthersWhatTheProgramDidNotSet(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	r := c.Make(t, deploymentType, "app", c.deployment(nil, nil))
	merge(t, deployments, c.space, "app", m{"spec": m{"replicas": 3}})
	assert.Equal(t, r.Inputs, c.Read(t, r).Inputs, "an autoscaler owns the number")
	r, err := c.Update(r, c.deployment(nil, m{"image": "example.com/app:2"}))
	require.NoError(t, err)
	assert.InDelta(t, 3, r.Outputs["spec"].ObjectValue()["replicas"].NumberValue(), 0)

	pod := c.Make(t, podType, "pod", c.object(podType, "pod", m{"spec": m{
		"containers": list{m{"name": "a", "image": "a:1", "volumeMounts": list{m{"name": "own", "mountPath": "/own"}}}},
		"volumes":    list{m{"name": "own", "emptyDir": m{}}},
	}}))
	assert.Equal(t, pod.Inputs, c.Read(t, pod).Inputs, "admission adds a volume, its mount and tolerations")
}

func TestDiff_takesAQuantityForWhatItMeans(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	amount := func(cpu any, memory string) m {
		return c.deployment(nil, m{"resources": m{"requests": m{"cpu": cpu, "memory": memory}}, "tty": false})
	}
	r := c.Make(t, deploymentType, "app", amount("1000m", "1024Mi"))
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, c.Diff(t, r, amount("1", "1Gi")).Changes)
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, c.Diff(t, c.Read(t, r), amount(1, "1Gi")).Changes)
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_SOME, c.Diff(t, r, amount("1001m", "1Gi")).Changes)
}

func TestCreate_takesOverWhatNobodyElseWantsOtherwise(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	c.Make(t, configType, "first", c.config("x", m{"a": "b"}))
	c.Make(t, configType, "same", c.config("x", m{"a": "b"}))
	_, err := c.Try(configType, "other", c.config("x", m{"a": "c"}))
	require.ErrorContains(t, err, "somebody else has set fields")
	require.ErrorContains(t, err, ".data.a")
	c.Make(t, configType, "forced", c.annotated(c.config("x", m{"a": "c"}), m{"pulumi.com/patchForce": "true"}))
}

func TestDiff_plansReplacements(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	fixed := c.Make(t, configType, "fixed", c.config("fixed", m{"a": "b"}))
	generated := c.Make(t, configType, "generated", c.config("", m{"a": "b"}))
	app := c.Make(t, deploymentType, "app", c.deployment(nil, nil))
	for sentence, row := range map[string]struct {
		r        simtest.Resource
		inputs   m
		replaces []string
		first    bool
	}{
		"new data of a fixed name":     {fixed, c.config("fixed", m{"a": "c"}), []string{"data.a"}, true},
		"new data of a generated name": {generated, c.config("", m{"a": "c"}), []string{"data.a"}, false},
		"another name":                 {fixed, c.config("other", m{"a": "b"}), []string{"metadata.name"}, false},
		"another image":                {app, c.deployment(nil, m{"image": "b"}), nil, false},
		"another selector": {
			app, c.deployment(m{"selector": m{"matchLabels": m{"track": "stable"}}}, nil),
			[]string{"spec.selector.matchLabels.name", "spec.selector.matchLabels.track"},
			true,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got := c.Diff(t, row.r, row.inputs)
			assert.Equal(t, row.replaces, got.Replaces)
			assert.Equal(t, row.first, got.DeleteBeforeReplace)
		})
	}
}

func TestObjects_areKnownToTheNextRun(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	c.Make(t, configType, "x", c.config("x", nil))
	command, _ := shim(t)
	again, err := kubeprovider.New(t.Context(), kubeprovider.Options{File: c.file, AWS: command})
	require.NoError(t, err)
	left, err := again.Objects(t.Context())
	require.ErrorContains(t, err, "no provider is configured")
	assert.Len(t, left, 1, "what cannot be asked for counts as there")
	simtest.Start(t, again, m{"kubeconfig": kubeconfig(admin.Host, nil)})
	left, err = again.Objects(t.Context())
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

func TestKubeconfig_isUsedWithTheRehearsalsCommand(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	c.Make(t, configType, "x", c.config("x", nil))
	calls, err := os.ReadFile(c.calls)
	require.NoError(t, err)
	assert.Equal(t, "eks get-token --cluster-name main --region eu-west-1 --output json\n", string(calls), "and asked once")

	broken, err := kubeprovider.New(t.Context(), kubeprovider.Options{AWS: filepath.Join(t.TempDir(), "none")})
	require.NoError(t, err)
	_, err = simtest.Start(t, broken, m{"kubeconfig": kubeconfig(admin.Host, nil)}).Try(configType, "y", c.config("y", nil))
	assert.ErrorContains(t, err, "getting credentials")
}

func TestSecrets_areNowhereInClear(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	const marker = "bWFya2Vy"
	byNature := c.Make(t, secretType, "nature", c.object(secretType, "nature", m{"data": m{"key": marker}}))
	env := func(value string) m {
		return c.deployment(nil, m{"env": list{m{"name": "KEY", "value": simtest.Secret(value)}}})
	}
	marked := c.Make(t, deploymentType, "app", env(marker))
	assert.True(t, byNature.Outputs["data"].IsSecret())
	masked := simprovider.Rewrite(marked.Outputs["spec"], func(v resource.PropertyValue) resource.PropertyValue {
		if v.IsSecret() {
			return resource.NewProperty("[secret]")
		}
		return v
	})
	assert.NotContains(t, fmt.Sprint(masked.Mappable()), marker)
	for _, r := range []simtest.Resource{byNature, marked} {
		read := c.Read(t, r)
		assert.Equal(t, r.Inputs, read.Inputs)
		for key, v := range r.Outputs {
			assert.Equal(t, v.ContainsSecrets(), read.Outputs[key].ContainsSecrets(), key)
		}
		assert.True(t, read.Outputs["data"].IsSecret() || read.Outputs["spec"].ContainsSecrets())
	}
	data, err := os.ReadFile(c.file)
	require.NoError(t, err)
	assert.NotContains(t, string(data), marker)
	for _, e := range c.Server.Events() {
		assert.NotContains(t, fmt.Sprint(simprovider.RevealMap(e.Inputs).Mappable()), marker)
	}
	named := c.deployment(nil, m{"image": "a", "ports": list{m{"name": simtest.Secret("Top_Secret"), "containerPort": 80}}})
	_, err = c.Update(marked, named)
	require.ErrorContains(t, err, "[secret]")
	assert.NotContains(t, err.Error(), "Top_Secret")
}

func TestRelease_isRecordedAndNotRendered(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	release := func(version string) m {
		return m{
			"name": "controller", "namespace": c.space, "chart": "controller", "version": version,
			"repositoryOpts": m{"repo": "https://charts.example.com"}, "values": m{"key": simtest.Secret("hidden-value")},
		}
	}
	_, err := c.Check(kubeprovider.ReleaseType, "x", nil, release(""))
	require.ErrorContains(t, err, "version: is required")
	c.Preview(t, kubeprovider.ReleaseType, "x", release("1"))
	r := c.Make(t, kubeprovider.ReleaseType, "x", release("1"))
	assert.Equal(t, r, c.Read(t, r))
	_, err = c.Try(kubeprovider.ReleaseType, "y", release("1"))
	require.ErrorContains(t, err, "already exists")
	r, err = c.Update(r, release("2"))
	require.NoError(t, err)
	assert.Equal(t, r, c.Read(t, r))
	data, err := os.ReadFile(c.file)
	require.NoError(t, err)
	assert.NotContains(t, string(data), "hidden-value")
	require.NoError(t, c.Delete(r))
	assert.Empty(t, c.Read(t, r).ID)
}
