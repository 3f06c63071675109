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
	// ControlPlane is one executable that is etcd, kube-apiserver, kube-controller-manager or kube-scheduler, by its
	// first argument.
	ControlPlane string
	// KubernetesVersion is the control plane's version, with the leading v.
	KubernetesVersion string
	// KWOK is the executable that plays the kubelets.
	KWOK string
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
	all, err := t.wanted(ctx)
	if err != nil {
		return Set{}, err
	}
	for _, tool := range append(all.compiled(), all.eks.tool) {
		if !tool.present() {
			return Set{}, fmt.Errorf("%s is not there yet; make it with: %s", tool.name, Command)
		}
	}
	return all.set(), nil
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

	all, err := t.wanted(ctx)
	if err != nil {
		return Set{}, err
	}
	// npm waits for the network and the compiler for the processor, so the two do not slow each other down. Two
	// compilers would: each uses every processor by itself, and needs gigabytes.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	npm := make(chan error, 1)
	go func() { npm <- t.make(ctx, all.eks.tool) }()
	err = t.makeAll(ctx, all.compiled())
	if err != nil {
		cancel()
	}
	if err := errors.Join(err, ignoreCanceled(<-npm, err)); err != nil {
		return Set{}, err
	}
	return t.Find(ctx)
}

// tools is everything that a rehearsal needs.
type tools struct {
	pulumi     pulumiTool
	kubernetes kubernetesTool
	kwok       tool
	eks        eksTool
}

func (t *Toolchain) wanted(ctx context.Context) (tools, error) {
	var all tools
	var err error
	if all.pulumi, err = t.pulumi(ctx); err != nil {
		return tools{}, err
	}
	if all.kubernetes, err = t.kubernetes(); err != nil {
		return tools{}, err
	}
	if all.kwok, err = t.kwok(); err != nil {
		return tools{}, err
	}
	if all.eks, err = t.eks(ctx); err != nil {
		return tools{}, err
	}
	return all, nil
}

// compiled are the tools that the Go compiler makes.
func (a tools) compiled() []tool {
	return []tool{a.pulumi.tool, a.kubernetes.tool, a.kwok}
}

func (a tools) set() Set {
	return Set{
		Pulumi:            a.pulumi.path(),
		PulumiVersion:     a.pulumi.version,
		ControlPlane:      a.kubernetes.path(),
		KubernetesVersion: a.kubernetes.version,
		KWOK:              a.kwok.path(),
		Node:              a.eks.node,
		EKS:               a.eks.folder,
	}
}

// makeAll makes one tool after the other.
func (t *Toolchain) makeAll(ctx context.Context, all []tool) error {
	for _, wanted := range all {
		if err := t.make(ctx, wanted); err != nil {
			return err
		}
	}
	return nil
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
