package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program is the folder of the program, whose stacks the tests release.
const program = "../../.."

// world is a project in a checkout of its own, with a remote and a registry.
type world struct {
	t        *testing.T
	root     string // the checkout
	remote   string // a bare repository
	registry string // the stand-ins for the CLIs of AWS, Docker and Pulumi, and what they know
}

// newWorld makes a project with the program's stacks, and a folder services/chatting-server with a Dockerfile.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, root: t.TempDir(), remote: t.TempDir(), registry: newRegistry(t)}
	for _, file := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "services.yaml"} {
		text, err := os.ReadFile(filepath.Join(program, file))
		require.NoError(t, err)
		w.write(file, string(text))
	}
	w.write("services/chatting-server/Dockerfile", "FROM scratch\n")
	w.git("init", "--quiet", "--initial-branch", "main")
	w.configure()
	require.NoError(t, exec.Command("git", "init", "--quiet", "--bare", "--initial-branch", "main", w.remote).Run())
	w.git("remote", "add", "origin", w.remote)
	w.commit("start")
	w.git("push", "--quiet", "origin", "main")
	return w
}

// another is another checkout of the same project.
func (w *world) another(options ...string) *world {
	w.t.Helper()
	other := &world{t: w.t, root: filepath.Join(w.t.TempDir(), "other"), remote: w.remote, registry: w.registry}
	w.git(append(append([]string{"clone", "--quiet"}, options...), "file://"+w.remote, other.root)...)
	other.configure()
	return other
}

func (w *world) configure() {
	w.t.Helper()
	w.git("config", "user.name", "Ada")
	w.git("config", "user.email", "ada@example.com")
	w.git("config", "commit.gpgsign", "false")
}

// git runs git and returns what it prints.
func (w *world) git(args ...string) string {
	w.t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("git", append([]string{"-C", w.root}, args...)...)
	if args[0] == "clone" {
		cmd = exec.Command("git", args...)
	}
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(w.t, err, "git %v: %s", args, stderr.String())
	return strings.TrimSpace(string(out))
}

func (w *world) commit(message string) string {
	w.t.Helper()
	w.git("add", "--all")
	w.git("commit", "--quiet", "--allow-empty", "--message", message)
	return w.git("rev-parse", "HEAD")
}

func (w *world) write(file, text string) {
	w.t.Helper()
	path := filepath.Join(w.root, filepath.FromSlash(file))
	require.NoError(w.t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(w.t, os.WriteFile(path, []byte(text), 0o600))
}

func (w *world) read(file string) string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.root, filepath.FromSlash(file)))
	require.NoError(w.t, err)
	return string(text)
}

// edit replaces a text that a file has.
func (w *world) edit(file, old, text string) {
	w.t.Helper()
	before := w.read(file)
	require.Contains(w.t, before, old)
	w.write(file, strings.Replace(before, old, text, 1))
}

// try runs deliver.
func (w *world) try(args ...string) (out, errOut string, err error) {
	w.t.Helper()
	switch args[0] {
	case "build":
		args = append(args[:1:1], append([]string{"--docker", filepath.Join(w.registry, "docker")}, args[1:]...)...)
		fallthrough
	case "keep", "unkeep", "promote":
		standIns := []string{"--aws", filepath.Join(w.registry, "aws"), "--pulumi", filepath.Join(w.registry, "pulumi")}
		args = append(args[:1:1], append(standIns, args[1:]...)...) // a test may name others
	}
	var stdout, stderr bytes.Buffer
	root := rootCommand()
	root.SetArgs(append([]string{"--root", w.root}, args...))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err = root.ExecuteContext(w.t.Context())
	return stdout.String(), stderr.String(), err
}

// deliver runs deliver, which must succeed, and returns what it prints.
func (w *world) deliver(args ...string) string {
	w.t.Helper()
	out, errOut, err := w.try(args...)
	require.NoError(w.t, err, "deliver %v: %s", args, errOut)
	return strings.TrimSpace(out)
}

// refused runs deliver, which must not succeed, and returns why.
func (w *world) refused(args ...string) string {
	w.t.Helper()
	_, _, err := w.try(args...)
	require.Error(w.t, err, "deliver %v", args)
	return err.Error()
}
