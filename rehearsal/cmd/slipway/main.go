//go:build unix

// Command slipway rehearses a stack of this project without a cloud account. Start it through the launcher, which makes
// the tools that it needs:
//
//	go -C rehearsal run ./cmd/launch rehearse --stack dev
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	err := run()
	if err == nil {
		return
	}
	if !errors.Is(err, errBroken) {
		fmt.Fprintln(os.Stderr, "slipway:", err)
	}
	os.Exit(1)
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first interrupt stops the engine in order, which may take seconds; a second one ends us at once.
	context.AfterFunc(ctx, stop)
	return rootCommand().ExecuteContext(ctx)
}
