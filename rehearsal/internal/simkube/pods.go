package simkube

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

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
	for name, limit := range c.Resources.Limits {
		request, ok := c.Resources.Requests[name]
		if ok && request.Cmp(limit) > 0 {
			out = append(out, fmt.Sprintf("%s.resources.requests[%s]: must be less than or equal to the limit", field, name))
		}
	}
	out = append(out, amounts(field+".resources.requests", c.Resources.Requests)...)
	out = append(out, amounts(field+".resources.limits", c.Resources.Limits)...)
	for i, m := range c.VolumeMounts {
		if !volumes[m.Name] {
			out = append(out, fmt.Sprintf("%s.volumeMounts[%d].name: %q not found", field, i, m.Name))
		}
	}
	for i, e := range c.Env {
		if !environment.MatchString(e.Name) {
			out = append(out, fmt.Sprintf("%s.env[%d].name: is no name of a variable", field, i))
		}
		if e.Value != "" && e.ValueFrom != nil {
			out = append(out, fmt.Sprintf("%s.env[%d].valueFrom: may not be specified when `value` is not empty", field, i))
		}
	}
	ports := map[string]bool{}
	for i, p := range c.Ports {
		if p.ContainerPort < 1 || p.ContainerPort > 65535 {
			out = append(out, fmt.Sprintf("%s.ports[%d].containerPort: %d is outside 1..65535", field, i, p.ContainerPort))
		}
		if p.Name != "" {
			for _, wrong := range validation.IsValidPortName(p.Name) {
				out = append(out, fmt.Sprintf("%s.ports[%d].name: %s", field, i, wrong))
			}
		}
		if p.Name != "" && ports[p.Name] {
			out = append(out, fmt.Sprintf("%s.ports[%d].name: Duplicate value", field, i))
		}
		ports[p.Name] = true
	}
	for name, probe := range map[string]*corev1.Probe{
		"livenessProbe": c.LivenessProbe, "readinessProbe": c.ReadinessProbe, "startupProbe": c.StartupProbe,
	} {
		out = append(out, probed(field+"."+name, name, probe)...)
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

func probed(field, name string, p *corev1.Probe) []string {
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
	if name != "readinessProbe" && p.SuccessThreshold > 1 {
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
