package simkube_test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simkube"
)

// release is a good one, with changes; a nil value takes an input out.
func release(changes m) m {
	r := m{
		"name": "controller", "namespace": "kube-system", "chart": "controller", "version": "3.5.0",
		"repositoryOpts": m{"repo": "https://charts.example.com"}, "values": m{"replicaCount": 2},
	}
	maps.Copy(r, changes)
	maps.DeleteFunc(r, func(_ string, v any) bool { return v == nil })
	return r
}

// A chart cannot be had, so that a release is recorded as it is, and nothing is said of what it would make.
func TestRelease_isRecorded(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	r := c.Make(t, simkube.ReleaseType, "controller", release(nil))
	assert.Equal(t, "kube-system/controller", r.ID)
	status := r.Outputs["status"].ObjectValue()
	assert.Equal(t, "deployed", status["status"].StringValue())

	assert.Equal(t, r, openCluster(t, c.file).Read(t, r))
	assert.Equal(t, []string{"namespace"}, c.Diff(t, r, release(m{"namespace": "default"})).Replaces)
	assert.Empty(t, c.Diff(t, r, release(m{"values": m{"replicaCount": 3}})).Replaces)
	require.Len(t, c.model.Objects(), 1)
	require.NoError(t, c.Delete(r))
	assert.Empty(t, c.model.Objects())
}

func TestRelease_refuses(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for want, changes := range map[string]m{
		"version: is required":             {"version": nil},
		"name: is required":                {"name": nil},
		"chart: is required":               {"chart": nil},
		"namespace: is required":           {"namespace": nil},
		"repositoryOpts.repo: is required": {"repositoryOpts": m{}},
		`unknown field "skipCrds"`:         {"skipCrds": true},
		"cannot unmarshal":                 {"timeout": "10m"},
	} {
		_, err := c.Try(simkube.ReleaseType, "controller", release(changes))
		require.ErrorContains(t, err, want)
	}
}
