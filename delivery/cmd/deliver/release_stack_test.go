package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/release"
)

// Versions of the program's stacks, and later ones.
const (
	old    = "5.3.25-5e15f0a"
	users  = "5.3.26-0a1b2c3" // dev's user-server
	newer  = "5.3.27-0123456"
	newest = "5.4.0-1e15f0a"
)

// changes runs a command that changes a release, and returns what changed.
func (w *world) changes(args ...string) []release.Change {
	w.t.Helper()
	var got []release.Change
	require.NoError(w.t, json.Unmarshal([]byte(w.deliver(append(args, "--json")...)), &got))
	return got
}

// versions are what a stack's file releases of some services.
func (w *world) versions(stack string, services ...string) []string {
	w.t.Helper()
	r, err := release.Read(w.read("Pulumi." + stack + ".yaml"))
	require.NoError(w.t, err)
	var all []string
	for _, service := range services {
		all = append(all, r.VersionOf(service))
	}
	return all
}

// TestS13_onlyTheNamedService: image tags were edited by sed, in each manifest. One command releases the services that
// were built, the file's diff is just their lines, and the release of a moment ago stays.
func TestS13_onlyTheNamedService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	got := w.changes("set", "--stack", "dev", "--version", newer, "--services", "chatting-server")
	assert.Equal(t, []release.Change{{Service: "chatting-server", Old: old, New: newer}}, got)
	assert.Equal(t, []string{"+      chatting-server: " + newer}, w.diff())

	w.deliver("set", "--stack", "dev", "--version", newest, "--services", `["user-server"]`)
	assert.Equal(t, []string{newer, newest, old}, w.versions("dev", "chatting-server", "user-server", "front-server"))
	assert.Equal(t, []string{
		"-      user-server: " + users, "+      chatting-server: " + newer, "+      user-server: " + newest,
	}, w.diff())
}

// diff are the lines that are not as they were committed.
func (w *world) diff() []string {
	w.t.Helper()
	var lines []string
	for line := range strings.SplitSeq(w.git("diff", "--unified=0"), "\n") {
		if strings.HasPrefix(line, "+ ") || strings.HasPrefix(line, "- ") {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestS13_allServicesAreOneVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := "api-server,chatting-server,customer-server,discovery-server,front-server,user-server"
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", all)
	assert.Equal(t, []string{
		"-    version: " + old, "-    services:", "-      user-server: " + users, "+    version: " + newer,
	}, w.diff())
	w.deliver("set", "--stack", "dev", "--version", newest, "--services", "chatting-server")
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "chatting-server")
	assert.NotContains(t, w.read("Pulumi.dev.yaml"), "chatting-server: "+newer, "it has the release's own version")
	out, errOut, err := w.try("set", "--stack", "dev", "--version", newer, "--services", "[]")
	require.NoError(t, err)
	assert.Empty(t, out)
	assert.Contains(t, errOut, "nothing changes")
}

func TestS13_refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.edit("services.yaml", "front-server:\n", "front-server:\n  image: registry.example.com/front:1.0.0\n")
	set := func(stack, version, services string) []string {
		return []string{"set", "--stack", stack, "--version", version, "--services", services}
	}
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"an unknown service":   {set("dev", newer, "chat"), "services.chat: no such service in services.yaml; it has api-server, chatting-server"},
		"an image of its own":  {set("dev", newer, "front-server"), "services.front-server: has an image of its own"},
		"all that is wrong":    {set("dev", newer, "front-server,chat"), "services.chat: no such service"},
		"a tag, not a version": {set("dev", "v"+newer, "user-server"), "only tags in git start with v"},
		"a short version":      {set("dev", "5.3.27", "user-server"), "want the commit behind a dash"},
		"an unknown stack":     {set("test", newer, "user-server"), `stack "test": there is no Pulumi.test.yaml`},
		"no stack at all":      {set("../dev", newer, "user-server"), `stack "../dev": there is no`},
		"broken JSON":          {set("dev", newer, `["user-server"`), "reading services"},
		"no name":              {set("dev", newer, `[""]`), "one has no name"},
		"from itself":          {[]string{"promote", "--from", "dev", "--to", "dev"}, "--to: dev has its own release already"},
		"no history":           {[]string{"rollback", "--stack", "prod"}, "the history of Pulumi.prod.yaml has no other release"},
		"no such commit":       {[]string{"rollback", "--stack", "prod", "--to-commit", "nowhere"}, "fatal: Needed a single revision"},
		"no remote":            {[]string{"record", "--stack", "prod", "--message", "m", "--push", "nowhere"}, "'nowhere' does not appear to be a git repository"},
	} {
		assert.Contains(t, w.refused(tc.args...), tc.want, name)
	}
	w.edit("Pulumi.dev.yaml", "slipway:release:", "slipway:releases:")
	assert.Contains(t, w.refused(set("dev", newer, "user-server")...), "release.version: Required value")
	assert.Empty(t, strings.TrimPrefix(w.git("status", "--porcelain"), "M Pulumi.dev.yaml\n M services.yaml"), "and nothing was written")
}

