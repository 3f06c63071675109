package program

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/internal/fieldtags"
	"github.com/slipway-eks/slipway/spec"
)

// namespace is that of the program's configuration keys, whatever the project is called.
const namespace = "slipway-bootstrap"

// regionKey is the key that the AWS provider reads its region from.
const regionKey = "aws:region"

// load reads the configuration from the engine, and the names of services from the catalogue beside the project's
// folder. It reports every problem at once, each led by its path.
func load(ctx *pulumi.Context, root string) (*Config, error) {
	c := &Config{}
	fieldtags.Default(c)
	errs := decode(ctx, c)
	errs = append(errs, unknownKeys(ctx, root)...)
	c.region, _ = ctx.GetConfig(regionKey)
	if c.region == "" {
		errs = append(errs, field.Required(field.NewPath(regionKey), "the region that everything is made in"))
	}
	errs = append(errs, c.readServices(filepath.Join(root, "..", config.CatalogFile))...)
	if len(errs) == 0 {
		errs = c.identityArgs(ctx, nil).Validate(field.NewPath("ci"), c.CI.Name)
	}
	if err := errs.ToAggregate(); err != nil {
		return nil, errors.Join(err.Errors()...)
	}
	return c, nil
}

// decode reads the keys that are set as one mapping, in which no unknown key goes unnoticed.
func decode(ctx *pulumi.Context, c *Config) field.ErrorList {
	all := &yaml.Node{Kind: yaml.MappingNode}
	for _, key := range keys() {
		text, ok := ctx.GetConfig(namespace + ":" + key.name)
		if !ok {
			continue
		}
		value := scalar(text)
		if key.kind != reflect.String { // the engine hands over JSON, which YAML can read
			var document yaml.Node
			if err := yaml.Unmarshal([]byte(text), &document); err != nil || len(document.Content) == 0 {
				return field.ErrorList{field.Invalid(field.NewPath(key.name), field.OmitValueType{}, "cannot be read")}
			}
			value = document.Content[0]
		}
		all.Content = append(all.Content, scalar(key.name), value)
	}
	if errs := config.Decode(all, nil, c); len(errs) > 0 {
		return errs
	}
	return fieldtags.Check(nil, c)
}

func scalar(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// key is one configuration key, and the kind of its value.
type key struct {
	name string
	kind reflect.Kind
}

// keys returns the keys that there are.
func keys() []key {
	var all []key
	for sf := range reflect.TypeFor[Config]().Fields() {
		if name, _ := fieldtags.Name(sf); name != "" {
			all = append(all, key{name, sf.Type.Kind()})
		}
	}
	return all
}

// unknownKeys reports keys of ours that nothing reads, from the stack's file where there is one: the engine accepts
// them in silence.
func unknownKeys(ctx *pulumi.Context, root string) field.ErrorList {
	text, err := os.ReadFile(filepath.Join(root, "Pulumi."+ctx.Stack()+".yaml")) //nolint:gosec // the stack's own file
	if err != nil {
		return nil
	}
	var file struct {
		Config map[string]yaml.Node `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil // the engine reads the same file, and says so
	}
	var errs field.ErrorList
	for given := range file.Config {
		name, ours := strings.CutPrefix(given, namespace+":")
		if ours && !slices.ContainsFunc(keys(), func(k key) bool { return k.name == name }) {
			errs = append(errs, field.Forbidden(field.NewPath(given), "there is no such key"))
		}
	}
	slices.SortFunc(errs, func(a, b *field.Error) int { return strings.Compare(a.Field, b.Field) })
	return errs
}

// readServices reads the names of the services whose images are in the registry: all but those that name an image.
func (c *Config) readServices(file string) field.ErrorList {
	at := field.NewPath("services")
	text, err := os.ReadFile(file) //nolint:gosec // the catalogue, at a fixed place in the project
	if err != nil {
		return field.ErrorList{field.Invalid(at, field.OmitValueType{}, err.Error())}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return field.ErrorList{field.Invalid(at, field.OmitValueType{}, err.Error())}
	}
	catalogue := map[string]spec.Service{}
	for _, part := range document.Content {
		if errs := config.Decode(part, at, &catalogue); len(errs) > 0 {
			return errs
		}
	}
	for name, service := range catalogue {
		if service.Image == "" {
			c.services = append(c.services, name)
		}
	}
	slices.Sort(c.services)
	return nil
}
