package microservice_test

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

const jobPodSpec = "spec.jobTemplate.spec.template.spec"

func asWorker(a *microservice.ServiceArgs) {
	a.Service.Port, a.Service.Health = 0, spec.Health{}
}

func asJob(a *microservice.ServiceArgs) {
	asWorker(a)
	a.Service.Scale = nil
	a.Service.Schedule = &spec.Schedule{Cron: "30 3 * * *", TimeZone: "Asia/Seoul"}
}

// TestS30_kinds: bots and schedulers run beside the web services. They are services without a port, or with a schedule
// in place of one, and get what their kind needs and nothing else.
func TestS30_kinds(t *testing.T) {
	t.Parallel()
	every := []string{accountType, policyType}
	tests := map[string]struct {
		change func(*microservice.ServiceArgs)
		want   []string
	}{
		"web":    {nil, append([]string{deploymentType, autoscalerType, budgetType, serviceType}, every...)},
		"worker": {asWorker, append([]string{deploymentType, autoscalerType, budgetType}, every...)},
		"job":    {asJob, append([]string{cronJobType}, every...)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ptest.Run(t, program(args(tt.change)))
			var types []string
			for _, r := range got.All() {
				if r.Custom {
					types = append(types, r.Type)
					assert.Equal(t, "chat", r.Value(t, "metadata.name"), r.Type)
				}
			}
			assert.ElementsMatch(t, tt.want, types)
		})
	}
}

// TestS30_job: a job runs at its times in its zone, one run at a time, ends when it takes too long, and is tried again
// as often as it says.
func TestS30_job(t *testing.T) {
	t.Parallel()
	j := ptest.Run(t, program(args(asJob))).Only(t, cronJobType)
	for path, want := range map[string]any{
		"spec.schedule": "30 3 * * *", "spec.timeZone": "Asia/Seoul", "spec.concurrencyPolicy": "Forbid",
		"spec.startingDeadlineSeconds": 600.0, "spec.successfulJobsHistoryLimit": 3.0, "spec.failedJobsHistoryLimit": 3.0,
		"spec.jobTemplate.spec.activeDeadlineSeconds": 3600.0, "spec.jobTemplate.spec.backoffLimit": 2.0,
		jobPodSpec + ".restartPolicy": "Never", jobPodSpec + ".automountServiceAccountToken": false,
		jobPodSpec + ".securityContext.runAsNonRoot": true, jobPodSpec + ".serviceAccountName": "chat",
		"spec.jobTemplate.spec.template.metadata.labels.name": "chat",
	} {
		assert.Equal(t, want, j.Value(t, path), path)
	}
	once := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
		asJob(a)
		a.Service.Schedule.Attempts, a.Service.Schedule.Overlap = 1, "Replace"
	}))).Only(t, cronJobType)
	assert.InDelta(t, 0, once.Value(t, "spec.jobTemplate.spec.backoffLimit"), 0, "what must not happen twice")
	assert.Equal(t, "Replace", once.Value(t, "spec.concurrencyPolicy"))
}

func TestNewService_worker(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
		asWorker(a)
		a.Service.Health = spec.Health{HTTP: &spec.HTTPHealth{Path: "/up", Port: 9000}}
		a.Service.Command, a.Service.Args = []string{"/worker"}, []string{"--queue", "a b"}
	})))
	d := got.Only(t, deploymentType)
	assert.Equal(t, []any{"/worker"}, d.Value(t, container+".command"))
	assert.Equal(t, []any{"--queue", "a b"}, d.Value(t, container+".args"))
	assert.Equal(t, map[string]any{"path": "/up", "port": 9000.0}, d.Value(t, container+".readinessProbe.httpGet"))
	assert.Nil(t, d.Value(t, container+".lifecycle"), "nobody sends it requests that it would have to wait for")
	assert.Equal(t, "chat", got.Only(t, autoscalerType).Value(t, "spec.scaleTargetRef.name"))

	bare := ptest.Run(t, program(args(asWorker))).Only(t, deploymentType)
	for _, field := range []string{"command", "args", "livenessProbe", "readinessProbe"} {
		assert.Nil(t, bare.Value(t, container+"."+field), field)
	}
}

func TestNewService_outputs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*microservice.ServiceArgs)
		host   string
		port   int
	}{
		"web": {func(a *microservice.ServiceArgs) { a.Service.ServicePort = 80 }, "chat.apps.svc", 80}, "worker": {asWorker, "", 0}, "job": {asJob, "", 0},
	} {
		seen := make(chan [2]any, 2)
		ptest.Run(t, func(ctx *pulumi.Context) error {
			s, err := microservice.NewService(ctx, "chat", args(tt.change))
			if err != nil {
				return err
			}
			pulumi.All(s.Host, s.Port).ApplyT(func(all []any) error { seen <- [2]any{all[0], all[1]}; return nil })
			return nil
		})
		assert.Equal(t, [2]any{tt.host, tt.port}, <-seen, name)
	}
}

