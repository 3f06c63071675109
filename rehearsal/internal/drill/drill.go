package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/slipway-eks/slipway/rehearsal/internal/fleet"
)

// Cluster is what drills take place in.
type Cluster interface {
	Client() kubernetes.Interface
	Fleet() *fleet.Fleet
	// Err says what of the cluster has ended by itself.
	Err() error
}

// Options say where and how.
type Options struct {
	Cluster Cluster
	// Speed is that of the cluster's nodes and pods.
	Speed float64
	// Patience is how long the platform may take to recover, in AWS's time. Default: 15 minutes.
	Patience time.Duration
	// Say receives the timeline as it happens. Optional.
	Say func(Entry)
}

// Report is what a drill found.
type Report struct {
	Drill   string `json:"drill"`
	Subject string `json:"subject"`
	// Kept says that no promise was broken.
	Kept   bool     `json:"kept"`
	Broken []string `json:"broken"`
	// Speed is how much faster than in AWS the clock of nodes and pods ran.
	Speed    float64   `json:"speed"`
	Timeline []Entry   `json:"timeline"`
	Services []Service `json:"services"`
	// Pending are pods that had no place for a while, and why.
	Pending []Pending `json:"pending,omitempty"`
	// RecoverySeconds is when all was at full strength again, in AWS's time; 0 if that did not come.
	RecoverySeconds float64 `json:"recoverySeconds"`
	// Nodes are the living nodes before, at the least, and after.
	NodesBefore int `json:"nodesBefore"`
	NodesLeast  int `json:"nodesLeast"`
	NodesAfter  int `json:"nodesAfter"`
	// Shortened says which other time-outs were not those of Kubernetes.
	Shortened []string `json:"shortened,omitempty"`
}

// Entry is one moment of the timeline.
type Entry struct {
	// Seconds since the drill began, in AWS's time.
	Seconds float64 `json:"seconds"`
	Text    string  `json:"text"`
}

// Service is what became of one Deployment.
type Service struct {
	Name string `json:"name"`
	// Wanted is the number of pods before and after, Lowest the lowest number that served.
	Wanted      int32 `json:"wanted"`
	Lowest      int32 `json:"lowest"`
	WantedAfter int32 `json:"wantedAfter"`
	ServesAfter int32 `json:"servesAfter"`
	// Skew is the difference between the zones with the most and the fewest pods, at the end.
	Skew int `json:"skew"`
	// AddOn says that it is one of EKS's add-ons, of which the platform promises nothing.
	AddOn bool `json:"addOn,omitempty"`
}

// Pending is a pod without a place.
type Pending struct {
	Pod string `json:"pod"`
	Why string `json:"why"`
	// NodeCPUPercent is how much of their CPU the nodes used meanwhile, on average.
	NodeCPUPercent float64 `json:"nodeCpuPercent"`
}

// defaultPatience is longer than any single time-out of AWS or Kubernetes that plays a part.
const defaultPatience = 15 * time.Minute

// period is how often a drill looks, in real time.
const period = 100 * time.Millisecond

// drill is one in progress.
type drill struct {
	Options
	report *Report
	start  time.Time

	wanted  map[string]int32
	lowest  map[string]int32
	seen    map[string]string
	pending map[string]Pending
	events  int
	deaths  int
}

func begin(ctx context.Context, o Options, name, subject string) (*drill, error) {
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	d := &drill{
		Options: o, start: time.Now(), wanted: map[string]int32{}, lowest: map[string]int32{},
		seen: map[string]string{}, pending: map[string]Pending{}, events: len(o.Cluster.Fleet().Events()),
		report: &Report{Drill: name, Subject: subject, Broken: []string{}, Speed: o.Speed},
	}
	v, err := d.settle(ctx)
	if err != nil {
		return nil, err
	}
	d.start, d.deaths = time.Now(), o.Cluster.Fleet().Deaths()
	for _, s := range v.services() {
		d.wanted[s.name], d.lowest[s.name] = s.wanted, s.serves
	}
	d.report.NodesBefore, d.report.NodesLeast = len(v.nodes), len(v.nodes)
	return d, nil
}

