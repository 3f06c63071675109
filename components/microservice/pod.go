package microservice

import (
	"maps"
	"slices"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// userID is the user that containers run as: above the ids that images and nodes give to system users.
const userID = 10001

// A pod that ends first waits until load balancers and other pods no longer send to it, then has the rest of the
// grace period to finish what it began. A pod with WebSockets has as long as the ingress lets them be (its
// worker-shutdown-timeout, 240 s), and a minute to spare; it goes as soon as its process ends.
const (
	preStopSeconds        = 10
	graceSeconds          = 60
	webSocketGraceSeconds = 300
)

// tmp is the folder that every container can write to.
const tmp = "tmp"

// podSpec is what the pods of every kind have, and what the restricted Pod Security Standard wants of them.
func (b *builder) podSpec() corev1.PodSpecArgs {
	return corev1.PodSpecArgs{
		ServiceAccountName:           b.account.Metadata.Name(),
		AutomountServiceAccountToken: pulumi.Bool(b.args.kubernetesToken()),
		// Without it, every Service of the namespace becomes a set of environment variables.
		EnableServiceLinks:            pulumi.Bool(false),
		TerminationGracePeriodSeconds: pulumi.Int(gracePeriod(&b.args.Service)),
		Affinity:                      b.affinity(),
		Tolerations:                   b.tolerations(),
		SecurityContext: corev1.PodSecurityContextArgs{
			RunAsNonRoot:   pulumi.Bool(true),
			RunAsUser:      pulumi.Int(userID),
			RunAsGroup:     pulumi.Int(userID),
			FsGroup:        pulumi.Int(userID),
			SeccompProfile: corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
		},
		Containers: corev1.ContainerArray{b.container()},
		Volumes:    b.volumes(),
	}
}

// podMetadata says what the pods are, and what their start costs.
func (b *builder) podMetadata() metav1.ObjectMetaArgs {
	startup := b.args.Service.Startup
	notes := pulumi.StringMap{spec.StartupSecondsAnnotation: pulumi.String(strconv.Itoa(startup.Seconds))}
	if startup.CPU != "" {
		notes[spec.StartupCPUAnnotation] = pulumi.String(startup.CPU)
	}
	return metav1.ObjectMetaArgs{Labels: b.labels(), Annotations: notes}
}

func gracePeriod(s *spec.Service) int {
	if slices.ContainsFunc(s.Routes, func(r spec.Route) bool { return r.WebSocket }) {
		return webSocketGraceSeconds
	}
	return graceSeconds
}

func (b *builder) container() corev1.ContainerArgs {
	s := &b.args.Service
	c := corev1.ContainerArgs{
		Name:      pulumi.String(b.args.ServiceName),
		Image:     pulumi.String(b.args.Image),
		Command:   texts(s.Command),
		Args:      texts(s.Args),
		Ports:     containerPorts(s),
		Env:       b.environment(),
		Resources: resources(&s.Resources),
		SecurityContext: corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(s.Exceptions.WritableRoot == ""),
			Capabilities:             corev1.CapabilitiesArgs{Drop: pulumi.ToStringArray([]string{"ALL"})},
		},
		VolumeMounts: b.mounts(),
	}
	if s.Kind() == spec.KindWeb {
		c.Lifecycle = corev1.LifecycleArgs{
			PreStop: corev1.LifecycleHandlerArgs{Sleep: corev1.SleepActionArgs{Seconds: pulumi.Int(preStopSeconds)}},
		}
	}
	if p := probesOf(s); p != nil {
		c.StartupProbe, c.ReadinessProbe, c.LivenessProbe = p.startup, p.readiness, p.liveness
	}
	return c
}

// environment returns the variables in a fixed order, so that the same configuration is the same Deployment; nil if
// there are none.
func (b *builder) environment() corev1.EnvVarArrayInput {
	s := &b.args.Service
	plain := maps.Clone(s.Env)
	if plain == nil {
		plain = map[string]string{}
	}
	if s.Health.Spring != nil {
		plain["MANAGEMENT_SERVER_PORT"] = strconv.Itoa(s.Health.Spring.ManagementPort)
		plain["MANAGEMENT_ENDPOINT_HEALTH_PROBES_ENABLED"] = "true"
	}
	if len(plain)+len(s.SecretEnv) == 0 {
		return nil
	}
	vars := corev1.EnvVarArray{}
	for _, name := range sortedKeys(plain) {
		vars = append(vars, corev1.EnvVarArgs{Name: pulumi.String(name), Value: pulumi.String(plain[name])})
	}
	for _, name := range sortedKeys(s.SecretEnv) {
		vars = append(vars, corev1.EnvVarArgs{
			Name: pulumi.String(name),
			ValueFrom: corev1.EnvVarSourceArgs{SecretKeyRef: corev1.SecretKeySelectorArgs{
				Name: b.secretEnv.Metadata.Name(), Key: pulumi.String(name),
			}},
		})
	}
	return vars
}

// containerPorts is nil where there are none.
func containerPorts(s *spec.Service) corev1.ContainerPortArrayInput {
	ports := corev1.ContainerPortArray{}
	if s.Port != 0 {
		ports = append(ports, corev1.ContainerPortArgs{Name: pulumi.String(portName), ContainerPort: pulumi.Int(s.Port)})
	}
	if s.Health.Spring != nil {
		ports = append(ports, corev1.ContainerPortArgs{
			Name: pulumi.String(managementPortName), ContainerPort: pulumi.Int(s.Health.Spring.ManagementPort),
		})
	}
	if len(ports) == 0 {
		return nil
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

// texts is nil where there are none: an empty command is not the image's own.
func texts(list []string) pulumi.StringArrayInput {
	if len(list) == 0 {
		return nil
	}
	return pulumi.ToStringArray(list)
}
