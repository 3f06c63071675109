package simkube_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simkube"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

type (
	m    = simtest.Map
	list = []any
)

const (
	namespaceType  = "kubernetes:core/v1:Namespace"
	configType     = "kubernetes:core/v1:ConfigMap"
	secretType     = "kubernetes:core/v1:Secret"
	serviceType    = "kubernetes:core/v1:Service"
	deploymentType = "kubernetes:apps/v1:Deployment"
	scalerType     = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	budgetType     = "kubernetes:policy/v1:PodDisruptionBudget"
	ingressType    = "kubernetes:networking.k8s.io/v1:Ingress"
	bindingType    = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
	jobType        = "kubernetes:batch/v1:Job"
	cronType       = "kubernetes:batch/v1:CronJob"
	storageType    = "kubernetes:storage.k8s.io/v1:StorageClass"
	webhookType    = "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration"
	priorityType   = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
)

// kubeconfig is a good one, as text.
func kubeconfig(server string, user m) string {
	if user == nil {
		user = m{"exec": m{"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": list{
			"eks", "get-token", "--cluster-name", "main", "--region", "eu-west-1", "--output", "json",
		}}}
	}
	data, err := json.Marshal(m{
		"apiVersion": "v1", "kind": "Config", "current-context": "aws",
		"clusters": list{m{"name": "main", "cluster": m{"server": server, "certificate-authority-data": "Y2E="}}},
		"contexts": list{m{"name": "aws", "context": m{"cluster": "main", "user": "aws"}}},
		"users":    list{m{"name": "aws", "user": user}},
	})
	if err != nil {
		panic(err) // plain values only
	}
	return string(data)
}

type cluster struct {
	*simtest.Cloud
	model *simkube.Cluster
	file  string
}

func newCluster(t *testing.T) cluster {
	t.Helper()
	return openCluster(t, filepath.Join(t.TempDir(), "cluster.json"))
}

func openCluster(t *testing.T, file string) cluster {
	t.Helper()
	model, err := simkube.New(simkube.Options{File: file, Clock: func() time.Time { return time.Unix(0, 0) }})
	require.NoError(t, err)
	return cluster{simtest.Start(t, model, m{"kubeconfig": kubeconfig("https://a", nil)}), model, file}
}

// object adds the header that the SDK adds.
func object(apiVersion, kind, name string, rest m) m {
	out := m{"apiVersion": apiVersion, "kind": kind, "metadata": m{"namespace": "default"}}
	if name != "" {
		out["metadata"] = m{"namespace": "default", "name": name}
	}
	maps.Copy(out, rest)
	return out
}

func config(name string, data m) m { return object("v1", "ConfigMap", name, m{"data": data}) }

// deployment is a good one, with changes to its spec and to its container.
func deployment(spec, container m) m {
	c := m{"name": "app", "image": "example.com/app:1"}
	maps.Copy(c, container)
	s := m{
		"selector": m{"matchLabels": m{"name": "app"}},
		"template": m{"metadata": m{"labels": m{"name": "app", "track": "stable"}}, "spec": m{"containers": list{c}}},
	}
	maps.Copy(s, spec)
	return object("apps/v1", "Deployment", "app", m{"spec": s})
}