// settle waits until all services are at full strength.
func (d *drill) settle(ctx context.Context) (*view, error) {
	deadline := time.Now().Add(d.real(d.Patience))
	for {
		v, err := d.look(ctx)
		if err != nil {
			return nil, err
		}
		weak := slices.DeleteFunc(v.services(), func(s strength) bool { return s.serves >= s.wanted })
		if len(weak) == 0 && len(v.deployments) > 0 {
			return v, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("the platform is not at full strength before the drill: %v", weak)
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// until watches, until done says so or patience ends. It returns whether done did.
func (d *drill) until(ctx context.Context, done func(*view) bool) (bool, error) {
	deadline := time.Now().Add(d.real(d.Patience))
	for {
		v, err := d.look(ctx)
		if err != nil {
			return false, err
		}
		d.observe(v)
		if done(v) {
			return true, nil
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		if err := pause(ctx); err != nil {
			return false, err
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(period):
		return nil
	}
}

// observe keeps the lowest numbers and tells what is new.
func (d *drill) observe(v *view) {
	d.report.NodesLeast = min(d.report.NodesLeast, len(v.nodes))
	for _, event := range d.Cluster.Fleet().Events()[d.events:] {
		d.events++
		d.tell(event.At, event.Text)
	}
	for _, s := range v.services() {
		if low, known := d.lowest[s.name]; known {
			d.lowest[s.name] = min(low, s.serves)
		}
		if text := fmt.Sprintf("%s: %d of %d serve", s.name, s.serves, s.wanted); d.seen[s.name] != text {
			if d.seen[s.name] != "" || s.serves < s.wanted {
				d.tell(v.at, text)
			}
			d.seen[s.name] = text
		}
	}
	for i := range v.pods {
		pod := &v.pods[i]
		why := unschedulable(pod)
		name := pod.Namespace + "/" + pod.Name
		if _, known := d.pending[name]; why == "" || known {
			continue
		}
		p := Pending{Pod: name, Why: why, NodeCPUPercent: v.cpuPercent()}
		d.pending[name] = p
		d.tell(v.at, fmt.Sprintf("%s has no place: %s (the nodes use %.0f %% of their CPU)", name, why, p.NodeCPUPercent))
	}
}

func (d *drill) tell(at time.Time, text string) {
	e := Entry{Seconds: max(0, at.Sub(d.start).Seconds()*d.Speed), Text: text}
	d.report.Timeline = append(d.report.Timeline, e)
	if d.Say != nil {
		d.Say(e)
	}
}

func (d *drill) broken(format string, args ...any) {
	d.report.Broken = append(d.report.Broken, fmt.Sprintf(format, args...))
}

// finish takes the last look.
func (d *drill) finish(ctx context.Context) (*Report, error) {
	v, err := d.look(ctx)
	if err != nil {
		return nil, err
	}
	d.observe(v)
	r := d.report
	r.NodesAfter = len(v.nodes)
	for _, s := range v.services() {
		wanted, known := d.wanted[s.name]
		if !known {
			continue
		}
		r.Services = append(r.Services, Service{
			Name: s.name, Wanted: wanted, Lowest: d.lowest[s.name], WantedAfter: s.wanted, ServesAfter: s.serves, Skew: s.skew,
			AddOn: !s.platform,
		})
	}
	for _, p := range d.pending {
		r.Pending = append(r.Pending, p)
	}
	slices.SortFunc(r.Pending, func(a, b Pending) int { return strings.Compare(a.Pod, b.Pod) })
	r.Kept = len(r.Broken) == 0
	return r, nil
}

// died is how many instances ended since the drill began. The number of nodes does not tell: others may have come.
func (d *drill) died() int { return d.Cluster.Fleet().Deaths() - d.deaths }

func (d *drill) real(of time.Duration) time.Duration { return time.Duration(float64(of) / d.Speed) }

// recovered says how long it took, if it did.
func (d *drill) recovered(did bool) {
	if did {
		d.report.RecoverySeconds = time.Since(d.start).Seconds() * d.Speed
		d.tell(time.Now(), "all services are at full strength")
		return
	}
	d.broken("the platform was not at full strength again after %s", d.Patience)
}

// unschedulable is why the scheduler has no place for a pod, or "".
func unschedulable(p *corev1.Pod) string {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Reason == corev1.PodReasonUnschedulable && p.Spec.NodeName == "" {
			return c.Message
		}
	}
	return ""
}

func wantedOf(d *appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}
