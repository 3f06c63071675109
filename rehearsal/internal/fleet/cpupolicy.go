package fleet

import (
	"context"
	"math"
	"time"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// How a target tracking policy decides (EC2 Auto Scaling user guide, target tracking: a metric of one minute, above the
// target for three of them, or well below it for fifteen).
const (
	metricTime   = time.Minute
	metricsAbove = 3
	metricsBelow = 15
	belowShare   = 0.9
)

// track stands in for the target tracking policies of Auto Scaling groups.
func (f *Fleet) track(_ context.Context, s *snapshot) error {
	for i := range s.groups {
		g := &s.groups[i]
		own := f.groups[g.Name]
		if g.CPU == nil || own == nil || s.at.Sub(own.measured) < f.real(metricTime) {
			continue
		}
		own.measured = s.at
		own.cpu = append(own.cpu, f.averageCPU(s, g))
		if len(own.cpu) > metricsBelow {
			own.cpu = own.cpu[1:]
		}
		f.follow(s, g, own)
	}
	return nil
}

// averageCPU is what the instances of a group use on average, in percent: none can use more than it has.
func (f *Fleet) averageCPU(s *snapshot, g *simaws.NodeGroup) float64 {
	wanted := f.load.wanted(s)
	sum, count := 0.0, 0.0
	for _, n := range f.alive(s, g.Name) {
		have := float64(n.Status.Capacity.Cpu().MilliValue())
		sum += min(wanted[n.Name]/have, 1) * 100
		count++
	}
	return sum / max(count, 1)
}

// follow changes the number of nodes so that the average would be the target.
func (f *Fleet) follow(s *snapshot, g *simaws.NodeGroup, own *group) {
	warm := s.at.Sub(own.changed) >= f.real(time.Duration(g.CPU.WarmUpSeconds)*time.Second)
	if !warm || len(own.launches) > 0 {
		return
	}
	now := own.cpu[len(own.cpu)-1]
	want := int(math.Ceil(float64(own.desired) * now / g.CPU.Percent))
	switch {
	case all(own.cpu, metricsAbove, func(p float64) bool { return p > g.CPU.Percent }) && own.desired < g.Max:
		own.desired = min(max(want, own.desired+1), g.Max)
	case g.CPU.ScaleIn && all(own.cpu, metricsBelow, func(p float64) bool { return p < belowShare*g.CPU.Percent }) &&
		own.desired > g.Min:
		own.desired = max(want, own.desired-1, g.Min)
	default:
		return
	}
	own.changed = s.at
	f.note("the CPU policy of %s wants %d nodes: the average is %.0f %%, its target %.0f %%",
		g.Name, own.desired, now, g.CPU.Percent)
}

// all says whether there are n last values and each is so.
func all(values []float64, n int, so func(float64) bool) bool {
	if len(values) < n {
		return false
	}
	for _, v := range values[len(values)-n:] {
		if !so(v) {
			return false
		}
	}
	return true
}
