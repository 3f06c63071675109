package toolchain_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

const (
	version           = "v3.259.0"
	kubernetesVersion = "v1.35.4"
)

// Stand-ins for the programs that make the tools. Each writes what the real one would.
const (
	node = `echo v20.1.0`
	npm  = `mkdir -p node_modules/@pulumi/eks/cmd/provider && echo x > node_modules/@pulumi/eks/cmd/provider/index.js`
	// The compiler writes its arguments into what it makes, and fails if another one is at work.
	compiler = `all="$*"; while [ "$1" != -o ]; do shift; done; mkdir -p "$(dirname "$2")" && echo "$all" > "$2"`
	alone    = `mkdir "$SLIPWAY_CACHE/busy" || exit 1; trap 'rmdir "$SLIPWAY_CACHE/busy"' EXIT; ` + compiler
)

func TestEnsure_makesEachToolOnce(t *testing.T) {
	fake(t, map[string]string{"node": node, "npm": npm, "go": compiler})
	chain, said := open(t)

	_, err := chain.Find(t.Context())
	require.ErrorContains(t, err, toolchain.Command)
	set, err := chain.Ensure(t.Context())
	require.NoError(t, err)
	assert.FileExists(t, set.Pulumi)
	assert.Equal(t, version, set.PulumiVersion)
	assert.FileExists(t, set.ControlPlane)
	assert.Equal(t, kubernetesVersion, set.KubernetesVersion)
	assert.FileExists(t, set.KWOK)
	assert.DirExists(t, filepath.Join(set.EKS, "node_modules"))
	assert.Contains(t, said.String(), "compiling the Pulumi CLI")
	assert.Contains(t, said.String(), "compiling the Kubernetes control plane v1.35.4 (first time: several minutes)")
	assert.Contains(t, said.String(), "compiling KWOK v0.7.0")
	assert.Contains(t, said.String(), "fetching the pulumi-eks provider")

	said.Reset()
	again, err := chain.Ensure(t.Context())
	require.NoError(t, err)
	assert.Equal(t, set, again)
	assert.Empty(t, said.String())
}

func TestEnsure_compilesOneToolAfterTheOther(t *testing.T) {
	fake(t, map[string]string{"node": node, "npm": npm, "go": alone})
	chain, _ := open(t)
	_, err := chain.Ensure(t.Context())
	require.NoError(t, err)
}

func TestEnsure_givesTheControlPlaneItsVersion(t *testing.T) {
	fake(t, map[string]string{"node": node, "npm": npm, "go": compiler})
	chain, _ := open(t)
	set, err := chain.Ensure(t.Context())
	require.NoError(t, err)
	arguments, err := os.ReadFile(set.ControlPlane)
	require.NoError(t, err)
	for _, flag := range []string{"gitVersion=v1.35.4", "gitMajor=1", "gitMinor=35"} {
		assert.Contains(t, string(arguments), "-X k8s.io/component-base/version."+flag)
	}
}

func TestEnsure_makesAChangedControlPlaneAnew(t *testing.T) {
	for _, file := range []string{"kubernetes/go.mod", "kubernetes/go.sum", "kubernetes/main.go"} {
		t.Run(file, func(t *testing.T) {
			fake(t, map[string]string{"node": node, "npm": npm, "go": compiler})
			chain, source, said := openSource(t)
			before, err := chain.Ensure(t.Context())
			require.NoError(t, err)
			text, err := os.ReadFile(filepath.Join(source, file))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(source, file), append(text, "\n// changed\n"...), 0o644))
			said.Reset()
			after, err := chain.Ensure(t.Context())
			require.NoError(t, err)
			assert.NotEqual(t, before.ControlPlane, after.ControlPlane)
			assert.Equal(t, before.KWOK, after.KWOK)
			assert.NotContains(t, said.String(), "KWOK")
		})
	}
}

