package microservice

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// Times of the probes, in seconds.
const (
	startupPeriod   = 5
	readinessPeriod = 5
	livenessPeriod  = 10
	probeTimeout    = 5
)

// How many failures in a row count. Liveness is the more patient: a pod that is busy should lose its traffic long
// before it is killed.
const (
	readinessFailures = 3
	livenessFailures  = 6
)

// startupFactor times the declared start-up time is what a pod may take: a node that starts several pods at once is
// slower than the one on which the time was measured.
const startupFactor = 2

// managementPortName names the actuator's port.
const managementPortName = "management"

// The actuator's health groups (Spring Boot reference, Kubernetes probes).
const (
	springLiveness  = "/actuator/health/liveness"
	springReadiness = "/actuator/health/readiness"
)

// probes are the three probes of a container.
type probes struct{ startup, readiness, liveness corev1.ProbeArgs }

// probesOf returns the probes of a service; nil if it has none. Until the startup probe has succeeded the other two
// do not run, so that a slow start is neither given traffic nor killed.
func probesOf(s *spec.Service) *probes {
	alive, ready := probeActions(s)
	if alive == nil {
		return nil
	}
	return &probes{
		startup:   probe(*alive, startupPeriod, startupBudget(s)/startupPeriod),
		readiness: probe(*ready, readinessPeriod, readinessFailures),
		liveness:  probe(*alive, livenessPeriod, livenessFailures),
	}
}

// startupBudget is how long a pod may take to start, in seconds: a multiple of the startup probe's period.
func startupBudget(s *spec.Service) int {
	seconds := s.Startup.Seconds * startupFactor
	return (seconds + startupPeriod - 1) / startupPeriod * startupPeriod
}

// probeActions returns what is asked to learn that a pod is alive, and that it is ready.
func probeActions(s *spec.Service) (alive, ready *corev1.ProbeArgs) {
	switch h := s.Health; {
	case h.Spring != nil:
		return httpProbe(springLiveness, pulumi.String(managementPortName)),
			httpProbe(springReadiness, pulumi.String(managementPortName))
	case h.HTTP != nil && h.HTTP.Port != 0:
		p := httpProbe(h.HTTP.Path, pulumi.Int(h.HTTP.Port))
		return p, p
	case h.HTTP != nil:
		p := httpProbe(h.HTTP.Path, pulumi.String(portName))
		return p, p
	case h.TCP:
		p := &corev1.ProbeArgs{TcpSocket: corev1.TCPSocketActionArgs{Port: pulumi.String(portName)}}
		return p, p
	default:
		return nil, nil
	}
}

func httpProbe(path string, port pulumi.Input) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{HttpGet: corev1.HTTPGetActionArgs{Path: pulumi.String(path), Port: port}}
}

func probe(action corev1.ProbeArgs, period, failures int) corev1.ProbeArgs {
	action.PeriodSeconds = pulumi.Int(period)
	action.TimeoutSeconds = pulumi.Int(probeTimeout)
	action.FailureThreshold = pulumi.Int(failures)
	return action
}
