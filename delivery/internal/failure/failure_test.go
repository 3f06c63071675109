package failure_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/failure"
	"github.com/slipway-eks/slipway/delivery/internal/preview"
)

const deployment = "urn:pulumi:prod::slipway::slipway:microservice:Service$kubernetes:apps/v1:Deployment::chat"

// The messages are those of Pulumi's Kubernetes provider 4.33, and of the rehearsal's own.
func TestExplain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		said  preview.Diagnostic
		title string
		says  []string
	}{
		"the endpoint does not answer": {
			preview.Diagnostic{Severity: "error", Message: "error: configured Kubernetes cluster is unreachable: unable to load " +
				`schema information from the API server: Get "https://0A1B.gr7.ap-northeast-2.eks.amazonaws.com/openapi/v2?timeout=32s": ` +
				"dial tcp 203.0.113.9:443: i/o timeout"},
			"The cluster was not reached from here.",
			[]string{"203.0.113.9:443: i/o timeout", "publicAccessCidrs", "docs/ci.md"},
		},
		"a warning of it is enough": {
			preview.Diagnostic{Severity: "warning", Message: "configured Kubernetes cluster is unreachable: dial tcp: refused"},
			"The cluster was not reached from here.", nil,
		},
		"the discovery client": {
			preview.Diagnostic{Severity: "error", Message: "failed to initialize discovery client: EOF"},
			"The cluster was not reached from here.", nil,
		},
		"an address of EKS that refuses": {
			preview.Diagnostic{Severity: "error", Message: `Get "https://0A1B.yl4.eu-west-1.eks.amazonaws.com/api": ` +
				"dial tcp 203.0.113.9:443: connect: connection refused"},
			"The cluster was not reached from here.", nil,
		},
		"the name is unknown": {
			preview.Diagnostic{Severity: "error", Message: "configured Kubernetes cluster is unreachable: Get " +
				`"https://0A1B.gr7.eu-west-1.eks.amazonaws.com/version": dial tcp: lookup 0A1B.gr7: no such host`},
			"The cluster's address was not found.",
			[]string{"private"},
		},
		"the server does not know the role": {
			preview.Diagnostic{Severity: "error", Message: "configured Kubernetes cluster is unreachable: unable to load schema " +
				"information from the API server: the server has asked for the client to provide credentials"},
			"The cluster refused the credentials.",
			[]string{"deployRoleArn"},
		},
		"an update that did not become ready": {
			preview.Diagnostic{Severity: "error", URN: deployment, Message: "error: 4 errors occurred:\n" +
				"\t* the Kubernetes API server reported that \"shop/chat\" failed to fully initialize or become live: " +
				"'chat' timed out waiting to be Ready\n" +
				"\t* [ProgressDeadlineExceeded] ReplicaSet \"chat-5f9\" has timed out progressing.\n" +
				"\t* Minimum number of Pods to consider the application live was not attained\n" +
				"\t* [Pod shop/chat-5f9-x7k2p]: containers with unready status: [chat]\n"},
			"The roll-out of Deployment shop/chat did not finish.",
			[]string{
				"Pod shop/chat-5f9-x7k2p: containers with unready status: [chat]",
				"The old pods go on serving", "kubectl -n shop describe pod chat-5f9-x7k2p", "deliver rollback",
			},
		},
		"a pod of the default namespace": {
			preview.Diagnostic{Severity: "error", URN: deployment, Message: "the Kubernetes API server reported that " +
				"\"default/chat\" failed to fully initialize or become live: timed out\n[Pod chat-1-2]: containers with unready status: [chat]"},
			"The roll-out of Deployment default/chat did not finish.",
			[]string{"Pod default/chat-1-2"},
		},
		"a new service that did not become ready": {
			preview.Diagnostic{Severity: "error", URN: deployment, Message: "resource shop/chat was successfully created, but the " +
				"Kubernetes API server reported that it failed to fully initialize or become live: 'chat' timed out waiting to be Ready"},
			"The roll-out of Deployment shop/chat did not finish.",
			[]string{"nothing served in its place"},
		},
		"a roll-out in a rehearsal": {
			preview.Diagnostic{Severity: "error", URN: deployment, Message: "error: 1 error occurred:\n\t* Deployment shop/chat: it failed: " +
				"Progress deadline exceeded; condition Progressing=False (ProgressDeadlineExceeded): too long; " +
				"pod chat-5f9-x7k2p (Running): container chat runs and is not ready: it has not passed its readiness probe " +
				"(GET /up on port 8080), event Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503"},
			"The roll-out of Deployment shop/chat did not finish.",
			[]string{
				"Pod shop/chat-5f9-x7k2p: container chat runs and is not ready: it has not passed its readiness probe (GET /up on port 8080)",
				"Readiness probe failed: HTTP probe failed with statuscode: 503", "The old pods go on serving",
			},
		},
		"a refused configuration": {
			preview.Diagnostic{Severity: "error", Message: "error: program failed: reading the configuration of stack \"dev\":\n" +
				"Pulumi.dev.yaml: network.cidr: Invalid value: \"10.0.0.0/8\": too large\n" +
				"services.yaml: services.chat.port: Required value: where it listens\n"},
			"The configuration was refused. Nothing was changed.",
			[]string{"Pulumi.dev.yaml: network.cidr: Invalid value", "services.yaml: services.chat.port", "make check"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := failure.Explain([]preview.Diagnostic{{Severity: "error", Message: "update failed"}, tt.said})
			require.Len(t, got, 1)
			assert.Equal(t, tt.title, got[0].Title)
			for _, want := range tt.says {
				assert.Contains(t, strings.Join(got[0].Details, "\n"), want)
			}
		})
	}
}

func TestExplain_saysNothingOfWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]preview.Diagnostic{
		"a quota":                         {Severity: "error", Message: "VpcLimitExceeded: The maximum number of VPCs has been reached."},
		"another server's timeout":        {Severity: "error", Message: "Post https://sts.amazonaws.com: dial tcp: i/o timeout"},
		"a Service":                       {Severity: "error", URN: strings.Replace(deployment, "apps/v1:Deployment", "core/v1:Service", 1), Message: "failed to fully initialize or become live"},
		"what a roll-out says on its way": {Severity: "info", URN: deployment, Message: "Minimum number of live Pods was not attained"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, failure.Explain([]preview.Diagnostic{said}))
		})
	}
}

func TestExplain_knowsWhetherAProbeIsNamed(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]bool{
		"containers with unready status: [chat]":                       false,
		"it has not passed its startup probe (TCP on port 80)":         true,
		"event Unhealthy: Liveness probe failed: connection refused":   true,
		"the image has no probe, which failed to be pulled: not found": false,
	} {
		got := failure.Explain([]preview.Diagnostic{{Severity: "error", URN: deployment, Message: "\"shop/chat\" failed to " +
			"fully initialize or become live\n[Pod shop/chat-1]: " + said}})
		require.Len(t, got, 1)
		assert.Equal(t, want, got[0].ProbeKnown, said)
	}
}

func TestExplain_namesEachPodOnce(t *testing.T) {
	t.Parallel()
	got := failure.Explain([]preview.Diagnostic{{Severity: "error", URN: deployment, Message: "\"shop/chat\" failed to fully " +
		"initialize or become live\n[Pod shop/chat-1]: a\n[Pod shop/chat-2]: b\n[Pod shop/chat-1]: c"}})
	require.Len(t, got, 1)
	assert.Equal(t, []failure.Pod{{Namespace: "shop", Name: "chat-1"}, {Namespace: "shop", Name: "chat-2"}}, got[0].Pods)
}