func TestCheck_refuses(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	path := func(changes m) m {
		p := m{"path": "/", "pathType": "Prefix", "backend": m{"service": m{"name": "app", "port": m{"number": 80}}}}
		maps.Copy(p, changes)
		return object("networking.k8s.io/v1", "Ingress", "app", m{
			"spec": m{"rules": list{m{"host": "www.example.com", "http": m{"paths": list{p}}}}},
		})
	}
	job := func(policy string) m {
		return m{"template": m{"spec": m{"restartPolicy": policy, "containers": list{m{"name": "a", "image": "a"}}}}}
	}
	wide := func(apiVersion, kind string, rest m) m {
		o := object(apiVersion, kind, "", rest)
		o["metadata"] = m{"name": "x"}
		return o
	}
	for sentence, row := range map[string]struct {
		typ    string
		inputs m
		want   string
	}{
		"a kind":                         {"kubernetes:core/v1:Pod", object("v1", "Pod", "x", nil), `kubernetes:core/v1:Pod "x": the kind is not known to the rehearsal`},
		"an unknown field":               {deploymentType, deployment(m{"replica": 2}, nil), `unknown field "spec.replica"`},
		"an unknown nested field":        {deploymentType, deployment(nil, m{"imagePullpolicy": "Always"}), `unknown field "spec.template.spec.containers[0].imagePullpolicy"`},
		"a text for a number":            {deploymentType, deployment(m{"replicas": "2"}, nil), "cannot unmarshal string"},
		"an amount that is none":         {deploymentType, deployment(nil, m{"resources": m{"limits": m{"memory": "1 GB"}}}), "quantities must match"},
		"another kind than the token's":  {configType, object("v1", "Secret", "x", nil), "kind: Secret, want ConfigMap"},
		"another version":                {configType, object("v2", "ConfigMap", "x", nil), "apiVersion: v2, want v1"},
		"a name with capitals":           {configType, config("App", nil), `metadata.name: "App"`},
		"a service that begins with 1":   {serviceType, object("v1", "Service", "1a", m{"spec": m{"ports": list{m{"port": 80}}}}), `metadata.name: "1a"`},
		"a namespace with capitals":      {configType, object("v1", "ConfigMap", "", m{"metadata": m{"name": "x", "namespace": "App"}}), "metadata.namespace"},
		"a namespace of a cluster's own": {storageType, object("storage.k8s.io/v1", "StorageClass", "x", m{"provisioner": "p"}), "objects of this kind have none"},
		"a label with a space":           {configType, object("v1", "ConfigMap", "", m{"metadata": m{"name": "x", "labels": m{"a": "b c"}}}), "metadata.labels[a]"},
		"an annotation's name":           {configType, object("v1", "ConfigMap", "", m{"metadata": m{"name": "x", "annotations": m{"a b": "c"}}}), "metadata.annotations[a b]"},
		"a generated name":               {configType, object("v1", "ConfigMap", "", m{"metadata": m{"generateName": "x-"}}), "generateName"},
		"a key of a ConfigMap":           {configType, config("x", m{"a b": "c"}), "data[a b]"},
		"a key of a Secret":              {secretType, object("v1", "Secret", "x", m{"stringData": m{"a b": "c"}}), "stringData[a b]"},
		"a Secret that is not encoded":   {secretType, object("v1", "Secret", "x", m{"data": m{"a": "?"}}), "illegal base64"},
		"a service without ports":        {serviceType, object("v1", "Service", "x", m{"spec": m{}}), "spec.ports: Required"},
		"two ports without names":        {serviceType, object("v1", "Service", "x", m{"spec": m{"ports": list{m{"port": 80}, m{"port": 81}}}}), "spec.ports[1].name"},
		"a class without load balancer":  {serviceType, object("v1", "Service", "x", m{"spec": m{"loadBalancerClass": "a/b", "ports": list{m{"port": 80}}}}), "loadBalancerClass"},
		"a selector that misses":         {deploymentType, deployment(m{"selector": m{"matchLabels": m{"name": "other"}}}, nil), "`selector` does not match"},
		"a container without image":      {deploymentType, deployment(nil, m{"image": ""}), "image: Required"},
		"a request above its limit":      {deploymentType, deployment(nil, m{"resources": m{"limits": m{"cpu": "1"}, "requests": m{"cpu": "2"}}}), "less than or equal to the limit"},
		"a mount of no volume":           {deploymentType, deployment(nil, m{"volumeMounts": list{m{"name": "x", "mountPath": "/x"}}}), `"x" not found`},
		"a probe of two kinds": {deploymentType, deployment(nil, m{"livenessProbe": m{
			"httpGet": m{"port": 80}, "tcpSocket": m{"port": 80},
		}}), "exactly one handler"},
		"a port's name": {deploymentType, deployment(nil, m{"ports": list{m{"name": "HTTP", "containerPort": 80}}}), "ports[0].name"},
		"fewer at most than at least": {scalerType, object("autoscaling/v2", "HorizontalPodAutoscaler", "x", m{"spec": m{
			"minReplicas": 3, "maxReplicas": 2, "scaleTargetRef": m{"kind": "Deployment", "name": "app", "apiVersion": "apps/v1"},
		}}), "spec.maxReplicas"},
		"two budgets":                 {budgetType, object("policy/v1", "PodDisruptionBudget", "x", m{"spec": m{"minAvailable": 1, "maxUnavailable": "50%"}}), "cannot be both set"},
		"a path without type":         {ingressType, path(m{"pathType": nil}), "pathType: Required"},
		"a path without slash":        {ingressType, path(m{"path": "x"}), "absolute path"},
		"a backend with two ports":    {ingressType, path(m{"backend": m{"service": m{"name": "a", "port": m{"name": "http", "number": 80}}}}), "backend.service"},
		"a role of no group":          {bindingType, wide("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", m{"roleRef": m{"kind": "ClusterRole", "name": "x"}}), "roleRef"},
		"a job that starts again":     {jobType, object("batch/v1", "Job", "x", m{"spec": job("Always")}), "must be OnFailure or Never"},
		"a schedule that is none":     {cronType, object("batch/v1", "CronJob", "x", m{"spec": m{"schedule": "daily", "jobTemplate": m{"spec": job("Never")}}}), "spec.schedule"},
		"storage made by nobody":      {storageType, wide("storage.k8s.io/v1", "StorageClass", nil), "provisioner: Required"},
		"a webhook without effects":   {webhookType, wide("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", m{"webhooks": list{m{"name": "a.b.c"}}}), "sideEffects: Required"},
		"a priority above the system": {priorityType, wide("scheduling.k8s.io/v1", "PriorityClass", m{"value": 2000000000}), "maximum allowed value"},
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
	c := newCluster(t)
	before := c.model.Checked()
	_, err := c.Check(deploymentType, "app", nil, deployment(m{"selector": simtest.Unknown}, m{"image": simtest.Unknown}))
	require.NoError(t, err)
	assert.Equal(t, before+1, c.model.Checked())
	_, err = c.Check(deploymentType, "app", nil, deployment(m{"replica": 1}, m{"image": simtest.Unknown}))
	assert.ErrorContains(t, err, "spec.replica", "what is known is checked all the same")
}

func TestCheck_namesLikeTheRealProvider(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	first, err := c.Check(configType, "Settings", nil, config("", m{"a": "b"}))
	require.NoError(t, err)
	meta := first["metadata"].ObjectValue()
	assert.Regexp(t, `^settings-[0-9a-f]{8}$`, meta["name"].StringValue())
	assert.Equal(t, m{"pulumi.com/autonamed": "true"}, meta["annotations"].ObjectValue().Mappable())
	again, err := c.Check(configType, "Settings", first, config("", m{"a": "c"}))
	require.NoError(t, err)
	assert.Equal(t, meta, again["metadata"].ObjectValue(), "the name is kept")
}

func TestCreate_refusesWhatTheServerWould(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.Make(t, configType, "a", config("a", nil))
	_, err := c.Try(configType, "again", config("a", nil))
	require.ErrorContains(t, err, `"default/a" already exists`)
	inside := object("v1", "ConfigMap", "", m{"metadata": m{"name": "a", "namespace": "shop"}})
	_, err = c.Try(configType, "b", inside)
	require.ErrorContains(t, err, `namespaces "shop" not found`)
	space := c.Make(t, namespaceType, "shop", m{"apiVersion": "v1", "kind": "Namespace", "metadata": m{"name": "shop"}})
	c.Make(t, configType, "b", inside)
	require.NoError(t, c.Delete(space))
	assert.Len(t, c.model.Objects(), 1, "a namespace takes along what is in it")
}

func TestDiff_plansLikeTheRealProvider(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	fixed := c.Make(t, configType, "fixed", config("fixed", m{"a": "b"}))
	generated := c.Make(t, configType, "generated", config("", m{"a": "b"}))
	app := c.Make(t, deploymentType, "app", deployment(nil, nil))
	for sentence, row := range map[string]struct {
		r        simtest.Resource
		inputs   m
		replaces []string
		first    bool
	}{
		"new data of a fixed name":     {fixed, config("fixed", m{"a": "c"}), []string{"data.a"}, true},
		"new data of a generated name": {generated, config("", m{"a": "c"}), []string{"data.a"}, false},
		"another name":                 {fixed, config("other", m{"a": "b"}), []string{"metadata.name"}, false},
		"another image":                {app, deployment(nil, m{"image": "b"}), nil, false},
		"another selector": {
			app, deployment(m{"selector": m{"matchLabels": m{"track": "stable"}}}, nil),
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
	assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, c.Diff(t, app, deployment(nil, nil)).Changes)
}

func TestCluster_refreshRightAfterUpFindsNoChange(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	app := c.Make(t, deploymentType, "app", deployment(nil, nil))
	app, err := c.Update(app, deployment(m{"replicas": 2}, nil))
	require.NoError(t, err)
	got := openCluster(t, c.file).Read(t, app)
	assert.Equal(t, app, got)

	require.NoError(t, c.model.Drift(deploymentType, app.ID, m{"spec": m{"replicas": 5}}))
	assert.Contains(t, c.Diff(t, c.Read(t, app), deployment(m{"replicas": 2}, nil)).Diffs, "spec.replicas")
	require.NoError(t, c.model.Lose(deploymentType, app.ID))
	assert.Empty(t, c.Read(t, app).ID)
}

func TestCluster_secretsAreNowhereInClear(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	const marker = "bWFya2Vy"
	byNature := c.Make(t, secretType, "nature", object("v1", "Secret", "nature", m{"data": m{"key": marker}}))
	marked := c.Make(t, deploymentType, "app", deployment(nil, m{"env": list{m{"name": "KEY", "value": simtest.Secret(marker)}}}))
	assert.True(t, byNature.Outputs["data"].IsSecret())

	data, err := os.ReadFile(c.file)
	require.NoError(t, err)
	assert.NotContains(t, string(data), marker)
	for _, e := range c.Server.Events() {
		assert.NotContains(t, fmt.Sprint(simprovider.RevealMap(e.Inputs).Mappable()), marker)
	}
	again := openCluster(t, c.file)
	for _, r := range []simtest.Resource{byNature, marked} {
		assert.Equal(t, r, again.Read(t, r))
	}
	_, err = c.Try(secretType, "bad", object("v1", "Secret", "bad", m{"data": m{"key": marker + "?"}}))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), marker)
}

func TestConfig_refuses(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	short := m{"exec": m{"command": "aws", "args": list{"eks", "get-token", "--cluster-name", "main"}}}
	for sentence, row := range map[string]struct {
		config m
		want   string
	}{
		"a setting":                {m{"kubeconfig": kubeconfig("https://a", nil), "context": "x"}, `setting "context" is not known to the rehearsal`},
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
}

func TestDiffConfig_replacesForAnotherClusterOnly(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
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
	_, err := newCluster(t).Invoke("kubernetes:yaml:decode", nil)
	assert.ErrorContains(t, err, `function "kubernetes:yaml:decode" is not known to the rehearsal`)
}
