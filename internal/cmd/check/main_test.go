package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

var today = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func check(t *testing.T, now time.Time, args ...string) (status int, out, errOut string) {
	t.Helper()
	var o, e strings.Builder
	status = run(args, &o, &e, now)
	return status, o.String(), e.String()
}

func TestRun_shippedStacks(t *testing.T) {
	t.Parallel()
	status, out, errOut := check(t, today, "-root", root)
	assert.Equal(t, fine, status, out)
	assert.Empty(t, errOut)
	assert.Contains(t, out, "dev: ok: 6 services on nodes general, 3 zones of ap-northeast-2, Kubernetes 1.35\n")
	assert.Contains(t, out, "prod: ok: 6 services")
	assert.Contains(t, out, "  to set before pulumi up: pulumi config set --secret tokenSecret --stack dev\n")
	assert.NotContains(t, out, "warning")
}

func TestRun_warnsOfTheVersion(t *testing.T) {
	t.Parallel()
	_, out, _ := check(t, time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), "-root", root)
	assert.Contains(t, out, "  warning: Kubernetes 1.35 leaves standard support on 2027-03-27")
}

func TestRun_refusesEveryStackAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "services.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		spoiled := strings.NewReplacer("cidr: 10.20", "cidr: 8.20", "max: 9", "max: 1", "port: 8761", "port: 0").Replace(string(text))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(spoiled), 0o600))
	}
	status, out, _ := check(t, today, "-root", dir)
	assert.Equal(t, refused, status)
	assert.Equal(t, 2, strings.Count(out, "services.yaml: services.discovery-server.port: Invalid value"), out)
	assert.Contains(t, out, "dev: refused\n")
	assert.Contains(t, out, "  Pulumi.dev.yaml: network.cidr: Invalid value: \"8.20.0.0/16\"")
	assert.Contains(t, out, "  Pulumi.prod.yaml: nodes.general.max: Invalid value: 1: is below min, 3")
}

func TestRun_misuse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"unknown option": {[]string{"-stack", "dev"}, misused, "usage: check [-root DIR]"},
		"an argument":    {[]string{"dev"}, misused, "usage: check [-root DIR]"},
		"no project":     {[]string{"-root", t.TempDir()}, refused, "reading the project"},
		"no stacks":      {[]string{"-root", emptyProject(t)}, refused, "there is no stack"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, _, errOut := check(t, today, c.args...)
			assert.Equal(t, c.status, status)
			assert.Contains(t, errOut, c.want)
		})
	}
}

func emptyProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: shop\n"), 0o600))
	return dir
}
