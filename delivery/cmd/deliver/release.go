package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/delivery/internal/git"
	"github.com/slipway-eks/slipway/delivery/internal/release"
)

// head is the commit that is checked out.
const head = "HEAD"

// releaseCommands are those that find out, write down and keep what is released.
func releaseCommands() []*cobra.Command {
	return reporter{variable: environment}.releaseCommands()
}

// environment reads a variable; one that is not set is empty.
func environment(name string) string {
	value, _ := os.LookupEnv(name)
	return value
}

func (r reporter) releaseCommands() []*cobra.Command {
	return []*cobra.Command{
		r.versionCommand(), r.tagCommand(),
		r.changedCommand(), r.buildCommand(),
		r.setCommand(), r.promoteCommand(), r.rollbackCommand(), r.recordCommand(),
		r.keepCommand(), r.unkeepCommand(),
	}
}

// projectOf is the folder of the project, as the flag that every command has says.
func projectOf(cmd *cobra.Command) (root string, checkout git.Checkout, err error) {
	root, err = cmd.Flags().GetString("root")
	return root, git.Checkout{Dir: root}, err
}

// openStack opens the stack of a command's project, for commands that ask no registry.
func openStack(cmd *cobra.Command, name string) (*release.Stack, error) {
	root, _, err := projectOf(cmd)
	if err != nil {
		return nil, err
	}
	return release.Open(root, name, nil)
}

// say tells people what is going on.
func say(cmd *cobra.Command, format string, args ...any) {
	fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
}

// outputFlag is the flag of commands whose value other jobs need.
func outputFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "github-output", "", "name of the job's output that gets the value too")
}

// names reads a list of services: `a,b`, or JSON as deliver changed prints it.
func names(text string) ([]string, error) {
	var list []string
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("reading services %q: %w", text, err)
		}
	} else {
		for name := range strings.SplitSeq(text, ",") {
			if name = strings.TrimSpace(name); name != "" {
				list = append(list, name)
			}
		}
	}
	if slices.Contains(list, "") {
		return nil, errors.New("reading services: one has no name")
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// changeOptions are those of the commands that change what a stack releases.
type changeOptions struct {
	json   bool
	output string
}

func (o *changeOptions) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.json, "json", false, "print the changes as JSON")
	outputFlag(cmd, &o.output)
}

// print prints which services get which version, for people or machines.
func (o *changeOptions) print(cmd *cobra.Command, r reporter, changes []release.Change) error {
	if len(changes) == 0 {
		say(cmd, "nothing changes")
	}
	text, err := json.Marshal(changes)
	if err != nil {
		return fmt.Errorf("writing the changes: %w", err)
	}
	out := cmd.OutOrStdout()
	if !o.json {
		if err := table(out, changes); err != nil {
			return err
		}
		out = io.Discard
	}
	return r.giveOut(out, o.output, string(text))
}

func table(out io.Writer, changes []release.Change) error {
	if len(changes) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tOLD\tNEW")
	for _, c := range changes {
		fmt.Fprintf(w, "%s\t%s\t%s\n", c.Service, c.Old, c.New)
	}
	return w.Flush()
}
