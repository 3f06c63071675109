package ingress

import (
	"fmt"
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Who the image runs as (ingress-nginx v1.15.1, deploy/static/provider/aws/deploy.yaml).
const (
	userID  = 101
	groupID = 82
)

// Ports of the controller, and their names.
const (
	httpPort     = 80
	httpsPort    = 443
	webhookPort  = 8443
	metricsPort  = 10254 // and /healthz
	httpName     = "http"
	httpsName    = "https"
	redirectName = "tohttps"
	webhookName  = "webhook"
	metricsName  = "metrics"
)

// healthPath answers at metricsPort, and says no as soon as the pod is asked to end.
const healthPath = "/healthz"

// Probes: upstream's.
const (
	probeDelay        = 10
	probePeriod       = 10
	probeTimeout      = 1
	readinessFailures = 3
	livenessFailures  = 5
)

// postShutdownSeconds is how long the controller waits when nginx has ended; upstream's default. spec counts it in.
const postShutdownSeconds = 10

// A roll-out waits for the load balancer to find each new pod healthy, which takes minutes: longer in all than the
// ten minutes that Pulumi waits by itself.
const (
	progressSeconds = 900
	createTimeout   = "20m"
	updateTimeout   = "60m"
	// deleteSlackSeconds is what deleting takes beyond the end of the pods.
	deleteSlackSeconds = 300
)

// priorityClass has the scheduler make room for the way in before the services behind it.
const priorityClass = "system-cluster-critical"

// newDeployment registers the pods. It sets no number of replicas: that is the autoscaler's.
func (b *builder) newDeployment() error {
	grace := b.args.Ingress.Drain.TerminationGraceSeconds
	var err error
	b.deployment, err = appsv1.NewDeployment(b.ctx, b.name, &appsv1.DeploymentArgs{
		Metadata: b.metadata(controllerName),
		Spec: appsv1.DeploymentSpecArgs{
			Selector: metav1.LabelSelectorArgs{MatchLabels: selector()},
			Strategy: appsv1.DeploymentStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: appsv1.RollingUpdateDeploymentArgs{MaxSurge: pulumi.Int(1), MaxUnavailable: pulumi.Int(0)},
			},
			ProgressDeadlineSeconds: pulumi.Int(progressSeconds),
			Template: corev1.PodTemplateSpecArgs{
				Metadata: metav1.ObjectMetaArgs{Labels: labels()},
				Spec:     b.podSpec(),
			},
		},
	}, b.parent, pulumi.DependsOn(b.rights), pulumi.Timeouts(&pulumi.CustomTimeouts{
		Create: createTimeout, Update: updateTimeout, Delete: fmt.Sprintf("%ds", grace+deleteSlackSeconds),
	}))
	if err != nil {
		return fmt.Errorf("creating deployment: %w", err)
	}
	return nil
}

func (b *builder) podSpec() corev1.PodSpecArgs {
	return corev1.PodSpecArgs{
		ServiceAccountName:            b.account.Metadata.Name(),
		AutomountServiceAccountToken:  pulumi.Bool(true), // it watches the Kubernetes API
		EnableServiceLinks:            pulumi.Bool(false),
		PriorityClassName:             pulumi.String(priorityClass),
		TerminationGracePeriodSeconds: pulumi.Int(b.args.Ingress.Drain.TerminationGraceSeconds),
		Affinity:                      apart(),
		TopologySpreadConstraints:     overZones(),
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot:   pulumi.Bool(true),
			RunAsUser:      pulumi.Int(userID),
			RunAsGroup:     pulumi.Int(groupID),
			FsGroup:        pulumi.Int(groupID),
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{b.container()},
		Volumes: corev1.VolumeArray{corev1.VolumeArgs{
			Name: pulumi.String(certificateVolume),
			Secret: corev1.SecretVolumeSourceArgs{
				SecretName: b.secret.Metadata.Name(), DefaultMode: pulumi.Int(0o440),
			},
		}},
	}
}

