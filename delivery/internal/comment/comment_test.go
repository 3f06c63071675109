package comment_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/comment"
	"github.com/slipway-eks/slipway/delivery/internal/preview"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Each testdata/*.json is what `pulumi preview --json` printed, without most of the states; its comment stands beside it.
func TestRender_golden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			digest, err := preview.Read(file)
			require.NoError(t, err)
			got := comment.Render(digest, comment.Options{Stack: "dev", Limit: comment.Limit})
			golden := strings.TrimSuffix(file, ".json") + ".golden.md"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

func TestRender_namesPropertiesAndNoValue(t *testing.T) {
	t.Parallel()
	digest, err := preview.Parse([]byte(`{"steps": [{
		"op": "update", "urn": "urn:pulumi:dev::p::kubernetes:core/v1:Secret::token",
		"oldState": {"custom": true, "inputs": {"stringData": {"TOKEN": "hunter1"}}},
		"newState": {"custom": true, "inputs": {"stringData": {"TOKEN": "hunter2"}}},
		"detailedDiff": {"stringData.TOKEN": {"kind": "update"}}}]}`))
	require.NoError(t, err)
	got := comment.Render(digest, comment.Options{Stack: "dev"})
	assert.Contains(t, got, "- `kubernetes:core/v1:Secret` `token`: changes `stringData.TOKEN`\n")
	assert.NotContains(t, got, "hunter")
}

func TestRender_whatIsReplacedStandsBeforeWhatIsDeletedCreatedAndUpdated(t *testing.T) {
	t.Parallel()
	digest := steps("update", "create", "delete", "replace")
	got := comment.Render(digest, comment.Options{Stack: "dev"})
	last := 0
	for _, title := range []string{"**Replaced: 1**", "**Deleted: 1**", "**Created: 1**", "**Updated: 1**"} {
		at := strings.Index(got, title)
		require.Positive(t, at, title)
		assert.Greater(t, at, last, title)
		last = at
	}
}

func TestRender_textOfThePullRequestStaysText(t *testing.T) {
	t.Parallel()
	digest := &preview.Digest{
		Steps: []preview.Step{{Op: "create", URN: "urn:pulumi:dev::p::t::`@everyone\n### hi"}},
		Diagnostics: []preview.Diagnostic{
			{Severity: "error", Message: "error: ```\n@everyone"},
		},
	}
	got := comment.Render(digest, comment.Options{Stack: "dev"})
	assert.Contains(t, got, "`` `@everyone ### hi ``")
	assert.Contains(t, got, "````text\n```\n@everyone\n````\n")
}

func TestRender_fitsTheLimit(t *testing.T) {
	t.Parallel()
	for name, digest := range map[string]*preview.Digest{
		"many resources": steps(strings.Split(strings.Repeat("create ", 3000)+"update", " ")...),
		"many errors":    failed(100, 900),
		"one long error": failed(1, 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := comment.Options{Stack: "dev", Limit: comment.Limit, Whole: "[the artifact](https://example.com/run)"}
			got := comment.Render(digest, o)
			assert.LessOrEqual(t, len(got), comment.Limit)
			assert.True(t, strings.HasPrefix(got, comment.Marker("dev")+"\n"))
			assert.Equal(t, strings.Count(got, "<details>"), strings.Count(got, "</details>"))
			assert.Zero(t, strings.Count(got, "```")%2, "every fence is closed")
			if name != "one long error" {
				assert.Greater(t, len(got), comment.Limit*9/10, "no more is cut than must be")
				assert.Contains(t, got, "more are in [the artifact](https://example.com/run)._")
			}
			o.Limit = 0
			assert.Greater(t, len(comment.Render(digest, o)), comment.Limit)
		})
	}
}

func TestRender_nothingToDo(t *testing.T) {
	t.Parallel()
	digest := &preview.Digest{Summary: map[string]int{"same": 120}}
	assert.Equal(t, "<!-- slipway-preview: dev -->\n### Preview of stack `dev`\n\nNo changes. 120 unchanged.\n",
		comment.Render(digest, comment.Options{Stack: "dev"}))
}

func steps(ops ...string) *preview.Digest {
	digest := &preview.Digest{}
	for i, op := range ops {
		urn := fmt.Sprintf("urn:pulumi:dev::slipway::kubernetes:core/v1:ConfigMap::settings-%04d", i)
		digest.Steps = append(digest.Steps, preview.Step{Op: op, URN: urn})
	}
	return digest
}

func failed(n, length int) *preview.Digest {
	digest := &preview.Digest{}
	for range n {
		digest.Diagnostics = append(digest.Diagnostics,
			preview.Diagnostic{Severity: "error", Message: strings.Repeat("a line of it\n", length/13)})
	}
	return digest
}
