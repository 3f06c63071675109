// Package simtest drives a simulated provider as the engine does, for tests without an engine.
//
//	cloud := simtest.Start(t, account, map[string]any{"region": "eu-west-1"})
//	vpc := cloud.Make(t, "aws:ec2/vpc:Vpc", "net", simtest.Map{"cidrBlock": "10.0.0.0/16"})
//	_, err := cloud.Try("aws:ec2/subnet:Subnet", "a", simtest.Map{"vpcId": vpc.ID, "cidrBlock": "10.1.0.0/24"})
package simtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Map is short for plain properties. A value may be a resource.PropertyValue, such as a secret.
type Map = map[string]any

// Unknown is a value that a preview does not know yet.
var Unknown = resource.MakeComputed(resource.NewProperty(""))

// Secret marks a value.
func Secret(v any) resource.PropertyValue { return resource.MakeSecret(resource.NewPropertyValue(v)) }

// Cloud is a connection to a provider.
type Cloud struct {
	Server *simprovider.Server
	RPC    pulumirpc.ResourceProviderClient
	ctx    context.Context //nolint:containedctx // the test's own, for every call
}

// Resource is what the engine would have in its state.
type Resource struct {
	Type, Name, URN, ID string
	Inputs, Outputs     resource.PropertyMap
}

// Start serves a model, connects and configures the provider.
func Start(t *testing.T, model simprovider.Model, config Map) *Cloud {
	t.Helper()
	srv, err := simprovider.Serve(model)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	c := Connect(t, srv)
	require.NoError(t, c.Configure(config))
	return c
}

// Connect opens one more connection, as the engine does for each provider resource.
func Connect(t *testing.T, srv *simprovider.Server) *Cloud {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", srv.Port()),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return &Cloud{Server: srv, RPC: pulumirpc.NewResourceProviderClient(conn), ctx: t.Context()}
}

// Configure sets the provider's configuration.
func (c *Cloud) Configure(config Map) error {
	args := pack(Props(config))
	_, err := c.RPC.Configure(c.ctx, &pulumirpc.ConfigureRequest{Args: args, AcceptSecrets: true})
	return err
}

// Config checks a configuration and returns what is wrong with it.
func (c *Cloud) Config(urn string, config Map) []string {
	resp, err := c.RPC.CheckConfig(c.ctx, &pulumirpc.CheckRequest{Urn: urn, News: pack(Props(config))})
	if err != nil {
		return []string{err.Error()}
	}
	return reasons(resp.Failures)
}

// URN names a resource.
func URN(typ, name string) string { return "urn:pulumi:test::test::" + typ + "::" + name }

// Check returns the checked inputs, or an error with everything that is wrong.
func (c *Cloud) Check(typ, name string, olds resource.PropertyMap, inputs Map) (resource.PropertyMap, error) {
	resp, err := c.RPC.Check(c.ctx, &pulumirpc.CheckRequest{
		Urn: URN(typ, name), Olds: pack(olds), News: pack(Props(inputs)), RandomSeed: []byte(URN(typ, name)),
	})
	if err != nil {
		return nil, err
	}
	if len(resp.Failures) > 0 {
		return nil, errors.New(strings.Join(reasons(resp.Failures), "\n"))
	}
	return unpack(resp.Inputs), nil
}

// Try checks and creates a resource.
func (c *Cloud) Try(typ, name string, inputs Map) (Resource, error) {
	r := Resource{Type: typ, Name: name, URN: URN(typ, name)}
	var err error
	if r.Inputs, err = c.Check(typ, name, nil, inputs); err != nil {
		return r, err
	}
	resp, err := c.RPC.Create(c.ctx, &pulumirpc.CreateRequest{Urn: r.URN, Properties: pack(r.Inputs)})
	if err != nil {
		return r, err
	}
	r.ID, r.Outputs = resp.Id, unpack(resp.Properties)
	return r, nil
}

// Make is Try for what must succeed.
func (c *Cloud) Make(t *testing.T, typ, name string, inputs Map) Resource {
	t.Helper()
	r, err := c.Try(typ, name, inputs)
	require.NoError(t, err)
	return r
}

