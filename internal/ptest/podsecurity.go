package ptest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// AssertRestricted requires of the pod at a path, such as spec.template.spec, what the restricted Pod Security Standard
// wants of users, rights and the host (Kubernetes, Pod Security Standards): a namespace that enforces it refuses other
// pods. It knows no init containers, and so refuses them.
func (r Resource) AssertRestricted(tb testing.TB, podSpec string) {
	tb.Helper()
	assert.Equal(tb, true, r.Value(tb, podSpec+".securityContext.runAsNonRoot"))
	assert.Equal(tb, "RuntimeDefault", r.Value(tb, podSpec+".securityContext.seccompProfile.type"))
	for _, host := range []string{"hostNetwork", "hostPID", "hostIPC", "initContainers"} {
		assert.Nil(tb, r.Value(tb, podSpec+"."+host), host)
	}
	containers, _ := r.Value(tb, podSpec+".containers").([]any)
	require.NotEmpty(tb, containers)
	for i := range containers {
		container := fmt.Sprintf("%s.containers[%d]", podSpec, i)
		assert.Equal(tb, false, r.Value(tb, container+".securityContext.allowPrivilegeEscalation"), container)
		assert.Equal(tb, []any{"ALL"}, r.Value(tb, container+".securityContext.capabilities.drop"), container)
		if added := r.Value(tb, container+".securityContext.capabilities.add"); added != nil {
			assert.Equal(tb, []any{"NET_BIND_SERVICE"}, added, "the only capability that the standard lets a pod have")
		}
		ports, _ := r.Value(tb, container+".ports").([]any)
		for _, port := range ports {
			assert.NotContains(tb, port, "hostPort", container)
		}
	}
}
