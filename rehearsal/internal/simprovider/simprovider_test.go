package simprovider_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

type m = simtest.Map

// echo is a model of one type, which returns what it is given.
type echo struct{}

func (echo) Cancel() {}

func (echo) Package() string                                                { return "echo" }
func (echo) Version() string                                                { return "1.0.0" }
func (echo) CheckConfig(string, resource.PropertyMap) []string              { return nil }
func (echo) ReplacesConfig(_, _ resource.PropertyMap) []string              { return []string{"where"} }
func (echo) Normal(_ string, in resource.PropertyMap) resource.PropertyMap  { return in }
func (echo) Conceal(_ string, in resource.PropertyMap) resource.PropertyMap { return in }

func (echo) Configure(resource.PropertyMap) (simprovider.Provider, error) { return echo{}, nil }

func (echo) Check(r simprovider.Request) (resource.PropertyMap, []string) {
	if _, ok := r.Inputs["bad"]; ok {
		return r.Inputs, []string{"first", "second"}
	}
	name := simprovider.AutoName{Property: "name", Hex: 7, Max: 20}
	in, err := name.Complete(r, r.Inputs, resource.PropertyMap{"size": resource.NewProperty(1.0)})
	if err != nil {
		return in, []string{err.Error()}
	}
	return in, nil
}

func (echo) Replaces(_ simprovider.Request, changed []string) simprovider.Replacement {
	return simprovider.Replacement{Paths: simprovider.Under(changed, "name", "nested.fixed"), DeleteFirst: true}
}

func (echo) Create(r simprovider.Request) (simprovider.State, error) {
	return simprovider.State{ID: "id", Outputs: r.Inputs}, nil
}

func (echo) Read(r simprovider.Request) (simprovider.State, error) {
	return simprovider.State{ID: r.ID, Outputs: r.State, Inputs: r.Olds}, nil
}

func (echo) Update(r simprovider.Request) (simprovider.State, error) {
	return simprovider.State{ID: r.ID, Outputs: r.Inputs}, nil
}

func (echo) Delete(simprovider.Request) error { return errors.New("not today") }

func (echo) Invoke(string, resource.PropertyMap) (resource.PropertyMap, error) {
	return resource.PropertyMap{}, nil
}

const thing = "echo:index:Thing"

func TestServer_keepsSecretsMarkedAndEventsMasked(t *testing.T) {
	t.Parallel()
	c := simtest.Start(t, echo{}, nil)
	r := c.Make(t, thing, "a", m{"key": simtest.Secret("s3cret"), "list": []any{m{"deep": simtest.Secret("s3cret")}}})
	assert.True(t, r.Outputs["key"].IsSecret())

	events := c.Server.Events()
	require.Len(t, events, 3, "Configure, Check, Create")
	assert.Equal(t, "Create", events[2].Method)
	assert.Equal(t, thing, events[2].Type)
	assert.Equal(t, m{"deep": "[secret]"}, events[2].Inputs["list"].Mappable().([]any)[0])
	assert.Equal(t, "[secret]", events[2].Inputs["key"].StringValue())
	c.Server.Reset()
	assert.Empty(t, c.Server.Events())
}

func TestServer_returnsAllFailuresWithoutValues(t *testing.T) {
	t.Parallel()
	c := simtest.Start(t, echo{}, nil)
	_, err := c.Check(thing, "a", nil, m{"bad": true})
	require.EqualError(t, err, "first\nsecond")
	assert.True(t, c.Server.Events()[1].Failed)
}

func TestServer_refusesMethodsByName(t *testing.T) {
	t.Parallel()
	c := simtest.Start(t, echo{}, nil)
	ctx := t.Context()
	_, err := c.RPC.Call(ctx, &pulumirpc.CallRequest{Tok: "echo:index:Thing/open"})
	require.ErrorContains(t, err, "does not know Call echo:index:Thing/open")
	_, err = c.RPC.Construct(ctx, &pulumirpc.ConstructRequest{Type: "echo:index:Component"})
	require.ErrorContains(t, err, "does not know Construct echo:index:Component")
	_, err = c.RPC.Parameterize(ctx, &pulumirpc.ParameterizeRequest{})
	require.ErrorContains(t, err, "does not know Parameterize")
	err = c.Delete(simtest.Resource{URN: simtest.URN(thing, "a"), ID: "x"})
	assert.ErrorContains(t, err, `deleting echo:index:Thing "a": not today`)
}