// Preview returns the outputs that a preview of the creation knows.
func (c *Cloud) Preview(t *testing.T, typ, name string, inputs Map) resource.PropertyMap {
	t.Helper()
	in, err := c.Check(typ, name, nil, inputs)
	require.NoError(t, err)
	resp, err := c.RPC.Create(c.ctx, &pulumirpc.CreateRequest{Urn: URN(typ, name), Properties: pack(in), Preview: true})
	require.NoError(t, err)
	require.Empty(t, resp.Id)
	return unpack(resp.Properties)
}

// Diff compares a resource with new inputs.
func (c *Cloud) Diff(t *testing.T, r Resource, inputs Map, ignore ...string) *pulumirpc.DiffResponse {
	t.Helper()
	in, err := c.Check(r.Type, r.Name, r.Inputs, inputs)
	require.NoError(t, err)
	resp, err := c.RPC.Diff(c.ctx, &pulumirpc.DiffRequest{
		Urn: r.URN, Id: r.ID, OldInputs: pack(r.Inputs), Olds: pack(r.Outputs), News: pack(in), IgnoreChanges: ignore,
	})
	require.NoError(t, err)
	return resp
}

// Update changes a resource in place.
func (c *Cloud) Update(r Resource, inputs Map, ignore ...string) (Resource, error) {
	return c.update(r, inputs, false, ignore)
}

// PreviewUpdate returns what a preview knows of the changed resource.
func (c *Cloud) PreviewUpdate(r Resource, inputs Map) (Resource, error) {
	return c.update(r, inputs, true, nil)
}

func (c *Cloud) update(r Resource, inputs Map, preview bool, ignore []string) (Resource, error) {
	in, err := c.Check(r.Type, r.Name, r.Inputs, inputs)
	if err != nil {
		return r, err
	}
	resp, err := c.RPC.Update(c.ctx, &pulumirpc.UpdateRequest{
		Urn: r.URN, Id: r.ID, OldInputs: pack(r.Inputs), Olds: pack(r.Outputs), News: pack(in), IgnoreChanges: ignore,
		Preview: preview,
	})
	if err != nil {
		return r, err
	}
	r.Inputs, r.Outputs = in, unpack(resp.Properties)
	return r, nil
}

// Read refreshes a resource. A resource that is gone has no id.
func (c *Cloud) Read(t *testing.T, r Resource) Resource {
	t.Helper()
	resp, err := c.RPC.Read(c.ctx, &pulumirpc.ReadRequest{
		Urn: r.URN, Id: r.ID, Properties: pack(r.Outputs), Inputs: pack(r.Inputs),
	})
	require.NoError(t, err)
	r.ID, r.Outputs, r.Inputs = resp.Id, unpack(resp.Properties), unpack(resp.Inputs)
	return r
}

// Delete removes a resource.
func (c *Cloud) Delete(r Resource) error {
	_, err := c.RPC.Delete(c.ctx, &pulumirpc.DeleteRequest{
		Urn: r.URN, Id: r.ID, Properties: pack(r.Outputs), OldInputs: pack(r.Inputs),
	})
	return err
}

// Invoke calls a function.
func (c *Cloud) Invoke(token string, args Map) (resource.PropertyMap, error) {
	resp, err := c.RPC.Invoke(c.ctx, &pulumirpc.InvokeRequest{Tok: token, Args: pack(Props(args))})
	if err != nil {
		return nil, err
	}
	return unpack(resp.Return), nil
}

// Props makes properties of plain values.
func Props(m Map) resource.PropertyMap {
	return resource.NewPropertyMapFromMapRepl(m, nil, func(v any) (resource.PropertyValue, bool) {
		p, ok := v.(resource.PropertyValue)
		return p, ok
	})
}

var options = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true}

func pack(m resource.PropertyMap) *structpb.Struct {
	p, err := plugin.MarshalProperties(m, options)
	if err != nil {
		panic(err) // the test gave what is no property
	}
	return p
}

func unpack(p *structpb.Struct) resource.PropertyMap {
	m, err := plugin.UnmarshalProperties(p, options)
	if err != nil {
		panic(err) // the server answered what is no property
	}
	return m
}

func reasons(failures []*pulumirpc.CheckFailure) []string {
	var out []string
	for _, f := range failures {
		out = append(out, f.Reason)
	}
	return out
}
