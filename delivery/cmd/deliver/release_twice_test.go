package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestS16_eachCommandTwice: a job of the pipeline could not be run again from the middle. Each command is run twice: the
// second time it succeeds, and changes neither the checkout, nor the remote, nor the registry.
func TestS16_eachCommandTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushed(oldTags()...)
	w.pushed("user-server_" + users)
	w.git("tag", "v"+old)
	w.git("tag", "v"+users)
	w.deliver("keep", "--stack", "dev")
	w.deliver("keep", "--stack", "prod")
	w.write("services/chatting-server/a", "a")
	commit := w.commit("rooms")
	w.git("push", "--quiet", "origin", "main")
	v := "5.4.0-" + commit[:7]
	// In the order of a pipeline; each job begins where the one before it ended.
	for _, args := range [][]string{
		{"version", "--title", "Rooms [minor]"},
		{"changed", "--stack", "dev"},
		{"tag", "--version", v, "--push", "origin"},
		{"version", "--title", "Rooms [minor]"},
		{"build", "--version", v, "--services", `["chatting-server"]`},
		{"set", "--stack", "dev", "--version", v, "--services", `["chatting-server"]`},
		{"keep", "--stack", "dev"},
		{"record", "--stack", "dev", "--message", "dev: " + v, "--push", "origin"},
		{"unkeep", "--stack", "dev"},
		{"promote", "--from", "dev", "--to", "prod"},
		{"keep", "--stack", "prod"},
		{"record", "--stack", "prod", "--message", "prod: " + v, "--push", "origin"},
		{"unkeep", "--stack", "prod"},
		{"rollback", "--stack", "prod"},
		{"keep", "--stack", "prod"},
		{"record", "--stack", "prod", "--message", "prod: back", "--push", "origin"},
		{"unkeep", "--stack", "prod"},
	} {
		before := w.state()
		w.deliver(args...)
		once := w.state()
		if args[0] == "version" || args[0] == "changed" {
			assert.Equal(t, before, once, "deliver %v only looks", args)
		} else {
			assert.NotEqual(t, before, once, "deliver %v does something", args)
		}
		_, errOut, err := w.try(args...)
		require.NoError(t, err, "deliver %v, again: %s", args, errOut)
		assert.Equal(t, once, w.state(), "deliver %v, again", args)
	}
	assert.Equal(t, []string{v, old}, w.versions("dev", "chatting-server", "front-server"))
	assert.Equal(t, []string{old, old}, w.versions("prod", "chatting-server", "user-server"))
	assert.ElementsMatch(t, append(running("dev", "api-server_"+old, "chatting-server_"+v, "customer-server_"+old,
		"discovery-server_"+old, "front-server_"+old, "user-server_"+users), running("prod", oldTags()...)...), w.kept())
}

// state is all that a command may change.
func (w *world) state() map[string]any {
	w.t.Helper()
	return map[string]any{
		"files":    w.git("status", "--porcelain") + w.read("Pulumi.dev.yaml") + w.read("Pulumi.prod.yaml"),
		"commits":  w.git("log", "--format=%H %s"),
		"tags":     w.git("tag", "--list"),
		"remote":   w.git("ls-remote", "origin"),
		"registry": *w.known(),
	}
}