func TestServer_answersTheEngine(t *testing.T) {
	t.Parallel()
	c := simtest.Start(t, echo{}, nil)
	hello, err := c.RPC.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{})
	require.NoError(t, err)
	assert.True(t, hello.AcceptSecrets)
	info, err := c.RPC.GetPluginInfo(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	assert.Equal(t, "1.0.0", info.Version)
	schema, err := c.RPC.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"echo","version":"1.0.0"}`, schema.Schema)
	_, err = c.RPC.Attach(t.Context(), &pulumirpc.PluginAttach{})
	require.NoError(t, err)
	_, err = c.RPC.Cancel(t.Context(), &emptypb.Empty{})
	assert.NoError(t, err)
}

func TestServer_wantsConfigurationFirst(t *testing.T) {
	t.Parallel()
	srv, err := simprovider.Serve(echo{})
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	_, err = simtest.Connect(t, srv).Try(thing, "a", nil)
	assert.ErrorContains(t, err, "not configured")
}

func TestDiff_details(t *testing.T) {
	t.Parallel()
	c := simtest.Start(t, echo{}, nil)
	base := m{"list": []any{m{"port": 80}}, "nested": m{"fixed": 1, "loose": 1}, "key": simtest.Secret("a")}
	r := c.Make(t, thing, "a", base)
	change := func(changes m) m {
		out := maps.Clone(base)
		maps.Copy(out, changes)
		return out
	}
	const update, updateReplace = pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_UPDATE_REPLACE
	for sentence, row := range map[string]struct {
		inputs m
		ignore []string
		want   map[string]pulumirpc.PropertyDiff_Kind
		first  bool
	}{
		"nothing":                      {inputs: base},
		"a nested value in place":      {inputs: change(m{"nested": m{"fixed": 1, "loose": 2}}), want: map[string]pulumirpc.PropertyDiff_Kind{"nested.loose": update}},
		"a nested value by replacing":  {inputs: change(m{"nested": m{"fixed": 2, "loose": 1}}), want: map[string]pulumirpc.PropertyDiff_Kind{"nested.fixed": updateReplace}, first: true},
		"an ignored nested value":      {inputs: change(m{"nested": m{"fixed": 1, "loose": 2}}), ignore: []string{"nested.loose"}},
		"an ignored value in a list":   {inputs: change(m{"list": []any{m{"port": 81}}}), ignore: []string{"list[0].port"}},
		"a value in a list":            {inputs: change(m{"list": []any{m{"port": 81}}}), want: map[string]pulumirpc.PropertyDiff_Kind{"list[0].port": update}},
		"a value that is added":        {inputs: change(m{"more": 1}), want: map[string]pulumirpc.PropertyDiff_Kind{"more": pulumirpc.PropertyDiff_ADD}},
		"another secret":               {inputs: change(m{"key": simtest.Secret("b")}), want: map[string]pulumirpc.PropertyDiff_Kind{"key": update}},
		"the same value, not a secret": {inputs: change(m{"key": "a"})},
		"a value that is not known":    {inputs: change(m{"key": simtest.Unknown}), want: map[string]pulumirpc.PropertyDiff_Kind{"key": update}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got := c.Diff(t, r, row.inputs, row.ignore...)
			kinds := map[string]pulumirpc.PropertyDiff_Kind{}
			for path, d := range got.DetailedDiff {
				kinds[path] = d.Kind
			}
			if row.want == nil {
				row.want = map[string]pulumirpc.PropertyDiff_Kind{}
			}
			assert.Equal(t, row.want, kinds)
			assert.Equal(t, row.first, got.DeleteBeforeReplace)
			assert.Equal(t, len(row.want) > 0, got.Changes == pulumirpc.DiffResponse_DIFF_SOME)
		})
	}
}

func TestAutoName_isTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	c := simtest.Start(t, echo{}, nil)
	first, err := c.Check(thing, "a", nil, nil)
	require.NoError(t, err)
	second, err := c.Check(thing, "a", nil, nil)
	require.NoError(t, err)
	assert.Equal(t, first, second)
	assert.Equal(t, []any{"name", "size"}, first["__defaults"].Mappable())
	given, err := c.Check(thing, "a", first, m{"name": "mine", "size": 2})
	require.NoError(t, err)
	assert.False(t, simprovider.Defaulted(given, "name"))
}

func TestStore_rollsBackAndKeepsNoSecret(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "deep", "store.json")
	store, err := simprovider.OpenStore(file)
	require.NoError(t, err)
	record := simprovider.Record{Type: "t", ID: "1", Live: simtest.Props(m{"key": simtest.Secret("s3cret"), "a": "b"})}
	owned := simprovider.Record{Type: "t", ID: "2", Owner: record.Key(), Live: resource.PropertyMap{}}
	require.NoError(t, store.Do(func(tx *simprovider.Tx) error {
		tx.Put(record)
		tx.Put(owned)
		return nil
	}))
	require.Error(t, store.Do(func(tx *simprovider.Tx) error {
		tx.Remove(record.Key())
		return errors.New("no")
	}))
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(data), "s3cret")

	again, err := simprovider.OpenStore(file)
	require.NoError(t, err)
	require.Len(t, again.All(), 2, "a failed operation changes nothing")
	require.NoError(t, again.Do(func(tx *simprovider.Tx) error {
		got, ok := tx.Get(record.Key())
		require.True(t, ok)
		assert.Equal(t, record.Live, tx.Open(got.Live, record.Live))
		unknown := tx.Open(got.Live, simtest.Props(m{"key": "other"}))
		assert.Equal(t, simtest.Secret("[changed outside]"), unknown["key"])
		tx.Remove(record.Key())
		return nil
	}))
	assert.Empty(t, again.All(), "what a record owns goes with it")
}
