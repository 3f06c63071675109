package microservice_test

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// Types of what a web service registers.
const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	autoscalerType = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	budgetType     = "kubernetes:policy/v1:PodDisruptionBudget"
	serviceType    = "kubernetes:core/v1:Service"
	secretType     = "kubernetes:core/v1:Secret"
	accountType    = "kubernetes:core/v1:ServiceAccount"
	configMapType  = "kubernetes:core/v1:ConfigMap"
	cronJobType    = "kubernetes:batch/v1:CronJob"
	ingressType    = "kubernetes:networking.k8s.io/v1:Ingress"
	policyType     = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
)

const container = "spec.template.spec.containers[0]"

// args returns a valid service, changed by change.
func args(change func(*microservice.ServiceArgs)) *microservice.ServiceArgs {
	a := &microservice.ServiceArgs{
		Service: spec.Service{
			Port:      8030,
			Health:    spec.Health{Spring: &spec.SpringHealth{}},
			Startup:   spec.Startup{Seconds: 42},
			Resources: spec.Resources{CPU: "500m", Memory: "512Mi", MemoryLimit: "1Gi"},
			Scale:     &spec.Scale{Max: 4},
		},
		ServiceName: "chat",
		Namespace:   pulumi.String("apps"),
		Image:       "registry.example.com/main:chat_5.3.25-5e15f0a",
	}
	if change != nil {
		change(a)
	}
	return a
}

func program(a *microservice.ServiceArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := microservice.NewService(ctx, "chat", a)
		return err
	}
}

func TestNewService(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))

	for _, typ := range []string{deploymentType, autoscalerType, budgetType, serviceType, accountType} {
		r := got.Only(t, typ)
		assert.Equal(t, "chat", r.Value(t, "metadata.name"), typ)
		assert.Equal(t, "apps", r.Value(t, "metadata.namespace"), typ)
	}
	assert.Empty(t, got.OfType(secretType), "no secrets, no Secret")

	service := got.Only(t, serviceType)
	assert.InDelta(t, 8030, service.Value(t, "spec.ports[0].port"), 0)
	assert.Equal(t, map[string]any{"name": "chat"}, service.Value(t, "spec.selector"), "whatever the track")

	budget := got.Only(t, budgetType)
	assert.InDelta(t, 1, budget.Value(t, "spec.maxUnavailable"), 0)
	assert.Nil(t, budget.Value(t, "spec.minAvailable"), "what must stay can block a drain")
	assert.Equal(t, "AlwaysAllow", budget.Value(t, "spec.unhealthyPodEvictionPolicy"))
	assert.Equal(t, got.Only(t, deploymentType).Value(t, "spec.selector"), budget.Value(t, "spec.selector"))
}

func TestNewService_deployment(t *testing.T) {
	t.Parallel()
	d := ptest.Run(t, program(args(nil))).Only(t, deploymentType)

	assert.Nil(t, d.Value(t, "spec.replicas"), "the autoscaler owns the number of pods")
	assert.Equal(t, map[string]any{"name": "chat", "track": "stable"}, d.Value(t, "spec.selector.matchLabels"))
	assert.Subset(t, d.Value(t, "spec.template.metadata.labels"), map[string]any{"name": "chat", "track": "stable"})
	assert.Equal(t, "registry.example.com/main:chat_5.3.25-5e15f0a", d.Value(t, container+".image"))
	assert.Equal(t, map[string]any{"cpu": "500m", "memory": "512Mi"}, d.Value(t, container+".resources.requests"))
	assert.Equal(t, map[string]any{"memory": "1Gi"}, d.Value(t, container+".resources.limits"))
	assert.InDelta(t, 10, d.Value(t, container+".lifecycle.preStop.sleep.seconds"), 0)
	assert.InDelta(t, 60, d.Value(t, "spec.template.spec.terminationGracePeriodSeconds"), 0)
	assert.Equal(t, "chat", d.Value(t, "spec.template.spec.serviceAccountName"))
	assert.Equal(t, false, d.Value(t, "spec.template.spec.automountServiceAccountToken"))
	assert.Equal(t, false, d.Value(t, "spec.template.spec.enableServiceLinks"))
}

// What the restricted Pod Security Standard wants of a pod, and a read-only file system besides.
func TestNewService_runsWithoutRights(t *testing.T) {
	t.Parallel()
	d := ptest.Run(t, program(args(nil))).Only(t, deploymentType)
	pod, c := "spec.template.spec.securityContext", container+".securityContext"
	assert.Equal(t, true, d.Value(t, pod+".runAsNonRoot"))
	assert.InDelta(t, 10001, d.Value(t, pod+".runAsUser"), 0)
	assert.Equal(t, "RuntimeDefault", d.Value(t, pod+".seccompProfile.type"))
	assert.Equal(t, false, d.Value(t, c+".allowPrivilegeEscalation"))
	assert.Equal(t, true, d.Value(t, c+".readOnlyRootFilesystem"))
	assert.Equal(t, []any{"ALL"}, d.Value(t, c+".capabilities.drop"))
	assert.Equal(t, "/tmp", d.Value(t, container+".volumeMounts[0].mountPath"))
}

