package microservice

import (
	"fmt"

	batchv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// keptRuns is how many runs that are done, and how many that failed, are kept to look at.
const keptRuns = 3

// lateSeconds is how late a run may start that could not start in time, for a control plane that is being upgraded or
// a run before it that is not done. Without a limit, a CronJob that missed a hundred runs never runs again.
const lateSeconds = 600

// newCronJob registers the runs of a job.
func (b *builder) newCronJob() error {
	s := b.args.Service.Schedule
	pod := b.podSpec()
	// A container that failed is not started again in its pod, so that each attempt keeps its log.
	pod.RestartPolicy = pulumi.String("Never")
	labels := metav1.ObjectMetaArgs{Labels: b.labels()}
	if _, err := batchv1.NewCronJob(b.ctx, b.name, &batchv1.CronJobArgs{
		Metadata: b.metadata(),
		Spec: batchv1.CronJobSpecArgs{
			Schedule:                   pulumi.String(s.Cron),
			TimeZone:                   pulumi.String(s.TimeZone),
			ConcurrencyPolicy:          pulumi.String(s.Overlap),
			StartingDeadlineSeconds:    pulumi.Int(lateSeconds),
			SuccessfulJobsHistoryLimit: pulumi.Int(keptRuns),
			FailedJobsHistoryLimit:     pulumi.Int(keptRuns),
			JobTemplate: batchv1.JobTemplateSpecArgs{
				Metadata: labels,
				Spec: batchv1.JobSpecArgs{
					ActiveDeadlineSeconds: pulumi.Int(s.TimeoutSeconds),
					BackoffLimit:          pulumi.Int(s.Attempts - 1),
					Template:              corev1.PodTemplateSpecArgs{Metadata: labels, Spec: pod},
				},
			},
		},
	}, b.parent, b.afterPolicy()); err != nil {
		return fmt.Errorf("creating cron job: %w", err)
	}
	return nil
}
