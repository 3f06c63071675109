package images

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-eks/slipway/spec"
)

// Done is what was done with a tag.
type Done struct {
	// Service is the service whose image it is; empty where that is not known.
	Service string
	// Tag is the running tag.
	Tag string
	// What was done, as a word for people.
	What string
}

// What Keep and Unkeep did.
const (
	Put      = "put on"
	WasThere = "there already"
	TakenOff = "taken off"
	// OnlyTag says that a tag was left: taking the only tag off an image deletes the image.
	OnlyTag = "left: the image has no other tag, and would be deleted with it"
	// NotOurs says that a tag was left which starts like the stack's, but is of no service of it.
	NotOurs = "left: of no service of this stack"
)

// Keep puts the running tag of a stack on each image, so that none is deleted while it runs. An image that is not in the
// registry is refused: a deployment would wait for it in vain. Everything wrong is reported at once.
func (r Registry) Keep(ctx context.Context, stack string, images []Image) ([]Done, error) {
	var done []Done
	var errs []error
	for _, image := range images {
		one, err := r.keep(ctx, stack, image)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		done = append(done, one)
	}
	return done, errors.Join(errs...)
}

func (r Registry) keep(ctx context.Context, stack string, image Image) (Done, error) {
	running, err := spec.RunningTag(stack, image.label)
	if err != nil {
		return Done{}, err
	}
	done := Done{Service: image.Service, Tag: running, What: Put}
	own, tagged, err := r.get(ctx, image, running)
	switch {
	case err != nil:
		return Done{}, err
	case own == nil:
		return Done{}, fmt.Errorf("image %s of %s: there is no such image in the registry", image.Ref, image.Service)
	case tagged != nil && tagged.ID.Digest != own.ID.Digest:
		return Done{}, fmt.Errorf("image %s of %s: %w", image.Ref, image.Service, errOtherImage(running))
	case tagged != nil:
		done.What = WasThere
		return done, nil
	}
	return done, r.put(ctx, image, own, running)
}

// Unkeep takes a stack's running tags off all images but those given, which must have theirs: Keep comes first. others
// are the names of the project's other stacks. A tag that is the only one of its image is left, because ECR deletes the
// image with it.
func (r Registry) Unkeep(ctx context.Context, stack string, others []string, images []Image) ([]Done, error) {
	byRepository := map[Repository][]Image{}
	for _, image := range images {
		byRepository[image.Repository] = append(byRepository[image.Repository], image)
	}
	var done []Done
	var errs []error
	order := func(a, b Repository) int { return strings.Compare(a.Name, b.Name) }
	for _, repository := range slices.SortedFunc(maps.Keys(byRepository), order) {
		some, err := r.unkeep(ctx, repository, stack, others, byRepository[repository])
		done = append(done, some...)
		errs = append(errs, err)
	}
	return done, errors.Join(errs...)
}

func (r Registry) unkeep(
	ctx context.Context, repository Repository, stack string, others []string, images []Image,
) ([]Done, error) {
	tags, err := r.tags(ctx, repository)
	if err != nil {
		return nil, err
	}
	plan, err := planUnkeep(tags, stack, others, images)
	if err != nil {
		return nil, err
	}
	for i, one := range plan {
		if one.What != TakenOff {
			continue
		}
		if err := r.untag(ctx, repository, one.Tag); err != nil {
			return plan[:i], err
		}
	}
	return plan, nil
}

// planUnkeep decides about each running tag of a stack in a repository, given all tags with the digests of their images.
func planUnkeep(tags map[string]string, stack string, others []string, images []Image) ([]Done, error) {
	stays := map[string]bool{}
	var errs []error
	for _, image := range images {
		running, err := spec.RunningTag(stack, image.label)
		if _, there := tags[running]; err == nil && !there {
			err = fmt.Errorf("image %s of %s: has no tag %s; run keep first", image.Ref, image.Service, running)
		}
		stays[running] = true
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, digest := range tags {
		count[digest]++
	}
	var plan []Done
	for _, tag := range slices.Sorted(maps.Keys(tags)) {
		if stays[tag] || !ofStack(tag, stack, others) {
			continue
		}
		one := Done{Service: serviceOf(tag, stack, images), Tag: tag, What: TakenOff}
		switch {
		case one.Service == "":
			one.What = NotOurs
		case count[tags[tag]] == 1:
			one.What = OnlyTag
		default:
			count[tags[tag]]--
		}
		plan = append(plan, one)
	}
	return plan, nil
}

// ofStack tells whether a tag is a running tag of the stack: those of prod-eu start like those of prod.
func ofStack(tag, stack string, others []string) bool {
	start := spec.RunningPrefix + stack + "-"
	return strings.HasPrefix(tag, start) && !slices.ContainsFunc(others, func(other string) bool {
		longer := spec.RunningPrefix + other + "-"
		return len(longer) > len(start) && strings.HasPrefix(tag, longer)
	})
}

// serviceOf returns the service whose image a running tag is for, or nothing.
func serviceOf(tag, stack string, images []Image) string {
	label := strings.TrimPrefix(tag, spec.RunningPrefix+stack+"-")
	for _, image := range images {
		if image.anyLabel.MatchString(label) {
			return image.Service
		}
	}
	return ""
}
