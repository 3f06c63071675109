package simkube

import (
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// environment is the shape of a variable's name since Kubernetes 1.34: anything printable but "=".
var environment = regexp.MustCompile(`^[ -<>-~]+$`)

// pods checks what every pod template must have.
func pods(field string, spec corev1.PodSpec) []string {
	if len(spec.Containers) == 0 {
		return []string{field + ".containers: Required value"}
	}
	volumes := map[string]bool{}
	var out []string
	for i, v := range spec.Volumes {
		if volumes[v.Name] || v.Name == "" {
			out = append(out, fmt.Sprintf("%s.volumes[%d].name: must be given, and unique", field, i))
		}
		volumes[v.Name] = true
	}
	names := map[string]bool{}
	check := func(list string, containers []corev1.Container) {
		for i, c := range containers {
			at := fmt.Sprintf("%s.%s[%d]", field, list, i)
			if names[c.Name] {
				out = append(out, at+".name: Duplicate value")
			}
			names[c.Name] = true
			out = append(out, container(at, c, volumes)...)
		}
	}
	check("initContainers", spec.InitContainers)
	check("containers", spec.Containers)
	return append(out, spread(field, spec)...)
}

func container(field string, c corev1.Container, volumes map[string]bool) []string {
	var out []string
	for _, wrong := range validation.IsDNS1123Label(c.Name) {
		out = append(out, field+".name: "+wrong)
	}
	if c.Image == "" {
		out = append(out, field+".image: Required value")
	}
	for i, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			out = append(out, fmt.Sprintf("%s.volumeMounts[%d].name: %q not found", field, i, m.Name))
		}
	}
	out = append(out, resources(field+".resources", c.Resources)...)
	out = append(out, variables(field+".env", c.Env)...)
	out = append(out, ports(field+".ports", c.Ports)...)
	out = append(out, probed(field+".livenessProbe", true, c.LivenessProbe)...)
	out = append(out, probed(field+".readinessProbe", false, c.ReadinessProbe)...)
	return append(out, probed(field+".startupProbe", true, c.StartupProbe)...)
}

func resources(field string, r corev1.ResourceRequirements) []string {
	var out []string
	for name, limit := range r.Limits {
		if request, ok := r.Requests[name]; ok && request.Cmp(limit) > 0 {
			out = append(out, fmt.Sprintf("%s.requests[%s]: must be less than or equal to the limit", field, name))
		}
	}
	out = append(out, amounts(field+".requests", r.Requests)...)
	return append(out, amounts(field+".limits", r.Limits)...)
}

func variables(field string, env []corev1.EnvVar) []string {
	var out []string
	for i, e := range env {
		if !environment.MatchString(e.Name) {
			out = append(out, fmt.Sprintf("%s[%d].name: is no name of a variable", field, i))
		}
		if e.Value != "" && e.ValueFrom != nil {
			out = append(out, fmt.Sprintf("%s[%d].valueFrom: may not be specified when `value` is not empty", field, i))
		}
	}
	return out
}

func ports(field string, list []corev1.ContainerPort) []string {
	var out []string
	names := map[string]bool{}
	for i, p := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		if p.ContainerPort < 1 || p.ContainerPort > 65535 {
			out = append(out, fmt.Sprintf("%s.containerPort: %d is outside 1..65535", at, p.ContainerPort))
		}
		if p.Name == "" {
			continue
		}
		for _, wrong := range validation.IsValidPortName(p.Name) {
			out = append(out, at+".name: "+wrong)
		}
		if names[p.Name] {
			out = append(out, at+".name: Duplicate value")
		}
		names[p.Name] = true
	}
	return out
}

func amounts(field string, list corev1.ResourceList) []string {
	var out []string
	for name, q := range list {
		if q.Cmp(resource.Quantity{}) < 0 {
			out = append(out, fmt.Sprintf("%s[%s]: must be greater than or equal to 0", field, name))
		}
	}
	return out
}

// probed checks a probe; once says that a single success counts, as it does for all but readiness.
func probed(field string, once bool, p *corev1.Probe) []string {
	if p == nil {
		return nil
	}
	var out []string
	handlers := 0
	for _, there := range []bool{p.HTTPGet != nil, p.TCPSocket != nil, p.Exec != nil, p.GRPC != nil} {
		if there {
			handlers++
		}
	}
	if handlers != 1 {
		out = append(out, field+": exactly one handler is required")
	}
	if once && p.SuccessThreshold > 1 {
		out = append(out, field+".successThreshold: must be 1")
	}
	return out
}

// spread checks the topology constraints.
func spread(field string, spec corev1.PodSpec) []string {
	var out []string
	for i, t := range spec.TopologySpreadConstraints {
		at := fmt.Sprintf("%s.topologySpreadConstraints[%d]", field, i)
		if t.MaxSkew < 1 {
			out = append(out, at+".maxSkew: must be greater than zero")
		}
		if t.TopologyKey == "" {
			out = append(out, at+".topologyKey: Required value")
		}
		if t.WhenUnsatisfiable != corev1.DoNotSchedule && t.WhenUnsatisfiable != corev1.ScheduleAnyway {
			out = append(out, at+".whenUnsatisfiable: must be DoNotSchedule or ScheduleAnyway")
		}
		for _, key := range t.MatchLabelKeys {
			if t.LabelSelector == nil {
				out = append(out, fmt.Sprintf("%s.matchLabelKeys: %q must not be specified when labelSelector is not set", at, key))
			}
		}
	}
	return out
}
