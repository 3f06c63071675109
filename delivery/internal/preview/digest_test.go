package preview_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/preview"
)

func TestParse_refusesWhatIsNoPreview(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no JSON":    "error: no stack named 'dev' found",
		"other JSON": `{"resources": []}`,
		"a list":     `[]`,
		"nothing":    ``,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := preview.Parse([]byte(text))
			assert.ErrorContains(t, err, "it is not what `pulumi preview --json` prints")
		})
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	const (
		chat  = "urn:pulumi:dev::slipway::slipway:microservice:Service$kubernetes:apps/v1:Deployment::chat"
		queue = "urn:pulumi:dev::slipway::aws:sqs/queue:Queue::queue::with colons"
	)
	tests := map[string]struct {
		steps []preview.Step
		want  []preview.Change
	}{
		"replaced first, then deleted, created, updated": {
			[]preview.Step{
				{Op: "update", URN: "urn:pulumi:dev::p::t::a"},
				{Op: "create", URN: "urn:pulumi:dev::p::t::b"},
				{Op: "delete", URN: "urn:pulumi:dev::p::t::c"},
				{Op: "replace", URN: "urn:pulumi:dev::p::t::d"},
				{Op: "same", URN: "urn:pulumi:dev::p::t::e"},
			},
			[]preview.Change{
				{Kind: preview.Replace, Type: "t", Name: "d"},
				{Kind: preview.Delete, Type: "t", Name: "c"},
				{Kind: preview.Create, Type: "t", Name: "b"},
				{Kind: preview.Update, Type: "t", Name: "a"},
			},
		},
		"a component is its children": {
			[]preview.Step{
				{Op: "update", URN: chat, New: &preview.State{Custom: true}},
				{Op: "update", URN: "urn:pulumi:dev::p::slipway:microservice:Service::chat", Old: &preview.State{}, New: &preview.State{}},
				{Op: "delete", URN: "urn:pulumi:dev::p::slipway:microservice:Service::old", Old: &preview.State{}},
			},
			[]preview.Change{{Kind: preview.Update, Type: "kubernetes:apps/v1:Deployment", Name: "chat"}},
		},
		"the steps of one replacement are one change": {
			[]preview.Step{
				{Op: "create-replacement", URN: chat, ReplaceReasons: []string{"spec"}},
				{Op: "replace", URN: chat, ReplaceReasons: []string{"metadata", "spec"}},
				{Op: "delete-replaced", URN: chat},
			},
			[]preview.Change{{
				Kind: preview.Replace, Type: "kubernetes:apps/v1:Deployment", Name: "chat",
				Properties: []string{"metadata", "spec"},
			}},
		},
		"of a replacement only the properties that force it": {
			[]preview.Step{{Op: "replace", URN: queue, ReplaceReasons: []string{"fifo"}, DetailedDiff: map[string]preview.PropertyDiff{
				"fifoQueue": {Kind: "update-replace"}, "tags.team": {Kind: "update"},
			}}},
			[]preview.Change{{
				Kind: preview.Replace, Type: "aws:sqs/queue:Queue", Name: "queue::with colons", Properties: []string{"fifoQueue"},
			}},
		},
		"an update without details names its keys": {
			[]preview.Step{{Op: "update", URN: queue, DiffReasons: []string{"tags", "delay"}}},
			[]preview.Change{{
				Kind: preview.Update, Type: "aws:sqs/queue:Queue", Name: "queue::with colons", Properties: []string{"delay", "tags"},
			}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			digest := &preview.Digest{Steps: tt.steps}
			assert.Equal(t, tt.want, digest.Changes())
		})
	}
}

func TestErrors_withoutWarningsAndClosingWords(t *testing.T) {
	t.Parallel()
	digest, err := preview.Parse([]byte(`{"diagnostics": [
		{"message": "warning: old", "severity": "warning"},
		{"message": "error: no such zone\n", "severity": "error", "urn": "urn:pulumi:dev::p::t::a"},
		{"message": "error: an unhandled error occurred: exit status 32: \n\n", "severity": "error"},
		{"message": "error: preview failed", "severity": "error"}]}`))
	require.NoError(t, err)
	got := digest.Errors()
	require.Len(t, got, 1)
	assert.Equal(t, "no such zone", got[0].Text())
}
