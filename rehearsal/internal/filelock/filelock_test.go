//go:build unix

package filelock_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/filelock"
)

func TestTry_secondHolderIsRefusedUntilTheFirstLetsGo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")

	first, err := filelock.Try(path)
	require.NoError(t, err)
	_, err = filelock.Try(path)
	require.ErrorIs(t, err, filelock.ErrHeld)

	require.NoError(t, first.Release())
	again, err := filelock.Wait(path)
	require.NoError(t, err)
	assert.NoError(t, again.Release())
}
