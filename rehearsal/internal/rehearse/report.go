package rehearse

import (
	"fmt"
	"time"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
)

// Report is what a rehearsal found.
type Report struct {
	Stack string `json:"stack"`
	// Passed says that all promises held.
	Passed bool `json:"passed"`
	// Kept is the folder from which the next rehearsal goes on, if it was asked for.
	Kept string `json:"kept,omitempty"`
	// Seconds is how long all of it took.
	Seconds float64 `json:"seconds"`
	Steps   []Step  `json:"steps"`
	// AWSResources and KubernetesObjects count what was deployed.
	AWSResources      int `json:"awsResources,omitempty"`
	KubernetesObjects int `json:"kubernetesObjects,omitempty"`
	// Outputs are the stack's outputs, secret ones without their values.
	Outputs map[string]any `json:"outputs,omitempty"`
	// Failures are the promises that did not hold.
	Failures []string `json:"failures"`
	// Warnings are what the program and the engine warned of.
	Warnings []string `json:"warnings,omitempty"`
	// Notes say what this run in particular did not check.
	Notes []string `json:"notes,omitempty"`
	// StandIns are what was used in the place of the real thing.
	StandIns []string `json:"standIns,omitempty"`
	// Shortened says which times were not those of AWS and of Kubernetes.
	Shortened []string `json:"shortened,omitempty"`
	// NotChecked is what no rehearsal checks.
	NotChecked []string `json:"notChecked,omitempty"`
}

// Step is one part of a rehearsal.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	// Counts are the resources by what happened to them.
	Counts map[string]int `json:"counts,omitempty"`
	// Changes name what changed, where an earlier rehearsal had deployed it.
	Changes []string `json:"changes,omitempty"`
}

// standIns say what is not the real thing.
var standIns = []string{
	"AWS: a simulated account that enforces the rules it knows and refuses types and properties it does not know",
	"Kubernetes: the real API server, controller manager and scheduler, with our own small provider before it",
	"nodes: made as the node groups say, with simulated kubelets: a pod is ready when the time that its service takes to " +
		"start is over",
	"EKS's add-ons: pods that ask for what the real ones ask for; metrics come from a model of load",
	"Cluster Autoscaler, load balancer controller and ingress-nginx: what they do with nodes, addresses and admission",
	"pulumi-eks: the real provider, which is told that the cluster's endpoint answers",
	"the AWS CLI: tokens of the simulated EKS, for those who have an access entry",
	"secrets: random values",
}

// notChecked says what only the real thing shows.
var notChecked = []string{
	"IAM permissions of whoever deploys, service quotas, capacity and prices",
	"whether images exist, start and answer their probes; limits of memory and CPU",
	"what Helm charts contain",
	"DNS, certificates and whether anything can be reached: no packet is sent",
	"how long AWS takes",
}

// shortened says which times are not those of AWS and of Kubernetes.
func shortened(speed float64, timing controlplane.Timing) []string {
	return append([]string{
		fmt.Sprintf("nodes and pods are %g times as fast as in AWS", speed),
		"what objects say themselves is not shortened: windows and periods of autoscalers, deadlines of roll-outs",
	}, timing.Shortened()...)
}

// newStep takes an operation's result into the report's form.
func newStep(name string, result *engine.Result) Step {
	return Step{Name: name, Seconds: seconds(result.Took), Counts: result.Counts()}
}

func seconds(d time.Duration) float64 {
	return d.Round(10 * time.Millisecond).Seconds()
}
