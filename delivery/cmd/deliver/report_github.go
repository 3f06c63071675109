package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/delivery/internal/comment"
	"github.com/slipway-eks/slipway/delivery/internal/hub"
	"github.com/slipway-eks/slipway/delivery/internal/preview"
)

// commentOptions are the flags of comment.
type commentOptions struct {
	preview, stack   string
	repo, author     string
	pullRequest      int
	out, full, whole string
}

func (r reporter) commentCommand() *cobra.Command {
	o := &commentOptions{}
	cmd := &cobra.Command{
		Use:   "comment --preview FILE --stack STACK",
		Short: "write a preview as Markdown, and as the one comment of its stack on a pull request",
		Long: `Reads what deliver preview wrote. Without --pr it prints Markdown. With --pr it writes a comment on the pull
request, in the place of the last run's. The token is read from GITHUB_TOKEN.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return r.comment(cmd, o) },
	}
	cmd.Flags().StringVar(&o.preview, "preview", "preview.json", "what deliver preview wrote")
	cmd.Flags().StringVar(&o.stack, "stack", "", "the stack")
	cmd.Flags().StringVar(&o.repo, "repo", "", "repository, owner/name")
	cmd.Flags().IntVar(&o.pullRequest, "pr", 0, "number of the pull request")
	cmd.Flags().StringVar(&o.author, "author", hub.ActionsBot, "login of whom the token belongs to, whose comment is edited")
	cmd.Flags().StringVar(&o.out, "out", "", "file to write the comment to")
	cmd.Flags().StringVar(&o.full, "full", "", "file to write all of it to, however long")
	cmd.Flags().StringVar(&o.whole, "whole-url", "", "page where the file of --full is found, for a comment that is cut")
	cmd.MarkFlagsRequiredTogether("repo", "pr")
	return mustHave(cmd, "stack")
}

func (r reporter) comment(cmd *cobra.Command, o *commentOptions) error {
	digest, err := preview.Read(o.preview)
	if err != nil {
		return err
	}
	options := comment.Options{Stack: o.stack}
	if o.full != "" {
		if err := os.WriteFile(o.full, []byte(comment.Render(digest, options)), 0o600); err != nil {
			return fmt.Errorf("writing the whole preview: %w", err)
		}
	}
	options.Limit = comment.Limit
	if o.whole != "" {
		options.Whole = "[the run's artifact](" + o.whole + ")"
	}
	text := comment.Render(digest, options)
	if o.out != "" {
		if err := os.WriteFile(o.out, []byte(text), 0o600); err != nil {
			return fmt.Errorf("writing the comment: %w", err)
		}
	}
	if o.pullRequest == 0 {
		if o.out == "" {
			fmt.Fprint(cmd.OutOrStdout(), text)
		}
		return nil
	}
	repository, err := r.repository(o.repo)
	if err != nil {
		return err
	}
	address, err := repository.PutComment(cmd.Context(), o.pullRequest, hub.Comment{
		Marker: comment.Marker(o.stack), Author: o.author, Body: text,
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), address)
	return nil
}

func (r reporter) pullRequestCommand() *cobra.Command {
	var repo, commit, output string
	cmd := &cobra.Command{
		Use:   "pull-request --repo OWNER/NAME --commit SHA",
		Short: "say which merged pull request brought a commit, as JSON",
		Long: `Prints number, title, url, author, mergedBy and mergedByUrl. A commit without a pull request has the number 0,
and its own first line and author. The token is read from GITHUB_TOKEN.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			repository, err := r.repository(repo)
			if err != nil {
				return err
			}
			found, err := repository.PullRequestOf(cmd.Context(), commit)
			if err != nil {
				return err
			}
			text, err := json.Marshal(found)
			if err != nil {
				return fmt.Errorf("writing the pull request: %w", err)
			}
			return r.giveOut(cmd.OutOrStdout(), output, string(text))
		},
	}
	cmd.Flags().StringVar(&repo, "repo", "", "repository, owner/name")
	cmd.Flags().StringVar(&commit, "commit", "", "full SHA of the commit")
	cmd.Flags().StringVar(&output, "github-output", "", "name of the job's output that gets the JSON too")
	return mustHave(cmd, "repo", "commit")
}
