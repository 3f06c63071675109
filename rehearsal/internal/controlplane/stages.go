//go:build unix

package controlplane

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
	"time"
)

//go:embed stages.yaml
var stagesText string

var stagesTemplate = template.Must(template.New("stages").Delims("[[", "]]").Option("missingkey=error").Parse(stagesText))

const (
	// An image ends with its tag, or with the digest that follows it.
	unreadyImage = UnreadyTag + "(@|$)"
	crashImage   = CrashTag + "(@|$)"
	// failedProbe is the message of a pod whose probes a rehearsal makes fail. A pod that recovers from that is ready
	// at once, because its program was there all the time.
	failedProbe = "probes fail while " + UnreadyAnnotation + " is true"
	// jobTime is how long a pod of a Job is at work.
	jobTime = time.Second
)

// gojq expressions; see package gojq for the language. A result that is no duration counts as none.
const (
	// startUp is how long a running pod takes to be ready. %[1]v is the speed.
	startUp = `if [.status.conditions[] | select(.type == "ContainersReady") | .message] == ["` + failedProbe + `"] then "0s"
		elif [.spec.containers[], ((.spec.initContainers // [])[] | select(.restartPolicy == "Always"))]
			| any(.readinessProbe != null or .startupProbe != null)
		then ((.metadata.annotations["` + StartupAnnotation + `"] // "0" | tonumber) * 1000 / %[1]v | round | tostring) + "ms"
		else "0s" end`
	// drain is how long a deleted pod takes to end.
	drain = `([([.spec.containers[].lifecycle.preStop.sleep.seconds // 0] | max), (.metadata.deletionGracePeriodSeconds // 0)]
		| min * 1000 / %[1]v | round | tostring) + "ms"`
	// lost is true for pods of a lost node: they were made not ready, and not by a kubelet.
	lost = `[.status.conditions[] | select(.type == "Ready" or .type == "ContainersReady") | .type + .status] | sort
		== ["ContainersReadyTrue", "ReadyFalse"]`
)

// stages returns KWOK's configuration for simulated kubelets of a speed.
func stages(speed float64) ([]byte, error) {
	var out bytes.Buffer
	err := stagesTemplate.Execute(&out, map[string]any{
		"LostLabel":         LostLabel,
		"UnreadyAnnotation": UnreadyAnnotation,
		"UnreadyImage":      unreadyImage,
		"CrashImage":        crashImage,
		"FailedProbe":       failedProbe,
		"StartUp":           oneLine(fmt.Sprintf(startUp, speed)),
		"Drain":             oneLine(fmt.Sprintf(drain, speed)),
		"Lost":              oneLine(lost),
		"JobMilliseconds":   int(float64(jobTime.Milliseconds()) / speed),
	})
	if err != nil {
		return nil, fmt.Errorf("writing the life cycle of pods: %w", err)
	}
	return out.Bytes(), nil
}

// oneLine makes an expression fit into a quoted scalar.
func oneLine(expression string) string {
	return string(bytes.Join(bytes.Fields([]byte(expression)), []byte(" ")))
}
