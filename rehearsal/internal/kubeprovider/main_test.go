//go:build unix

package kubeprovider_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// admin reaches the control plane that all tests share.
var admin *rest.Config

func TestMain(m *testing.M) {
	code, err := withControlPlane(context.Background(), m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// withControlPlane runs the tests on a control plane with one node.
func withControlPlane(ctx context.Context, run func() int) (code int, err error) {
	source, err := toolchain.Source(".")
	if err != nil {
		return 0, err
	}
	chain, err := toolchain.New(source, os.Stderr)
	if err != nil {
		return 0, err
	}
	tools, err := chain.Ensure(ctx)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "kubeprovider")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	server, err := controlplane.Start(ctx, controlplane.Options{Dir: dir, Binary: tools.ControlPlane, KWOK: tools.KWOK})
	if err != nil {
		return 0, err
	}
	defer func() { _ = server.Close() }()
	admin = server.Config()
	if err := prepare(ctx); err != nil {
		return 0, err
	}
	return run(), nil
}
