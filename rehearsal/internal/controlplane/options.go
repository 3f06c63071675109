//go:build unix

package controlplane

import (
	"fmt"
	"math"
	"net/netip"
	"path/filepath"
	"strconv"
	"time"

	"github.com/slipway-eks/slipway/spec"
)

// DefaultServiceCIDR is one of the two ranges that EKS gives a cluster that asks for none.
const DefaultServiceCIDR = "10.100.0.0/16"

// Annotations, labels and tags that direct the simulated kubelets.
const (
	// StartupAnnotation of a pod is how long its program takes to answer its probes, in seconds, such as "40" or "2.5".
	StartupAnnotation = spec.StartupSecondsAnnotation
	// UnreadyAnnotation of a running pod makes its probes fail while it is "true".
	UnreadyAnnotation = "slipway.dev/rehearsal-unready"
	// LostLabel of a node stops its kubelet while it is "true". Use [LoseNode], which also marks the pods.
	LostLabel = "slipway.dev/rehearsal-lost"
	// UnreadyTag ends the tag of an image that runs and never answers its probes.
	UnreadyTag = "-0badbad"
	// CrashTag ends the tag of an image that ends as soon as it started.
	CrashTag = "-0bad0bad"
)

// Options say what control plane to start.
type Options struct {
	// Dir is the control plane's own folder. If an earlier start used it, this one goes on from there, with the same
	// authorities, the same endpoint and the same objects. Only one control plane at a time may use it.
	Dir string
	// Binary is the executable with all of Kubernetes' parts, and KWOK the one of KWOK; see package toolchain.
	Binary, KWOK string
	// Timing is what is shortened. The zero value shortens nothing.
	Timing Timing
	// Auth, if set, is asked who a bearer token belongs to, when it is not one of a service account.
	Auth *Webhook
	// Egress, if set, is the path of a Unix socket of an HTTP CONNECT proxy. The API server reaches admission webhooks
	// and aggregated APIs through it alone, and asks it for the address of their Service. It is a socket, because the API
	// server speaks TLS to a proxy on a port even if its address begins with http. The system limits the path to about
	// 100 bytes.
	Egress string
	// ServiceCIDR is the range of the Services' addresses. Default: [DefaultServiceCIDR]. It belongs to Dir: a later
	// start must give the same.
	ServiceCIDR string
	// Speed is how much faster than in reality simulated kubelets run, in starting and ending pods. Default: 1.
	Speed float64
}

// Webhook is an HTTPS service that the API server asks.
type Webhook struct {
	// URL is where it is asked.
	URL string
	// CA is the authority of its certificate, in PEM.
	CA []byte
}

// Timing shortens time-outs of Kubernetes. A field that is zero keeps Kubernetes' default, which is given with it.
type Timing struct {
	// NotReadyToleration is how long pods stay on a node that is not ready, in whole seconds. Default: 300 s.
	NotReadyToleration time.Duration
	// NodeMonitorPeriod is how often the health of nodes is looked at. Default: 5 s.
	NodeMonitorPeriod time.Duration
	// NodeEvictionRate is how many nodes of a zone lose their pods in a second. Default: 0.1.
	NodeEvictionRate float64
	// HPASync is how often HPAs look at their metrics. Default: 15 s.
	HPASync time.Duration
	// HPAInitialReadinessDelay is how long after its start a pod's becoming ready counts as its first. Default: 30 s.
	HPAInitialReadinessDelay time.Duration
	// HPACPUInitialization is how long after its start a pod's use of CPU may be left out. Default: 5 m.
	HPACPUInitialization time.Duration
	// HPADownscaleStabilization is how long a lower number of pods must be right, where an HPA does not say it itself.
	// Default: 5 m.
	HPADownscaleStabilization time.Duration
}

// Shortened says in words what differs from Kubernetes' defaults, for reports.
func (t Timing) Shortened() []string {
	var words []string
	for _, s := range t.settings() {
		words = append(words, fmt.Sprintf("%s %s instead of %s", s.says, s.value, s.normal))
	}
	return words
}

// setting is a field of Timing that is set, and differs from the default.
type setting struct {
	says          string
	value, normal string
	// part and flags of it take argument.
	part     part
	flags    []string
	argument string
}

func (t Timing) settings() []setting {
	var all []setting
	duration := func(of part, value, normal time.Duration, says string, flags ...string) {
		if value > 0 && value != normal {
			all = append(all, setting{
				says: says, value: seconds(value), normal: seconds(normal),
				part: of, flags: flags, argument: value.String(),
			})
		}
	}
	if t.NotReadyToleration > 0 {
		// This one is a number of seconds, not a duration.
		whole := time.Duration(math.Ceil(t.NotReadyToleration.Seconds())) * time.Second
		duration(apiserver, whole, 300*time.Second, "pods leave a node that is not ready after",
			"default-not-ready-toleration-seconds", "default-unreachable-toleration-seconds")
		for i := range all {
			all[i].argument = strconv.Itoa(int(whole.Seconds()))
		}
	}
	duration(manager, t.NodeMonitorPeriod, 5*time.Second, "the health of nodes is looked at every", "node-monitor-period")
	if rate := t.NodeEvictionRate; rate > 0 && rate != normalEvictionRate {
		all = append(all, setting{
			says: "nodes that lose their pods, a second and zone:", value: number(rate), normal: number(normalEvictionRate),
			part: manager, flags: []string{"node-eviction-rate"}, argument: number(rate),
		})
	}
	const hpa = "horizontal-pod-autoscaler-"
	duration(manager, t.HPASync, 15*time.Second, "HPAs look at their metrics every", hpa+"sync-period")
	duration(manager, t.HPAInitialReadinessDelay, 30*time.Second,
		"HPAs take a pod's readiness for its first until, after its start,", hpa+"initial-readiness-delay")
	duration(manager, t.HPACPUInitialization, 5*time.Minute,
		"HPAs may leave a pod's CPU out until, after its start,", hpa+"cpu-initialization-period")
	duration(manager, t.HPADownscaleStabilization, 5*time.Minute,
		"HPAs that do not say otherwise scale down after", hpa+"downscale-stabilization")
	return all
}

const normalEvictionRate = 0.1

// flags returns the flags that Timing sets for a part.
func (t Timing) flags(of part) []string {
	var flags []string
	for _, s := range t.settings() {
		if s.part != of {
			continue
		}
		for _, flag := range s.flags {
			flags = append(flags, "--"+flag+"="+s.argument)
		}
	}
	return flags
}

func seconds(d time.Duration) string { return number(d.Seconds()) + " s" }

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// complete checks options and fills in defaults.
func (o Options) complete() (Options, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return o, fmt.Errorf("finding the control plane's folder: %w", err)
	}
	o.Dir = dir
	if o.ServiceCIDR == "" {
		o.ServiceCIDR = DefaultServiceCIDR
	}
	if _, err := netip.ParsePrefix(o.ServiceCIDR); err != nil {
		return o, fmt.Errorf("reading the range of the Services' addresses: %w", err)
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.Speed < 0 || math.IsNaN(o.Speed) || math.IsInf(o.Speed, 0) {
		return o, fmt.Errorf("simulated kubelets cannot run at %v times real speed", o.Speed)
	}
	return o, nil
}

// kubernetesService is the address of the API server's own Service: the first of the range.
func (o Options) kubernetesService() string {
	return netip.MustParsePrefix(o.ServiceCIDR).Masked().Addr().Next().String()
}
