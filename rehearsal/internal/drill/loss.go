package drill

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// NodeLoss ends the instance with the most pods of services.
func NodeLoss(ctx context.Context, o Options) (*Report, error) {
	d, err := begin(ctx, o, "node-loss", "")
	if err != nil {
		return nil, err
	}
	v, err := d.look(ctx)
	if err != nil {
		return nil, err
	}
	node := busiest(v, func(node string) string { return node })
	if node == "" {
		return nil, errors.New("the cluster has no nodes")
	}
	d.report.Subject = node
	o.Cluster.Fleet().Kill(node, "the drill ends its instance")
	return d.loss(ctx, 1)
}

// ZoneLoss ends all instances of the zone with the most pods of services, and lets none begin there.
func ZoneLoss(ctx context.Context, o Options) (*Report, error) {
	d, err := begin(ctx, o, "zone-loss", "")
	if err != nil {
		return nil, err
	}
	v, err := d.look(ctx)
	if err != nil {
		return nil, err
	}
	zone := busiest(v, func(node string) string { return v.nodes[node].Zone })
	if zone == "" {
		return nil, errors.New("the cluster has no nodes")
	}
	d.report.Subject = zone
	lost := o.Cluster.Fleet().LoseZone(zone)
	defer o.Cluster.Fleet().RestoreZone(zone)
	return d.loss(ctx, lost)
}

// busiest returns the node, or what place makes of it, that has the most pods of Deployments; the first of several.
func busiest(v *view, place func(node string) string) string {
	count := map[string]int{}
	for i := range v.deployments {
		for _, p := range v.podsOf(&v.deployments[i]) {
			if v.serves(p) {
				count[place(p.Spec.NodeName)]++
			}
		}
	}
	best := ""
	for _, name := range slices.Sorted(maps.Keys(count)) {
		if best == "" || count[name] > count[best] {
			best = name
		}
	}
	return best
}

// loss watches a platform that has lost nodes, until it is at full strength again with as many of them.
func (d *drill) loss(ctx context.Context, lost int) (*Report, error) {
	did, err := d.until(ctx, func(v *view) bool {
		return v.strong(d.wanted) && len(v.nodes) >= d.report.NodesBefore
	})
	if err != nil {
		return nil, err
	}
	d.recovered(did)
	r, err := d.finish(ctx)
	if err != nil {
		return nil, err
	}
	if more := d.died() - lost; more > 0 {
		d.broken("%d more nodes died after the first", more)
	}
	for _, s := range r.Services {
		if !s.AddOn && s.Wanted >= 2 && s.Lowest < 1 {
			d.broken("%s had no pod that served; it has %d", s.Name, s.Wanted)
		}
	}
	r.Kept = len(r.Broken) == 0
	return r, nil
}
