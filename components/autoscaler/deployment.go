package autoscaler

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/gate"
)

// nobody is who the image runs as (upstream's manifest).
const nobody = 65534

// What a pod asks for and may use: upstream's numbers, but half the memory to begin with and no CPU limit.
const (
	requestCPU    = "100m"
	requestMemory = "300Mi"
	limitMemory   = "600Mi"
)

// healthPort has the health check and the metrics.
const (
	healthPort = 8085
	healthPath = "/health-check"
)

// priorityClass has the scheduler make room for what makes room: where nodes are full, pods that can wait go first.
const priorityClass = "system-cluster-critical"

// How nodes go. These are the project's defaults, written out so that they stay: a node that comes back ten minutes
// later costs more than it saved.
const (
	unneededTime  = "10m"
	delayAfterAdd = "10m"
	utilization   = "0.5"
	provisionTime = "15m"
)

// newDeployment registers the pods.
func (b *builder) newDeployment() error {
	var err error
	b.deployment, err = appsv1.NewDeployment(b.ctx, b.name, &appsv1.DeploymentArgs{
		Metadata: metadata(),
		Spec: appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(b.args.Replicas),
			Selector: metav1.LabelSelectorArgs{MatchLabels: selector()},
			Template: corev1.PodTemplateSpecArgs{
				Metadata: metav1.ObjectMetaArgs{Labels: labels()},
				Spec:     b.podSpec(),
			},
		},
	}, b.parent, pulumi.DependsOn(b.rights))
	if err != nil {
		return fmt.Errorf("creating deployment: %w", err)
	}
	return nil
}

func (b *builder) podSpec() corev1.PodSpecArgs {
	return corev1.PodSpecArgs{
		ServiceAccountName:           b.account.Metadata.Name(),
		AutomountServiceAccountToken: pulumi.Bool(true), // it watches the Kubernetes API
		EnableServiceLinks:           pulumi.Bool(false),
		PriorityClassName:            pulumi.String(priorityClass),
		TopologySpreadConstraints: corev1.TopologySpreadConstraintArray{
			spread("topology.kubernetes.io/zone", "DoNotSchedule"), spread("kubernetes.io/hostname", "ScheduleAnyway"),
		},
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot:   pulumi.Bool(true),
			RunAsUser:      pulumi.Int(nobody),
			RunAsGroup:     pulumi.Int(nobody),
			FsGroup:        pulumi.Int(nobody), // may read the token of its role
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{b.container()},
	}
}

func (b *builder) container() corev1.ContainerArgs {
	return corev1.ContainerArgs{
		Name:    pulumi.String(autoscalerName),
		Image:   pulumi.String(b.args.Image),
		Command: b.command(),
		Env: corev1.EnvVarArray{corev1.EnvVarArgs{
			Name: pulumi.String("AWS_REGION"), Value: pulumi.String(b.args.Region),
		}},
		Ports: corev1.ContainerPortArray{corev1.ContainerPortArgs{
			Name: pulumi.String("http"), ContainerPort: pulumi.Int(healthPort),
		}},
		LivenessProbe: corev1.ProbeArgs{
			HttpGet: corev1.HTTPGetActionArgs{Path: pulumi.String(healthPath), Port: pulumi.String("http")},
		},
		Resources: corev1.ResourceRequirementsArgs{
			Requests: pulumi.StringMap{"cpu": pulumi.String(requestCPU), "memory": pulumi.String(requestMemory)},
			Limits:   pulumi.StringMap{"memory": pulumi.String(limitMemory)},
		},
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(true),
			Capabilities:             corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
		},
	}
}

// command is the command line. The cluster's name waits for the role: a pod that starts without credentials never gets
// any.
func (b *builder) command() pulumi.StringArray {
	return pulumi.StringArray{
		pulumi.String("./cluster-autoscaler"),
		pulumi.String("--cloud-provider=aws"),
		pulumi.String("--namespace=" + namespace),
		pulumi.Sprintf("--node-group-auto-discovery=asg:tag=%s=%s,%s=%s",
			b.args.GroupTag, groupTagValue, clusterTag, gate.Behind(b.args.ClusterName, b.roleARN)),
		pulumi.String("--leader-elect=true"),
		pulumi.String("--leader-elect-resource-name=" + leaseName),
		pulumi.String("--balance-similar-node-groups=true"),
		pulumi.String("--expander=least-waste"),
		// Pods of kube-system move like others; their disruption budgets say when they may not.
		pulumi.String("--skip-nodes-with-system-pods=false"),
		// Scratch space is no reason to keep a node: nearly every pod has some.
		pulumi.String("--skip-nodes-with-local-storage=false"),
		pulumi.String("--scale-down-unneeded-time=" + unneededTime),
		pulumi.String("--scale-down-delay-after-add=" + delayAfterAdd),
		pulumi.String("--scale-down-utilization-threshold=" + utilization),
		pulumi.String("--max-node-provision-time=" + provisionTime),
		pulumi.String("--stderrthreshold=info"),
		pulumi.String("--v=2"),
	}
}

// spread puts the pods of a revision on as many places as there are.
func spread(key, otherwise string) corev1.TopologySpreadConstraintArgs {
	return corev1.TopologySpreadConstraintArgs{
		MaxSkew:           pulumi.Int(1),
		TopologyKey:       pulumi.String(key),
		WhenUnsatisfiable: pulumi.String(otherwise),
		LabelSelector:     metav1.LabelSelectorArgs{MatchLabels: selector()},
		MatchLabelKeys:    pulumi.ToStringArray([]string{"pod-template-hash"}),
		NodeTaintsPolicy:  pulumi.String("Honor"), // a tainted node is no place that pods could be on
	}
}

// newDisruptionBudget lets one pod at a time be taken away; pods that do not answer may always go.
func (b *builder) newDisruptionBudget() error {
	if _, err := policyv1.NewPodDisruptionBudget(b.ctx, b.name, &policyv1.PodDisruptionBudgetArgs{
		Metadata: metadata(),
		Spec: policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			Selector:                   metav1.LabelSelectorArgs{MatchLabels: selector()},
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, b.parent); err != nil {
		return fmt.Errorf("creating disruption budget: %w", err)
	}
	return nil
}
