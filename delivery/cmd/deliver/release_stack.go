package main

import (
	"errors"
	"fmt"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/spec"
	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/delivery/internal/git"
	"github.com/slipway-eks/slipway/delivery/internal/release"
	"github.com/slipway-eks/slipway/delivery/internal/version"
)

func (r reporter) setCommand() *cobra.Command {
	o := &changeOptions{}
	var stack, text, list string
	cmd := &cobra.Command{
		Use:   "set --stack STACK --version VERSION --services A,B",
		Short: "release a version of some services on a stack",
		Long: `Writes the version of just these services into the stack's file, and leaves the rest of it as it is. A service with
the release's own version needs no entry and gets none. When all services have the version, it becomes the release's
own.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := version.Parse(text)
			if err != nil {
				return err
			}
			services, err := names(list)
			if err != nil {
				return err
			}
			s, err := openStack(cmd, stack)
			if err != nil {
				return err
			}
			to, err := s.With(v.String(), services)
			if err != nil {
				return err
			}
			return o.write(cmd, r, s, to)
		},
	}
	cmd.Flags().StringVar(&stack, "stack", "", "the stack")
	cmd.Flags().StringVar(&text, "version", "", "the version")
	cmd.Flags().StringVar(&list, "services", "", "the services: a,b or the JSON that deliver changed prints")
	o.flags(cmd)
	return mustHave(cmd, "stack", "version", "services")
}

// write writes a release and prints what changes by it.
func (o *changeOptions) write(cmd *cobra.Command, r reporter, stack *release.Stack, to spec.Release) error {
	changes := stack.Changes(to)
	if err := stack.Write(to); err != nil {
		return err
	}
	return o.print(cmd, r, changes)
}

func (r reporter) promoteCommand() *cobra.Command {
	o, registry := &changeOptions{}, &registryOptions{reporter: r}
	var from, to string
	var keep bool
	cmd := &cobra.Command{
		Use:   "promote --from STACK --to STACK",
		Short: "release on a stack what another one releases",
		Long: `Writes the release of one stack into the file of another one. With --keep the registry is told to keep its images, as
deliver keep does.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == to {
				return fmt.Errorf("--to: %s has its own release already", to)
			}
			source, err := openStack(cmd, from)
			if err != nil {
				return err
			}
			target, err := openStack(cmd, to)
			if err != nil {
				return err
			}
			if err := o.write(cmd, r, target, source.Release()); err != nil || !keep {
				return err
			}
			registry.stack = to
			return registry.keep(cmd)
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "have the registry keep the images too")
	registry.registryFlags(cmd)
	cmd.Flags().StringVar(&from, "from", "", "the stack whose release is taken")
	cmd.Flags().StringVar(&to, "to", "", "the stack that gets it")
	o.flags(cmd)
	return mustHave(cmd, "from", "to")
}

