// Package build knows what the image of each service is built from, and builds and pushes those that the registry does
// not have.
package build

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/slipway-eks/slipway/internal/config"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// File says what each image is built from. It is beside Pulumi.yaml, and optional.
const File = "delivery.yaml"

// Defaults of a service that the file does not name.
const (
	defaultFolder     = "services"
	defaultDockerfile = "Dockerfile"
)

// Context is what the image of a service is built from. Paths are written with slashes.
type Context struct {
	// Context is the folder that docker build gets, relative to the project's. Default: services/<service>.
	Context string `json:"context,omitempty"`
	// Dockerfile is relative to Context. Default: Dockerfile.
	Dockerfile string `json:"dockerfile,omitempty"`
	// Also are further files and folders that go into the image, relative to the project's folder: a change of theirs
	// is a change of the service.
	Also []string `json:"also,omitempty"`

	// Named says that the file names the service. A service that it does not, and that has no folder, is built elsewhere.
	Named bool `json:"-"`
}

// Paths are what the image depends on, relative to the project's folder.
func (c Context) Paths() []string {
	return append([]string{c.Context, path.Join(c.Context, c.Dockerfile)}, c.Also...)
}

// Contexts returns what the images of services are built from, as the file in root and the defaults say. The file may
// name no other services.
func Contexts(root string, services []string) (map[string]Context, error) {
	var file struct {
		Services map[string]Context `json:"services"`
	}
	text, err := os.ReadFile(filepath.Join(root, File)) //nolint:gosec // a file of the project
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading what images are built from: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("reading %s: %w", File, err)
	}
	if len(document.Content) > 0 {
		if errs := config.Decode(document.Content[0], nil, &file); len(errs) > 0 {
			return nil, fmt.Errorf("%s: %w", File, errs.ToAggregate())
		}
	}
	contexts := map[string]Context{}
	for _, name := range services {
		c, named := file.Services[name]
		delete(file.Services, name)
		contexts[name] = c.complete(name, named)
	}
	var errs field.ErrorList
	for name := range file.Services {
		errs = append(errs, field.NotFound(field.NewPath("services", name), name))
	}
	for name, c := range contexts {
		errs = append(errs, c.validate(field.NewPath("services", name))...)
	}
	if err := errs.ToAggregate(); err != nil {
		return nil, fmt.Errorf("%s: %w", File, err)
	}
	return contexts, nil
}

func (c Context) complete(service string, named bool) Context {
	c.Named = named
	if c.Context == "" {
		c.Context = path.Join(defaultFolder, service)
	}
	if c.Dockerfile == "" {
		c.Dockerfile = defaultDockerfile
	}
	return c
}

// validate refuses paths that mean something else on another machine.
func (c Context) validate(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	check := func(at *field.Path, value string) {
		if value == "" || path.IsAbs(value) || strings.Contains(value, `\`) {
			errs = append(errs, field.Invalid(at, value, "must be a path relative to the project's folder, with slashes"))
		}
	}
	check(at.Child("context"), c.Context)
	check(at.Child("dockerfile"), c.Dockerfile)
	for i, also := range c.Also {
		check(at.Child("also").Index(i), also)
	}
	return errs
}
