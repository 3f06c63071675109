package simprovider

import (
	"context"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// CheckConfig returns everything that is wrong with a provider's configuration.
func (s *Server) CheckConfig(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := unmarshal(r.News)
	if err != nil {
		return nil, err
	}
	problems := s.model.CheckConfig(r.Urn, news)
	s.recorder.add(Event{Method: "CheckConfig", URN: r.Urn, Inputs: news, Failed: len(problems) > 0})
	return &pulumirpc.CheckResponse{Inputs: r.News, Failures: failures(problems)}, nil
}

// DiffConfig compares two configurations of a provider.
func (s *Server) DiffConfig(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	var olds, news resource.PropertyMap
	err := unmarshalAll(map[*resource.PropertyMap]*structpb.Struct{&olds: r.OldInputs, &news: r.News})
	if err != nil {
		return nil, err
	}
	d := compare(olds, news)
	if d == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	resp := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}
	for _, k := range d.ChangedKeys() {
		resp.Diffs = append(resp.Diffs, string(k))
	}
	slices.Sort(resp.Diffs)
	resp.Replaces = s.model.ReplacesConfig(olds, news)
	return resp, nil
}

// Configure makes the provider of one connection.
func (s *Server) Configure(
	ctx context.Context, r *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	args, err := unmarshal(r.Args)
	if err != nil {
		return nil, err
	}
	p, err := s.model.Configure(args)
	s.recorder.add(Event{Method: "Configure", Inputs: args, Failed: err != nil})
	if err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.providers[caller(ctx)] = p
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// failures names no property: the engine would print the property's value with the message, secret or not. The
// message names the property itself.
func failures(problems []string) []*pulumirpc.CheckFailure {
	out := make([]*pulumirpc.CheckFailure, 0, len(problems))
	for _, p := range problems {
		out = append(out, &pulumirpc.CheckFailure{Reason: p})
	}
	return out
}
