//go:build unix

package engine

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// layout is the folder of a run.
type layout string

func newLayout(dir string) (layout, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the run's folder: %w", err)
	}
	l := layout(dir)
	for _, folder := range []string{l.work(), l.state(), l.home(), l.temp(), l.shims(), l.log("")} {
		// What the state, the account and the cluster hold is the user's own.
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return "", fmt.Errorf("making the run's folder: %w", err)
		}
	}
	return l, nil
}

func (l layout) work() string            { return filepath.Join(string(l), "work") }
func (l layout) state() string           { return filepath.Join(string(l), "state") }
func (l layout) home() string            { return filepath.Join(string(l), "home") }
func (l layout) temp() string            { return filepath.Join(string(l), "tmp") }
func (l layout) shims() string           { return filepath.Join(string(l), "shims") }
func (l layout) log(name string) string  { return filepath.Join(string(l), "log", name) }
func (l layout) file(name string) string { return filepath.Join(string(l), name) }

func (l layout) stateURL() string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(l.state())}).String()
}

// used says whether an earlier run left a state here.
func (l layout) used() bool {
	_, err := os.Stat(filepath.Join(l.state(), ".pulumi"))
	return err == nil
}

// environment is all that the CLI sees. It attaches to the providers that run already, and starts the Kubernetes plugin
// that is in the folder plugin, unless that is "".
func environment(dir layout, pulumi, plugin string, providers []provider) []string {
	folders := []string{dir.shims(), filepath.Dir(pulumi)} // first the stand-ins: a kubeconfig starts "aws"
	if plugin != "" {
		folders = append(folders, plugin)
	}
	var running []string
	for _, p := range providers {
		if p.name != kubernetesPackage || plugin == "" {
			running = append(running, fmt.Sprintf("%s:%d", p.name, p.port))
		}
	}
	return []string{
		"PATH=" + strings.Join(append(folders, "/usr/bin", "/bin"), string(filepath.ListSeparator)),
		"HOME=" + dir.home(),
		"TMPDIR=" + dir.temp(),
		"KUBECONFIG=/nonexistent", // no program reaches a cluster of the user's own
		"PULUMI_HOME=" + dir.home(),
		"PULUMI_BACKEND_URL=" + dir.stateURL(),
		// It protects nothing: every secret of a rehearsal is random and worthless.
		"PULUMI_CONFIG_PASSPHRASE=rehearsal",
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS=true",
		"PULUMI_DEBUG_PROVIDERS=" + strings.Join(running, ","),
	}
}
