package release

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/spec"
	"go.yaml.in/yaml/v3"
)

// section is the key of the release in a stack's file, and its path in messages.
const (
	section = config.Namespace + ":release"
	path    = "release"
)

// Keys of a release.
const (
	versionKey  = "version"
	servicesKey = "services"
)

// Write returns the text of a stack's file with another release in it. Only what differs is touched: comments, order,
// quotes and indentation stay as they are. What is written in a way that this cannot keep, such as by an alias, is
// refused.
func Write(text string, release spec.Release) (string, error) {
	before, err := Read(text)
	if err != nil {
		return "", err
	}
	after := text
	for _, change := range changes(before, release) {
		d, err := parse(after)
		if err != nil {
			return "", err
		}
		if after, err = change(d); err != nil {
			return "", err
		}
	}
	return after, verify(text, after, release)
}

// edit changes one value in the text of a stack's file.
type edit func(d document) (string, error)

// changes are the edits that make one release of the other. What goes is taken out last, so that services never is empty
// in between.
func changes(from, to spec.Release) []edit {
	var edits []edit
	if from.Version != to.Version {
		edits = append(edits, replaceVersion(to.Version))
	}
	if len(to.Services) == 0 && len(from.Services) > 0 {
		return append(edits, removeServices)
	}
	for _, name := range slices.Sorted(maps.Keys(to.Services)) {
		was, is := from.Services[name]
		switch {
		case !is:
			edits = append(edits, addService(name, to.Services[name]))
		case was != to.Services[name]:
			edits = append(edits, replaceService(name, to.Services[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from.Services)) {
		if _, stays := to.Services[name]; !stays {
			edits = append(edits, removeService(name))
		}
	}
	return edits
}

func replaceVersion(version string) edit {
	return func(d document) (string, error) { return d.replace(d.release, versionKey, version) }
}

func replaceService(name, version string) edit {
	return func(d document) (string, error) { return d.replace(d.services(), name, version) }
}

func removeService(name string) edit {
	return func(d document) (string, error) { return d.remove(d.services(), name) }
}

func removeServices(d document) (string, error) { return d.remove(d.release, servicesKey) }

// addService adds a service in front of the first one whose name comes after its own.
func addService(name, version string) edit {
	return func(d document) (string, error) {
		entry, err := line(name, version)
		if err != nil {
			return "", err
		}
		if d.services() == nil {
			return d.insertServices(entry)
		}
		at := 0
		for keys := d.services().Content; at < len(keys) && keys[at].Value < name; {
			at += 2
		}
		return d.insert(d.services(), at, entry)
	}
}

// verify is the last word on an edit: the release must be the one that was asked for, and the rest of the file mean the
// same as before.
func verify(before, after string, want spec.Release) error {
	got, err := Read(after)
	if err != nil {
		return err
	}
	if got.Version != want.Version || !maps.Equal(got.Services, want.Services) || !sameRest(before, after) {
		return fmt.Errorf("%s: is written in a way that cannot be edited safely; edit it by hand", path)
	}
	return nil
}

// sameRest tells whether two texts of a stack's file mean the same, their releases apart.
func sameRest(a, b string) bool {
	restA, errA := withoutRelease(a)
	restB, errB := withoutRelease(b)
	return errors.Join(errA, errB) == nil && reflect.DeepEqual(restA, restB)
}

// withoutRelease returns what a stack's file says besides its release.
func withoutRelease(text string) (map[string]any, error) {
	var file map[string]any
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		return nil, fmt.Errorf("reading the stack's file: %w", err)
	}
	settings, ok := file["config"].(map[string]any)
	if !ok {
		return nil, errors.New("config: is no mapping")
	}
	delete(settings, section)
	return file, nil
}
