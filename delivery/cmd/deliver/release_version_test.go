package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestS15_tagsAreMade: version tags were made by hand. The highest tag, the pull request's title and the commit make the
// next version; the tag is made once, however often the job is run.
func TestS15_tagsAreMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.deliver("version", "--title", "Rooms")
	assert.Equal(t, "0.0.1-"+w.git("rev-parse", "HEAD")[:7], first, "without any tag")
	for _, tag := range []string{"v5.3.24-5e15f0a", "v5.10.0-0123456", "v5.9.9-0123456", "v7", "latest"} {
		w.git("tag", tag)
	}
	w.git("tag", "v9.9.9-rc.1")
	commit := w.commit("rooms")
	next := "5.11.0-" + commit[:7]
	assert.Equal(t, next, w.deliver("version", "--title", "Rooms [Minor]"))
	w.deliver("tag", "--version", next, "--push", "origin")
	assert.Equal(t, commit, w.git("ls-remote", "origin", "refs/tags/v"+next)[:40])

	assert.Equal(t, next, w.deliver("version", "--title", "Rooms [Minor]"), "run again, the job goes on with its version")
	assert.Equal(t, next, w.deliver("version", "--title", "Rooms [major]"), "and a title that was changed does not matter")
	_, errOut, err := w.try("tag", "--version", next, "--push", "origin")
	require.NoError(t, err)
	assert.Contains(t, errOut, "is there already")

	after := w.commit("more")
	assert.Equal(t, "6.0.0-"+after[:7], w.deliver("version", "--title", "[major] More"))
	assert.Equal(t, next, w.deliver("version", "--title", "[major] More", "--commit", commit), "of the commit that is asked for")
}

func TestVersion_isAnOutputOfTheJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	outputs := t.TempDir() + "/outputs"
	variables := map[string]string{githubOutputVariable: outputs}
	cmd := reporter{variable: func(name string) string { return variables[name] }}.versionCommand()
	cmd.Flags().String("root", w.root, "")
	cmd.SetArgs([]string{"--title", "", "--github-output", "version"})
	cmd.SetOut(new(strings.Builder))
	require.NoError(t, cmd.ExecuteContext(t.Context()))
	w.root = "" // a file that is in no checkout
	assert.Regexp(t, `^version<<(\w+)\n0\.0\.1-[0-9a-f]{7}\n\w+\n$`, w.read(outputs))
}

func TestS15_refusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.git("rev-parse", "HEAD")
	w.git("tag", "v1.0.0-"+before[:6])
	w.git("push", "--quiet", "--tags", "origin")
	commit := w.commit("more")
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"two levels":        {[]string{"version", "--title", "[major] [minor]"}, "has both [major] and [minor]"},
		"a slip":            {[]string{"version", "--title", "[majr]"}, "did you mean [major]?"},
		"no title":          {[]string{"version"}, `required flag(s) "title" not set`},
		"no such commit":    {[]string{"version", "--title", "", "--commit", "nowhere"}, "fatal: Needed a single revision"},
		"no version":        {[]string{"tag", "--version", "v1.0.0-" + commit[:7]}, "only tags in git start with v"},
		"another's version": {[]string{"tag", "--version", "1.0.1-" + before[:7]}, "was made of another commit than HEAD"},
	} {
		assert.Contains(t, w.refused(tc.args...), tc.want, name)
	}
}

// A tag that is on another commit is neither moved nor used, here and at the remote.
func TestS15_tagsDoNotMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.git("rev-parse", "HEAD")
	commit := w.commit("more")
	tag := "v1.0.0-" + commit[:7]
	w.git("tag", tag, before)
	assert.Contains(t, w.refused("tag", "--version", tag[1:]), "tag "+tag+" is on another commit, "+before)
	w.git("push", "--quiet", "origin", tag)
	w.git("tag", "--delete", tag)
	assert.Contains(t, w.refused("tag", "--version", tag[1:], "--push", "origin"), "already exists")
	assert.Equal(t, before, w.git("ls-remote", "origin", "refs/tags/"+tag)[:40])
}

// A clone without its tags would begin at 0.0.1 again.
func TestS15_shallowCloneIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit("more")
	w.git("push", "--quiet", "origin", "main")
	shallow := w.another("--depth", "1")
	for _, args := range [][]string{
		{"version", "--title", ""}, {"changed", "--stack", "dev"}, {"rollback", "--stack", "dev"},
	} {
		assert.Contains(t, shallow.refused(args...), "fetch-depth: 0", args[0])
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	const all = `["chatting-server","user-server"]`
	for name, tc := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"nothing":                    {func(*world) {}, `[]`},
		"another folder":             {func(w *world) { w.write("docs/a.md", "a") }, `[]`},
		"a folder that begins alike": {func(w *world) { w.write("services/chatting-server-2/a", "a") }, `[]`},
		"its folder":                 {func(w *world) { w.write("services/chatting-server/a", "a") }, `["chatting-server"]`},
		"what it also needs":         {func(w *world) { w.write("libs/common/a", "b") }, `["user-server"]`},
		"a file that is gone":        {func(w *world) { w.git("rm", "--quiet", "libs/common/a") }, `["user-server"]`},
		"a Dockerfile outside":       {func(w *world) { w.write("docker/user", "FROM scratch\n#\n") }, `["user-server"]`},
		"a release of one": {func(w *world) {
			w.write("services/chatting-server/a", "a")
			w.write("libs/common/a", "b")
			commit := w.commit("both")
			w.git("tag", "v5.3.27-"+commit[:7])
			w.deliver("set", "--stack", "dev", "--version", "5.3.27-"+commit[:7], "--services", "user-server")
		}, `["chatting-server"]`},
		"no such tag": {func(w *world) { w.git("tag", "--delete", "v5.3.25-5e15f0a") }, `["chatting-server"]`},
		"a digest": {func(w *world) {
			w.edit("Pulumi.dev.yaml", "user-server: 5.3.26-0a1b2c3", "user-server: "+digestOf("a"))
			w.git("tag", "--delete", "v5.3.25-5e15f0a")
		}, all},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.write("delivery.yaml", "services:\n  user-server: {context: users, dockerfile: ../docker/user, also: [libs/common]}\n")
			w.write("users/a", "a")
			w.write("docker/user", "FROM scratch\n")
			w.write("libs/common/a", "a")
			w.commit("a service elsewhere")
			w.git("tag", "v5.3.25-5e15f0a")
			w.git("tag", "v5.3.26-0a1b2c3")
			tc.change(w)
			w.commit("change")
			out, errOut, err := w.try("changed", "--stack", "dev")
			require.NoError(t, err)
			assert.Equal(t, tc.want, strings.TrimSpace(out), errOut)
			assert.Contains(t, errOut, "front-server is built elsewhere")
		})
	}
}

func TestChanged_refuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"services: {chat: {}}":                                   `services.chat: Not found: "chat"`,
		"services: {user-server: {context: /users}}":             "services.user-server.context: Invalid value: \"/users\": must be a path relative",
		"services: {user-server: {also: [\"\"]}}":                "services.user-server.also[0]",
		"services: {user-server: {folder: users}}":               "services.user-server.folder: Forbidden: unknown key",
		"services: {user-server: {context: users}}":              "services.user-server.context: there is no users in the last commit",
		"services: {user-server: {context: ../../../../../etc}}": "outside repository",
	} {
		w := newWorld(t)
		w.write("delivery.yaml", text)
		assert.Contains(t, w.refused("changed", "--stack", "dev"), want)
	}
}
