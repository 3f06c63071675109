package simprovider

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// diff compares inputs in their normal form and asks the provider which changes force a new resource.
func diff(p Provider, r Request) *pulumirpc.DiffResponse {
	olds := p.Normal(r.Type, r.Olds)
	news := Reset(r.Ignore, olds, p.Normal(r.Type, r.Inputs))
	changes := plugin.NewDetailedDiffFromObjectDiff(compare(olds, news), true)
	if len(changes) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	}
	paths := make([]string, 0, len(changes))
	for path := range changes {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	replacement := p.Replaces(r, paths)
	forced := map[string]bool{}
	for _, path := range replacement.Paths {
		forced[path] = true
	}
	resp := &pulumirpc.DiffResponse{
		Changes:             pulumirpc.DiffResponse_DIFF_SOME,
		HasDetailedDiff:     true,
		DetailedDiff:        map[string]*pulumirpc.PropertyDiff{},
		DeleteBeforeReplace: replacement.DeleteFirst && len(replacement.Paths) > 0,
	}
	for _, path := range paths {
		kind := changes[path].Kind
		if forced[path] {
			kind = kind.AsReplace()
			resp.Replaces = append(resp.Replaces, path)
		}
		resp.Diffs = append(resp.Diffs, path)
		resp.DetailedDiff[path] = &pulumirpc.PropertyDiff{
			Kind:      pulumirpc.PropertyDiff_Kind(kind), //nolint:gosec // both count the same six kinds
			InputDiff: true,
		}
	}
	return resp
}

// compare diffs two maps by value: whether a value is marked secret is the engine's concern, not a change that a
// cloud could see.
func compare(olds, news resource.PropertyMap) *resource.ObjectDiff {
	return RevealMap(olds).Diff(RevealMap(news), resource.IsInternalPropertyKey)
}

// Reset returns news with the value that olds has at every ignored path. The paths may be nested, such as
// "scalingConfig.desiredSize" or "rules[0].port".
func Reset(ignore []string, olds, news resource.PropertyMap) resource.PropertyMap {
	if len(ignore) == 0 {
		return news
	}
	out := clone(resource.NewProperty(news)).ObjectValue()
	for _, text := range ignore {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			continue // the engine has refused it already
		}
		path.Reset(olds, out)
	}
	return out
}

// clone copies v, since PropertyPath.Reset changes what it is given.
func clone(v resource.PropertyValue) resource.PropertyValue {
	return Rewrite(v, func(leaf resource.PropertyValue) resource.PropertyValue {
		if inner, secret := unwrap(leaf); secret {
			return resource.MakeSecret(clone(inner))
		}
		return leaf
	})
}

// subscript is an index or a quoted key in a property path.
var subscript = regexp.MustCompile(`\[[^\]]*\]`)

// Under returns the paths that are one of the given properties, or below one, or hold one. List indexes do not
// count: "a.b" covers "a[0].b".
func Under(paths []string, properties ...string) []string {
	var out []string
	for _, path := range paths {
		plain := subscript.ReplaceAllString(path, "")
		for _, p := range properties {
			if plain == p || strings.HasPrefix(plain, p+".") || strings.HasPrefix(p, plain+".") {
				out = append(out, path)
				break
			}
		}
	}
	return out
}