// TestS03_limits: pods had no requests or limits, and a service that was given 100 MB was killed under load. Every kind
// of service has requests and a memory limit, or is refused with the path.
func TestS03_limits(t *testing.T) {
	t.Parallel()
	for kind, change := range map[string]func(*microservice.ServiceArgs){"web": nil, "worker": asWorker, "job": asJob} {
		got := ptest.Run(t, program(args(change)))
		for _, r := range got.All() {
			at := map[string]string{deploymentType: podSpec, cronJobType: jobPodSpec}[r.Type]
			if at == "" {
				continue
			}
			assert.Equal(t, map[string]any{
				"requests": map[string]any{"cpu": "500m", "memory": "512Mi"}, "limits": map[string]any{"memory": "1Gi"},
			}, r.Value(t, at+".containers[0].resources"), kind)
		}
		for want, set := range map[string]func(*spec.Resources){
			"resources.cpu: Required":         func(r *spec.Resources) { r.CPU = "" },
			"resources.memory: Required":      func(r *spec.Resources) { r.Memory = "" },
			"resources.memoryLimit: Required": func(r *spec.Resources) { r.MemoryLimit = "" },
			"resources.memoryLimit: Invalid":  func(r *spec.Resources) { r.MemoryLimit = "511Mi" },
		} {
			_, err := ptest.Err(t, program(args(func(a *microservice.ServiceArgs) {
				if change != nil {
					change(a)
				}
				set(&a.Service.Resources)
			})))
			require.ErrorContains(t, err, want, kind)
		}
	}
	_, err := ptest.Err(t, program(args(func(a *microservice.ServiceArgs) {
		a.Service.Resources.Memory, a.Service.Resources.MemoryLimit = "100Mi", "100Mi"
	})))
	assert.ErrorContains(t, err, "resources.memoryLimit: Invalid", "a JVM in 100 MB")
}

// TestS29_rollout: releases were made by hand. A roll-out adds a pod before it takes one away, and one whose pods do
// not come up is given up with the old ones serving.
func TestS29_rollout(t *testing.T) {
	t.Parallel()
	for kind, change := range map[string]func(*microservice.ServiceArgs){"web": nil, "worker": asWorker} {
		d := ptest.Run(t, program(args(change))).Only(t, deploymentType)
		assert.Equal(t, map[string]any{
			"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxSurge": 1.0, "maxUnavailable": 0.0},
		}, d.Value(t, "spec.strategy"), kind)
		assert.InDelta(t, 385, d.Value(t, "spec.progressDeadlineSeconds"), 0, "2 x 42 s, rounded up, and 300")
	}
	d := ptest.Run(t, program(args(nil))).Only(t, deploymentType)
	assert.InDelta(t, 10, d.Value(t, container+".lifecycle.preStop.sleep.seconds"), 0, "until nobody sends to it")
	assert.InDelta(t, 60, d.Value(t, podSpec+".terminationGracePeriodSeconds"), 0)
}

// What a service is excepted from is what it says, and nothing else.
func TestNewService_exceptions(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
		a.Service.Exceptions = spec.Exceptions{WritableRoot: "it unpacks itself", KubernetesToken: "it elects a leader"}
	})))
	d := got.Only(t, deploymentType)
	assert.Equal(t, false, d.Value(t, container+".securityContext.readOnlyRootFilesystem"))
	assert.Equal(t, false, d.Value(t, container+".securityContext.allowPrivilegeEscalation"))
	assert.Equal(t, true, d.Value(t, podSpec+".automountServiceAccountToken"))
	assert.Equal(t, true, got.Only(t, accountType).Value(t, "automountServiceAccountToken"))
}

func TestNewService_role(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::123456789012:role/chat"
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) { a.RoleARN = pulumi.String(role) })))
	account := got.Only(t, accountType)
	assert.Equal(t, role, account.Value(t, `metadata.annotations["eks.amazonaws.com/role-arn"]`))
	assert.Equal(t, false, account.Value(t, "automountServiceAccountToken"), "that is the token of the Kubernetes API")
	assert.True(t, slices.ContainsFunc(egress(t, got), func(r rule) bool { return r.to == "169.254.170.23/32" }))
	require.Nil(t, ptest.Run(t, program(args(nil))).Only(t, accountType).Value(t, "metadata.annotations"))
}
