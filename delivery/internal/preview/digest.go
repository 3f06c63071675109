// Package preview reads what `pulumi preview --json` prints.
//
//	digest, err := preview.Read("preview.json")
//	for _, change := range digest.Changes() { ... }
//
// Only what a report needs is read. Values of properties are in that file too, and are left there: they may be secret.
package preview

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Digest is the whole of a preview.
type Digest struct {
	Steps       []Step       `json:"steps"`
	Diagnostics []Diagnostic `json:"diagnostics"`
	// Summary counts resources by operation.
	Summary map[string]int `json:"changeSummary"`
}

// Step is what is planned for one resource.
type Step struct {
	Op             string                  `json:"op"`
	URN            string                  `json:"urn"`
	DiffReasons    []string                `json:"diffReasons"`
	ReplaceReasons []string                `json:"replaceReasons"`
	DetailedDiff   map[string]PropertyDiff `json:"detailedDiff"`
	Old            *State                  `json:"oldState"`
	New            *State                  `json:"newState"`
}

// State is what is known of a resource before or after. Its values are not read.
type State struct {
	// Custom is false of a component, which is nothing but its children.
	Custom bool `json:"custom"`
}

// PropertyDiff says how one property changes: add, update, delete, each with or without "-replace".
type PropertyDiff struct {
	Kind string `json:"kind"`
}

// Diagnostic is what Pulumi said about a resource, or about the stack.
type Diagnostic struct {
	URN      string `json:"urn,omitempty"`
	Message  string `json:"message"`
	Severity string `json:"severity"`
}

// Read reads a file that `pulumi preview --json` wrote.
func Read(path string) (*Digest, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the file that the caller names
	if err != nil {
		return nil, fmt.Errorf("reading the preview: %w", err)
	}
	digest, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading the preview %s: %w", path, err)
	}
	return digest, nil
}

// Parse reads what `pulumi preview --json` printed. It refuses other JSON.
func Parse(text []byte) (*Digest, error) {
	digest := &Digest{}
	if err := json.Unmarshal(text, digest); err != nil {
		return nil, fmt.Errorf("it is not what `pulumi preview --json` prints: %w", err)
	}
	if digest.Steps == nil && digest.Diagnostics == nil && digest.Summary == nil {
		return nil, errors.New("it is not what `pulumi preview --json` prints: no steps, no diagnostics, no summary")
	}
	return digest, nil
}

// closing are Pulumi's words after an error that has been said already.
var closing = regexp.MustCompile(`^((preview|update) failed|an unhandled error occurred: exit status \d+:?)$`)

// Errors are the diagnostics of severity error, without Pulumi's closing words.
func (d *Digest) Errors() []Diagnostic {
	var out []Diagnostic
	for _, one := range d.Diagnostics {
		if one.Severity == "error" && !closing.MatchString(one.Text()) {
			out = append(out, one)
		}
	}
	return out
}

// Text is the message without its severity in front of it.
func (d Diagnostic) Text() string {
	message := strings.TrimSpace(d.Message)
	return strings.TrimSpace(strings.TrimPrefix(message, d.Severity+":"))
}

// Kind is what happens to a resource.
type Kind int

// The kinds of change, in the order in which a reader wants to see them.
const (
	Replace Kind = iota
	Delete
	Create
	Update
)

// kinds are the operations that change something. A replacement has up to three steps, of which Pulumi prints one.
var kinds = map[string]Kind{
	"replace": Replace, "create-replacement": Replace, "delete-replaced": Replace, "import-replacement": Replace,
	"delete": Delete,
	"create": Create, "import": Create,
	"update": Update,
}

// Change is one resource that is not the same after the deployment.
type Change struct {
	Kind Kind
	// Type and Name are from the resource's URN.
	Type, Name string
	// Properties are the names of those that change, or that force the replacement. Sorted.
	Properties []string
}

// Changes are sorted by kind, type and name. A component is not among them: whatever it makes is.
func (d *Digest) Changes() []Change {
	found := map[string]Change{}
	for _, step := range d.Steps {
		kind, changes := kinds[step.Op]
		if !changes || step.ofComponent() {
			continue
		}
		change := found[step.URN]
		change.Kind = kind
		change.Type, change.Name = Split(step.URN)
		change.Properties = append(change.Properties, step.properties(kind)...)
		slices.Sort(change.Properties)
		change.Properties = slices.Compact(change.Properties)
		found[step.URN] = change
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name))
	})
}

func (s Step) ofComponent() bool {
	return (s.New != nil && !s.New.Custom) || (s.Old != nil && !s.Old.Custom)
}

// properties are the names that say why the step is taken.
func (s Step) properties(kind Kind) []string {
	if kind == Create || kind == Delete {
		return nil
	}
	var names []string
	for name, diff := range s.DetailedDiff {
		if kind != Replace || strings.HasSuffix(diff.Kind, "-replace") {
			names = append(names, name)
		}
	}
	switch {
	case len(names) > 0:
		return names
	case kind == Replace:
		return s.ReplaceReasons
	default:
		return s.DiffReasons
	}
}

// Split returns the type and the name in a URN, which looks like urn:pulumi:stack::project::parent$type::name.
func Split(urn string) (typ, name string) {
	parts := strings.SplitN(urn, "::", 4)
	if len(parts) < 4 {
		return "", urn
	}
	types := strings.Split(parts[2], "$")
	return types[len(types)-1], parts[3]
}
