package microservice_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

func namespace(a *microservice.NamespaceArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := microservice.NewNamespace(ctx, "ns", a)
		return err
	}
}

func TestNewNamespace(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, namespace(&microservice.NamespaceArgs{NamespaceName: "apps"}))
	r := got.Only(t, "kubernetes:core/v1:Namespace")
	assert.Equal(t, "apps", r.Value(t, "metadata.name"))
	for _, mode := range []string{"enforce", "warn", "audit"} {
		assert.Equal(t, "restricted", r.Value(t, `metadata.labels["pod-security.kubernetes.io/`+mode+`"]`))
	}

	quota := got.Only(t, "kubernetes:core/v1:ResourceQuota")
	assert.Equal(t, map[string]any{"services.loadbalancers": "0", "services.nodeports": "0"}, quota.Value(t, "spec.hard"))
	assert.Equal(t, []any{map[string]any{
		"type": "Container", "default": map[string]any{"memory": "128Mi"},
		"defaultRequest": map[string]any{"cpu": "50m", "memory": "64Mi"},
	}}, got.Only(t, "kubernetes:core/v1:LimitRange").Value(t, "spec.limits"))

	deny := got.Only(t, policyType)
	assert.Equal(t, map[string]any{"podSelector": map[string]any{}, "policyTypes": []any{"Ingress", "Egress"}},
		deny.Value(t, "spec"), "every pod, both ways, and no rule")
	for _, r := range got.All() {
		if r.Custom && r.Type != "kubernetes:core/v1:Namespace" {
			assert.Equal(t, "apps", r.Value(t, "metadata.namespace"), r.Name)
		}
	}
}

func TestNewNamespace_settings(t *testing.T) {
	t.Parallel()
	given := map[string]string{"pods": "200"}
	got := ptest.Run(t, namespace(&microservice.NamespaceArgs{
		NamespaceName: "apps", Quota: given, ACMESolversFrom: pulumi.String("ingress-nginx"),
		Defaults: spec.Resources{CPU: "1", Memory: "1Gi", MemoryLimit: "2Gi", CPULimit: "2"},
	}))
	assert.Equal(t, map[string]any{"pods": "200", "services.loadbalancers": "0", "services.nodeports": "0"},
		got.Only(t, "kubernetes:core/v1:ResourceQuota").Value(t, "spec.hard"))
	assert.Equal(t, map[string]string{"pods": "200"}, given, "the caller's own is not changed")
	assert.Equal(t, map[string]any{"cpu": "2", "memory": "2Gi"},
		got.Only(t, "kubernetes:core/v1:LimitRange").Value(t, "spec.limits[0].default"))
	solvers := got.Named(t, policyType, "ns-acme-solvers")
	assert.Equal(t, map[string]any{"acme.cert-manager.io/http01-solver": "true"}, solvers.Value(t, "spec.podSelector.matchLabels"))
	assert.Equal(t, map[string]any{"kubernetes.io/metadata.name": "ingress-nginx"},
		solvers.Value(t, "spec.ingress[0].from[0].namespaceSelector.matchLabels"))
	assert.Equal(t, []any{map[string]any{"protocol": "TCP", "port": 8089.0}}, solvers.Value(t, "spec.ingress[0].ports"))
}

// What is in a namespace comes after its rules.
func TestNewNamespace_nameWaits(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		n, err := microservice.NewNamespace(ctx, "ns", &microservice.NamespaceArgs{NamespaceName: "apps"})
		if err != nil {
			return err
		}
		a := args(func(a *microservice.ServiceArgs) { a.Namespace = n.Name })
		_, err = microservice.NewService(ctx, "chat", a)
		return err
	})
	deployment := got.Only(t, deploymentType)
	for _, r := range append(got.OfType("kubernetes:core/v1:ResourceQuota"), got.Named(t, policyType, "ns-default-deny")) {
		assert.Contains(t, deployment.DependsOn, r.URN)
	}
	assert.Contains(t, deployment.DependsOn, got.Named(t, policyType, "chat").URN, "no pod before its network policy")
}

func TestNewNamespace_rejects(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args *microservice.NamespaceArgs
		want string
	}{
		"nil args":           {nil, "namespaceName: Invalid"},
		"no name":            {&microservice.NamespaceArgs{}, "namespaceName: Invalid"},
		"Kubernetes' own":    {&microservice.NamespaceArgs{NamespaceName: "kube-system"}, "namespaceName: Invalid"},
		"the default":        {&microservice.NamespaceArgs{NamespaceName: "default"}, "namespaceName: Invalid"},
		"no DNS name":        {&microservice.NamespaceArgs{NamespaceName: "Apps"}, "namespaceName: Invalid"},
		"an odd quota":       {&microservice.NamespaceArgs{NamespaceName: "apps", Quota: map[string]string{"pods": "many"}}, "quota.pods: Invalid"},
		"defaults by halves": {&microservice.NamespaceArgs{NamespaceName: "apps", Defaults: spec.Resources{CPU: "1"}}, "defaults.memory: Required"},
	} {
		got, err := ptest.Err(t, namespace(tt.args))
		require.ErrorContains(t, err, tt.want, name)
		assert.Empty(t, got.All(), name)
	}
}
