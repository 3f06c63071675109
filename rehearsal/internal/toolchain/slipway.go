package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// BuildSlipway compiles the slipway command and returns where it is. It always asks the compiler, whose own cache makes
// that quick when nothing changed.
func (t *Toolchain) BuildSlipway(ctx context.Context) (string, error) {
	// One folder a checkout: two checkouts do not overwrite each other's command.
	sum := sha256.Sum256([]byte(t.source))
	binary := filepath.Join(t.cache, "slipway-"+hex.EncodeToString(sum[:])[:16], "slipway")
	title := "compiling slipway"
	if _, err := os.Stat(binary); err != nil {
		title += " (first time: several minutes; the AWS and Kubernetes SDKs are large)"
	}
	err := t.progress.step(ctx, "slipway", title, func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, "./cmd/slipway")
		cmd.Dir = t.source
		return run(cmd)
	})
	return binary, err
}

// Source finds the rehearsal module at or above dir, or in a folder "rehearsal" there.
func Source(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the rehearsal module: %w", err)
	}
	for {
		for _, candidate := range []string{dir, filepath.Join(dir, "rehearsal")} {
			if _, err := os.Stat(filepath.Join(candidate, pulumiFolder, "go.mod")); err == nil {
				return candidate, nil
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("finding the rehearsal module: not inside a checkout of slipway")
		}
		dir = parent
	}
}
