package simprovider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// maxMessage is the engine's own limit for one message.
const maxMessage = 400 << 20

// Server is a running provider. The engine attaches to its port.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer
	model    Model
	port     int
	grpc     *grpc.Server
	recorder recorder

	mu sync.Mutex
	// providers holds one configured provider a connection: the engine opens one for each provider resource of a
	// program, and they differ in region, default tags or cluster.
	providers map[string]Provider
}

// Serve starts a server for the model on a free port of the loopback interface.
func Serve(model Model) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the %s provider: %w", model.Package(), err)
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return nil, fmt.Errorf("listening for the %s provider: %v is no TCP address", model.Package(), l.Addr())
	}
	s := &Server{
		model:     model,
		port:      addr.Port,
		grpc:      grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage)),
		providers: map[string]Provider{},
	}
	pulumirpc.RegisterResourceProviderServer(s.grpc, s)
	go func() { _ = s.grpc.Serve(l) }() // ends with Close
	return s, nil
}

// Port is the port that the server listens on.
func (s *Server) Port() int { return s.port }

// Events returns the calls so far, in the order in which they were answered.
func (s *Server) Events() []Event { return s.recorder.list() }

// Reset forgets the recorded calls.
func (s *Server) Reset() { s.recorder.reset() }

// Close stops the server.
func (s *Server) Close() { s.grpc.Stop() }

// provider returns the provider that was configured on the caller's connection.
func (s *Server) provider(ctx context.Context) (Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.providers[caller(ctx)]; ok {
		return p, nil
	}
	return nil, status.Errorf(codes.FailedPrecondition,
		"the %s provider is not configured on this connection, or was idle for so long that the connection is a new one",
		s.model.Package())
}

func caller(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok {
		return p.Addr.String()
	}
	return ""
}

// Handshake tells the engine that secrets may come marked, and that references to resources come as their ids.
func (s *Server) Handshake(
	context.Context, *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// Attach accepts the engine that started after the server.
func (s *Server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel ends calls that wait for something.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.model.Cancel()
	return &emptypb.Empty{}, nil
}

// GetPluginInfo returns the version of the SDK that the model follows.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.model.Version()}, nil
}

// GetSchema returns a schema without resources, which is all that running a program needs.
func (s *Server) GetSchema(
	context.Context, *pulumirpc.GetSchemaRequest,
) (*pulumirpc.GetSchemaResponse, error) {
	schema := fmt.Sprintf(`{"name":%q,"version":%q}`, s.model.Package(), s.model.Version())
	return &pulumirpc.GetSchemaResponse{Schema: schema}, nil
}

// GetMapping has no mapping to offer: nothing is converted.
func (s *Server) GetMapping(
	context.Context, *pulumirpc.GetMappingRequest,
) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// GetMappings has no mapping to offer: nothing is converted.
func (s *Server) GetMappings(
	context.Context, *pulumirpc.GetMappingsRequest,
) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// Parameterize is refused.
func (s *Server) Parameterize(
	context.Context, *pulumirpc.ParameterizeRequest,
) (*pulumirpc.ParameterizeResponse, error) {
	return nil, s.refuse("Parameterize", "")
}

// Call is refused by the name of the method.
func (s *Server) Call(_ context.Context, r *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, s.refuse("Call", r.Tok)
}

// Construct is refused by the type of the component.
func (s *Server) Construct(
	_ context.Context, r *pulumirpc.ConstructRequest,
) (*pulumirpc.ConstructResponse, error) {
	return nil, s.refuse("Construct", r.Type)
}

// List is refused by the type of the resources.
func (s *Server) List(r *pulumirpc.ListRequest, _ grpc.ServerStreamingServer[pulumirpc.ListResponse]) error {
	return s.refuse("List", r.GetToken())
}

func (s *Server) refuse(method, subject string) error {
	s.recorder.add(Event{Method: method, Type: subject, Failed: true})
	return status.Errorf(codes.Unimplemented, "the rehearsal's %s provider does not know %s %s",
		s.model.Package(), method, subject)
}

// unmarshal keeps unknown values and secret marks.
func unmarshal(p *structpb.Struct) (resource.PropertyMap, error) {
	if p == nil {
		return resource.PropertyMap{}, nil
	}
	return plugin.UnmarshalProperties(p, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

func marshal(m resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(m, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, SkipNulls: true})
}

// unmarshalAll decodes into each target what stands beside it, and returns the first errors together.
func unmarshalAll(pairs map[*resource.PropertyMap]*structpb.Struct) error {
	var errs []error
	for target, p := range pairs {
		m, err := unmarshal(p)
		*target = m
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
