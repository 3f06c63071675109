package fleet

import (
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/slipway-eks/slipway/spec"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/types"
)

// nameLabel is the label by which the platform's services know their pods.
const nameLabel = "name"

// idlePercent of its request is what a pod uses of which nothing else is said.
const idlePercent = 10

// Load is what pods use of CPU. A pod that starts uses what its service says that a start costs; then it has its share
// of the load of its service.
type Load struct {
	speed float64

	mu sync.Mutex
	// perPod and total are in millicores, by service.
	perPod, total map[service]float64
	// started is when a pod was first seen to run: its own start time is a whole second, which is long here.
	started map[types.UID]time.Time
}

// service is a namespace and the name that its pods carry.
type service struct{ namespace, name string }

func newLoad(speed float64) *Load {
	return &Load{
		speed: speed, perPod: map[service]float64{}, total: map[service]float64{}, started: map[types.UID]time.Time{},
	}
}

// SetPerPod has every pod of a service use so many millicores, however many pods there are.
func (l *Load) SetPerPod(namespace, name string, milli float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.total, service{namespace, name})
	l.perPod[service{namespace, name}] = milli
}

// SetTotal has the pods of a service that get traffic share so many millicores.
func (l *Load) SetTotal(namespace, name string, milli float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.perPod, service{namespace, name})
	l.total[service{namespace, name}] = milli
}

// Clear has the pods of a service use what pods use of which nothing is said.
func (l *Load) Clear(namespace, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.perPod, service{namespace, name})
	delete(l.total, service{namespace, name})
}

// use returns what each running pod uses, in millicores, in the order of s.pods.
func (l *Load) use(s *snapshot) []float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(s)
	serving := map[service]float64{}
	for i := range s.pods {
		if ready(&s.pods[i]) {
			serving[serviceOf(&s.pods[i])]++
		}
	}
	out := make([]float64, len(s.pods))
	for i := range s.pods {
		p := &s.pods[i]
		if p.Status.Phase != corev1.PodRunning {
			continue
		}
		of := serviceOf(p)
		milli := float64(requested(p).cpu.MilliValue()) * idlePercent / 100
		if perPod, set := l.perPod[of]; set {
			milli = perPod
		}
		if total, set := l.total[of]; set && ready(p) {
			milli = total / serving[of]
		}
		if l.starting(p, s.at) {
			milli = startCPU(p)
		}
		out[i] = milli
	}
	return out
}

// wanted is what the pods of each node use together, by the node's name.
func (l *Load) wanted(s *snapshot) map[string]float64 {
	sums := map[string]float64{}
	for i, milli := range l.use(s) {
		sums[s.pods[i].Spec.NodeName] += milli
	}
	return sums
}

// note keeps when pods started: when they were first seen, but no later than their own start time allows, so that those
// of an earlier run do not start anew.
func (l *Load) note(s *snapshot) {
	before := l.started
	l.started = make(map[types.UID]time.Time, len(s.pods))
	for i := range s.pods {
		p := &s.pods[i]
		if p.Status.Phase != corev1.PodRunning || p.Status.StartTime == nil {
			continue
		}
		at, known := before[p.UID]
		if latest := p.Status.StartTime.Add(time.Second); !known {
			at = s.at
			if latest.Before(at) {
				at = latest
			}
		}
		l.started[p.UID] = at
	}
}

// starting says whether a pod's process is still at its start: until it answers its probes or, if it has none to answer,
// until the time is over.
func (l *Load) starting(p *corev1.Pod, at time.Time) bool {
	if ready(p) && slices.ContainsFunc(p.Spec.Containers, probed) {
		return false
	}
	seconds, err := strconv.ParseFloat(p.Annotations[spec.StartupSecondsAnnotation], 64)
	started, running := l.started[p.UID]
	return err == nil && running && at.Sub(started).Seconds()*l.speed < seconds
}

func probed(c corev1.Container) bool { return c.StartupProbe != nil || c.ReadinessProbe != nil }

// startCPU is what a pod uses while it starts, in millicores.
func startCPU(p *corev1.Pod) float64 {
	if q, err := resource.ParseQuantity(p.Annotations[spec.StartupCPUAnnotation]); err == nil {
		return float64(q.MilliValue())
	}
	return float64(requested(p).cpu.MilliValue())
}

// requested is what the containers of a pod ask for.
func requested(p *corev1.Pod) request {
	r := request{&resource.Quantity{}, &resource.Quantity{}}
	for _, c := range p.Spec.Containers {
		r.cpu.Add(*c.Resources.Requests.Cpu())
		r.memory.Add(*c.Resources.Requests.Memory())
	}
	return r
}

// request is an amount of CPU and of memory.
type request struct{ cpu, memory *resource.Quantity }

func (r request) add(more request) {
	r.cpu.Add(*more.cpu)
	r.memory.Add(*more.memory)
}

func serviceOf(p *corev1.Pod) service { return service{p.Namespace, p.Labels[nameLabel]} }
