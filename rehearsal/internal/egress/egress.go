// Package egress is how the API server of a simulated cluster reaches what runs in it: an HTTP CONNECT proxy (Kubernetes,
// egress selector) that leads calls of admission webhooks and aggregated APIs to stand-ins, since no container runs.
//
// A Service answers only while one of its pods is ready, and only if there is a stand-in for it.
package egress

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// dialTime bounds the connection to a stand-in, which listens on this machine.
const dialTime = 2 * time.Second

// Resolver returns the address of the stand-in for what the API server wants to reach, or says why there is none.
type Resolver func(ctx context.Context, address string) (string, error)

// Proxy is a running proxy.
type Proxy struct {
	resolve Resolver
	server  *http.Server

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

// Serve starts a proxy on a Unix socket, until Close.
func Serve(socket string, resolve Resolver) (*Proxy, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("listening for the API server's calls: %w", err)
	}
	p := &Proxy{resolve: resolve, open: map[net.Conn]bool{}}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = p.server.Serve(listener) }() // ends with Close
	return p, nil
}

// Close stops the proxy and ends all connections through it.
func (p *Proxy) Close() error {
	err := p.server.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for c := range p.open {
		_ = c.Close()
	}
	return err
}

// ServeHTTP connects one call.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT is served", http.StatusMethodNotAllowed)
		return
	}
	target, err := p.resolve(r.Context(), r.Host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	inside, err := net.DialTimeout("tcp", target, dialTime)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		_ = inside.Close()
		http.Error(w, "the connection cannot be taken over", http.StatusInternalServerError)
		return
	}
	outside, buffered, err := hijacker.Hijack()
	if err == nil {
		_, err = io.WriteString(outside, "HTTP/1.1 200 Connection established\r\n\r\n")
	}
	if err != nil {
		_ = inside.Close()
		return // the API server has gone
	}
	p.join(outside, buffered, inside)
}

// join copies both ways until one side ends.
func (p *Proxy) join(outside net.Conn, read io.Reader, inside net.Conn) {
	p.track(true, outside, inside)
	defer p.track(false, outside, inside)
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(inside, read); done <- struct{}{} }()
	go func() { _, _ = io.Copy(outside, inside); done <- struct{}{} }()
	<-done
	_, _ = outside.Close(), inside.Close()
	<-done
}

func (p *Proxy) track(open bool, conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		switch {
		case !open:
			delete(p.open, c)
		case p.closed: // while the call was being connected
			_ = c.Close()
		default:
			p.open[c] = true
		}
	}
}
