//go:build unix

package kubeprovider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

func TestServer_refusesInPreviewAndInUpdate(t *testing.T) {
	t.Parallel()
	c := newCluster(t, m{"pod-security.kubernetes.io/enforce": "restricted"})
	good := c.Make(t, serviceType, "good", c.service(80, nil))
	for sentence, row := range map[string]struct {
		typ    string
		inputs m
		want   string
	}{
		"what Pod Security forbids": {
			podType, c.object(podType, "x", m{"spec": m{"containers": list{m{"name": "a", "image": "a"}}}}), "restricted",
		},
		"a port out of range": {serviceType, c.object(serviceType, "x", m{"spec": m{"ports": list{m{"port": 70000}}}}), "65535"},
		"a selector that misses": {
			deploymentType, c.deployment(m{"selector": m{"matchLabels": m{"name": "other"}}}, nil), "does not match",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			in, err := c.Check(row.typ, "x", nil, row.inputs)
			require.NoError(t, err)
			for _, preview := range []bool{true, false} {
				_, err := c.provider(t).Create(simprovider.Request{
					Type: row.typ, Name: "x", URN: simtest.URN(row.typ, "x"), Inputs: in, Preview: preview,
				})
				assert.ErrorContains(t, err, row.want)
			}
		})
	}
	_, err := c.PreviewUpdate(good, c.service(70000, nil))
	require.ErrorContains(t, err, "65535")
	_, err = c.Update(good, c.service(70000, nil))
	assert.ErrorContains(t, err, "65535")
}

// provider returns the provider without a server before it, whose answers come with their errors.
func (c cluster) provider(t *testing.T) simprovider.Provider {
	t.Helper()
	p, err := c.model.Configure(simtest.Props(m{"kubeconfig": kubeconfig(admin.Host, nil)}))
	require.NoError(t, err)
	return p
}

func TestPreview_passesOverWhatItCannotKnow(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	c.Preview(t, configType, "unknown", c.config("x", m{"a": simtest.Unknown}))
	c.space = "not-there-yet"
	out := c.Preview(t, configType, "early", c.config("x", m{"a": "b"}))
	assert.NotContains(t, out["metadata"].ObjectValue(), "uid", "what the server will choose is not known")
	_, err := c.Try(configType, "early", c.config("x", m{"a": "b"}))
	require.ErrorContains(t, err, `namespaces "not-there-yet" not found`)

	require.NoError(t, c.Configure(m{"kubeconfig": simtest.Unknown}))
	c.Preview(t, configType, "no cluster", c.config("x", m{"a": "b"}))
	_, err = c.Try(configType, "no cluster", c.config("x", nil))
	require.ErrorContains(t, err, "no kubeconfig")

	require.NoError(t, c.Configure(m{"kubeconfig": kubeconfig("https://127.0.0.1:1", nil)}))
	c.Preview(t, configType, "away", c.config("x", m{"a": "b"}))
	_, err = c.Try(configType, "away", c.config("x", nil))
	assert.ErrorContains(t, err, "refused")
}

func TestPreview_ofWhoMayNotWriteIsNoError(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	answer, err := objects(corev1.SchemeGroupVersion.WithResource("serviceaccounts"), c.space).Create(t.Context(),
		&unstructured.Unstructured{Object: m{
			"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": m{"name": "default"},
		}}, metav1.CreateOptions{}, "token")
	require.NoError(t, err)
	token, _, err := unstructured.NestedString(answer.Object, "status", "token")
	require.NoError(t, err)
	command, _ := shimOf(t, m{"token": token})
	model, err := kubeprovider.New(t.Context(), kubeprovider.Options{AWS: command})
	require.NoError(t, err)
	reader := simtest.Start(t, model, m{"kubeconfig": kubeconfig(admin.Host, nil)})
	reader.Preview(t, configType, "x", c.config("x", nil))
	_, err = reader.Try(configType, "x", c.config("x", nil))
	require.ErrorContains(t, err, "system:serviceaccount:"+c.space+":default")
	assert.ErrorContains(t, err, "cannot patch")
}

func TestPreview_ofAReplacementAsksWithAnotherName(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	c.Make(t, deploymentType, "app", c.deployment(nil, nil))
	c.Preview(t, deploymentType, "app", c.deployment(m{"selector": m{"matchLabels": m{"track": "stable"}}}, nil))
	list, err := objects(deployments, c.space).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	assert.Len(t, list.Items, 1, "a preview makes nothing")
}
