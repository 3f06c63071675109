package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/slipway-eks/slipway/rehearsal/internal/filelock"
)

// CacheVariable names the environment variable that moves the cache.
const CacheVariable = "SLIPWAY_CACHE"

// Command is what makes the missing tools, for messages.
const Command = "go -C rehearsal run ./cmd/launch tools"

// Set says where the tools are.
type Set struct {
	// Pulumi is the Pulumi CLI.
	Pulumi string
	// PulumiVersion is its version, with the leading v.
	PulumiVersion string
	// Node is the node executable.
	Node string
	// EKS is the folder whose node_modules holds the pulumi-eks provider.
	EKS string
}

// Toolchain finds and makes tools.
type Toolchain struct {
	source   string
	cache    string
	progress *progress
}

// New returns the toolchain of the rehearsal module in source. It tells out what it does.
func New(source string, out io.Writer) (*Toolchain, error) {
	cache, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	return &Toolchain{source: source, cache: cache, progress: newProgress(out)}, nil
}

// Find returns the tools, or says which is missing and how to make it.
func (t *Toolchain) Find(ctx context.Context) (Set, error) {
	pulumi, err := t.pulumi(ctx)
	if err != nil {
		return Set{}, err
	}
	eks, err := t.eks(ctx)
	if err != nil {
		return Set{}, err
	}
	for _, tool := range []tool{pulumi.tool, eks.tool} {
		if !tool.present() {
			return Set{}, fmt.Errorf("%s is not there yet; make it with: %s", tool.name, Command)
		}
	}
	return Set{Pulumi: pulumi.path(), PulumiVersion: pulumi.version, Node: eks.node, EKS: eks.folder}, nil
}

// Ensure makes the tools that are missing and returns all of them.
func (t *Toolchain) Ensure(ctx context.Context) (Set, error) {
	if set, err := t.Find(ctx); err == nil {
		return set, nil
	}
	lock, err := t.lock()
	if err != nil {
		return Set{}, err
	}
	defer func() { _ = lock.Release() }()

	pulumi, err := t.pulumi(ctx)
	if err != nil {
		return Set{}, err
	}
	eks, err := t.eks(ctx)
	if err != nil {
		return Set{}, err
	}
	// npm waits for the network and the compiler for the processor, so the two do not slow each other down.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	npm := make(chan error, 1)
	go func() { npm <- t.make(ctx, eks.tool) }()
	err = t.make(ctx, pulumi.tool)
	if err != nil {
		cancel()
	}
	if err := errors.Join(err, ignoreCanceled(<-npm, err)); err != nil {
		return Set{}, err
	}
	return t.Find(ctx)
}

// ignoreCanceled drops the error of what was stopped because something else failed first.
func ignoreCanceled(err, first error) error {
	if first != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// lock makes others that want to fill the cache wait, instead of doing the same work beside us.
func (t *Toolchain) lock() (*filelock.Lock, error) {
	if err := os.MkdirAll(t.cache, 0o755); err != nil {
		return nil, fmt.Errorf("making cache: %w", err)
	}
	path := filepath.Join(t.cache, "lock")
	lock, err := filelock.Try(path)
	if errors.Is(err, filelock.ErrHeld) {
		t.progress.say("waiting for another slipway that fills %s", t.cache)
		lock, err = filelock.Wait(path)
	}
	if err != nil {
		return nil, err
	}
	return lock, t.sweep()
}

// sweep removes what an interrupted run left half done. Only the holder of the lock may call it.
func (t *Toolchain) sweep() error {
	stale, err := filepath.Glob(filepath.Join(t.cache, "*"+unfinished))
	if err != nil {
		return fmt.Errorf("listing cache: %w", err)
	}
	for _, folder := range stale {
		if err := os.RemoveAll(folder); err != nil {
			return fmt.Errorf("removing stale folder: %w", err)
		}
	}
	return nil
}

func cacheFolder() (string, error) {
	if cache := os.Getenv(CacheVariable); cache != "" {
		return filepath.Abs(cache)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a cache folder (set %s to choose one): %w", CacheVariable, err)
	}
	return filepath.Join(cache, "slipway"), nil
}
