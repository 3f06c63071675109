package egress_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/egress"
)

// serve starts a proxy. The path of a socket must be short, which that of a test's own folder is not.
func serve(t *testing.T, resolve egress.Resolver) (proxy *egress.Proxy, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "egress") //nolint:usetesting // see above
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s")
	proxy, err = egress.Serve(socket, resolve)
	require.NoError(t, err)
	t.Cleanup(func() { _ = proxy.Close() })
	return proxy, socket
}

// echo is a stand-in that sends back what it hears.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	return listener.Addr().String()
}

// ask sends one request and returns the answer and the connection.
func ask(t *testing.T, socket, method, target string) (*http.Response, net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, method+" "+target+" HTTP/1.1\r\nHost: hook\r\n\r\n")
	require.NoError(t, err)
	read := bufio.NewReader(conn)
	answer, err := http.ReadResponse(read, &http.Request{Method: method})
	require.NoError(t, err)
	return answer, conn, read
}

// connect opens a connection and shows that it works.
func connect(t *testing.T, socket string) (net.Conn, *bufio.Reader) {
	t.Helper()
	answer, conn, read := ask(t, socket, http.MethodConnect, "hook.edge.svc:443")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	_, err := io.WriteString(conn, "hello\n")
	require.NoError(t, err)
	line, err := read.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "hello\n", line)
	return conn, read
}

func TestProxy_connectsToTheStandIn(t *testing.T) {
	target, asked := echo(t), make(chan string, 1)
	_, socket := serve(t, func(_ context.Context, address string) (string, error) {
		asked <- address
		return target, nil
	})
	connect(t, socket)
	assert.Equal(t, "hook.edge.svc:443", <-asked)
}

func TestProxy_saysWhyThereIsNoStandIn(t *testing.T) {
	_, socket := serve(t, func(context.Context, string) (string, error) { return "", errors.New("no pod is ready") })
	answer, _, _ := ask(t, socket, http.MethodConnect, "hook.edge.svc:443")
	assert.Equal(t, http.StatusBadGateway, answer.StatusCode)
	body, err := io.ReadAll(io.LimitReader(answer.Body, int64(len("no pod is ready"))))
	require.NoError(t, err)
	assert.Equal(t, "no pod is ready", string(body))
}

func TestProxy_saysWhyAStandInDoesNotAnswer(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, gone.Close())
	_, socket := serve(t, func(context.Context, string) (string, error) { return gone.Addr().String(), nil })
	answer, _, _ := ask(t, socket, http.MethodConnect, "hook.edge.svc:443")
	assert.Equal(t, http.StatusBadGateway, answer.StatusCode)
}

func TestProxy_refusesOtherMethods(t *testing.T) {
	_, socket := serve(t, func(context.Context, string) (string, error) {
		t.Error("nothing is to be resolved")
		return "", nil
	})
	answer, _, _ := ask(t, socket, http.MethodGet, "/")
	assert.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode)
}

func TestProxy_closeEndsConnectionsAndRemovesTheSocket(t *testing.T) {
	target := echo(t)
	proxy, socket := serve(t, func(context.Context, string) (string, error) { return target, nil })
	_, read := connect(t, socket)
	require.NoError(t, proxy.Close())
	_, err := read.ReadByte()
	require.Error(t, err)
	assert.NoFileExists(t, socket)
	_, err = net.Dial("unix", socket)
	require.Error(t, err)
}

func TestProxy_oneSideThatEndsEndsTheOther(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	_, socket := serve(t, func(context.Context, string) (string, error) { return listener.Addr().String(), nil })
	answer, _, read := ask(t, socket, http.MethodConnect, "hook.edge.svc:443")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	inside, err := listener.Accept()
	require.NoError(t, err)
	require.NoError(t, inside.Close())
	_, err = read.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}

func TestServe_saysWhereItCannotListen(t *testing.T) {
	_, err := egress.Serve(filepath.Join(t.TempDir(), strings.Repeat("x", 200)), nil)
	require.ErrorContains(t, err, "listening for the API server's calls")
}
