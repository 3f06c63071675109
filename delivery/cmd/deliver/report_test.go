package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// said is what a command printed.
type said struct{ out, err string }

// report runs one of the commands that report, with an environment of its own.
func report(t *testing.T, r reporter, env map[string]string, args ...string) (said, error) {
	t.Helper()
	r.variable = func(name string) string { return env[name] }
	root := &cobra.Command{Use: "deliver", SilenceUsage: true, SilenceErrors: true}
	root.PersistentFlags().String("root", ".", "")
	root.AddCommand(r.previewCommand(), r.upCommand(), r.commentCommand(), r.pullRequestCommand(), r.notifyCommand())
	var out, err bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&err)
	root.SetArgs(args)
	failed := root.ExecuteContext(t.Context())
	return said{out.String(), err.String()}, failed
}

// script writes a command that does what a shell script says.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "command")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700))
	return path
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// slackSays is Slack, as far as a webhook shows it.
type slackSays struct {
	status int
	bodies []string
}

func (s *slackSays) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	s.bodies = append(s.bodies, string(body))
	answer := httptest.NewRecorder()
	answer.WriteHeader(s.status)
	return answer.Result(), err
}

var toSlack = map[string]string{webhookVariable: "https://hooks.slack.com/services/T/B/s3cr3t"}

const jobs = `{"jobs": [
	{"name": "images", "status": "completed", "conclusion": "success",
	 "started_at": "2026-01-02T03:00:00Z", "completed_at": "2026-01-02T03:01:23Z"},
	{"name": "prod / up", "status": "waiting"},
	{"name": "notify", "status": "in_progress", "started_at": "2026-01-02T03:00:00Z"}]}`

func TestS17_notifyTellsSlack(t *testing.T) {
	t.Parallel()
	world := &slackSays{status: 200}
	got, err := report(t, reporter{transport: world}, toSlack, "notify", "--stack", "dev,prod", "--version", "5.4.0-5e15f0a",
		"--pull-request", `{"number": 12, "title": "[minor] chat", "url": "https://github.com/shop/platform/pull/12",
			"mergedBy": "alice", "mergedByUrl": "https://github.com/alice"}`,
		"--jobs", file(t, "jobs.json", jobs), "--leave-out", "notify,prod", "--run-url", "https://github.com/shop/platform/actions/runs/7")
	require.NoError(t, err)
	assert.Empty(t, got.err)
	require.Len(t, world.bodies, 1)
	assert.Equal(t, []string{
		"slipway dev, prod 5.4.0-5e15f0a: deployed", "slipway dev, prod 5.4.0-5e15f0a: deployed",
		"*Stack*\ndev, prod", "*Version*\n5.4.0-5e15f0a",
		"*Pull request*\n<https://github.com/shop/platform/pull/12|#12 [minor] chat>",
		"*Merged by*\n<https://github.com/alice|alice>",
		":white_check_mark: images: success, 1m23s",
		"<https://github.com/shop/platform/actions/runs/7|The run>",
	}, texts(t, world.bodies[0]))
}

// texts are all texts of a message, in its order.
func texts(t *testing.T, body string) []string {
	t.Helper()
	type text struct{ Text string }
	var message struct {
		Text   string
		Blocks []struct {
			Text             text
			Fields, Elements []text
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &message))
	out := []string{message.Text}
	for _, block := range message.Blocks {
		for _, one := range append(append([]text{block.Text}, block.Fields...), block.Elements...) {
			if one.Text != "" {
				out = append(out, one.Text)
			}
		}
	}
	return out
}

