// Package failure explains why Pulumi failed, to somebody who has neither the cluster nor Pulumi's output in mind.
//
//	for _, line := range failure.Explain(diagnostics) { ... }
//
// It knows three reasons: the cluster was not reached, a roll-out did not finish, the configuration was refused. About
// anything else it says nothing; Pulumi's own words stand above.
package failure

import (
	"regexp"
	"strings"

	"github.com/slipway-eks/slipway/delivery/internal/preview"
)

// Reason is one explanation.
type Reason struct {
	// Title says in one line what went wrong.
	Title string
	// Details say of what, why, and what to do now.
	Details []string
	// Pods are those that did not become ready, for who can ask the cluster about them.
	Pods []Pod
	// ProbeKnown says that the details name the probe that failed.
	ProbeKnown bool
}

// Pod is a pod that did not become ready.
type Pod struct{ Namespace, Name string }

// Explain finds the reasons in what Pulumi said. Warnings count: Pulumi first warns of a cluster that it cannot reach.
func Explain(said []preview.Diagnostic) []Reason {
	var reasons []Reason
	if reason, ok := unreachable(said); ok {
		reasons = append(reasons, reason)
	}
	for _, one := range said {
		if reason, ok := rollOut(one); ok {
			reasons = append(reasons, reason)
		}
	}
	if reason, ok := refused(said); ok {
		reasons = append(reasons, reason)
	}
	return reasons
}

// notReached are Pulumi's Kubernetes provider and Go's network, when the API server does not answer. The last is only
// about the cluster if the address is one of EKS.
var notReached = regexp.MustCompile(`configured Kubernetes cluster is unreachable` +
	`|failed to initialize discovery client` +
	`|unable to load schema information from the API server` +
	`|\.eks\.amazonaws\.com[^\n]*(i/o timeout|connection refused|no such host|no route to host|deadline exceeded|EOF)`)

// noCredentials are answers: the server was reached and does not know who asks, or the AWS CLI gave no token.
var noCredentials = regexp.MustCompile(
	`asked for the client to provide credentials|Unauthorized|getting credentials: exec|AccessDenied[^\n]*AssumeRole`)

// noName is a name that could not be resolved.
var noName = regexp.MustCompile(`no such host|server misbehaving`)

func unreachable(said []preview.Diagnostic) (Reason, bool) {
	for _, one := range said {
		if one.Severity == "info" || !notReached.MatchString(one.Message) {
			continue
		}
		line := lineWith(one.Text(), notReached)
		switch {
		case noCredentials.MatchString(one.Message):
			return Reason{Title: "The cluster refused the credentials.", Details: []string{
				line,
				"Its API server answered, so the network is fine. It does not know the role that asked, or the kubeconfig's",
				"command gave no token: slipway:cluster must have this role as deployRoleArn, as previewRoleArn or among its",
				"admins (slipway:bootstrap gives the first two), and the AWS CLI must be on the path.",
			}}, true
		case noName.MatchString(one.Message):
			return Reason{Title: "The cluster's address was not found.", Details: append([]string{
				line,
				"Either the cluster is gone, or its endpoint is private and this runner is outside the VPC.",
			}, whereRunnersStand...)}, true
		default:
			return Reason{Title: "The cluster was not reached from here.", Details: append([]string{
				line,
				"This runner's address is not among publicAccessCidrs of slipway:cluster, or the endpoint is private.",
			}, whereRunnersStand...)}, true
		}
	}
	return Reason{}, false
}

var whereRunnersStand = []string{
	"Nothing in the cluster was changed. Run the job where the endpoint can be reached: a runner behind a fixed address",
	"that publicAccessCidrs lists, or one inside the VPC. docs/ci.md compares the ways.",
}

// refusal is how the program reports a configuration that it does not take, and the problems in it.
var (
	refusal = regexp.MustCompile(`reading the configuration of stack`)
	problem = regexp.MustCompile(`^(Pulumi\.[\w.-]+\.yaml|services\.yaml): `)
)

func refused(said []preview.Diagnostic) (Reason, bool) {
	for _, one := range said {
		if !refusal.MatchString(one.Message) {
			continue
		}
		reason := Reason{Title: "The configuration was refused. Nothing was changed."}
		for line := range strings.Lines(one.Message) {
			if line = strings.TrimSpace(line); problem.MatchString(line) {
				reason.Details = append(reason.Details, line)
			}
		}
		reason.Details = append(reason.Details, "`make check` says the same without an account.")
		return reason, true
	}
	return Reason{}, false
}

// lineWith returns the first line of text that matches.
func lineWith(text string, pattern *regexp.Regexp) string {
	for line := range strings.Lines(text) {
		if pattern.MatchString(line) {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(text)
}