// TestS08_autoscaler: the autoscaler flapped, and start-up cost ate what it gained. It aims low, adds pods at once and
// takes one away a minute, after five minutes of less load. (The object alone; how it scales is not shown here.)
func TestS08_autoscaler(t *testing.T) {
	t.Parallel()
	h := ptest.Run(t, program(args(nil))).Only(t, autoscalerType)
	assert.Equal(t, map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat"},
		h.Value(t, "spec.scaleTargetRef"))
	assert.InDelta(t, 2, h.Value(t, "spec.minReplicas"), 0)
	assert.InDelta(t, 4, h.Value(t, "spec.maxReplicas"), 0)
	assert.Equal(t, map[string]any{"name": "cpu", "target": map[string]any{
		"type": "Utilization", "averageUtilization": 30.0,
	}}, h.Value(t, "spec.metrics[0].resource"))
	assert.Equal(t, map[string]any{
		"stabilizationWindowSeconds": 300.0, "selectPolicy": "Max",
		"policies": []any{map[string]any{"type": "Pods", "value": 1.0, "periodSeconds": 60.0}},
	}, h.Value(t, "spec.behavior.scaleDown"))
	assert.InDelta(t, 0, h.Value(t, "spec.behavior.scaleUp.stabilizationWindowSeconds"), 0)
	assert.Equal(t, "Max", h.Value(t, "spec.behavior.scaleUp.selectPolicy"))
}

// TestS09_probes: new pods got traffic before the JVM was up. Until the startup probe has succeeded no other probe
// runs; readiness decides about traffic; a roll-out never takes a pod away before its successor is ready. (The object
// alone; the probes themselves are run by a kubelet.)
func TestS09_probes(t *testing.T) {
	t.Parallel()
	d := ptest.Run(t, program(args(nil))).Only(t, deploymentType)
	get := func(path string) any { return map[string]any{"path": path, "port": "management"} }
	assert.Equal(t, map[string]any{
		"httpGet": get("/actuator/health/liveness"), "periodSeconds": 5.0, "timeoutSeconds": 5.0,
		"failureThreshold": 17.0, // 17 x 5 s: twice the declared 42 s, rounded up
	}, d.Value(t, container+".startupProbe"))
	assert.Equal(t, get("/actuator/health/readiness"), d.Value(t, container+".readinessProbe.httpGet"))
	assert.Equal(t, get("/actuator/health/liveness"), d.Value(t, container+".livenessProbe.httpGet"))
	assert.Equal(t, map[string]any{"maxSurge": 1.0, "maxUnavailable": 0.0}, d.Value(t, "spec.strategy.rollingUpdate"))
	assert.InDelta(t, 385, d.Value(t, "spec.progressDeadlineSeconds"), 0)
	assert.Contains(t, d.Value(t, container+".ports"), map[string]any{"name": "management", "containerPort": 8081.0})
	assert.Contains(t, d.Value(t, container+".env"), map[string]any{"name": "MANAGEMENT_SERVER_PORT", "value": "8081"})
}

func TestNewService_health(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		health spec.Health
		want   any
	}{
		"a path":              {spec.Health{HTTP: &spec.HTTPHealth{Path: "/up"}}, map[string]any{"path": "/up", "port": "http"}},
		"a path on a port":    {spec.Health{HTTP: &spec.HTTPHealth{Path: "/up", Port: 9000}}, map[string]any{"path": "/up", "port": 9000.0}},
		"a connection":        {spec.Health{TCP: true}, map[string]any{"port": "http"}},
		"none, with a reason": {spec.Health{None: "a proxy without an endpoint"}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) { a.Service.Health = tt.health }))).Only(t, deploymentType)
			if tt.want == nil {
				for _, p := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
					assert.Nil(t, d.Value(t, container+"."+p), p)
				}
				return
			}
			action := ".httpGet"
			if tt.health.TCP {
				action = ".tcpSocket"
			}
			for _, p := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
				assert.Equal(t, tt.want, d.Value(t, container+"."+p+action), p)
			}
		})
	}
}

func TestNewService_environment(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
		a.Service.Health = spec.Health{TCP: true}
		a.Service.Env = map[string]string{"B": "2", "A": ""}
		a.Service.SecretEnv = map[string]string{"TOKEN": "tokenSecret"}
		a.Secrets = map[string]pulumi.StringInput{"tokenSecret": pulumi.String("hush")}
	})))
	secret := got.Only(t, secretType)
	assert.Nil(t, secret.Value(t, "metadata.name"), "a generated name: a new value is a new Secret")
	assert.Equal(t, map[string]any{"TOKEN": "hush"}, secret.Value(t, "stringData"))
	assert.True(t, secret.IsSecret(t, "stringData"), "also where the caller forgot to say so")

	d := got.Only(t, deploymentType)
	assert.Equal(t, []any{
		map[string]any{"name": "A", "value": ""},
		map[string]any{"name": "B", "value": "2"},
		map[string]any{"name": "TOKEN", "valueFrom": map[string]any{
			"secretKeyRef": map[string]any{"name": "chat-env-generated", "key": "TOKEN"},
		}},
	}, d.Value(t, container+".env"))
	for _, r := range got.All() {
		if r.Type != secretType {
			assert.NotContains(t, fmt.Sprint(r.Inputs.Mappable()), "hush", r.URN)
		}
	}
}

func TestNewService_ports(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) { a.Service.ServicePort = 80 })))
	port := got.Only(t, serviceType).Value(t, "spec.ports[0]")
	assert.Equal(t, map[string]any{"name": "http", "port": 80.0, "targetPort": "http"}, port)
	assert.Contains(t, got.Only(t, deploymentType).Value(t, container+".ports"),
		map[string]any{"name": "http", "containerPort": 8030.0})
}
