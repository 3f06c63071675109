package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/delivery/internal/build"
	"github.com/slipway-eks/slipway/delivery/internal/git"
	"github.com/slipway-eks/slipway/delivery/internal/release"
	"github.com/slipway-eks/slipway/delivery/internal/version"
)

func (r reporter) versionCommand() *cobra.Command {
	var title, commit, output string
	cmd := &cobra.Command{
		Use:   "version --title TITLE",
		Short: "print the version of a commit",
		Long: `Prints the version of a commit. One that has a release tag has that version: a job that is run again goes on with
it. Otherwise it is the version after the highest tag of the repository. [major], [minor] or [patch] in the title of
the pull request says which number is raised; without one it is the last.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, checkout, err := projectOf(cmd)
			if err != nil {
				return err
			}
			v, err := versionOf(cmd.Context(), checkout, commit, title)
			if err != nil {
				return err
			}
			return r.giveOut(cmd.OutOrStdout(), output, v.String())
		},
	}
	cmd.Flags().StringVar(&title, "title", "", "title of the pull request")
	cmd.Flags().StringVar(&commit, "commit", head, "the commit")
	outputFlag(cmd, &output)
	return mustHave(cmd, "title")
}

func versionOf(ctx context.Context, checkout git.Checkout, revision, title string) (version.Version, error) {
	level, err := version.LevelOf(title)
	if err != nil {
		return version.Version{}, err
	}
	if err := checkout.Whole(ctx); err != nil {
		return version.Version{}, err
	}
	commit, err := checkout.Commit(ctx, revision)
	if err != nil {
		return version.Version{}, err
	}
	here, err := checkout.TagsAt(ctx, commit)
	if err != nil {
		return version.Version{}, err
	}
	if v := version.Latest(here); v != (version.Version{}) {
		return v, nil
	}
	all, err := checkout.Tags(ctx)
	if err != nil {
		return version.Version{}, err
	}
	return version.Latest(all).Next(level, commit)
}

func (r reporter) tagCommand() *cobra.Command {
	var text, commit, remote string
	cmd := &cobra.Command{
		Use:   "tag --version VERSION",
		Short: "tag a commit as a release",
		Long: `Puts the tag vVERSION on the commit that the version was made of, and pushes it if asked to. A tag that is there
already is used; one that is on another commit is refused, here and at the remote.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := version.Parse(text)
			if err != nil {
				return err
			}
			_, checkout, err := projectOf(cmd)
			if err != nil {
				return err
			}
			if err := putTag(cmd, checkout, v, commit); err != nil || remote == "" {
				return err
			}
			return checkout.PushTag(cmd.Context(), remote, v.Tag())
		},
	}
	cmd.Flags().StringVar(&text, "version", "", "the version, as deliver version prints it")
	cmd.Flags().StringVar(&commit, "commit", head, "the commit")
	cmd.Flags().StringVar(&remote, "push", "", "remote to push the tag to, such as origin")
	return mustHave(cmd, "version")
}

func putTag(cmd *cobra.Command, checkout git.Checkout, v version.Version, revision string) error {
	ctx := cmd.Context()
	commit, err := checkout.Commit(ctx, revision)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(commit, v.Commit()) {
		return fmt.Errorf("version %s was made of another commit than %s, which is %s", v, revision, commit)
	}
	on, found, err := checkout.TagCommit(ctx, v.Tag())
	switch {
	case err != nil:
		return err
	case found && on != commit:
		return fmt.Errorf("tag %s is on another commit, %s", v.Tag(), on)
	case found:
		say(cmd, "tag %s is there already", v.Tag())
		return nil
	}
	return checkout.Tag(ctx, v.Tag(), commit)
}

func (r reporter) changedCommand() *cobra.Command {
	var stack, output string
	cmd := &cobra.Command{
		Use:   "changed --stack STACK",
		Short: "list the services whose image must be built anew",
		Long: `Prints a JSON list of the services whose image depends on something that changed since the version that the stack
runs. What that is says delivery.yaml. A service that is neither there nor in services/ is built elsewhere, and
never listed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := openStack(cmd, stack)
			if err != nil {
				return err
			}
			found, err := changed(cmd, s)
			if err != nil {
				return err
			}
			text, err := json.Marshal(found)
			if err != nil {
				return fmt.Errorf("writing the services: %w", err)
			}
			return r.giveOut(cmd.OutOrStdout(), output, string(text))
		},
	}
	cmd.Flags().StringVar(&stack, "stack", "", "the stack that tells which versions run")
	outputFlag(cmd, &output)
	return mustHave(cmd, "stack")
}

func changed(cmd *cobra.Command, stack *release.Stack) ([]string, error) {
	root, checkout, err := projectOf(cmd)
	if err != nil {
		return nil, err
	}
	if err := checkout.Whole(cmd.Context()); err != nil {
		return nil, err
	}
	contexts, err := build.Contexts(root, stack.Services())
	if err != nil {
		return nil, err
	}
	found := []string{}
	running := stack.Release()
	for _, service := range stack.Services() {
		is, err := serviceChanged(cmd, checkout, service, running.VersionOf(service), contexts[service])
		if err != nil {
			return nil, err
		}
		if is {
			found = append(found, service)
		}
	}
	return found, nil
}

func serviceChanged(
	cmd *cobra.Command, checkout git.Checkout, service, runs string, from build.Context,
) (bool, error) {
	ctx := cmd.Context()
	has, err := checkout.Has(ctx, head, from.Context)
	switch {
	case err != nil:
		return false, err
	case !has && from.Named:
		return false, fmt.Errorf("%s: services.%s.context: there is no %s in the last commit", build.File, service, from.Context)
	case !has:
		say(cmd, "%s is built elsewhere: there is no %s, and it is not in %s", service, from.Context, build.File)
		return false, nil
	}
	tag := version.TagOf(runs)
	_, found, err := checkout.TagCommit(ctx, tag)
	if err != nil {
		return false, err
	}
	if !found {
		say(cmd, "%s counts as changed: there is no tag %s to compare with", service, tag)
		return true, nil
	}
	return checkout.Differs(ctx, "refs/tags/"+tag, head, from.Paths())
}