func (r reporter) rollbackCommand() *cobra.Command {
	o := &changeOptions{}
	var stack, revision string
	cmd := &cobra.Command{
		Use:   "rollback --stack STACK",
		Short: "release what a stack released before",
		Long: `Writes the release that the stack's file had before the one that is committed, and that ran other versions. Run
again before it is recorded, it changes nothing more. Run again after that, it goes back to where it came from: to
go further, name a commit.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, checkout, err := projectOf(cmd)
			if err != nil {
				return err
			}
			s, err := openStack(cmd, stack)
			if err != nil {
				return err
			}
			to, err := earlier(cmd, checkout, s, revision)
			if err != nil {
				return err
			}
			return o.write(cmd, r, s, to)
		},
	}
	cmd.Flags().StringVar(&stack, "stack", "", "the stack")
	cmd.Flags().StringVar(&revision, "to-commit", "", "a commit with the release to go back to, in place of the last other one")
	o.flags(cmd)
	return mustHave(cmd, "stack")
}

// earlier is the release of a revision, or without one that of the last other one.
func earlier(cmd *cobra.Command, checkout git.Checkout, stack *release.Stack, revision string) (spec.Release, error) {
	var commit string
	var err error
	if revision != "" {
		commit, err = checkout.Commit(cmd.Context(), revision)
	} else {
		commit, err = lastOther(cmd, checkout, stack)
	}
	if err != nil {
		return spec.Release{}, err
	}
	to, notes, err := releaseAt(cmd, checkout, stack, commit)
	if err != nil {
		return spec.Release{}, err
	}
	say(cmd, "%s gets the release of commit %s", stack.Name, commit)
	for _, note := range notes {
		say(cmd, "%s", note)
	}
	return to, nil
}

// releaseAt is what a commit released, for the services of today.
func releaseAt(
	cmd *cobra.Command, checkout git.Checkout, stack *release.Stack, commit string,
) (spec.Release, []string, error) {
	text, err := checkout.Show(cmd.Context(), commit, stack.File())
	if err != nil {
		return spec.Release{}, nil, err
	}
	then, err := release.Read(text)
	if err != nil {
		return spec.Release{}, nil, fmt.Errorf("%s of commit %s: %w", stack.File(), commit, err)
	}
	catalog, err := checkout.Show(cmd.Context(), commit, config.CatalogFile)
	if err != nil {
		return spec.Release{}, nil, err
	}
	had, err := release.Catalog(catalog)
	if err != nil {
		return spec.Release{}, nil, fmt.Errorf("%s of commit %s: %w", config.CatalogFile, commit, err)
	}
	to, notes := stack.Restored(then, had)
	return to, notes, nil
}

// lastOther is the newest commit whose release ran other versions than the last one's.
func lastOther(cmd *cobra.Command, checkout git.Checkout, stack *release.Stack) (string, error) {
	if err := checkout.Whole(cmd.Context()); err != nil {
		return "", err
	}
	now, _, err := releaseAt(cmd, checkout, stack, head)
	if err != nil {
		return "", err
	}
	commits, err := checkout.Log(cmd.Context(), stack.File())
	if err != nil {
		return "", err
	}
	for _, commit := range commits {
		then, _, err := releaseAt(cmd, checkout, stack, commit)
		if cmd.Context().Err() != nil {
			return "", cmd.Context().Err()
		}
		// A commit without a release, or without the file, is none to go back to.
		if err == nil && len(stack.Compare(now, then)) > 0 {
			return commit, nil
		}
	}
	return "", errors.New("the history of " + stack.File() + " has no other release to go back to")
}

func (r reporter) recordCommand() *cobra.Command {
	var stack, message, remote, branch, output string
	cmd := &cobra.Command{
		Use:   "record --stack STACK --message MESSAGE",
		Short: "commit a stack's file, and push it",
		Long: `Commits the stack's file and nothing else, pushes it if asked to, and prints the commit. When others pushed first,
the commit is put behind theirs. Releases of different services that were made side by side both stay; two versions
of one service are refused.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, checkout, err := projectOf(cmd)
			if err != nil {
				return err
			}
			s, err := openStack(cmd, stack)
			if err != nil {
				return err
			}
			if err := record(cmd, checkout, s.File(), message, remote, branch); err != nil {
				return err
			}
			commit, err := checkout.Commit(cmd.Context(), head)
			if err != nil {
				return err
			}
			return r.giveOut(cmd.OutOrStdout(), output, commit)
		},
	}
	cmd.Flags().StringVar(&stack, "stack", "", "the stack")
	cmd.Flags().StringVar(&message, "message", "", "message of the commit")
	cmd.Flags().StringVar(&remote, "push", "", "remote to push to, such as origin")
	cmd.Flags().StringVar(&branch, "branch", "main", "branch to push to")
	outputFlag(cmd, &output)
	return mustHave(cmd, "stack", "message")
}

func record(cmd *cobra.Command, checkout git.Checkout, file, message, remote, branch string) error {
	committed, err := checkout.Record(cmd.Context(), file, message)
	if err != nil {
		return err
	}
	if !committed {
		say(cmd, "nothing to record: %s is as it was committed", file)
	}
	if remote == "" {
		return nil
	}
	pushed, err := checkout.Push(cmd.Context(), remote, branch, file, release.Merge)
	if err == nil && !pushed {
		say(cmd, "nothing to push: %s has it", branch)
	}
	return err
}
