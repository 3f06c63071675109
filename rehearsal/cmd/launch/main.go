//go:build unix

// Command launch makes the tools of a rehearsal and hands over to the slipway command.
//
// It uses the standard library only and compiles in a second, so that a first run says what it does from the start:
//
//	go -C rehearsal run ./cmd/launch rehearse --stack dev
//	go -C rehearsal run ./cmd/launch tools     # only make the tools, as a CI job does before it saves its cache
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

func main() {
	binary, err := prepare()
	if err == nil && !toolsOnly() {
		// Replaced by slipway, we stand in nobody's way: its signals, streams and exit code are ours.
		err = syscall.Exec(binary, append([]string{"slipway"}, os.Args[1:]...), os.Environ())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "launch:", err)
		os.Exit(1)
	}
}

func toolsOnly() bool {
	return len(os.Args) == 2 && os.Args[1] == "tools"
}

// prepare makes all tools and returns the slipway command.
func prepare() (string, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	source, err := toolchain.Source(".")
	if err != nil {
		return "", err
	}
	tools, err := toolchain.New(source, os.Stderr)
	if err != nil {
		return "", err
	}
	if _, err := tools.Ensure(ctx); err != nil {
		return "", err
	}
	return tools.BuildSlipway(ctx)
}