func TestS17_notifyNeverFailsADeployment(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  map[string]string
		args []string
		says string
	}{
		"no webhook":                  {nil, nil, "SLACK_WEBHOOK_URL is not set"},
		"an address of another's":     {map[string]string{webhookVariable: "https://example.com/s3cr3t"}, nil, "hooks.slack.com"},
		"a webhook that is gone":      {toSlack, nil, "410"},
		"jobs that are not there":     {toSlack, []string{"--jobs", "/nonexistent"}, "reading the jobs"},
		"jobs that are no JSON":       {toSlack, []string{"--jobs", file(t, "jobs", "no")}, "reading the jobs"},
		"a job of another form":       {toSlack, []string{"--job", "images"}, "want NAME:STATE:SECONDS"},
		"a pull request's other form": {toSlack, []string{"--pull-request", "12"}, "reading --pull-request"},
		"a repository's other form":   {toSlack, []string{"--repo", "shop", "--run", "7"}, "want owner/name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"notify", "--stack", "dev"}, tt.args...)
			got, err := report(t, reporter{transport: &slackSays{status: 410}}, tt.env, args...)
			require.NoError(t, err)
			assert.Contains(t, got.err, "warning: Slack was not told")
			assert.Contains(t, got.err, tt.says)
			assert.NotContains(t, got.err, "s3cr3t")

			_, err = report(t, reporter{transport: &slackSays{status: 410}}, tt.env, append(args, "--strict")...)
			assert.ErrorContains(t, err, tt.says)
		})
	}
}

func TestNotify_tellsWhatItKnowsWhereJobsCannotBeRead(t *testing.T) {
	t.Parallel()
	world := &slackSays{status: 200}
	got, err := report(t, reporter{transport: world}, toSlack, "notify", "--stack", "dev", "--jobs", "/nonexistent")
	require.NoError(t, err)
	assert.Contains(t, got.err, "reading the jobs")
	assert.Len(t, world.bodies, 1)
}

func TestNotify_fromJenkins(t *testing.T) {
	t.Parallel()
	got, err := report(t, reporter{}, nil, "notify", "--dry-run", "--project", "shop", "--stack", "dev", "--version", "1.2.3-abcdef0",
		"--title", "chat <b>", "--merged-by", "alice", "--merged-by-url", "https://github.com/alice",
		"--job", "images:SUCCESS:83", "--job", "up: dev:ABORTED:2.5")
	require.NoError(t, err)
	all := strings.Join(texts(t, got.out), "\n")
	assert.Contains(t, all, "shop dev 1.2.3-abcdef0: cancelled")
	assert.Contains(t, all, ":white_check_mark: images: success, 1m23s\n:no_entry_sign: up: dev: cancelled, 3s")
	assert.Contains(t, all, "chat &lt;b&gt;")
}

func TestComment_isWrittenInThePlaceOfTheLast(t *testing.T) {
	t.Parallel()
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "Bearer t0ken", r.Header.Get("Authorization"))
		switch r.Method + " " + r.URL.Path {
		case "GET /repos/shop/platform/issues/12/comments":
			_, _ = io.WriteString(w, `[{"id": 5, "user": {"login": "jenkins"}, "body": "<!-- slipway-preview: dev -->\nold"}]`)
		case "PATCH /repos/shop/platform/issues/comments/5":
			body, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(body))
			_, _ = io.WriteString(w, `{"html_url": "https://github.com/shop/platform/pull/12#5"}`)
		default:
			assert.Fail(t, "nobody asked for", r.Method+" "+r.URL.Path)
		}
	}))
	t.Cleanup(server.Close)
	whole := filepath.Join(t.TempDir(), "preview.md")
	got, err := report(t, reporter{}, map[string]string{githubTokenVariable: "t0ken", githubAPIVariable: server.URL},
		"comment", "--preview", file(t, "preview.json", `{"changeSummary": {"same": 2}}`), "--stack", "dev",
		"--repo", "shop/platform", "--pr", "12", "--author", "jenkins", "--full", whole)
	require.NoError(t, err)
	assert.Equal(t, "https://github.com/shop/platform/pull/12#5\n", got.out)
	require.Len(t, bodies, 1)
	assert.Contains(t, bodies[0], "No changes. 2 unchanged.")
	text, err := os.ReadFile(whole)
	require.NoError(t, err)
	assert.Contains(t, string(text), "No changes. 2 unchanged.")
}

func TestComment_isPrintedWithoutAPullRequest(t *testing.T) {
	t.Parallel()
	got, err := report(t, reporter{}, nil, "comment", "--preview", file(t, "preview.json", `{"changeSummary": {"same": 2}}`), "--stack", "dev")
	require.NoError(t, err)
	assert.Equal(t, "<!-- slipway-preview: dev -->\n### Preview of stack `dev`\n\nNo changes. 2 unchanged.\n", got.out)
}

