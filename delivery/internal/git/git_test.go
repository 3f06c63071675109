package git_test

import (
	"context"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/git"
)

func TestCheckout_quotesGit(t *testing.T) {
	t.Parallel()
	_, err := git.Checkout{Dir: t.TempDir()}.Commit(t.Context(), "HEAD")
	require.ErrorContains(t, err, "git rev-parse: exit status 128: fatal: not a git repository")
	_, err = git.Checkout{Dir: "/nowhere"}.Tags(t.Context())
	assert.ErrorContains(t, err, "git tag: exit status 128: fatal: cannot change to '/nowhere'")
}

func TestCheckout_endsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := git.Checkout{Dir: "."}.Tags(ctx)
	assert.ErrorIs(t, err, context.Canceled)
}

// What a user names is never taken for an option of git's.
func TestCheckout_namesAreNoOptions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, exec.Command("git", "init", "--quiet", dir).Run())
	checkout := git.Checkout{Dir: dir}
	_, err := checkout.Commit(t.Context(), "--help")
	require.ErrorContains(t, err, "fatal: Needed a single revision")
	require.ErrorContains(t, checkout.PushTag(t.Context(), "--mirror", "v1"), "failed to push some refs to '--mirror'")
	assert.ErrorContains(t, checkout.Tag(t.Context(), "-f", "HEAD"), "Failed to resolve 'HEAD'")
}
