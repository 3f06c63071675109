package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// period is how often the fleet looks at the cluster, in real time.
const period = 200 * time.Millisecond

// Options describe a fleet.
type Options struct {
	// Config reaches the cluster with all rights.
	Config *rest.Config
	// Groups returns the node groups as they are now.
	Groups func() []simaws.NodeGroup
	// Addons returns the names of the cluster's add-ons as they are now. Optional.
	Addons func() []string
	// Speed is how much faster than in AWS time passes for nodes and pods. Default: 1.
	Speed float64
	// Death is what a node dies of. The zero value means DefaultDeath.
	Death Death
	// Log receives a line for each event. Optional.
	Log io.Writer
}

// Fleet is the nodes of one cluster.
type Fleet struct {
	options Options
	client  kubernetes.Interface
	load    *Load
	now     func() time.Time
	cancel  context.CancelFunc
	ended   chan struct{}

	mu     sync.Mutex
	groups map[string]*group
	// dead are the nodes whose instance is gone, and since when.
	dead map[string]time.Time
	// deaths is how many instances have ended since the start.
	deaths int
	// hot are the nodes whose pods want too much, and since when.
	hot map[string]time.Time
	// closed are the zones in which no instance can be launched.
	closed map[string]bool
	// installed are the workloads of add-ons that were made.
	installed map[string]bool
	events    []Event
	last      *snapshot
	fault     error
}

// Event is something that the fleet did or saw.
type Event struct {
	At   time.Time
	Text string
}

// Start begins to keep the fleet, until Close.
func Start(o Options) (*Fleet, error) {
	client, err := kubernetes.NewForConfig(o.Config)
	if err != nil {
		return nil, fmt.Errorf("preparing the fleet: %w", err)
	}
	f := newFleet(o, client)
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	go f.run(ctx)
	return f, nil
}

// newFleet is a fleet that does nothing by itself.
func newFleet(o Options, client kubernetes.Interface) *Fleet {
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.Death == (Death{}) {
		o.Death = DefaultDeath
	}
	if o.Addons == nil {
		o.Addons = func() []string { return nil }
	}
	return &Fleet{
		options: o, client: client, load: newLoad(o.Speed), now: time.Now, ended: make(chan struct{}),
		groups: map[string]*group{}, dead: map[string]time.Time{}, hot: map[string]time.Time{},
		closed: map[string]bool{}, installed: map[string]bool{},
	}
}

// Close stops the fleet. Its nodes stay as they are.
func (f *Fleet) Close() {
	f.cancel()
	<-f.ended
}

// Load is what the pods use.
func (f *Fleet) Load() *Load { return f.load }

// Events returns what happened, in order.
func (f *Fleet) Events() []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Event(nil), f.events...)
}

// Deaths is how many instances have ended so far, each by itself or because a drill ended it.
func (f *Fleet) Deaths() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.deaths
}

// Fault is why the fleet could not do its work when it last tried; nil if it could.
func (f *Fleet) Fault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// WaitSettled waits until the fleet has looked at the cluster and every node of it is ready.
func (f *Fleet) WaitSettled(ctx context.Context) error {
	for {
		f.mu.Lock()
		settled := f.last != nil && !slices.ContainsFunc(f.last.nodes, func(n corev1.Node) bool { return !nodeReady(&n) })
		fault := f.fault
		f.mu.Unlock()
		if settled {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), fault)
		case <-time.After(period):
		}
	}
}

func (f *Fleet) run(ctx context.Context) {
	defer close(f.ended)
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		err := f.tick(ctx)
		if ctx.Err() != nil {
			return
		}
		f.mu.Lock()
		f.fault = err
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// tick lets each stand-in do what follows from what the cluster looks like.
func (f *Fleet) tick(ctx context.Context) error {
	s, err := f.look(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = s
	for _, step := range []func(context.Context, *snapshot) error{
		f.bury, f.overload, f.keepGroups, f.autoscale, f.track, f.keepAddons, f.address,
	} {
		if err := step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// note records an event. The caller holds the lock.
func (f *Fleet) note(format string, args ...any) {
	event := Event{At: f.now(), Text: fmt.Sprintf(format, args...)}
	f.events = append(f.events, event)
	if f.options.Log != nil {
		fmt.Fprintf(f.options.Log, "%s %s\n", event.At.Format("15:04:05.000"), event.Text)
	}
}

// real is how long something that takes d in AWS takes here.
func (f *Fleet) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / f.options.Speed)
}
