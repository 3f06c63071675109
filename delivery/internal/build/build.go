package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/slipway-eks/slipway/delivery/internal/images"
)

// Builder builds and pushes images.
type Builder struct {
	// Root is the project's folder.
	Root string
	// Docker is the Docker CLI: a name on the PATH, or a path. It must be logged in to the registry.
	Docker string
	// Registry is asked for what is there already.
	Registry images.Registry
	// Err gets what Docker says.
	Err io.Writer
	// DryRun says what would be run, and neither asks the registry nor builds.
	DryRun bool
}

// Build builds and pushes an image that the registry does not have; built is false where it has it.
func (b Builder) Build(ctx context.Context, image images.Image, from Context) (built bool, err error) {
	folder := filepath.Join(b.Root, filepath.FromSlash(from.Context))
	if _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(from.Dockerfile))); errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("services.%s: there is no %s; say in %s what its image is built from",
			image.Service, path.Join(from.Context, from.Dockerfile), File)
	}
	if !b.DryRun {
		if has, err := b.Registry.Has(ctx, image); err != nil || has {
			return false, err
		}
	}
	dockerfile := filepath.Join(folder, filepath.FromSlash(from.Dockerfile))
	for _, args := range [][]string{
		{"build", "--tag", image.Ref, "--file", dockerfile, folder},
		{"push", image.Ref},
	} {
		if err := b.docker(ctx, args); err != nil {
			return false, fmt.Errorf("image of %s: %w", image.Service, err)
		}
	}
	return true, nil
}

func (b Builder) docker(ctx context.Context, args []string) error {
	fmt.Fprintln(b.Err, slices.Concat([]string{b.Docker}, args))
	if b.DryRun {
		return nil
	}
	cmd := exec.CommandContext(ctx, b.Docker, args...) //nolint:gosec // the CLI that the caller names
	cmd.Stdout, cmd.Stderr = b.Err, b.Err
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker %s: %w", args[0], err)
	}
	return nil
}
