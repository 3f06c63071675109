package hub

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-github/v80/github"
)

// PullRequest is where a commit came from.
type PullRequest struct {
	// Number is zero where a commit was pushed without a pull request; then Title is the first line of its message, and
	// the commit's author is both author and merger.
	Number int    `json:"number"`
	Title  string `json:"title"`
	// URL is the page of the pull request or the commit.
	URL    string `json:"url"`
	Author string `json:"author"`
	// MergedBy is a login, and MergedByURL the page of its profile.
	MergedBy    string `json:"mergedBy"`
	MergedByURL string `json:"mergedByUrl"`
}

// PullRequestOf returns the merged pull request that brought a commit.
func (r *Repository) PullRequestOf(ctx context.Context, commit string) (PullRequest, error) {
	number, err := r.mergedWith(ctx, commit)
	if errors.Is(err, errNoPullRequest) {
		return r.pushed(ctx, commit)
	}
	if err != nil {
		return PullRequest{}, fmt.Errorf("looking for the pull request of commit %s: %w", commit, err)
	}
	// Only the page of one pull request says who merged it; the list does not.
	full, _, err := r.client.PullRequests.Get(ctx, r.owner, r.name, number)
	if err != nil {
		return PullRequest{}, fmt.Errorf("reading pull request %d: %w", number, err)
	}
	return PullRequest{
		Number: full.GetNumber(), Title: full.GetTitle(), URL: full.GetHTMLURL(), Author: full.GetUser().GetLogin(),
		MergedBy: full.GetMergedBy().GetLogin(), MergedByURL: full.GetMergedBy().GetHTMLURL(),
	}, nil
}

// mergedWith returns the number of the pull request whose merge made the commit, or else of one that was merged with it.
func (r *Repository) mergedWith(ctx context.Context, commit string) (int, error) {
	list, _, err := r.client.PullRequests.ListPullRequestsWithCommit(ctx, r.owner, r.name, commit,
		&github.ListOptions{PerPage: aPage})
	if err != nil {
		return 0, err
	}
	found := 0
	for _, one := range list {
		switch {
		case one.MergedAt == nil:
		case one.GetMergeCommitSHA() == commit:
			return one.GetNumber(), nil
		case found == 0:
			found = one.GetNumber()
		}
	}
	if found == 0 {
		return 0, errNoPullRequest
	}
	return found, nil
}

// pushed describes a commit that came without a pull request.
func (r *Repository) pushed(ctx context.Context, commit string) (PullRequest, error) {
	found, _, err := r.client.Repositories.GetCommit(ctx, r.owner, r.name, commit, nil)
	if err != nil {
		return PullRequest{}, fmt.Errorf("reading commit %s: %w", commit, err)
	}
	title, _, _ := strings.Cut(found.GetCommit().GetMessage(), "\n")
	return PullRequest{
		Title: title, URL: found.GetHTMLURL(), Author: found.GetAuthor().GetLogin(),
		MergedBy: found.GetAuthor().GetLogin(), MergedByURL: found.GetAuthor().GetHTMLURL(),
	}, nil
}
