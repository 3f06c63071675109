package rehearse

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// mostChanges are shown of one step; a JSON report has all.
const mostChanges = 20

// stepLine is a step's name, its seconds and what happened.
const stepLine = "  %-9s %6.1f s  %s\n"

// WriteJSON writes the report as one JSON document.
func (r *Report) WriteJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// WriteText writes the report for people. Steps were written as they ran.
func (r *Report) WriteText(out io.Writer) {
	if r.AWSResources+r.KubernetesObjects > 0 {
		fmt.Fprintf(out, "\n%d AWS resources and %d Kubernetes objects in %.1f s\n",
			r.AWSResources, r.KubernetesObjects, r.Seconds)
	}
	if len(r.Outputs) > 0 {
		fmt.Fprintln(out, "\nOutputs")
		for _, name := range slices.Sorted(maps.Keys(r.Outputs)) {
			fmt.Fprintf(out, "  %s: %s\n", name, short(r.Outputs[name]))
		}
	}
	list(out, "Warnings", r.Warnings)
	list(out, "Notes", r.Notes)
	list(out, "Stand-ins", r.StandIns)
	list(out, "Shortened", r.Shortened)
	list(out, "Not checked by any rehearsal", r.NotChecked)
	list(out, "Broken promises", r.Failures)
	verdict := "every promise held"
	if !r.Passed {
		verdict = fmt.Sprintf("promises broken: %d", len(r.Failures))
	}
	fmt.Fprintf(out, "\nRehearsal of %s: %s\n", r.Stack, verdict)
	if r.Kept != "" {
		fmt.Fprintf(out, "Kept in %s; the next rehearsal with --keep updates it, `slipway destroy --stack %s` ends it\n",
			r.Kept, r.Stack)
	}
}

func list(out io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", title)
	for _, line := range lines {
		fmt.Fprintf(out, "  - %s\n", strings.ReplaceAll(line, "\n", "\n    "))
	}
}

// writeStep says how a step went.
func writeStep(out io.Writer, step Step, err error) {
	text := summary(step.Counts)
	if err != nil {
		text = "failed: " + text
	}
	fmt.Fprintf(out, stepLine, step.Name, step.Seconds, text)
	for _, change := range step.Changes[:min(mostChanges, len(step.Changes))] {
		fmt.Fprintf(out, "            %s\n", change)
	}
	if more := len(step.Changes) - mostChanges; more > 0 {
		fmt.Fprintf(out, "            and %d more\n", more)
	}
}

// summary says how many resources met which fate.
func summary(counts map[string]int) string {
	if len(counts) == 0 {
		return "nothing"
	}
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[op], op))
	}
	return strings.Join(parts, ", ")
}

// short fits a value into a line.
func short(value any) string {
	const longest = 100
	text, isText := value.(string)
	if !isText {
		encoded, err := json.Marshal(value)
		if err != nil {
			return fmt.Sprint(value)
		}
		text = string(encoded)
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > longest {
		text = text[:longest] + "..."
	}
	return text
}
