// Package comment writes a preview as the Markdown of a comment on a pull request.
//
//	text := comment.Render(digest, comment.Options{Stack: "dev", Limit: comment.Limit})
//
// It names what is replaced, deleted, created and updated, and which properties change. It never shows a value: a value
// may be secret, and whoever reads the pull request reads the comment.
package comment

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/slipway-eks/slipway/delivery/internal/failure"
	"github.com/slipway-eks/slipway/delivery/internal/preview"
)

// Limit is how long a comment on GitHub may be, in characters (the API says "body is too long (maximum is 65536
// characters)"). It is taken as bytes here, of which there are never fewer.
const Limit = 65536

// Bounds of one entry, so that no resource and no message crowds the others out.
const (
	manyProperties = 20
	longMessage    = 4000
)

// Options say what a comment is about.
type Options struct {
	// Stack is the name of the stack.
	Stack string
	// Limit is how long the text may be, in bytes. Zero is no limit.
	Limit int
	// Whole says where the whole text is, if it is cut, as Markdown.
	Whole string
}

// Marker is the first line of a stack's comment, by which the next run finds it. A reader does not see it.
func Marker(stack string) string { return "<!-- slipway-preview: " + stack + " -->" }

// Render writes the comment. If it is longer than the limit it ends with a line that says so.
func Render(digest *preview.Digest, o Options) string {
	changes := digest.Changes()
	head := Marker(o.Stack) + "\n### Preview of stack " + code(o.Stack) + "\n\n" + summary(digest, changes) + "\n"
	sections := []section{whySection(digest.Diagnostics), errorSection(digest.Errors(), o.Limit > 0)}
	for _, kind := range []preview.Kind{preview.Replace, preview.Delete, preview.Create, preview.Update} {
		sections = append(sections, changeSection(kind, changes))
	}
	return assemble(head, sections, o)
}

// summary is the line that says all in numbers.
func summary(digest *preview.Digest, changes []preview.Change) string {
	counts := map[preview.Kind]int{}
	for _, change := range changes {
		counts[change.Kind]++
	}
	var parts []string
	for _, kind := range []preview.Kind{preview.Replace, preview.Delete, preview.Create, preview.Update} {
		if n := counts[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf(words[kind].count, n))
		}
	}
	if n := digest.Summary["same"]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d unchanged", n))
	}
	line := strings.Join(parts, ", ") + "."
	if len(changes) == 0 {
		line = strings.TrimSuffix("No changes. "+strings.TrimPrefix(line, "."), " ")
	}
	failed := len(digest.Errors())
	switch {
	case failed == 0:
		return line
	case len(changes) == 0:
		return "**The preview failed with " + plural(failed, "error") + ".**"
	default:
		return "**The preview failed with " + plural(failed, "error") + ".** What it had planned until then: " + line
	}
}

// words are what is said of a kind of change.
var words = map[preview.Kind]struct {
	count, title, properties string
	// folded is whether a long list is folded away.
	folded bool
}{
	preview.Replace: {"**%d to replace**", "Replaced", "forced by", false},
	preview.Delete:  {"**%d to delete**", "Deleted", "", false},
	preview.Create:  {"%d to create", "Created", "", true},
	preview.Update:  {"%d to update", "Updated", "changes", true},
}

func changeSection(kind preview.Kind, changes []preview.Change) section {
	s := section{title: words[kind].title, folded: words[kind].folded}
	for _, change := range changes {
		if change.Kind == kind {
			s.entries = append(s.entries, entry(change))
		}
	}
	return s
}

// entry is the line of one resource.
func entry(change preview.Change) string {
	line := "- " + code(change.Type) + " " + code(change.Name)
	if len(change.Properties) == 0 || words[change.Kind].properties == "" {
		return line + "\n"
	}
	names := make([]string, 0, manyProperties)
	for _, name := range change.Properties[:min(manyProperties, len(change.Properties))] {
		names = append(names, code(name))
	}
	line += ": " + words[change.Kind].properties + " " + strings.Join(names, ", ")
	if more := len(change.Properties) - manyProperties; more > 0 {
		line += fmt.Sprintf(" and %d more", more)
	}
	return line + "\n"
}

// whySection explains the errors that are known, for whoever does not read Pulumi's.
func whySection(said []preview.Diagnostic) section {
	s := section{title: "What happened"}
	for _, reason := range failure.Explain(said) {
		s.entries = append(s.entries, fenced(reason.Title+"\n"+strings.Join(reason.Details, "\n")))
	}
	return s
}

// errorSection shows what Pulumi or a check refused, in its own words.
func errorSection(problems []preview.Diagnostic, short bool) section {
	s := section{title: "Errors"}
	for _, problem := range problems {
		subject := ""
		if typ, name := preview.Split(problem.URN); typ != "" {
			subject = code(typ) + " " + code(name) + "\n"
		}
		message := problem.Text()
		if short {
			message = shorten(message)
		}
		s.entries = append(s.entries, subject+fenced(message))
	}
	return s
}

// fenced writes text as it is.
func fenced(text string) string {
	fence := fenceFor(text, "```")
	return fence + "text\n" + text + "\n" + fence + "\n"
}

// shorten cuts a long message, at the end of a line if it has several.
func shorten(message string) string {
	if len(message) <= longMessage {
		return message
	}
	message = message[:longMessage]
	if end := strings.LastIndex(message, "\n"); end > 0 {
		message = message[:end]
	}
	return strings.ToValidUTF8(message, "") + "\n(...)"
}

// code writes text so that Markdown in it, a mention or a line break, is only text. Names come from the pull request.
func code(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	fence := fenceFor(text, "`")
	if fence != "`" || text == "" {
		text = " " + text + " "
	}
	return fence + text + fence
}

var backticks = regexp.MustCompile("`+")

// fenceFor returns backticks that do not occur in text, at least as many as in least.
func fenceFor(text, least string) string {
	fence := least
	for _, run := range backticks.FindAllString(text, -1) {
		if len(run) >= len(fence) {
			fence = run + "`"
		}
	}
	return fence
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
