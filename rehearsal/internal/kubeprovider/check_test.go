//go:build unix

package kubeprovider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

func TestCheck_refuses(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	meta := func(meta m) m { return c.object(configType, "", m{"metadata": meta}) }
	for sentence, row := range map[string]struct {
		typ    string
		inputs m
		want   string
	}{
		"a kind":                         {"kubernetes:core/v1:Node", m{}, `kubernetes:core/v1:Node "x": the kind is not known to the rehearsal`},
		"a patch":                        {"kubernetes:core/v1:ConfigMapPatch", m{}, "the kind is not known to the rehearsal"},
		"an unknown field":               {deploymentType, c.deployment(m{"replica": 2}, nil), `unknown field "spec.replica"`},
		"an unknown nested field":        {deploymentType, c.deployment(nil, m{"imagePullpolicy": "Always"}), `unknown field "spec.template.spec.containers[0].imagePullpolicy"`},
		"a text for a number":            {deploymentType, c.deployment(m{"replicas": "2"}, nil), "cannot unmarshal string"},
		"an amount that is none":         {deploymentType, c.deployment(nil, m{"resources": m{"limits": m{"memory": "1 GB"}}}), "quantities must match"},
		"a Secret that is not encoded":   {secretType, c.object(secretType, "x", m{"data": m{"a": "?"}}), "illegal base64"},
		"another kind than the token's":  {configType, c.object(secretType, "x", nil), "kind: Secret, want ConfigMap"},
		"another version":                {configType, c.object("kubernetes:v2:ConfigMap", "x", nil), "apiVersion: v2, want v1"},
		"a name with capitals":           {configType, c.config("App", nil), `metadata.name: "App"`},
		"a service that begins with 1":   {serviceType, c.object(serviceType, "1a", m{"spec": m{"ports": list{m{"port": 80}}}}), `metadata.name: "1a"`},
		"a namespace with capitals":      {configType, meta(m{"name": "x", "namespace": "App"}), "metadata.namespace"},
		"a namespace of a cluster's own": {storageType, c.object(storageType, "x", m{"provisioner": "p"}), "objects of this kind have none"},
		"a label with a space":           {configType, meta(m{"name": "x", "labels": m{"a": "b c"}}), "metadata.labels[a]"},
		"an annotation's name":           {configType, meta(m{"name": "x", "annotations": m{"a b": "c"}}), "metadata.annotations[a b]"},
		"a wish to Pulumi's provider":    {configType, meta(m{"name": "x", "annotations": m{"pulumi.com/waitFor": "c"}}), "metadata.annotations[pulumi.com/waitFor]: is not known to the rehearsal"},
		"a time that is none":            {configType, meta(m{"name": "x", "annotations": m{"pulumi.com/timeoutSeconds": "1m"}}), "number of seconds"},
		"a generated name":               {configType, meta(m{"generateName": "x-"}), "generateName"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			_, err := c.Check(row.typ, "x", nil, row.inputs)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

func TestCheck_toleratesWhatAPreviewDoesNotKnow(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	before := c.model.Checked()
	_, err := c.Check(deploymentType, "app", nil, c.deployment(m{"selector": simtest.Unknown}, m{"image": simtest.Unknown}))
	require.NoError(t, err)
	assert.Equal(t, before+1, c.model.Checked())
	_, err = c.Check(deploymentType, "app", nil, c.deployment(m{"replica": 1}, m{"image": simtest.Unknown}))
	assert.ErrorContains(t, err, "spec.replica", "what is known is checked all the same")
}

func TestCheck_namesLikeTheRealProvider(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	first, err := c.Check(configType, "Settings", nil, c.config("", m{"a": "b"}))
	require.NoError(t, err)
	meta := first["metadata"].ObjectValue()
	assert.Regexp(t, `^settings-[0-9a-f]{8}$`, meta["name"].StringValue())
	assert.Equal(t, m{"pulumi.com/autonamed": "true"}, meta["annotations"].ObjectValue().Mappable())
	again, err := c.Check(configType, "Settings", first, c.config("", m{"a": "c"}))
	require.NoError(t, err)
	assert.Equal(t, meta, again["metadata"].ObjectValue(), "the name is kept")
}

func TestConfig_refuses(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	good := kubeconfig("https://a", nil)
	short := m{"exec": m{"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": list{"eks", "get-token", "--cluster-name", "main"}}}
	for sentence, row := range map[string]struct {
		config m
		want   string
	}{
		"a setting":                {m{"kubeconfig": good, "context": "x"}, `setting "context" is not known to the rehearsal`},
		"no server-side apply":     {m{"kubeconfig": good, "enableServerSideApply": false}, "enableServerSideApply"},
		"the same as a text":       {m{"kubeconfig": good, "enableServerSideApply": "false"}, "enableServerSideApply"},
		"no kubeconfig":            {m{}, `setting "kubeconfig" is required`},
		"a kubeconfig that is not": {m{"kubeconfig": "{"}, "neither JSON nor YAML"},
		"a server without TLS":     {m{"kubeconfig": kubeconfig("http://a", nil)}, "https://"},
		"a static token":           {m{"kubeconfig": kubeconfig("https://a", m{"token": "abc"})}, `user has "token"`},
		"another command":          {m{"kubeconfig": kubeconfig("https://a", m{"exec": m{"command": "sh"}})}, "aws eks get-token"},
		"no region":                {m{"kubeconfig": kubeconfig("https://a", short)}, "no --region"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			problems := c.Config("urn:pulumi:a::b::pulumi:providers:kubernetes::k", row.config)
			require.NotEmpty(t, problems)
			assert.Contains(t, problems[0], row.want)
		})
	}
	inside := "urn:pulumi:a::b::eks:index:Cluster$pulumi:providers:kubernetes::main-eks-k8s"
	assert.Empty(t, c.Config(inside, m{"kubeconfig": kubeconfig("https://a", short)}), "pulumi-eks makes such for itself")
	assert.Empty(t, c.Config("urn", m{"kubeconfig": simtest.Unknown}), "a first preview does not know it")
	assert.Empty(t, c.Config("urn", m{"kubeconfig": good, "enableServerSideApply": "true"}))
}

func TestDiffConfig_replacesForAnotherClusterOnly(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	a, b := kubeconfig("https://a", nil), kubeconfig("https://b", nil)
	for sentence, row := range map[string]struct {
		olds, news m
		want       []string
	}{
		"the same identifier, whatever the server": {m{"kubeconfig": a, "clusterIdentifier": "x"}, m{"kubeconfig": b, "clusterIdentifier": "x"}, nil},
		"an unknown kubeconfig, same identifier":   {m{"kubeconfig": a, "clusterIdentifier": "x"}, m{"kubeconfig": simtest.Unknown, "clusterIdentifier": "x"}, nil},
		"another identifier":                       {m{"kubeconfig": a, "clusterIdentifier": "x"}, m{"kubeconfig": a, "clusterIdentifier": "y"}, []string{"clusterIdentifier"}},
		"another server":                           {m{"kubeconfig": a}, m{"kubeconfig": b}, []string{"kubeconfig"}},
		"an unknown kubeconfig":                    {m{"kubeconfig": a}, m{"kubeconfig": simtest.Unknown}, []string{"kubeconfig"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, row.want, c.model.ReplacesConfig(simtest.Props(row.olds), simtest.Props(row.news)))
		})
	}
}

func TestInvoke_refusesByName(t *testing.T) {
	t.Parallel()
	_, err := newCluster(t, nil).Invoke("kubernetes:yaml:decode", nil)
	assert.ErrorContains(t, err, `function "kubernetes:yaml:decode" is not known to the rehearsal`)
}
