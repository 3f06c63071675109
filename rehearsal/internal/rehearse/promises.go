//go:build unix

package rehearse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"

	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/leak"
)

// rehearsal is one in progress.
type rehearsal struct {
	options Options
	report  *Report
	run     *engine.Run
	// leaked are the places of secrets that are reported.
	leaked []leak.Finding
}

func newReport(stack string, subject Subject) *Report {
	return &Report{Stack: stack, Failures: []string{}, Notes: subject.Notes}
}

// perform goes through the promises in order. A step that fails ends it: what follows could only fail too.
func (r *rehearsal) perform(ctx context.Context) error {
	r.report.StandIns, r.report.NotChecked = standIns, notChecked
	if !r.run.OwnKubernetesProvider() {
		r.note("Pulumi's own Kubernetes plugin was used: its objects are not counted, nor searched for after destroy")
	}
	r.report.Shortened = shortened(r.run.Clusters().Speed, r.run.Clusters().Timing)
	steps := []func(context.Context) error{r.deploy, r.deployAgain, r.refresh}
	if r.options.Keep {
		r.report.Kept = r.run.Dir()
	} else {
		// A destroy empties the account, and with it the places where a secret may be.
		steps = append(steps, r.searchFiles, r.destroy)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			if ctx.Err() != nil {
				return err
			}
			r.fail("%s", err)
			break
		}
	}
	return r.searchSecrets(ctx)
}

func (r *rehearsal) deploy(ctx context.Context) error {
	preview, err := r.operate(ctx, "preview", r.run.Preview)
	if err != nil {
		return err
	}
	r.noteUnchecked(preview)
	up, err := r.operate(ctx, "up", r.run.Up)
	if err != nil {
		return err
	}
	shown := map[string]bool{}
	for _, step := range preview.Steps {
		shown[string(step.URN)] = true
	}
	for _, step := range up.Steps {
		if !shown[string(step.URN)] {
			r.fail("the preview did not show what the update did: %s", step)
		}
	}
	r.report.Outputs = masked(up.Outputs)
	r.report.AWSResources = r.run.Cloud().AWS.LiveCount()
	objects, err := r.run.Cloud().Kube.Objects(ctx)
	if err != nil {
		return err
	}
	r.report.KubernetesObjects = len(objects)
	r.noteCharts(objects)
	return nil
}

// noteCharts names the Helm releases, of whose charts a rehearsal knows nothing.
func (r *rehearsal) noteCharts(objects []kubeprovider.Object) {
	for _, object := range objects {
		if object.Type == kubeprovider.ReleaseType {
			r.note("the chart of Helm release %s/%s was not rendered", object.Namespace, object.Name)
		}
	}
}

func (r *rehearsal) deployAgain(ctx context.Context) error {
	again, err := r.operate(ctx, "up again", r.run.Up)
	if err != nil {
		return err
	}
	r.expectNoChanges("a second update is not empty", again)
	outputs := masked(again.Outputs)
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		if !reflect.DeepEqual(outputs[name], r.report.Outputs[name]) {
			r.fail("a second update changed the output %s", name)
		}
	}
	return nil
}

func (r *rehearsal) refresh(ctx context.Context) error {
	result, err := r.operate(ctx, "refresh", r.run.Refresh)
	if err != nil {
		return err
	}
	r.expectNoChanges("what is deployed is not what the state says", result)
	return nil
}

func (r *rehearsal) destroy(ctx context.Context) error {
	state, err := r.run.State(ctx)
	if err != nil {
		return err
	}
	retained, protected := map[string]bool{}, 0
	for _, resource := range state.Resources {
		if resource.RetainOnDelete {
			retained[string(resource.URN)] = true
		}
		if resource.Protect {
			protected++
		}
	}
	if _, err := r.operate(ctx, "destroy", r.run.Destroy); err != nil {
		return err
	}
	if protected > 0 {
		r.note("%d resources are protected: in AWS, pulumi destroy refuses to remove them", protected)
	}
	return r.expectEmpty(ctx, retained)
}

// expectEmpty says what destroy left behind.
func (r *rehearsal) expectEmpty(ctx context.Context, retained map[string]bool) error {
	var stay []string
	for _, left := range r.run.Cloud().AWS.Resources() {
		switch {
		case left.Made && retained[left.URN]:
			stay = append(stay, left.Type+" "+left.ID)
		case left.Made:
			r.fail("destroy left behind: %s %s", left.Type, left.ID)
		}
	}
	objects, err := r.run.Cloud().Kube.Objects(ctx)
	for _, left := range objects {
		r.fail("destroy left behind: %s %s/%s", left.Type, left.Namespace, left.Name)
	}
	if len(stay) > 0 {
		r.note("retained on purpose after destroy: %s", strings.Join(stay, ", "))
	}
	return err
}