func TestEnsure_leavesNothingHalfDone(t *testing.T) {
	fake(t, map[string]string{"node": node, "npm": npm + "; echo registry is down; exit 1", "go": compiler})
	chain, _ := open(t)

	_, err := chain.Ensure(t.Context())
	require.ErrorContains(t, err, "registry is down")
	entries, err := os.ReadDir(os.Getenv(toolchain.CacheVariable))
	require.NoError(t, err)
	for _, entry := range entries {
		assert.False(t, strings.HasPrefix(entry.Name(), "ekshost"), entry.Name())
	}
}

func TestFind_prefersAnInstalledCLIOfTheRightVersion(t *testing.T) {
	for name, c := range map[string]struct {
		installed string
		used      bool
	}{
		"the pinned version": {version, true},
		"another version":    {"v3.100.0", false},
	} {
		t.Run(name, func(t *testing.T) {
			bin := fake(t, map[string]string{"node": node, "npm": npm, "go": compiler, "pulumi": "echo " + c.installed})
			chain, _ := open(t)
			set, err := chain.Ensure(t.Context())
			require.NoError(t, err)
			assert.Equal(t, c.used, set.Pulumi == filepath.Join(bin, "pulumi"))
		})
	}
}

func TestFind_refusesAnOldNode(t *testing.T) {
	fake(t, map[string]string{"node": "echo v18.20.0"})
	chain, _ := open(t)
	_, err := chain.Find(t.Context())
	require.ErrorContains(t, err, "node 20 or newer is needed")
	require.ErrorContains(t, err, "v18.20.0")
}

func TestFind_saysThatThereIsNoNode(t *testing.T) {
	fake(t, nil)
	chain, _ := open(t)
	_, err := chain.Find(t.Context())
	require.ErrorContains(t, err, "no node is on the PATH")
}

func TestSource_isFoundFromAnywhereInTheCheckout(t *testing.T) {
	t.Parallel()
	here, err := toolchain.Source(".")
	require.NoError(t, err)
	for _, dir := range []string{"../..", "../../..", "../../cmd/launch"} {
		source, err := toolchain.Source(dir)
		require.NoError(t, err)
		assert.Equal(t, here, source)
	}
	_, err = toolchain.Source(t.TempDir())
	require.Error(t, err)
}

// open returns a toolchain of a source of the test's own, with an empty cache.
func open(t *testing.T) (*toolchain.Toolchain, *bytes.Buffer) {
	t.Helper()
	chain, _, said := openSource(t)
	return chain, said
}

// openSource is open for tests that change the source.
func openSource(t *testing.T) (*toolchain.Toolchain, string, *bytes.Buffer) {
	t.Helper()
	t.Setenv(toolchain.CacheVariable, t.TempDir())
	source := t.TempDir()
	for name, text := range map[string]string{
		"pulumicli/go.mod":          "module x\n\nrequire (\n\tgithub.com/pulumi/pulumi/pkg/v3 " + version + " // indirect\n)\n",
		"pulumicli/go.sum":          "",
		"kubernetes/go.mod":         "module x\n\nrequire (\n\tk8s.io/kubernetes " + kubernetesVersion + "\n)\n",
		"kubernetes/go.sum":         "",
		"kubernetes/main.go":        "package main\n",
		"kwok/go.mod":               "module x\n\nrequire sigs.k8s.io/kwok v0.7.0\n",
		"kwok/go.sum":               "",
		"kwok/main.go":              "package main\n",
		"ekshost/package.json":      "{}",
		"ekshost/package-lock.json": "{}",
	} {
		path := filepath.Join(source, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	var said bytes.Buffer
	chain, err := toolchain.New(source, &said)
	require.NoError(t, err)
	return chain, source, &said
}

// fake puts scripts in the place of everything on the PATH but the basic tools of the system.
func fake(t *testing.T, scripts map[string]string) string {
	t.Helper()
	bin := t.TempDir()
	for name, script := range scripts {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	for _, name := range []string{"mkdir", "rmdir", "dirname"} {
		for _, dir := range []string{"/bin", "/usr/bin"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				require.NoError(t, os.Symlink(filepath.Join(dir, name), filepath.Join(bin, name)))
				break
			}
		}
	}
	t.Setenv("PATH", bin)
	return bin
}