func TestPreview_writesTheFileAndExitsAsPulumi(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "preview.json")
	pulumi := script(t, `echo '{"diagnostics": [{"severity": "error", "message": "configured Kubernetes cluster is unreachable: dial tcp: i/o timeout"}]}'
exit 255`)
	got, err := report(t, reporter{}, nil, "preview", "--stack", "dev", "--out", out, "--pulumi", pulumi)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 255, exitCode(err))
	assert.Contains(t, got.err, "The cluster was not reached from here.")
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Contains(t, string(text), "i/o timeout")
}

func TestPreview_saysWhyItCouldNotBegin(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "preview.json")
	pulumi := script(t, `echo "error: no stack named 'dev' found" >&2; exit 6`)
	got, err := report(t, reporter{}, nil, "preview", "--stack", "dev", "--out", out, "--pulumi", pulumi)
	assert.Equal(t, 6, exitCode(err))
	assert.Equal(t, 1, strings.Count(got.err, "no stack named 'dev' found"), "it is said once")
	text, err := os.ReadFile(out)
	require.NoError(t, err)
	assert.Contains(t, string(text), "no stack named 'dev' found")
}

func TestUp_explainsARollOutThatDidNotFinish(t *testing.T) {
	t.Parallel()
	pulumi := script(t, `[ "$2" = up ] || { echo "no output" >&2; exit 1; }
while [ $# -gt 0 ]; do [ "$1" = --event-log ] && log=$2; shift; done
cat > "$log" <<'END'
{"diagnosticEvent": {"urn": "urn:pulumi:dev::p::kubernetes:apps/v1:Deployment::chat", "severity": "error",
"message": "the Kubernetes API server reported that \"shop/chat\" failed to fully initialize or become live\n[Pod shop/chat-1-2]: containers with unready status: [chat]"}}
END
echo "Diagnostics:"
exit 255`)
	got, err := report(t, reporter{}, nil, "up", "--stack", "dev", "--pulumi", pulumi)
	require.Error(t, err)
	assert.Equal(t, "Diagnostics:\n", got.out)
	for _, want := range []string{
		"The roll-out of Deployment shop/chat did not finish.\n",
		"  Which probe failed could not be asked: pulumi stack: exit status 1\n",
		"  Pod shop/chat-1-2: containers with unready status: [chat]\n",
		"The old pods go on serving",
	} {
		assert.Contains(t, got.err, want)
	}
}

func TestUp_runsACompiledProgram(t *testing.T) {
	t.Parallel()
	const project = "name: shop\nruntime: go\n"
	root := filepath.Dir(file(t, "Pulumi.yaml", project))
	pulumi, program := script(t, "cat Pulumi.yaml"), script(t, "")
	got, err := report(t, reporter{}, nil, "up", "--stack", "dev", "--root", root, "--pulumi", pulumi, "--program", program)
	require.NoError(t, err)
	assert.Contains(t, got.out, "binary: "+program)
	after, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	require.NoError(t, err)
	assert.Equal(t, project, string(after))
}

func TestPullRequest_isAnOutputOfTheJob(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/pulls") {
			_, _ = io.WriteString(w, `[]`)
			return
		}
		_, _ = io.WriteString(w, `{"commit": {"message": "mend the chat"}, "author": {"login": "carol"}}`)
	}))
	t.Cleanup(server.Close)
	output := filepath.Join(t.TempDir(), "output")
	got, err := report(t, reporter{}, map[string]string{githubAPIVariable: server.URL, githubOutputVariable: output},
		"pull-request", "--repo", "shop/platform", "--commit", "c0ffee", "--github-output", "pull-request")
	require.NoError(t, err)
	want := `{"number":0,"title":"mend the chat","url":"","author":"carol","mergedBy":"carol","mergedByUrl":""}`
	assert.Equal(t, want+"\n", got.out)
	text, err := os.ReadFile(output)
	require.NoError(t, err)
	assert.Regexp(t, `^pull-request<<(\w+)\n\{.*\}\n\w+\n$`, string(text))
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 1, exitCode(errors.New("any")))
	assert.Equal(t, 7, exitCode(errors.Join(errors.New("any"), exec.Command(script(t, "exit 7")).Run())))
	assert.Equal(t, 1, exitCode(exec.Command(script(t, "kill -9 $$")).Run()))
}
