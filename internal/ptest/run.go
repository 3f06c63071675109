package ptest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// Project is the project that programs run in.
const Project = "slipway"

// Result is what a program registered.
type Result struct {
	resources map[resource.URN]Resource
}

// Option changes how a program runs.
type Option func(*settings)

type settings struct {
	stack   string
	answers Answers
	config  map[string]string
	secrets []string
	// stackOutputs are those of other stacks, by full name.
	stackOutputs map[string]resource.PropertyMap
}

// WithAnswers answers invokes.
func WithAnswers(answers Answers) Option { return func(s *settings) { s.answers = answers } }

// WithConfig sets configuration, by full key such as slipway:network.
func WithConfig(config map[string]string, secretKeys ...string) Option {
	return func(s *settings) { s.config, s.secrets = config, secretKeys }
}

// WithStack names the stack; without it, the stack is called test.
func WithStack(name string) Option { return func(s *settings) { s.stack = name } }

// Run runs a program as `pulumi preview` and then as `pulumi up` would, checks what the house requires of every
// program, and returns what the second run registered.
func Run(tb testing.TB, program pulumi.RunFunc, opts ...Option) *Result {
	tb.Helper()
	preview, err := run(true, program, opts)
	require.NoError(tb, err, "preview")
	require.Empty(tb, preview.violations(), "preview")
	up, err := run(false, program, opts)
	require.NoError(tb, err, "up")
	require.Empty(tb, up.violations(), "up")
	require.Equal(tb, preview.names(), up.names(), "the preview must show every resource")
	return &Result{resources: up.resources}
}

// Err runs a program as `pulumi up` would and returns its error, with what it registered before.
func Err(tb testing.TB, program pulumi.RunFunc, opts ...Option) (*Result, error) {
	tb.Helper()
	r, err := run(false, program, opts)
	return &Result{resources: r.resources}, err
}

// run also registers the cluster that the answer to pulumi-eks' component refers to.
func run(preview bool, program pulumi.RunFunc, opts []Option) (*recorder, error) {
	s := &settings{stack: "test"}
	for _, opt := range opts {
		opt(s)
	}
	r := &recorder{
		stack: s.stack, preview: preview, answers: s.answers, stackOutputs: s.stackOutputs,
		resources: map[resource.URN]Resource{},
	}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		if err := registerStandIn(ctx); err != nil {
			return err
		}
		return program(ctx)
	}, pulumi.WithMocks(Project, s.stack, r), func(i *pulumi.RunInfo) {
		i.DryRun, i.Config, i.ConfigSecretKeys = preview, s.config, s.secrets
	})
	delete(r.resources, r.urnOf("", awsClusterType, standInName))
	return r, err
}

func (r *recorder) names() []string {
	var all []string
	for urn := range r.resources {
		all = append(all, string(urn))
	}
	slices.Sort(all)
	return all
}

func (r *recorder) violations() []string {
	all := slices.Clone(r.problems)
	for _, res := range r.resources {
		if res.Parent == "" || res.Parent.QualifiedType() == resource.RootStackType {
			continue
		}
		if !strings.HasPrefix(res.Name, res.Parent.Name()) {
			all = append(all, res.Name+" does not start with the name of its parent, "+res.Parent.Name())
		}
	}
	slices.Sort(all)
	return all
}

// All returns every registration, by URN.
func (r *Result) All() []Resource {
	all := slices.Collect(maps.Values(r.resources))
	slices.SortFunc(all, func(a, b Resource) int { return strings.Compare(string(a.URN), string(b.URN)) })
	return all
}

// OfType returns the registrations of a type, by URN.
func (r *Result) OfType(typ string) []Resource {
	return slices.DeleteFunc(r.All(), func(res Resource) bool { return res.Type != typ })
}

// Only returns the one registration of a type, or fails the test.
func (r *Result) Only(tb testing.TB, typ string) Resource {
	tb.Helper()
	found := r.OfType(typ)
	require.Len(tb, found, 1, "resources of type %s", typ)
	return found[0]
}

// Named returns the registration of a type and name, or fails the test.
func (r *Result) Named(tb testing.TB, typ, name string) Resource {
	tb.Helper()
	var names []string
	for _, res := range r.OfType(typ) {
		if res.Name == name {
			return res
		}
		names = append(names, res.Name)
	}
	require.Failf(tb, "no such resource", "%s %q; there are %v", typ, name, names)
	return Resource{}
}

// Value returns the input at a path such as spec.ports[0].port as plain Go; nil where there is none. Secrets are
// unwrapped: use IsSecret to ask whether a value is one.
func (r Resource) Value(tb testing.TB, path string) any {
	tb.Helper()
	v, ok := r.get(tb, path)
	if !ok {
		return nil
	}
	return unwrap(v).Mappable()
}

// IsSecret says whether the input at a path, or one around it, is a secret.
func (r Resource) IsSecret(tb testing.TB, path string) bool {
	tb.Helper()
	parsed, err := resource.ParsePropertyPath(path)
	require.NoError(tb, err)
	for i := 1; i <= len(parsed); i++ {
		if v, ok := parsed[:i].Get(resource.NewProperty(r.Inputs)); ok && v.ContainsSecrets() && v.IsSecret() {
			return true
		}
	}
	return false
}

func (r Resource) get(tb testing.TB, path string) (resource.PropertyValue, bool) {
	tb.Helper()
	parsed, err := resource.ParsePropertyPath(path)
	require.NoError(tb, err)
	return parsed.Get(unwrap(resource.NewProperty(r.Inputs)))
}

// unwrap returns v with every secret replaced by what it hides.
func unwrap(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return unwrap(v.SecretValue().Element)
	case v.IsArray():
		items := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			items[i] = unwrap(item)
		}
		return resource.NewProperty(items)
	case v.IsObject():
		object := resource.PropertyMap{}
		for key, item := range v.ObjectValue() {
			object[key] = unwrap(item)
		}
		return resource.NewProperty(object)
	default:
		return v
	}
}

// Example runs a program as `pulumi up` would, for runnable examples, which have no test to fail.
func Example(program pulumi.RunFunc, opts ...Option) *Result {
	r, err := run(false, program, opts)
	if err != nil {
		panic(err)
	}
	return &Result{resources: r.resources}
}
