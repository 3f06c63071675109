//go:build unix

package engine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/ekshost"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// executable writes a script.
func executable(t *testing.T, path, script string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
}

// noPlugin has neither a plugin cache nor a plugin on PATH.
func noPlugin(t *testing.T) (home, path string) {
	t.Helper()
	home, path = t.TempDir(), t.TempDir()
	t.Setenv("PULUMI_HOME", home)
	t.Setenv("PATH", path)
	return home, path
}

func TestFindPlugin_noneUnlessAskedFor(t *testing.T) {
	_, path := noPlugin(t)
	executable(t, filepath.Join(path, kubernetesPlugin), "")
	folder, err := findPlugin("")
	require.NoError(t, err)
	assert.Empty(t, folder)
}

func TestFindPlugin_takesTheCacheOfItsVersionBeforePATH(t *testing.T) {
	home, path := noPlugin(t)
	executable(t, filepath.Join(path, kubernetesPlugin), "")
	executable(t, filepath.Join(home, "plugins", "resource-kubernetes-v4.1.0", kubernetesPlugin), "")
	folder, err := findPlugin(RealPlugin)
	require.NoError(t, err)
	assert.Equal(t, path, folder, "another version is in the cache")

	cached := filepath.Join(home, "plugins", "resource-kubernetes-v4.33.0")
	executable(t, filepath.Join(cached, kubernetesPlugin), "")
	folder, err = findPlugin(RealPlugin)
	require.NoError(t, err)
	assert.Equal(t, cached, folder)
}

func TestFindPlugin_saysWhereItLooked(t *testing.T) {
	home, path := noPlugin(t)
	_, err := findPlugin(RealPlugin)
	require.ErrorContains(t, err, "there is no pulumi-resource-kubernetes")
	require.ErrorContains(t, err, filepath.Join(home, "plugins", "resource-kubernetes-v4.33.0"))
	require.ErrorContains(t, err, "PATH ("+path+")")
}

func TestOpen_refusesAnotherPluginByName(t *testing.T) {
	noPlugin(t)
	for name, o := range map[string]Options{
		"option":      {Dir: filepath.Join(t.TempDir(), "new"), KubernetesPlugin: "fake"},
		"environment": {Dir: filepath.Join(t.TempDir(), "new")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(KubernetesPluginVariable, "fake")
			_, err := Open(t.Context(), o)
			require.ErrorContains(t, err, `REHEARSE_KUBERNETES_PLUGIN is "fake": only "real" is known`)
			assert.NoDirExists(t, o.Dir)
		})
	}
}

func TestEnvironment_attachesToOwnProviders(t *testing.T) {
	env := environment(layout("/run"), "/tools/pulumi", "", []provider{{"aws", 1}, {"kubernetes", 2}, {"eks", 3}})
	assert.Contains(t, env, "PULUMI_DEBUG_PROVIDERS=aws:1,kubernetes:2,eks:3")
	assert.Contains(t, env, "PATH=/run/shims:/tools:/usr/bin:/bin")
}

func TestEnvironment_leavesKubernetesToThePlugin(t *testing.T) {
	env := environment(layout("/run"), "/tools/pulumi", "/cache/k8s", []provider{{"aws", 1}, {"kubernetes", 2}, {"eks", 3}})
	assert.Contains(t, env, "PULUMI_DEBUG_PROVIDERS=aws:1,eks:3")
	assert.Contains(t, env, "PATH=/run/shims:/tools:/cache/k8s:/usr/bin:/bin", "the stand-in for aws comes first")
	assert.Contains(t, env, "KUBECONFIG=/nonexistent")
}

// refusing is a Kubernetes provider that takes no configuration.
type refusing struct{}

func (refusing) Package() string { return kubernetesPackage }
func (refusing) Version() string { return "4.33.0" }
func (refusing) Cancel()         {}

func (refusing) CheckConfig(string, resource.PropertyMap) []string {
	return []string{"the stand-in on PATH takes nothing"}
}
func (refusing) ReplacesConfig(_, _ resource.PropertyMap) []string { return nil }

func (refusing) Configure(resource.PropertyMap) (simprovider.Provider, error) {
	return nil, fmt.Errorf("the stand-in on PATH takes nothing")
}

func TestUp_startsThePluginThatIsOnPATH(t *testing.T) {
	source, err := toolchain.Source(".")
	require.NoError(t, err)
	chain, err := toolchain.New(source, os.Stderr)
	require.NoError(t, err)
	tools, err := chain.Ensure(t.Context())
	require.NoError(t, err)

	// The stand-in says what every plugin says first, its port, and lives until it is ended.
	server, err := simprovider.Serve(refusing{})
	require.NoError(t, err)
	defer server.Close()
	home, path := t.TempDir(), t.TempDir()
	started := filepath.Join(path, "started")
	executable(t, filepath.Join(path, kubernetesPlugin),
		fmt.Sprintf("echo \"$PATH $KUBECONFIG\" >> %s\necho %d\nexec tail -f /dev/null", started, server.Port()))
	t.Setenv("PULUMI_HOME", home)
	t.Setenv("PATH", path+string(filepath.ListSeparator)+os.Getenv("PATH"))

	dir := t.TempDir()
	run, err := Open(t.Context(), Options{
		Dir: dir, Tools: tools, EKS: &ekshost.Host{}, Stack: "test", KubernetesPlugin: RealPlugin,
		Project: workspace.Project{Name: tokens.PackageName("small")},
		Program: func(ctx *pulumi.Context) error {
			_, err := kubernetes.NewProvider(ctx, "main", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("{}")})
			return err
		},
	})
	require.NoError(t, err)
	defer func() { assert.NoError(t, run.Close()) }()
	assert.False(t, run.OwnKubernetesProvider())

	_, err = run.Up(t.Context())
	require.ErrorContains(t, err, "the stand-in on PATH takes nothing")
	seen, err := os.ReadFile(started)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(seen), filepath.Join(dir, "shims")+":"), "%s", seen)
	assert.Contains(t, string(seen), " /nonexistent")
	assert.Empty(t, run.Cloud().Events(), "nobody asked the rehearsal's own provider")
}
