package failure

import (
	"regexp"
	"slices"
	"strings"

	"github.com/slipway-eks/slipway/delivery/internal/preview"
)

// workloads are the kinds whose pods a roll-out replaces.
var workloads = map[string]string{
	"kubernetes:apps/v1:Deployment":  "Deployment",
	"kubernetes:apps/v1:StatefulSet": "StatefulSet",
	"kubernetes:apps/v1:DaemonSet":   "DaemonSet",
}

// notLive is what Pulumi's Kubernetes provider says of a workload that did not become ready, and the rehearsal's. Pulumi
// makes a list of it, even of one item.
var notLive = regexp.MustCompile(`failed to fully initialize or become live|timed out waiting to be Ready` +
	`|[Mm]inimum number of (live )?Pods` +
	`|(?m)^[\s*]*(error: )?(Deployment|StatefulSet|DaemonSet) \S+: (it failed|not ready after)`)

var (
	// created is said of a workload that was not there before.
	created = regexp.MustCompile(`was successfully created`)
	// object is the workload's namespace and name in either provider's words.
	object = regexp.MustCompile(`resource (\S+/\S+) was successfully created|reported that "(\S+/\S+)" failed` +
		`|(?:Deployment|StatefulSet|DaemonSet) (\S+/\S+):`)
	// podLine is a pod with what keeps it: [Pod shop/chat-5f-x]: ..., or pod chat-5f-x (Running): ...
	podLine = regexp.MustCompile(`\[Pod ([\w./-]+)\]: ([^\n;]+)|pod ([\w.-]+) \((\w+)\): ([^\n;]+)`)
	// probeLine is the event of a kubelet, or what the rehearsal knows of a container.
	probeLine = regexp.MustCompile(`(Startup|Readiness|Liveness) probe failed|has not passed its (startup|readiness) probe`)
)

// rollOut explains a workload whose new pods did not become ready.
func rollOut(one preview.Diagnostic) (Reason, bool) {
	typ, name := preview.Split(one.URN)
	kind, known := workloads[typ]
	if !known || one.Severity != "error" || !notLive.MatchString(one.Message) {
		return Reason{}, false
	}
	namespace := ""
	if found := firstGroup(object, one.Message); found != "" {
		namespace, name, _ = strings.Cut(found, "/")
	}
	reason := Reason{Title: "The roll-out of " + kind + " " + strings.TrimPrefix(namespace+"/"+name, "/") + " did not finish."}
	lines, pods := podsIn(one.Message, namespace)
	reason.Details, reason.Pods = lines, pods
	reason.ProbeKnown = probeLine.MatchString(one.Message)
	if created.MatchString(one.Message) {
		reason.Details = append(reason.Details, "It is new, so nothing served in its place before.")
	} else {
		reason.Details = append(reason.Details,
			"The old pods go on serving: a rolling update takes one away only when a new one is ready (maxUnavailable 0).")
	}
	for _, pod := range pods {
		reason.Details = append(reason.Details, "What it says: kubectl -n "+pod.Namespace+" describe pod "+pod.Name)
	}
	reason.Details = append(reason.Details,
		"Mend it and merge, or go back: deliver rollback, deliver record, deliver up (docs/delivery.md).")
	return reason, true
}

// podsIn returns the pods that a message tells of, and a line for each. The namespace is the workload's, which a
// message may leave out.
func podsIn(message, namespace string) ([]string, []Pod) {
	var lines []string
	var pods []Pod
	for _, found := range podLine.FindAllStringSubmatch(message, -1) {
		name, state := found[1], found[2]
		if name == "" {
			name, state = found[3], found[5]
		}
		pod := Pod{Namespace: namespace, Name: name}
		if in, short, ok := strings.Cut(name, "/"); ok {
			pod = Pod{Namespace: in, Name: short}
		}
		if pod.Namespace == "" {
			pod.Namespace = "default" // which Pulumi's provider leaves out
		}
		if slices.Contains(pods, pod) {
			continue
		}
		pods = append(pods, pod)
		lines = append(lines, "Pod "+pod.Namespace+"/"+pod.Name+": "+strings.TrimSpace(state))
	}
	return lines, pods
}

// firstGroup returns the first group of a pattern that matched anything.
func firstGroup(pattern *regexp.Regexp, text string) string {
	found := pattern.FindStringSubmatch(text)
	for _, group := range found[min(1, len(found)):] {
		if group != "" {
			return group
		}
	}
	return ""
}
