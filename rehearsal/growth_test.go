//go:build unix

package rehearsal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// campus is the campus example after one update.
var campus = deployOnce(filepath.Join(root, "examples", "campus"), "campus")

// Whatever is added to a platform that runs, by a line in a file, only adds: nothing is replaced, and what is updated is
// listed here.
func TestGrowth_onlyAddsWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, from, to string
		want           []string
	}{
		"a zone":       {"Pulumi.campus.yaml", "ap-northeast-2b]", "ap-northeast-2b, ap-northeast-2c]", nil},
		"a node group": {"Pulumi.campus.yaml", "    spot:\n", "    steady: {instanceTypes: [t3.medium], min: 1, max: 2}\n    spot:\n", nil},
		"a host": {"services.yaml", "    - {host: benefits.campus.example.com}\n",
			"    - {host: benefits.campus.example.com}\n    - {host: gifts.campus.example.com}\n", nil},
		"a service": {"services.yaml", "benefits:\n", `lunch:
  port: 8080
  health: tcp
  resources: {cpu: 50m, memory: 128Mi, memoryLimit: 256Mi}
  scale: {max: 2}
  placement: {spot: true}
benefits:
`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			project := copyOf(t, filepath.Join(root, "examples", "campus"))
			replace(t, filepath.Join(project, c.file), c.from, c.to)
			assert.ElementsMatch(t, c.want, grow(t, project))
		})
	}
}

// grow updates the deployed campus stack to what the files of project say, and returns what became of the resources
// that are not as they were. Components are no resources: they only group them.
func grow(t *testing.T, project string) []string {
	t.Helper()
	before, err := campus()
	require.NoError(t, err)
	options, err := platform(project, "campus")
	require.NoError(t, err)
	options.Dir = before.copy(t)
	up, err := openWith(t, options).Up(t.Context())
	require.NoError(t, err)
	var changes []string
	for _, change := range up.Changes() {
		if !change.Of("slipway") {
			changes = append(changes, fmt.Sprintf("%s %s %s", change.Op, change.URN.Type(), change.URN.Name()))
		}
	}
	return changes
}

// copyOf returns a copy of the test's own of a project without a program.
func copyOf(t *testing.T, project string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(project, "*.yaml"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(file)), data, 0o600))
	}
	return dir
}

// replace replaces a text that is in a file once.
func replace(t *testing.T, file, from, to string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(data), from), "%q in %s", from, file)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(data), from, to, 1)), 0o600))
}
