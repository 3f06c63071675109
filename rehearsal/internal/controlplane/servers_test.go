//go:build unix

package controlplane_test

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
)

// tokens is a token webhook that knows one token.
type tokens struct {
	server *httptest.Server
	mu     sync.Mutex
	seen   []string
}

const (
	goodToken = "k8s-aws-v1.good"
	goodUser  = "arn:aws:iam::111122223333:role/dev"
)

func newTokens() *tokens {
	t := &tokens{}
	t.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review authenticationv1.TokenReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		t.mu.Lock()
		t.seen = append(t.seen, review.Spec.Token)
		t.mu.Unlock()
		if review.Spec.Token == goodToken {
			review.Status = authenticationv1.TokenReviewStatus{
				Authenticated: true, User: authenticationv1.UserInfo{Username: goodUser},
			}
		}
		_ = json.NewEncoder(w).Encode(review)
	}))
	return t
}

func (t *tokens) webhook() *controlplane.Webhook {
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: t.server.Certificate().Raw})
	return &controlplane.Webhook{URL: t.server.URL, CA: ca}
}

func (t *tokens) has(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.seen, token)
}

// proxy takes CONNECT on a Unix socket to servers of the test, by the address that is asked for.
type proxy struct {
	path   string
	server *http.Server
	mu     sync.Mutex
	routes map[string]string
}

func newProxy(path string) (*proxy, error) {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	p := &proxy{path: path, routes: make(map[string]string)}
	p.server = &http.Server{Handler: p}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

func (p *proxy) close() { _ = p.server.Close() }

func (p *proxy) route(address, server string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.routes[address] = server
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	target, known := p.routes[r.Host]
	p.mu.Unlock()
	if r.Method != http.MethodConnect || !known {
		http.Error(w, "no way to "+r.Host, http.StatusBadGateway)
		return
	}
	out, err := net.Dial("tcp", target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = out.Close() }()
	in, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = in.Close() }()
	_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(out, in)
		_ = out.Close()
	}()
	_, _ = io.Copy(in, out)
}
