// Check validates the configuration of every stack of a project, and its service catalogue, without an engine, an
// account or any SDK to compile:
//
//	go run ./internal/cmd/check [-root DIR]
//
// It prints everything that is wrong, with the file and the path, and ends with status 1 if anything is. For a stack
// without problems it says what was found, and which secrets are still to be set.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/internal/rules"
)

// The command's exit statuses.
const (
	fine    = 0
	refused = 1
	misused = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr, time.Now()))
}

// run checks what args name and returns the exit status.
func run(args []string, out, errOut io.Writer, now time.Time) int {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(errOut)
	root := flags.String("root", ".", "the project's folder")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		fmt.Fprintln(errOut, "usage: check [-root DIR]")
		return misused
	}
	stacks, err := config.Stacks(*root)
	if err == nil && len(stacks) == 0 {
		err = errors.New("there is no stack: no file Pulumi.<stack>.yaml in " + *root)
	}
	if err != nil {
		fmt.Fprintln(errOut, err)
		return refused
	}
	status := fine
	for _, stack := range stacks {
		cfg, err := stack.FromFiles(now)
		if err == nil {
			err = together(cfg)
		}
		if err != nil {
			status = refused
			fmt.Fprintf(out, "%s: refused\n%s\n", stack.Stack, indent(err.Error()))
			continue
		}
		fmt.Fprint(out, summary(stack.Stack, cfg, now))
	}
	return status
}

// together judges the parts of a platform that are right by themselves.
func together(cfg *config.Config) error {
	if err := rules.Check(&cfg.Platform).ToAggregate(); err != nil {
		return errors.Join(err.Errors()...)
	}
	return nil
}

// summary is a line of what was found, and a line for each thing to do or to know.
func summary(stack string, cfg *config.Config, now time.Time) string {
	p := &cfg.Platform
	zones := max(p.Network.Zones.Count, len(p.Network.Zones.Names))
	nodes := strings.Join(slices.Sorted(maps.Keys(p.Nodes)), ", ")
	lines := []string{fmt.Sprintf("%d services on nodes %s, %d zones of %s, Kubernetes %s",
		len(p.Services), nodes, zones, cfg.Region, p.Cluster.Version)}
	if warning := p.Cluster.VersionWarning(now); warning != "" {
		lines = append(lines, "warning: "+warning)
	}
	for _, note := range cfg.Notes {
		lines = append(lines, "note: "+note)
	}
	for _, secret := range cfg.Secrets {
		if !secret.InFile {
			lines = append(lines, "to set before pulumi up: "+secret.Command)
		}
	}
	return stack + ": ok: " + strings.TrimPrefix(indent(strings.Join(lines, "\n")), "  ") + "\n"
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ")
}