// The file keeps its permissions, and nothing is left beside it.
func TestSet_writesInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, os.Chmod(filepath.Join(w.root, "Pulumi.dev.yaml"), 0o640))
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "user-server")
	info, err := os.Stat(filepath.Join(w.root, "Pulumi.dev.yaml"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	assert.Equal(t, "M Pulumi.dev.yaml", w.git("status", "--porcelain"))
}

func TestS13_promote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliver("set", "--stack", "prod", "--version", newer, "--services", "front-server")
	got := w.changes("promote", "--from", "dev", "--to", "prod")
	assert.Equal(t, []release.Change{
		{Service: "front-server", Old: newer, New: old}, {Service: "user-server", Old: old, New: users},
	}, got)
	assert.Equal(t, []string{"+    services:", "+      user-server: " + users}, w.diff(), "of prod's file alone")
}

func TestS13_rollback(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliver("set", "--stack", "prod", "--version", newer, "--services", "user-server")
	w.deliver("record", "--stack", "prod", "--message", "newer")
	first := w.deliver("set", "--stack", "prod", "--version", newest, "--services", "user-server,chatting-server")
	assert.Regexp(t, `SERVICE +OLD +NEW\nchatting-server +`+old+` +`+newest+`\nuser-server +`+newer+` +`+newest, first)
	w.deliver("record", "--stack", "prod", "--message", "newest")
	w.edit("Pulumi.prod.yaml", "protect: true", "protect: false")
	w.commit("no other release")

	out, errOut, err := w.try("rollback", "--stack", "prod")
	require.NoError(t, err)
	assert.Contains(t, errOut, "prod gets the release of commit "+w.git("rev-parse", "HEAD~2"))
	assert.Regexp(t, `user-server +`+newest+` +`+newer, out)
	assert.Contains(t, w.read("Pulumi.prod.yaml"), "protect: false", "the rest of the file is not rolled back")
	w.deliver("record", "--stack", "prod", "--message", "rollback")

	assert.Equal(t, []release.Change{{Service: "user-server", Old: newer, New: old}},
		w.changes("rollback", "--stack", "prod", "--to-commit", "HEAD~4"))
}

// A release of before a service was there says nothing about it, and one of after it was gone must not name it.
func TestS13_rollbackToOtherServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const service = "bot-server:\n  health: {none: it has no port}\n  resources: {cpu: 100m, memory: 128Mi, memoryLimit: 128Mi}\n  scale: {min: 1, max: 1}\n"
	catalog := w.read("services.yaml")
	w.write("services.yaml", catalog+strings.ReplaceAll(service, "bot", "old-bot"))
	w.deliver("set", "--stack", "prod", "--version", newer, "--services", "old-bot-server")
	w.commit("a service that will go")
	w.write("services.yaml", catalog+service)
	w.edit("Pulumi.prod.yaml", "      old-bot-server: "+newer+"\n", "      bot-server: "+newest+"\n      user-server: "+newest+"\n")
	w.commit("another service")

	_, errOut, err := w.try("rollback", "--stack", "prod")
	require.NoError(t, err)
	assert.Contains(t, errOut, "old-bot-server is left out: it is no longer released")
	assert.Contains(t, errOut, "bot-server keeps its version: it was not there yet")
	assert.Equal(t, []string{newest, old}, w.versions("prod", "bot-server", "user-server"))
	assert.NotContains(t, w.read("Pulumi.prod.yaml"), "old-bot")
}
