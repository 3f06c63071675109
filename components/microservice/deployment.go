package microservice

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// userID is the user that containers run as: above the ids that images and nodes give to system users.
const userID = 10001

// A pod that ends first waits until load balancers and other pods no longer send to it, then has the rest of the
// grace period to finish what it began.
const (
	preStopSeconds = 10
	graceSeconds   = 60
)

// rolloutSlackSeconds is what a roll-out may take beyond the start of one pod: a new node, an image pull.
const rolloutSlackSeconds = 300

// newDeployment registers the pods. It sets no number of replicas: that is the autoscaler's, and each of two owners
// would undo the other.
func (b *builder) newDeployment() error {
	if _, err := appsv1.NewDeployment(b.ctx, b.name, &appsv1.DeploymentArgs{
		Metadata: b.metadata(),
		Spec: appsv1.DeploymentSpecArgs{
			Selector: metav1.LabelSelectorArgs{MatchLabels: b.selector()},
			Strategy: appsv1.DeploymentStrategyArgs{
				Type: pulumi.String("RollingUpdate"),
				// One pod more at a time and never one less: a bad release stops with the old pods serving.
				RollingUpdate: appsv1.RollingUpdateDeploymentArgs{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
			},
			ProgressDeadlineSeconds: pulumi.Int(startupBudget(&b.args.Service) + rolloutSlackSeconds),
			Template: corev1.PodTemplateSpecArgs{
				Metadata: metav1.ObjectMetaArgs{Labels: b.labels()},
				Spec:     b.podSpec(),
			},
		},
	}, b.parent); err != nil {
		return fmt.Errorf("creating deployment: %w", err)
	}
	return nil
}

func (b *builder) podSpec() corev1.PodSpecArgs {
	return corev1.PodSpecArgs{
		ServiceAccountName:           b.account.Metadata.Name(),
		AutomountServiceAccountToken: pulumi.Bool(false),
		// Without it, every Service of the namespace becomes a set of environment variables.
		EnableServiceLinks:            pulumi.Bool(false),
		TerminationGracePeriodSeconds: pulumi.Int(graceSeconds),
		TopologySpreadConstraints:     b.spread(),
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot:   pulumi.Bool(true),
			RunAsUser:      pulumi.Int(userID),
			RunAsGroup:     pulumi.Int(userID),
			FsGroup:        pulumi.Int(userID),
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{b.container()},
		Volumes: corev1.VolumeArray{
			corev1.VolumeArgs{Name: pulumi.String("tmp"), EmptyDir: corev1.EmptyDirVolumeSourceArgs{}},
		},
	}
}

func (b *builder) container() corev1.ContainerArgs {
	s := &b.args.Service
	c := corev1.ContainerArgs{
		Name:      pulumi.String(b.args.ServiceName),
		Image:     pulumi.String(b.args.Image),
		Ports:     containerPorts(s),
		Env:       b.environment(),
		Resources: resources(&s.Resources),
		Lifecycle: corev1.LifecycleArgs{
			PreStop: corev1.LifecycleHandlerArgs{Sleep: corev1.SleepActionArgs{Seconds: pulumi.Int(preStopSeconds)}},
		},
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(true),
			Capabilities:             corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
		},
		VolumeMounts: corev1.VolumeMountArray{
			corev1.VolumeMountArgs{Name: pulumi.String("tmp"), MountPath: pulumi.String("/tmp")},
		},
	}
	if p := probesOf(s); p != nil {
		c.StartupProbe, c.ReadinessProbe, c.LivenessProbe = p.startup, p.readiness, p.liveness
	}
	return c
}

// spread puts pods on as many zones and hosts as there are. The zone is a condition, so that losing one never takes
// all pods; the host is a wish, so that a roll-out is not stuck on a full cluster. Each revision is spread by itself:
// counted together, the new pods would fill up the places that old ones are about to leave.
func (b *builder) spread() corev1.TopologySpreadConstraintArray {
	constraint := func(topology, otherwise string) corev1.TopologySpreadConstraintArgs {
		return corev1.TopologySpreadConstraintArgs{
			MaxSkew:           pulumi.Int(1),
			TopologyKey:       pulumi.String(topology),
			WhenUnsatisfiable: pulumi.String(otherwise),
			LabelSelector:     metav1.LabelSelectorArgs{MatchLabels: b.selector()},
			MatchLabelKeys:    pulumi.ToStringArray([]string{"pod-template-hash"}),
			NodeTaintsPolicy:  pulumi.String("Honor"), // a tainted node is no place that pods could be on
		}
	}
	return corev1.TopologySpreadConstraintArray{
		constraint("topology.kubernetes.io/zone", "DoNotSchedule"),
		constraint("kubernetes.io/hostname", "ScheduleAnyway"),
	}
}

// environment returns the variables in a fixed order, so that the same configuration is the same Deployment.
func (b *builder) environment() corev1.EnvVarArray {
	s := &b.args.Service
	plain := maps.Clone(s.Env)
	if plain == nil {
		plain = map[string]string{}
	}
	if s.Health.Spring != nil {
		plain["MANAGEMENT_SERVER_PORT"] = strconv.Itoa(s.Health.Spring.ManagementPort)
		plain["MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED"] = "true"
	}
	vars := corev1.EnvVarArray{}
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		vars = append(vars, corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(plain[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(s.SecretEnv)) {
		vars = append(vars, corev1.EnvVarArgs{
			Name: pulumi.String(name),
			ValueFrom: corev1.EnvVarSourceArgs{SecretKeyRef: corev1.SecretKeySelectorArgs{
				Name: b.secret.Metadata.Name(), Key: pulumi.String(name),
			}},
		})
	}
	return vars
}

func containerPorts(s *spec.Service) corev1.ContainerPortArray {
	ports := corev1.ContainerPortArray{
		corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(s.Port)},
	}
	if s.Health.Spring != nil {
		ports = append(ports, corev1.ContainerPortArgs{
			Name: pulumi.String(managementPortName), ContainerPort: pulumi.Int(s.Health.Spring.ManagementPort),
		})
	}
	return ports
}

func resources(r *spec.Resources) corev1.ResourceRequirementsArgs {
	limits := pulumi.StringMap{"memory": pulumi.String(r.MemoryLimit)}
	if r.CPULimit != "" {
		limits["cpu"] = pulumi.String(r.CPULimit)
	}
	return corev1.ResourceRequirementsArgs{
		Requests: pulumi.StringMap{"cpu": pulumi.String(r.CPU), "memory": pulumi.String(r.Memory)},
		Limits:   limits,
	}
}
