//go:build unix

package rehearsal_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/slipway-eks/slipway/stacks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
)

func TestRehearse_everyPromiseHolds(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			project := copyProject(t)
			report, err := rehearse.Run(t.Context(), rehearse.Options{
				Root: project, Stack: stack, Program: stacks.DeployFrom(project), Tools: tools, Progress: io.Discard,
			})
			require.NoError(t, err)
			assert.Empty(t, report.Failures)
			assert.True(t, report.Passed)
			assert.NotZero(t, report.AWSResources)
			assert.NotZero(t, report.KubernetesObjects)
			assert.NotEmpty(t, report.Outputs)

			left, err := os.ReadDir(filepath.Join(project, rehearse.Folder))
			require.NoError(t, err)
			require.Len(t, left, 1, "only the lock stays")
		})
	}
}

func TestRehearse_namesWhatBreaksAPromise(t *testing.T) {
	t.Parallel()
	project := copyProject(t)
	runs := 0
	var progress bytes.Buffer
	report, err := rehearse.Run(t.Context(), rehearse.Options{
		Root: project, Stack: "dev", Tools: tools, Progress: &progress,
		Program: func(ctx *pulumi.Context) error {
			runs++
			ctx.Export("runs", pulumi.Int(runs))
			return describe(ctx, pulumi.Sprintf("run %d", runs))
		},
	})
	require.NoError(t, err)
	assert.False(t, report.Passed)
	assert.Equal(t, []string{
		`a second update is not empty: update aws:iam/role:Role "role" (tags.text)`,
		`a second update changed the output runs`,
	}, report.Failures)
}

func TestRehearse_aKeptStackIsUpdatedAndDestroyed(t *testing.T) {
	t.Parallel()
	project := copyProject(t)
	text := "first"
	options := rehearse.Options{
		Root: project, Stack: "dev", Keep: true, Tools: tools, Progress: io.Discard,
		Program: func(ctx *pulumi.Context) error { return describe(ctx, pulumi.String(text)) },
	}
	_, err := rehearse.Run(t.Context(), options)
	require.NoError(t, err)
	text = "second"
	report, err := rehearse.Run(t.Context(), options)
	require.NoError(t, err)
	require.True(t, report.Passed, "%v", report.Failures)
	assert.Equal(t, "preview", report.Steps[0].Name)
	assert.Equal(t, []string{`update aws:iam/role:Role "role" (tags.text)`}, report.Steps[0].Changes)

	report, err = rehearse.Destroy(t.Context(), options, false)
	require.NoError(t, err)
	assert.True(t, report.Passed, "%v", report.Failures)
	assert.NoDirExists(t, filepath.Join(project, rehearse.Folder, "dev"))
	_, err = rehearse.Destroy(t.Context(), options, false)
	assert.ErrorContains(t, err, "no rehearsal of dev is kept")
}

func TestRehearse_namesASecretThatTheProgramLeaks(t *testing.T) {
	t.Parallel()
	report, err := rehearse.Run(t.Context(), rehearse.Options{
		Root: copyProject(t), Stack: "dev", Tools: tools, Progress: io.Discard,
		Program: func(ctx *pulumi.Context) error {
			return describe(ctx, pulumi.String(config.New(ctx, "slipway").Require("tokenSecret")))
		},
	})
	require.NoError(t, err)
	assert.False(t, report.Passed)
	failures := strings.Join(report.Failures, "\n")
	assert.Contains(t, failures, "the secret slipway:tokenSecret is in the calls of preview, plain")
	assert.Contains(t, failures, filepath.Join("dev.fresh", "account.json")+", plain")
	assert.NotContains(t, failures, "chatDatabasePassword", "other secrets are where they belong")
}
