// Package release reads and writes what a stack releases: the section slipway:release of Pulumi.<stack>.yaml, and nothing
// else in that file.
//
//	stack, err := release.Open(root, "dev", nil)
//	next, err := stack.With(version, []string{"chat"})
//	err = stack.Write(next)
package release

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/spec"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Stack is what a stack's files say.
type Stack struct {
	// Name is the stack's name.
	Name string
	// Platform is its configuration, complete and without problems.
	Platform spec.Platform

	root string
	text string
}

// Template returns the template of image references that a bootstrap stack has, given its name.
type Template func(bootstrap string) (string, error)

// Open reads a stack. Its whole configuration must be right; the error says everything that is not. template is asked
// where the stack takes its registry from the bootstrap stack. Without it, Platform.Registry then stands for any.
func Open(root, name string, template Template) (*Stack, error) {
	all, err := config.Stacks(root)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(s config.Source) bool { return s.Stack == name })
	if i < 0 {
		return nil, fmt.Errorf("stack %q: there is no Pulumi.%s.yaml in %s", name, name, root)
	}
	all[i].Bootstrap = shared(template)
	cfg, err := all[i].FromFiles(time.Now())
	if err != nil {
		return nil, fmt.Errorf("stack %q is refused:\n%w", name, err)
	}
	s := &Stack{Name: name, Platform: cfg.Platform, root: root}
	text, err := os.ReadFile(s.path())
	if err != nil {
		return nil, fmt.Errorf("reading stack %q: %w", name, err)
	}
	s.text = string(text)
	return s, nil
}

// shared makes of a template what the configuration takes from the bootstrap stack.
func shared(template Template) func(string) (config.Shared, error) {
	if template == nil {
		return nil
	}
	// A stack without a role that deploys is refused, and a release needs none: nobody assumes this one.
	const role = "arn:aws:iam::000000000000:role/not-read"
	return func(bootstrap string) (config.Shared, error) {
		image, err := template(bootstrap)
		return config.Shared{Image: image, DeployRoleARN: role}, err
	}
}

// Names lists the stacks of a project.
func Names(root string) ([]string, error) {
	all, err := config.Stacks(root)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Stack
	}
	return names, nil
}

// File is the name of the stack's file, in the project's folder.
func (s *Stack) File() string { return "Pulumi." + s.Name + ".yaml" }

func (s *Stack) path() string { return filepath.Join(s.root, s.File()) }

// Release is what the stack's file says, before any Write.
func (s *Stack) Release() spec.Release { return s.Platform.Release }

// Services are the names of the services that the stack releases: those of the catalogue without an image of their own.
func (s *Stack) Services() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.Platform.Services)) {
		if s.Platform.Services[name].Image == "" {
			names = append(names, name)
		}
	}
	return names
}

// Known refuses names of services that the stack does not release, all at once.
func (s *Stack) Known(names []string) error {
	var errs []error
	for _, name := range names {
		service, ok := s.Platform.Services[name]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("services.%s: no such service in %s; it has %s",
				name, config.CatalogFile, strings.Join(s.Services(), ", ")))
		case service.Image != "":
			errs = append(errs, fmt.Errorf("services.%s: has an image of its own, %s, and is not released",
				name, service.Image))
		}
	}
	return errors.Join(errs...)
}

// With returns the stack's release with another version of the named services. A service whose version is that of the
// release needs no entry of its own, and gets none; where that goes for all services, the release has none.
func (s *Stack) With(version string, names []string) (spec.Release, error) {
	if err := s.Known(names); err != nil {
		return spec.Release{}, err
	}
	r := clone(s.Release())
	for _, name := range names {
		r.Services[name] = version
	}
	all := s.Services()
	if !slices.ContainsFunc(all, func(name string) bool { return r.VersionOf(name) != version }) && len(names) > 0 {
		r = spec.Release{Version: version}
	}
	for _, name := range names {
		if r.Version == version {
			delete(r.Services, name)
		}
	}
	return r, nil
}

// Change is another version of a service.
type Change struct {
	Service string `json:"service"`
	Old     string `json:"old"`
	New     string `json:"new"`
}

// Changes compares a release with the stack's, service by service.
func (s *Stack) Changes(to spec.Release) []Change { return s.Compare(s.Release(), to) }

// Compare compares two releases for the stack's services.
func (s *Stack) Compare(from, to spec.Release) []Change {
	changes := []Change{}
	for _, name := range s.Services() {
		if was, is := from.VersionOf(name), to.VersionOf(name); was != is {
			changes = append(changes, Change{Service: name, Old: was, New: is})
		}
	}
	return changes
}

// Write writes a release into the stack's file. A reader sees the old file or the new one, never half of it. A release
// that runs the same versions leaves the file alone.
func (s *Stack) Write(to spec.Release) error {
	if err := to.Validate(field.NewPath(path), &s.Platform.Registry, s.Platform.Services).ToAggregate(); err != nil {
		return fmt.Errorf("%s: %w", s.File(), err)
	}
	if len(s.Changes(to)) == 0 {
		return nil
	}
	text, err := Write(s.text, to)
	if err != nil {
		return fmt.Errorf("%s: %w", s.File(), err)
	}
	if err := replace(s.path(), text); err != nil {
		return fmt.Errorf("writing %s: %w", s.File(), err)
	}
	s.text, s.Platform.Release = text, to
	return nil
}

// replace writes a file anew beside the old one, whose permissions it takes, and renames it.
func replace(path, text string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(path), ".release-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(next.Name()) }() // there only if something went wrong
	_, err = next.WriteString(text)
	if err = errors.Join(err, next.Chmod(info.Mode().Perm()), next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}

func clone(r spec.Release) spec.Release {
	r.Services = maps.Clone(r.Services)
	if r.Services == nil {
		r.Services = map[string]string{}
	}
	return r
}
