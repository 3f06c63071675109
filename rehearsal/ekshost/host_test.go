//go:build unix

package ekshost_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/ekshost"
	"github.com/slipway-eks/slipway/rehearsal/internal/child"
)

func TestClose_leavesNoProcess(t *testing.T) {
	t.Parallel()
	host := start(t, listens, &transcript{})

	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", host.Port()))
	require.NoError(t, err)
	require.NoError(t, conn.Close())

	require.NoError(t, host.Close())
	assert.False(t, child.Alive(host.PID()))
}

func TestStart_reportsAProviderThatDoesNotStart(t *testing.T) {
	t.Parallel()
	var log transcript
	_, err := ekshost.Start(t.Context(), options(t, `throw new Error("broken on purpose")`, &log))
	require.ErrorContains(t, err, "did not start")
	assert.Contains(t, log.String(), "broken on purpose")
}

func TestPreload_reachesNothingOutside(t *testing.T) {
	t.Parallel()
	var log transcript
	start(t, listens+`;
		require("net").connect(443, "192.0.2.1").on("error", (e) => console.error("refused:", e.message));
		require("https").get("https://example.invalid").on("error", (e) => console.error("refused:", e.message))`, &log)
	for _, refused := range []string{"192.0.2.1:443", "example.invalid:443"} {
		assert.Eventually(t, func() bool {
			return strings.Contains(log.String(), "refused: rehearsal: pulumi-eks tried to reach "+refused)
		}, 10*time.Second, 20*time.Millisecond, refused)
	}
}

// listens is a provider that does nothing but listen.
const listens = `const s = require("net").createServer().listen(0, "127.0.0.1", () => console.log(s.address().port))`

func start(t *testing.T, script string, log *transcript) *ekshost.Host {
	t.Helper()
	host, err := ekshost.Start(t.Context(), options(t, script, log))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, host.Close()) })
	return host
}

// options puts script in the place of the provider.
func options(t *testing.T, script string, log *transcript) ekshost.Options {
	t.Helper()
	node, err := exec.LookPath("node")
	require.NoError(t, err, "node is needed")
	modules := t.TempDir()
	writeFile(t, filepath.Join(modules, "node_modules/@pulumi/eks/cmd/provider/index.js"), script)
	return ekshost.Options{Node: node, Modules: modules, Dir: t.TempDir(), Log: log}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

// transcript is a log that can be read while it is written.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
