package rehearse_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
)

var report = rehearse.Report{
	Stack: "dev", Seconds: 12.34, AWSResources: 65, KubernetesObjects: 35,
	Outputs:  map[string]any{"kubeconfig": "[secret]", "long": strings.Repeat("x", 500), "list": []string{"a"}},
	Failures: []string{"a second update is not empty: update x:y:Z \"z\""},
	Notes:    []string{"35 Kubernetes objects were not checked"},
}

func TestWriteText_saysWhatHeldAndWhatWasNotChecked(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	report.WriteText(&out)
	for _, want := range []string{
		"65 AWS resources and 35 Kubernetes objects", "kubeconfig: [secret]", `list: ["a"]`,
		"Broken promises\n  - a second update is not empty", "Rehearsal of dev: promises broken: 1",
		"35 Kubernetes objects were not checked",
	} {
		assert.Contains(t, out.String(), want)
	}
	for line := range strings.Lines(out.String()) {
		assert.Less(t, len(line), 130)
	}
}

func TestWriteJSON_isOneDocument(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, report.WriteJSON(&out))
	var read rehearse.Report
	require.NoError(t, json.Unmarshal(out.Bytes(), &read))
	assert.Equal(t, report.Failures, read.Failures)
}