func (b *builder) container() corev1.ContainerArgs {
	i := &b.args.Ingress
	return corev1.ContainerArgs{
		Name:  pulumi.String("controller"),
		Image: pulumi.String(i.ControllerImage()),
		Args:  b.arguments(),
		Env: corev1.EnvVarArray{
			fieldEnv("POD_NAME", "metadata.name"),
			fieldEnv("POD_NAMESPACE", "metadata.namespace"),
			corev1.EnvVarArgs{Name: pulumi.String("LD_PRELOAD"), Value: pulumi.String("/usr/local/lib/libmimalloc.so")},
		},
		Ports: b.ports(),
		Resources: corev1.ResourceRequirementsArgs{
			Requests: pulumi.StringMap{"cpu": pulumi.String(i.Resources.CPU), "memory": pulumi.String(i.Resources.Memory)},
			Limits:   pulumi.StringMap{"memory": pulumi.String(i.Resources.MemoryLimit)},
		},
		Lifecycle: corev1.LifecycleArgs{
			// Asks the controller to end, and waits until nginx has: the signal that kubelet would send ends it at once.
			PreStop: corev1.LifecycleHandlerArgs{
				Exec: corev1.ExecActionArgs{Command: pulumi.ToStringArray([]string{"/wait-shutdown"})},
			},
		},
		ReadinessProbe: probe(readinessFailures),
		LivenessProbe:  probe(livenessFailures),
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(false), // it writes nginx's configuration
			Capabilities: corev1.CapabilitiesArgs{
				Drop: pulumi.ToStringArray([]string{"ALL"}), Add: pulumi.ToStringArray([]string{"NET_BIND_SERVICE"}),
			},
		},
		VolumeMounts: corev1.VolumeMountArray{corev1.VolumeMountArgs{
			Name: pulumi.String(certificateVolume), MountPath: pulumi.String(certificateFolder), ReadOnly: pulumi.Bool(true),
		}},
	}
}

// arguments are the command line of the controller.
func (b *builder) arguments() pulumi.StringArray {
	return pulumi.StringArray{
		pulumi.String("/nginx-ingress-controller"),
		pulumi.String("--publish-service=$(POD_NAMESPACE)/" + controllerName),
		pulumi.String("--election-id=" + electionID),
		pulumi.String("--controller-class=" + classController),
		pulumi.String("--ingress-class=" + className),
		pulumi.Sprintf("--configmap=$(POD_NAMESPACE)/%s", b.settings.Metadata.Name().Elem()),
		pulumi.String("--validating-webhook=:" + strconv.Itoa(webhookPort)),
		pulumi.String("--validating-webhook-certificate=" + certificateFolder + "/" + certificateKey),
		pulumi.String("--validating-webhook-key=" + certificateFolder + "/" + privateKey),
		pulumi.String("--enable-metrics=true"),
		pulumi.String("--shutdown-grace-period=" + strconv.Itoa(b.args.Ingress.Drain.ShutdownGraceSeconds)),
		pulumi.String("--post-shutdown-grace-period=" + strconv.Itoa(postShutdownSeconds)),
	}
}

func (b *builder) ports() corev1.ContainerPortArray {
	port := func(name string, number int) corev1.ContainerPortArgs {
		return corev1.ContainerPortArgs{Name: pulumi.String(name), ContainerPort: pulumi.Int(number)}
	}
	ports := corev1.ContainerPortArray{
		port(httpName, httpPort), port(httpsName, httpsPort), port(webhookName, webhookPort), port(metricsName, metricsPort),
	}
	if b.args.Ingress.TLS.ACM != nil {
		ports = append(ports, port(redirectName, redirectPort))
	}
	return ports
}

func fieldEnv(name, path string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{
		Name: pulumi.String(name),
		ValueFrom: corev1.EnvVarSourceArgs{
			FieldRef: corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String(path)},
		},
	}
}

func probe(failures int) corev1.ProbeArgs {
	return corev1.ProbeArgs{
		HttpGet:             corev1.HTTPGetActionArgs{Path: pulumi.String(healthPath), Port: pulumi.String(metricsName)},
		InitialDelaySeconds: pulumi.Int(probeDelay),
		PeriodSeconds:       pulumi.Int(probePeriod),
		TimeoutSeconds:      pulumi.Int(probeTimeout),
		FailureThreshold:    pulumi.Int(failures),
	}
}
