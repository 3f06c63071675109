package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Result is what an operation did, or would do.
type Result struct {
	// Operation is preview, up, refresh or destroy.
	Operation string
	// Took is its duration.
	Took time.Duration
	// Steps are what the engine did with each resource, in its order.
	Steps []Step
	// Warnings and Errors are what the engine and the program said.
	Warnings, Errors []string
	// Outputs are the stack's outputs after an up.
	Outputs auto.OutputMap
}

// Step is what the engine did with one resource.
type Step struct {
	// Op is the engine's word for it, such as same, create, update or delete.
	Op string
	// URN names the resource.
	URN resource.URN
	// Properties are the paths of the properties that differ.
	Properties []string
}

// String names the resource by its type and its name.
func (s Step) String() string {
	text := fmt.Sprintf("%s %s %q", s.Op, s.URN.Type(), s.URN.Name())
	if len(s.Properties) > 0 {
		text += " (" + strings.Join(s.Properties, ", ") + ")"
	}
	return text
}

// Of says whether the resource is of a package, such as aws.
func (s Step) Of(pkg string) bool {
	return strings.HasPrefix(string(s.URN.Type()), pkg+":")
}

// Changed says whether the resource is not as it was.
func (s Step) Changed() bool {
	return !slices.Contains([]apitype.OpType{apitype.OpSame, apitype.OpRead, apitype.OpRefresh}, apitype.OpType(s.Op))
}

// Changes are the steps that change something.
func (r *Result) Changes() []Step {
	var changes []Step
	for _, step := range r.Steps {
		if step.Changed() {
			changes = append(changes, step)
		}
	}
	return changes
}

// Counts counts the steps by what they do.
func (r *Result) Counts() map[string]int {
	counts := map[string]int{}
	for _, step := range r.Steps {
		counts[step.Op]++
	}
	return counts
}

// add takes what an event says into the result.
func (r *Result) add(event apitype.EngineEvent) {
	// Before a step the engine says what it will do. A refresh learns only by doing it.
	switch {
	case event.ResourcePreEvent != nil && r.Operation != "refresh":
		r.addStep(event.ResourcePreEvent.Metadata)
	case event.ResOutputsEvent != nil && r.Operation == "refresh":
		r.addStep(event.ResOutputsEvent.Metadata)
	case event.DiagnosticEvent != nil:
		r.addDiagnostic(*event.DiagnosticEvent)
	}
}

func (r *Result) addStep(m apitype.StepEventMetadata) {
	urn := resource.URN(m.URN)
	if byDefault(urn) {
		return
	}
	r.Steps = append(r.Steps, Step{Op: string(m.Op), URN: urn, Properties: m.Diffs})
}

// byDefault says whether the engine made the resource for itself. The CLI does not show such providers either.
func byDefault(urn resource.URN) bool {
	return strings.HasPrefix(string(urn.Type()), "pulumi:providers:") && strings.HasPrefix(urn.Name(), "default")
}

func (r *Result) addDiagnostic(d apitype.DiagnosticEvent) {
	text := strings.TrimSpace(colors.Never.Colorize(d.Message))
	if urn := resource.URN(d.URN); urn.IsValid() {
		text = fmt.Sprintf("%s %q: %s", urn.Type(), urn.Name(), text)
	}
	switch d.Severity {
	case "warning":
		r.Warnings = append(r.Warnings, text)
	case "error":
		r.Errors = append(r.Errors, text)
	}
}
