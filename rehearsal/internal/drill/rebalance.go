package drill

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

// restartNote is what kubectl rollout restart writes.
const restartNote = "kubectl.kubernetes.io/restartedAt"

// Rebalance restarts, as kubectl rollout restart does, the Deployments whose pods are no longer spread evenly over the
// zones. Kubernetes spreads pods when they come and does not move them later: after a loss, someone has to.
func Rebalance(ctx context.Context, o Options) error {
	d, err := begin(ctx, o, "rebalance", "")
	if err != nil {
		return err
	}
	v, err := d.look(ctx)
	if err != nil {
		return err
	}
	for _, s := range v.services() {
		if s.skew <= 1 {
			continue
		}
		namespace, name, _ := strings.Cut(s.name, "/")
		if _, err := d.change(ctx, namespace, name, restart); err != nil {
			return err
		}
		did, err := d.until(ctx, func(v *view) bool { return rolledOut(v, s.name) && v.strong(d.wanted) })
		if err != nil {
			return err
		}
		if !did {
			return fmt.Errorf("the pods of %s did not come up again", s.name)
		}
	}
	return nil
}

func restart(d *appsv1.Deployment) {
	if d.Spec.Template.Annotations == nil {
		d.Spec.Template.Annotations = map[string]string{}
	}
	d.Spec.Template.Annotations[restartNote] = time.Now().Format(time.RFC3339Nano)
}
