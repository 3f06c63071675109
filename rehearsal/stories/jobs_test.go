//go:build unix

package stories_test

import (
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// S30: bots and schedulers run beside the web services, under the same rules of their namespace: Pod Security, quota,
// network policies. A run of the job is made from the CronJob, as kubectl does it, so that no minute has to pass.
func TestS30_workersAndJobsRun(t *testing.T) {
	t.Parallel()
	own := spec.Resources{CPU: "100m", Memory: "128Mi", MemoryLimit: "128Mi"}
	kinds := map[string]spec.Service{
		"bot":    {Scale: &spec.Scale{Max: 3}, Resources: own},
		"report": {Schedule: &spec.Schedule{Cron: "0 3 * * *"}, Resources: own},
	}
	w := newWorld(t, account{groups: groups(group("general", "t3.large", 2)), addons: everyAddon})
	w.deploy(platformWithin(t, map[string]string{"pods": "4", "requests.cpu": "1", "limits.memory": "1Gi"}, kinds))
	assert.Len(t, w.podsOf("bot"), 2)
	services, err := w.Client().CoreV1().Services(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	assert.Empty(t, services.Items, "a worker has no port")
	w.runJob("report")
}

// runJob makes a run of a CronJob and waits until it is done.
func (w *world) runJob(name string) {
	w.t.Helper()
	jobs := w.Client().BatchV1().Jobs(namespace)
	cron, err := w.Client().BatchV1().CronJobs(namespace).Get(w.t.Context(), name, metav1.GetOptions{})
	require.NoError(w.t, err)
	job, err := jobs.Create(w.t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: name + "-by-hand", Labels: cron.Spec.JobTemplate.Labels,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cron, batchv1.SchemeGroupVersion.WithKind("CronJob"))},
		},
		Spec: cron.Spec.JobTemplate.Spec,
	}, metav1.CreateOptions{})
	require.NoError(w.t, err)
	w.await("the job is done", func() bool {
		job, err = jobs.Get(w.t.Context(), job.Name, metav1.GetOptions{})
		if err != nil {
			return false
		}
		for _, c := range job.Status.Conditions {
			if c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue {
				return true
			}
		}
		return false
	})
}
