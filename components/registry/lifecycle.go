package registry

import (
	"fmt"

	"github.com/slipway-eks/slipway/internal/ecrlifecycle"
	"github.com/slipway-eks/slipway/spec"
)

// RunningPrefix starts the tags of images that a stack runs (spec.RunningTag). They are never deleted.
const RunningPrefix = spec.RunningPrefix

// neverSurplus is more images than ever run at once. AWS's own guide to its CDK keeps images with a count like it; ECR
// names no highest number. A stack runs one image a service.
const neverSurplus = 9999

// group is a set of images that are counted together: one service's.
type group struct {
	service string
	// prefix starts the tags of the group's images, and of no other group's.
	prefix string
}

// lifecyclePolicy returns the policy of a repository. The first rule selects what is running, and by that puts it out
// of reach of the others. Each service has a rule of its own: several tags in one rule mean "and", so that a rule of
// two services would select no image.
func lifecyclePolicy(groups []group, keep, untaggedDays int) ecrlifecycle.Policy {
	var p ecrlifecycle.Policy
	next := func() int { return len(p.Rules) + 1 }
	p.Rules = append(p.Rules, ecrlifecycle.KeepNewest(next(), neverSurplus, RunningPrefix+"*", "keep what a stack runs"))
	for _, g := range groups {
		p.Rules = append(p.Rules, ecrlifecycle.KeepNewest(next(), keep, g.prefix+"*",
			fmt.Sprintf("keep the newest %d images of %s", keep, g.service)))
	}
	p.Rules = append(p.Rules, ecrlifecycle.ExpireUntagged(next(), untaggedDays,
		fmt.Sprintf("delete images without a tag after %d days", untaggedDays)))
	return p
}
