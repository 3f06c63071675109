// Package slack writes and sends the message that says what was deployed, by whom, how long each job took and how it ended.
//
//	message, err := slack.Write(report)
//	err = slack.Sender{}.Send(ctx, webhook, message)
package slack

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// Slack's bounds on the texts of a message (api.slack.com/reference/block-kit/blocks): it refuses longer ones.
const (
	longHeader  = 150
	longSection = 3000
	longField   = 2000
)

// Report is what is told.
type Report struct {
	// Project and Stacks say what was deployed.
	Project string
	Stacks  []string
	Version string
	// Title and URL are of the pull request, and Number if it has one.
	Title, URL string
	Number     int
	// MergedBy is who merged it, and MergedByURL the page of the profile.
	MergedBy, MergedByURL string
	Jobs                  []Job
	// RunURL is the page of the run.
	RunURL string
}

// Job is one job of the run.
type Job struct {
	Name string
	// State is success, failure, cancelled, skipped, timed_out, or what the job is doing if it has not ended.
	State string
	// Took is how long it ran; zero if it did not.
	Took time.Duration
}

// bad are the states of a deployment that went wrong.
var bad = map[string]bool{"failure": true, "timed_out": true, "startup_failure": true, "action_required": true}

// signs stand before each state.
var signs = map[string]string{
	"success": ":white_check_mark:", "failure": ":x:", "timed_out": ":x:", "startup_failure": ":x:", "action_required": ":x:",
	"cancelled": ":no_entry_sign:", "skipped": ":fast_forward:", "neutral": ":white_circle:",
}

// Outcome is how the whole run went, in a word.
func (r Report) Outcome() string {
	outcome := "deployed"
	for _, job := range r.Jobs {
		if bad[job.State] {
			return "failed"
		}
		if job.State == "cancelled" {
			outcome = "cancelled"
		}
	}
	return outcome
}

// Write makes the message. What people wrote is escaped: it can neither mention somebody nor make a link.
func Write(r Report) *slack.WebhookMessage {
	stacks := strings.Join(r.Stacks, ", ")
	head := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", cmp.Or(r.Project, "slipway"), stacks, r.Version)), " ")
	head += ": " + r.Outcome()
	fields := []*slack.TextBlockObject{
		field("Stack", escape(stacks)),
		field("Version", escape(r.Version)),
		field("Pull request", link(r.URL, r.label())),
		field("Merged by", link(r.MergedByURL, r.MergedBy)),
	}
	blocks := []slack.Block{
		slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, cut(head, longHeader), false, false)),
		slack.NewSectionBlock(nil, fields, nil),
	}
	if len(r.Jobs) > 0 {
		text := slack.NewTextBlockObject(slack.MarkdownType, jobLines(r.Jobs), false, false)
		blocks = append(blocks, slack.NewSectionBlock(text, nil, nil))
	}
	if r.RunURL != "" {
		text := slack.NewTextBlockObject(slack.MarkdownType, link(r.RunURL, "The run"), false, false)
		blocks = append(blocks, slack.NewContextBlock("", text))
	}
	return &slack.WebhookMessage{Text: escape(head), Blocks: &slack.Blocks{BlockSet: blocks}}
}

// label is how the pull request is called.
func (r Report) label() string {
	if r.Number == 0 {
		return r.Title
	}
	return fmt.Sprintf("#%d %s", r.Number, r.Title)
}

func field(name, value string) *slack.TextBlockObject {
	value = "*" + name + "*\n" + cmp.Or(value, "unknown")
	return slack.NewTextBlockObject(slack.MarkdownType, value, false, false)
}

// jobLines has a line for each job: how it ended, its name and how long it took. Lines that find no place are counted.
func jobLines(jobs []Job) string {
	const reserve = len("and 1000 more")
	out := ""
	for i, job := range jobs {
		line := fmt.Sprintf("%s %s: %s", cmp.Or(signs[job.State], ":hourglass_flowing_sand:"), escape(job.Name), escape(job.State))
		if job.Took > 0 {
			line += ", " + job.Took.Round(time.Second).String()
		}
		if len(out)+len(line)+reserve > longSection {
			return out + fmt.Sprintf("and %d more", len(jobs)-i)
		}
		out += line + "\n"
	}
	return strings.TrimSuffix(out, "\n")
}

// escape takes their meaning from the three characters that have one to Slack (docs.slack.dev, formatting message text).
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(strings.Join(strings.Fields(text), " "))
}

// link is a link if there is an address. An address cannot end the link early, nor a title give it another label.
func link(address, label string) string {
	const longLabel = 300
	label = escape(cut(cmp.Or(strings.TrimSpace(label), address), longLabel))
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return label
	}
	address = strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", " ", "%20", "\n", "").Replace(address)
	if len(address)+len(label) > longField/2 {
		return label
	}
	return "<" + address + "|" + strings.ReplaceAll(label, "|", "¦") + ">"
}

// cut shortens text to n characters.
func cut(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}
