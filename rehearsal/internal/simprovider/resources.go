package simprovider

import (
	"context"
	"errors"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// request fills in what every call about a resource has.
func request(urn, id string) Request {
	u := resource.URN(urn)
	return Request{Type: string(u.Type()), Name: u.Name(), URN: urn, ID: id}
}

func (s *Server) record(method string, p Provider, r Request, failed bool) {
	s.recorder.add(Event{
		Method: method, Type: r.Type, Name: r.Name, URN: r.URN, ID: r.ID,
		Preview: r.Preview, Inputs: p.Conceal(r.Type, r.Inputs), Failed: failed,
	})
}

// Check completes and checks the inputs of a resource.
func (s *Server) Check(ctx context.Context, in *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	r := request(in.Urn, "")
	r.Seed = in.RandomSeed
	err = unmarshalAll(map[*resource.PropertyMap]*structpb.Struct{&r.Olds: in.Olds, &r.Inputs: in.News})
	if err != nil {
		return nil, err
	}
	checked, problems := p.Check(r)
	s.record("Check", p, r, len(problems) > 0)
	out, err := marshal(checked)
	return &pulumirpc.CheckResponse{Inputs: out, Failures: failures(problems)}, err
}

// Diff compares the inputs of a resource.
func (s *Server) Diff(ctx context.Context, in *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	r := request(in.Urn, in.Id)
	r.Ignore = in.IgnoreChanges
	err = unmarshalAll(map[*resource.PropertyMap]*structpb.Struct{
		&r.Olds: in.OldInputs, &r.Inputs: in.News, &r.State: in.Olds,
	})
	if err != nil {
		return nil, err
	}
	s.record("Diff", p, r, false)
	return diff(p, r), nil
}

// Create makes a resource, or says in a preview what is known of it.
func (s *Server) Create(ctx context.Context, in *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	r := request(in.Urn, "")
	r.Preview, r.Timeout = in.Preview, seconds(in.Timeout)
	if r.Inputs, err = unmarshal(in.Properties); err != nil {
		return nil, err
	}
	state, err := p.Create(r)
	r.ID = state.ID
	s.record("Create", p, r, err != nil)
	if err != nil {
		return nil, unfinished("creating", r, state, err)
	}
	out, err := marshal(state.Outputs)
	return &pulumirpc.CreateResponse{Id: state.ID, Properties: out}, err
}

// Read returns the live resource, and the inputs that would make it.
func (s *Server) Read(ctx context.Context, in *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	r := request(in.Urn, in.Id)
	err = unmarshalAll(map[*resource.PropertyMap]*structpb.Struct{&r.State: in.Properties, &r.Olds: in.Inputs})
	if err != nil {
		return nil, err
	}
	state, err := p.Read(r)
	s.record("Read", p, r, err != nil)
	if err != nil {
		return nil, failure("reading", r, err)
	}
	if state.ID == "" {
		return &pulumirpc.ReadResponse{}, nil
	}
	resp := &pulumirpc.ReadResponse{Id: state.ID}
	if resp.Properties, err = marshal(state.Outputs); err != nil {
		return nil, err
	}
	resp.Inputs, err = marshal(state.Inputs)
	return resp, err
}

// Update changes a resource in place.
func (s *Server) Update(ctx context.Context, in *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	r := request(in.Urn, in.Id)
	r.Preview, r.Ignore, r.Timeout = in.Preview, in.IgnoreChanges, seconds(in.Timeout)
	err = unmarshalAll(map[*resource.PropertyMap]*structpb.Struct{
		&r.Olds: in.OldInputs, &r.Inputs: in.News, &r.State: in.Olds,
	})
	if err != nil {
		return nil, err
	}
	state, err := p.Update(r)
	s.record("Update", p, r, err != nil)
	if err != nil {
		return nil, unfinished("updating", r, state, err)
	}
	out, err := marshal(state.Outputs)
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

// Delete removes a resource.
func (s *Server) Delete(ctx context.Context, in *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	r := request(in.Urn, in.Id)
	r.Timeout = seconds(in.Timeout)
	err = unmarshalAll(map[*resource.PropertyMap]*structpb.Struct{&r.State: in.Properties, &r.Olds: in.OldInputs})
	if err != nil {
		return nil, err
	}
	err = p.Delete(r)
	s.record("Delete", p, r, err != nil)
	if err != nil {
		return nil, failure("deleting", r, err)
	}
	return &emptypb.Empty{}, nil
}

// Invoke answers a function, or refuses it by name.
func (s *Server) Invoke(ctx context.Context, in *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return nil, err
	}
	args, err := unmarshal(in.Args)
	if err != nil {
		return nil, err
	}
	ret, err := p.Invoke(in.Tok, args)
	s.recorder.add(Event{Method: "Invoke", Type: in.Tok, Preview: in.Preview, Inputs: args, Failed: err != nil})
	if err != nil {
		return nil, status.Error(codes.Unknown, err.Error())
	}
	out, err := marshal(ret)
	return &pulumirpc.InvokeResponse{Return: out}, err
}

// unfinished is the failure of a call. If the resource exists all the same, the engine is told what it is like, so that
// it is in the state and can be removed.
func unfinished(verb string, r Request, state State, err error) error {
	if state.ID == "" {
		return failure(verb, r, err)
	}
	properties, lost := marshal(state.Outputs)
	if lost != nil {
		return failure(verb, r, errors.Join(err, lost))
	}
	inputs, lost := marshal(r.Inputs)
	if lost != nil {
		return failure(verb, r, errors.Join(err, lost))
	}
	return rpcerror.WithDetails(rpcerror.Newf(codes.Unknown, "%s %s: %v", verb, r.Subject(), err),
		&pulumirpc.ErrorResourceInitFailed{Id: state.ID, Properties: properties, Inputs: inputs, Reasons: []string{err.Error()}})
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func failure(verb string, r Request, err error) error {
	return status.Errorf(codes.Unknown, "%s %s: %v", verb, r.Subject(), err)
}