// searchFiles searches everything that the rehearsal has written down so far for the secrets.
func (r *rehearsal) searchFiles(context.Context) error {
	found, err := leak.Folder(r.run.Dir(), r.run.Secrets())
	r.failLeaked(found)
	return err
}

// searchSecrets searches all that is left, the report too.
func (r *rehearsal) searchSecrets(ctx context.Context) error {
	start := time.Now()
	rendered, err := json.Marshal(r.report)
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	r.failLeaked(leak.Text("the report", rendered, r.run.Secrets()))
	if err := r.searchFiles(ctx); err != nil {
		return err
	}
	step := Step{Name: "secrets", Seconds: seconds(time.Since(start))}
	r.report.Steps = append(r.report.Steps, step)
	fmt.Fprintf(r.options.Progress, stepLine, step.Name, step.Seconds,
		fmt.Sprintf("%d searched for everywhere, found in %d places", len(r.run.Secrets()), len(r.leaked)))
	return nil
}

// failLeaked reports each place once.
func (r *rehearsal) failLeaked(found []leak.Finding) {
	for _, finding := range found {
		if !slices.Contains(r.leaked, finding) {
			r.leaked = append(r.leaked, finding)
			r.fail("%s", finding)
		}
	}
}

// operate runs one operation, reports it and says so.
func (r *rehearsal) operate(
	ctx context.Context, name string, operation func(context.Context) (*engine.Result, error),
) (*engine.Result, error) {
	result, err := operation(ctx)
	if result == nil {
		return nil, err
	}
	step := newStep(name, result)
	// A first deployment would list everything.
	if step.Counts["same"] > 0 {
		for _, change := range result.Changes() {
			step.Changes = append(step.Changes, change.String())
		}
	}
	r.report.Steps = append(r.report.Steps, step)
	for _, warning := range append(result.Warnings, r.run.Cloud().Kube.Warnings()...) {
		if !slices.Contains(r.report.Warnings, warning) {
			r.report.Warnings = append(r.report.Warnings, warning)
		}
	}
	r.searchCalls(name)
	writeStep(r.options.Progress, step, err)
	return result, errors.Join(err, r.run.Cloud().Clusters.Err())
}

// searchCalls searches what the engine sent to the providers in the clear.
func (r *rehearsal) searchCalls(operation string) {
	var calls bytes.Buffer
	for _, event := range r.run.Cloud().Events() {
		fmt.Fprintln(&calls, event.Method, event.URN, event.Inputs.Mappable())
	}
	r.failLeaked(leak.Text("the calls of "+operation, calls.Bytes(), r.run.Secrets()))
}

func (r *rehearsal) expectNoChanges(promise string, result *engine.Result) {
	for _, change := range result.Changes() {
		r.fail("%s: %s", promise, change)
	}
}

// noteUnchecked counts the objects that the preview could not check: as long as there is no cluster, the engine does
// not know where to send them.
func (r *rehearsal) noteUnchecked(preview *engine.Result) {
	checked := map[string]bool{}
	for _, event := range r.run.Cloud().Events() {
		if event.Method == "Check" {
			checked[event.URN] = true
		}
	}
	unchecked := 0
	for _, step := range preview.Steps {
		if step.Of("kubernetes") && !checked[string(step.URN)] {
			unchecked++
		}
	}
	if unchecked > 0 {
		r.note("%d Kubernetes objects were not checked in the preview, because their cluster did not exist yet", unchecked)
	}
}

func (r *rehearsal) fail(format string, args ...any) {
	r.report.Failures = append(r.report.Failures, fmt.Sprintf(format, args...))
}

func (r *rehearsal) note(format string, args ...any) {
	r.report.Notes = append(r.report.Notes, fmt.Sprintf(format, args...))
}

// masked leaves out the values of secret outputs.
func masked(outputs auto.OutputMap) map[string]any {
	plain := map[string]any{}
	for name, output := range outputs {
		plain[name] = output.Value
		if output.Secret {
			plain[name] = "[secret]"
		}
	}
	return plain
}
