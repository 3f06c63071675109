package drill

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteJSON writes the report as one JSON document.
func (r *Report) WriteJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// WriteText writes the report for people. The timeline was written as it happened.
func (r *Report) WriteText(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nSERVICE\tPODS\tLOWEST\tAFTER\tSKEW OVER ZONES\t")
	for _, s := range r.Services {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d of %d\t%d\t\n", s.Name, s.Wanted, s.Lowest, s.ServesAfter, s.WantedAfter, s.Skew)
	}
	fmt.Fprintf(w, "\nnodes: %d before, %d at the least, %d after\n", r.NodesBefore, r.NodesLeast, r.NodesAfter)
	if r.RecoverySeconds > 0 {
		fmt.Fprintf(w, "full strength after %.0f s\n", r.RecoverySeconds)
	}
	for _, p := range r.Pending {
		fmt.Fprintf(w, "without a place for a while: %s: %s\n", p.Pod, p.Why)
	}
	fmt.Fprintf(w, "\nnodes and pods ran %g times as fast as in AWS; all times are AWS's\n", r.Speed)
	for _, s := range r.Shortened {
		fmt.Fprintf(w, "shortened: %s\n", s)
	}
	for _, b := range r.Broken {
		fmt.Fprintf(w, "BROKEN: %s\n", b)
	}
	verdict := "the platform kept its promises"
	if !r.Kept {
		verdict = "the platform broke its promises"
	}
	fmt.Fprintf(w, "\nDrill %s of %s: %s\n", r.Drill, r.Subject, verdict)
	return w.Flush()
}

// WriteEntry writes one moment of the timeline.
func WriteEntry(out io.Writer, e Entry) { fmt.Fprintf(out, "  %6.0f s  %s\n", e.Seconds, e.Text) }
