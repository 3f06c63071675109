package release

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/slipway-eks/slipway/spec"
	"go.yaml.in/yaml/v3"
)

// Catalog returns the names of the services in the text of a catalogue.
func Catalog(text string) ([]string, error) {
	var services map[string]any
	if err := yaml.Unmarshal([]byte(text), &services); err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	return slices.Sorted(maps.Keys(services)), nil
}

// Restored returns an earlier release for the services of today, and what was done for that: had are the services that
// there were. One that is gone is left out; one that is new keeps its version, because it has none from that time.
func (s *Stack) Restored(earlier spec.Release, had []string) (spec.Release, []string) {
	var notes []string
	now, r := s.Release(), clone(earlier)
	for _, name := range slices.Sorted(maps.Keys(r.Services)) {
		if !slices.Contains(s.Services(), name) {
			delete(r.Services, name)
			notes = append(notes, name+" is left out: it is no longer released")
		}
	}
	for _, name := range s.Services() {
		if slices.Contains(had, name) {
			continue
		}
		notes = append(notes, name+" keeps its version: it was not there yet")
		if v := now.VersionOf(name); v != r.VersionOf(name) {
			r.Services[name] = v
		}
	}
	return r, notes
}

// Merge makes one release of two that were written side by side: the text of theirs with what ours changed since base.
// It refuses where both changed the version of one service, or ours changed anything beside the release.
func Merge(base, theirs, ours string) (string, error) {
	var releases [3]spec.Release
	for i, text := range []string{base, theirs, ours} {
		var err error
		if releases[i], err = Read(text); err != nil {
			return "", err
		}
	}
	if !sameRest(base, ours) {
		return "", errors.New("more than the release was changed on both sides")
	}
	merged, err := merge(releases[0], releases[1], releases[2])
	if err != nil {
		return "", err
	}
	return Write(theirs, merged)
}

func merge(base, theirs, ours spec.Release) (spec.Release, error) {
	var errs []error
	settle := func(what, base, theirs, ours string) string {
		switch {
		case ours == base:
			return theirs
		case theirs != base && theirs != ours:
			errs = append(errs, fmt.Errorf("%s: is %s now, and was to be %s instead of %s", what, theirs, ours, base))
		}
		return ours
	}
	merged := spec.Release{
		Version:  settle(path+"."+versionKey, base.Version, theirs.Version, ours.Version),
		Services: map[string]string{},
	}
	names := map[string]bool{}
	for _, r := range []spec.Release{base, theirs, ours} {
		for name := range r.Services {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		at := path + "." + servicesKey + "." + name
		v := settle(at, base.VersionOf(name), theirs.VersionOf(name), ours.VersionOf(name))
		if v != merged.Version {
			merged.Services[name] = v
		}
	}
	return merged, errors.Join(errs...)
}
