package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/release"
)

func TestRecord_commitsTheFileAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("notes", "not ours")
	w.edit("services.yaml", "# Eureka", "# eureka")
	w.edit("Pulumi.prod.yaml", "team: platform", "team: other")
	w.git("add", "Pulumi.prod.yaml")
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "user-server")
	commit := w.deliver("record", "--stack", "dev", "--message", "dev: user-server", "--push", "origin")
	assert.Equal(t, w.git("rev-parse", "HEAD"), commit)
	assert.Equal(t, commit, w.git("ls-remote", "origin", "refs/heads/main")[:40])
	assert.Equal(t, "Pulumi.dev.yaml", w.git("show", "--name-only", "--format=", "HEAD"))
	assert.Equal(t, "dev: user-server", w.git("show", "--no-patch", "--format=%s", "HEAD"))
	assert.Equal(t, "M  Pulumi.prod.yaml\n M services.yaml\n?? notes", w.git("status", "--porcelain"))
}

// TestS16_recordWhileOthersPush: two deliveries at one time. Whoever is second puts the commit behind the first's, also
// where both changed neighbouring lines of the release, and also where the first pushes in the middle of it.
func TestS16_recordWhileOthersPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.another()
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "chatting-server")
	other.deliver("set", "--stack", "dev", "--version", newest, "--services", "customer-server")
	other.deliver("record", "--stack", "dev", "--message", "customer-server", "--push", "origin")
	late := w.another()
	late.deliver("set", "--stack", "dev", "--version", newest, "--services", "discovery-server")
	late.deliver("record", "--stack", "dev", "--message", "discovery-server")

	// Between our fetch and our push, once, somebody else pushes.
	hook := "#!/bin/sh\n[ -e pushed ] || { touch pushed; git -C '" + late.root + "' push --quiet origin HEAD:main; }\n"
	require.NoError(t, os.WriteFile(filepath.Join(w.root, ".git", "hooks", "pre-push"), []byte(hook), 0o700))
	commit := w.deliver("record", "--stack", "dev", "--message", "chatting-server", "--push", "origin")

	assert.FileExists(t, filepath.Join(w.root, "pushed"), "the push was raced")
	assert.Equal(t, commit, w.git("ls-remote", "origin", "refs/heads/main")[:40])
	assert.Equal(t, "chatting-server\ndiscovery-server\ncustomer-server\nstart", w.git("log", "--format=%s"))
	assert.Equal(t, []string{newer, newest, newest, users, old},
		w.versions("dev", "chatting-server", "customer-server", "discovery-server", "user-server", "front-server"))
}

func TestRecord_refusesAContradiction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.another()
	other.deliver("set", "--stack", "dev", "--version", newest, "--services", "user-server")
	other.deliver("record", "--stack", "dev", "--message", "newest", "--push", "origin")
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "user-server")
	w.write("notes", "not ours")
	why := w.refused("record", "--stack", "dev", "--message", "newer", "--push", "origin")
	assert.Contains(t, why, "main has moved on, and our commit does not fit behind it")
	assert.Contains(t, why, "release.services.user-server: is "+newest+" now, and was to be "+newer+" instead of "+users)
	assert.Equal(t, "newer\nstart", w.git("log", "--format=%s"), "the checkout is as it was")
	assert.Equal(t, "?? notes", w.git("status", "--porcelain"))
}

// A remote that takes no push must not be asked for ever.
func TestRecord_saysWhyAPushIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hook := filepath.Join(w.remote, "hooks", "pre-receive")
	require.NoError(t, os.WriteFile(hook, []byte("#!/bin/sh\necho main is protected >&2; exit 1\n"), 0o700))
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "user-server")
	assert.Contains(t, w.refused("record", "--stack", "dev", "--message", "newer", "--push", "origin"), "main is protected")
}

// A job that is run again has a new checkout, or the old one with a commit that was never pushed.
func TestS16_recordAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.git("checkout", "--quiet", "--detach") // as actions/checkout leaves it for a commit
	args := []string{"record", "--stack", "dev", "--message", "newer", "--push", "origin"}
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "user-server")
	w.deliver(args[:5]...)
	commit := w.deliver(args...)
	assert.Equal(t, commit, w.git("ls-remote", "origin", "refs/heads/main")[:40], "what was not pushed is")
	for _, again := range []*world{w, w.another()} {
		_, errOut, err := again.try(args...)
		require.NoError(t, err)
		assert.Contains(t, errOut, "nothing to record")
		assert.Contains(t, errOut, "nothing to push")
		assert.Equal(t, commit, again.git("rev-parse", "HEAD"))
	}
	other := w.another()
	other.write("more", "more")
	other.deliver("set", "--stack", "dev", "--version", newest, "--services", "chatting-server")
	last := other.commit("more")
	other.git("push", "--quiet", "origin", "main")
	start := w.another() // where the job began, so that it does all of it again
	start.git("checkout", "--quiet", w.git("rev-parse", "HEAD~1"))
	start.deliver("set", "--stack", "dev", "--version", newer, "--services", "user-server")
	start.git("merge-base", "--is-ancestor", start.deliver(args...), last)
	assert.Equal(t, last, w.git("ls-remote", "origin", "refs/heads/main")[:40], "it was done already")
	w.deliver(args...)
	assert.Equal(t, commit, w.git("rev-parse", "HEAD"), "behind the branch, with nothing to push")
}

// The project may be a folder of a larger repository, and what images are built from beside it.
func TestProjectInAFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, os.Mkdir(filepath.Join(w.root, "infra"), 0o750))
	w.git("mv", "Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "services.yaml", "infra")
	w.write("infra/delivery.yaml", "services: {chatting-server: {context: ../services/chatting-server}}\n")
	w.git("tag", "v"+old, w.commit("infra"))
	w.git("push", "--quiet", "origin", "main")
	other := w.another()
	w.root, other.root = filepath.Join(w.root, "infra"), filepath.Join(other.root, "infra")

	assert.Equal(t, "[]", w.deliver("changed", "--stack", "dev"))
	w.write("../services/chatting-server/a", "a")
	w.commit("rooms")
	assert.Equal(t, `["chatting-server"]`, w.deliver("changed", "--stack", "dev"))

	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "chatting-server")
	other.deliver("set", "--stack", "dev", "--version", newest, "--services", "customer-server")
	other.deliver("record", "--stack", "dev", "--message", "customer-server", "--push", "origin")
	w.deliver("record", "--stack", "dev", "--message", "chatting-server", "--push", "origin")
	assert.Equal(t, []string{newer, newest}, w.versions("dev", "chatting-server", "customer-server"))
	assert.Equal(t, []release.Change{{Service: "chatting-server", Old: newer, New: old}}, w.changes("rollback", "--stack", "dev"))
}

// A shallow clone knows no more than the commit that a job began with, which is enough to record.
func TestRecord_inAShallowClone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shallow := w.another("--depth", "1")
	w.deliver("set", "--stack", "dev", "--version", newer, "--services", "chatting-server")
	w.deliver("record", "--stack", "dev", "--message", "chatting-server", "--push", "origin")
	shallow.deliver("set", "--stack", "dev", "--version", newest, "--services", "customer-server")
	shallow.deliver("record", "--stack", "dev", "--message", "customer-server", "--push", "origin")
	assert.Equal(t, []string{newer, newest}, shallow.versions("dev", "chatting-server", "customer-server"))
}
