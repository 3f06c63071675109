package slack_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/slack"
)

var update = flag.Bool("update", false, "write the golden file anew")

func report() slack.Report {
	return slack.Report{
		Project: "slipway", Stacks: []string{"dev", "prod"}, Version: "5.4.0-5e15f0a",
		Title: "[minor] chat & voice <beta>", URL: "https://github.com/shop/platform/pull/12", Number: 12,
		MergedBy: "alice", MergedByURL: "https://github.com/alice",
		Jobs: []slack.Job{
			{Name: "images", State: "success", Took: 83 * time.Second},
			{Name: "up-dev", State: "success", Took: 4*time.Minute + 2*time.Second},
			{Name: "up-prod", State: "failure", Took: 11 * time.Minute},
			{Name: "smoke", State: "skipped"},
		},
		RunURL: "https://github.com/shop/platform/actions/runs/7",
	}
}

func text(t *testing.T, r slack.Report) string {
	t.Helper()
	out, err := json.MarshalIndent(slack.Write(r), "", "  ")
	require.NoError(t, err)
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(out)) // what JSON writes is read
}

func TestWrite_golden(t *testing.T) {
	t.Parallel()
	const golden = "testdata/message.golden.json"
	got := text(t, report())
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), got)
}

func TestS17_messageSaysWhatWasDeployedAndByWhom(t *testing.T) {
	t.Parallel()
	got := text(t, report())
	for what, want := range map[string]string{
		"stack":              `*Stack*\ndev, prod`,
		"version":            `*Version*\n5.4.0-5e15f0a`,
		"pull request":       `<https://github.com/shop/platform/pull/12|#12 [minor] chat &amp; voice &lt;beta&gt;>`,
		"who merged it":      `<https://github.com/alice|alice>`,
		"the run":            `<https://github.com/shop/platform/actions/runs/7|The run>`,
		"that it went wrong": `slipway dev, prod 5.4.0-5e15f0a: failed`,
	} {
		assert.Contains(t, got, want, what)
	}
}

func TestS17_messageSaysHowEachJobEndedAndHowLongItTook(t *testing.T) {
	t.Parallel()
	got := text(t, report())
	for _, want := range []string{
		":white_check_mark: images: success, 1m23s", ":white_check_mark: up-dev: success, 4m2s",
		":x: up-prod: failure, 11m0s", ":fast_forward: smoke: skipped",
	} {
		assert.Contains(t, got, want)
	}
}

func TestS17_titleCannotMentionOrLink(t *testing.T) {
	t.Parallel()
	r := report()
	r.Title, r.MergedBy = "<!channel> <https://evil.example|click> a|b\n*Version*", "<@U123>"
	got := text(t, r)
	assert.NotContains(t, got, "<!channel>")
	assert.NotContains(t, got, "<https://evil.example")
	assert.NotContains(t, got, "<@U123>")
	assert.Contains(t, got, `|#12 &lt;!channel&gt; &lt;https://evil.example¦click&gt; a¦b *Version*>`)
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	for want, states := range map[string][]string{
		"deployed":  {"success", "skipped"},
		"failed":    {"success", "cancelled", "timed_out"},
		"cancelled": {"success", "cancelled"},
	} {
		var r slack.Report
		for _, state := range states {
			r.Jobs = append(r.Jobs, slack.Job{State: state})
		}
		assert.Equal(t, want, r.Outcome(), states)
	}
}

// Slack refuses a message whose texts are too long.
func TestWrite_staysWithinSlacksBounds(t *testing.T) {
	t.Parallel()
	r := report()
	r.Title, r.Version = strings.Repeat("ü&", 4000), strings.Repeat("9", 400)
	for range 400 {
		r.Jobs = append(r.Jobs, slack.Job{Name: "a job with a long name", State: "success", Took: time.Minute})
	}
	var got struct {
		Blocks []struct {
			Type   string
			Text   struct{ Text string }
			Fields []struct{ Text string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text(t, r)), &got))
	require.Len(t, got.Blocks, 4)
	assert.LessOrEqual(t, len([]rune(got.Blocks[0].Text.Text)), 150)
	for _, field := range got.Blocks[1].Fields {
		assert.LessOrEqual(t, len(field.Text), 2000)
	}
	assert.LessOrEqual(t, len(got.Blocks[2].Text.Text), 3000)
	assert.Regexp(t, `and \d+ more$`, got.Blocks[2].Text.Text)
}
