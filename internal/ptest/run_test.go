package ptest_test

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/ptest"
)

// witness stands in for a test: it notes that a test would have failed, and ends it as one does.
type witness struct {
	testing.TB
	said string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) { w.said += fmt.Sprintf(format, args...) }

func (w *witness) FailNow() { panic(w) }

// failure returns what Run says of a program that it must fail; "" if it does not.
func failure(t *testing.T, program pulumi.RunFunc) (said string) {
	t.Helper()
	w := &witness{TB: t}
	defer func() {
		if r := recover(); r != nil {
			require.Same(t, w, r)
		}
		said = w.said
	}()
	ptest.Run(w, program)
	return w.said
}

// register registers a custom resource.
func register(ctx *pulumi.Context, name string, props pulumi.Map, opts ...pulumi.ResourceOption) (*pulumi.CustomResourceState, error) {
	var r pulumi.CustomResourceState
	return &r, ctx.RegisterResource("aws:test/thing:Thing", name, props, &r, opts...)
}

func component(ctx *pulumi.Context, name string) (*pulumi.ResourceState, error) {
	var c pulumi.ResourceState
	return &c, ctx.RegisterComponentResourceV2("slipway:test:Thing", name, pulumi.Map{}, &c)
}

func TestRun_fails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		program pulumi.RunFunc
		want    string
	}{
		"two resources of one URN under two parents": {func(ctx *pulumi.Context) error {
			for _, name := range []string{"a", "ab"} {
				parent, err := component(ctx, name)
				if err != nil {
					return err
				}
				if _, err := register(ctx, "abc", nil, pulumi.Parent(parent)); err != nil {
					return err
				}
			}
			return nil
		}, "two resources share the URN"},
		"a child that is not named after its parent": {func(ctx *pulumi.Context) error {
			parent, err := component(ctx, "a")
			if err != nil {
				return err
			}
			_, err = register(ctx, "child", nil, pulumi.Parent(parent))
			return err
		}, "child does not start with the name of its parent, a"},
		"an invoke without an answer": {func(ctx *pulumi.Context) error {
			var result map[string]any
			_ = ctx.Invoke("aws:index/getThing:getThing", pulumi.Map{}, &result)
			return nil
		}, "no answer for the invoke aws:index/getThing:getThing"},
		"a reference to a stack without outputs": {func(ctx *pulumi.Context) error {
			_, _ = pulumi.NewStackReference(ctx, "organization/slipway/dev", nil)
			return nil
		}, "no outputs of the stack organization/slipway/dev"},
		"a resource that only a deployment registers": {func(ctx *pulumi.Context) error {
			r, err := register(ctx, "a", nil)
			if err != nil {
				return err
			}
			r.ID().ApplyT(func(pulumi.ID) error {
				_, err := register(ctx, "b", nil)
				return err
			})
			return nil
		}, "the preview must show every resource"},
		"a program that fails": {func(*pulumi.Context) error { return assert.AnError }, assert.AnError.Error()},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Contains(t, failure(t, tt.program), tt.want)
		})
	}
}

func TestRun_records(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		first, err := register(ctx, "first", pulumi.Map{
			"open": pulumi.String("seen"), "hidden": pulumi.ToSecret(pulumi.String("hush")),
			"list": pulumi.Array{pulumi.Map{"n": pulumi.Int(1)}},
		}, pulumi.Protect(true), pulumi.IgnoreChanges([]string{"list"}))
		if err != nil {
			return err
		}
		_, err = register(ctx, "second", pulumi.Map{"id": first.ID()})
		return err
	}, ptest.WithStack("dev"))

	first := got.Named(t, "aws:test/thing:Thing", "first")
	assert.Equal(t, resource.URN("urn:pulumi:dev::slipway::aws:test/thing:Thing::first"), first.URN)
	assert.True(t, first.Protect)
	assert.Equal(t, []string{"list"}, first.IgnoreChanges)
	assert.Equal(t, "hush", first.Value(t, "hidden"))
	assert.True(t, first.IsSecret(t, "hidden"))
	assert.False(t, first.IsSecret(t, "open"))
	assert.InDelta(t, 1, first.Value(t, "list[0].n"), 0)
	assert.Nil(t, first.Value(t, "list[0].other"))

	second := got.Named(t, "aws:test/thing:Thing", "second")
	assert.Equal(t, "first-id", second.Value(t, "id"))
	assert.Equal(t, []resource.URN{first.URN}, second.DependsOn)
	assert.Len(t, got.All(), 2, "the stand-in cluster is not the program's")
}
