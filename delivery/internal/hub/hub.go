// Package hub asks GitHub about pull requests and jobs, and keeps one comment of ours on a pull request.
//
//	repository, err := hub.Open(hub.Place{Repository: "shop/platform", Token: token})
//	url, err := repository.PutComment(ctx, 12, hub.Comment{Marker: marker, Author: hub.ActionsBot, Body: text})
package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v80/github"
)

// ActionsBot is who writes with the token of a GitHub Actions run.
const ActionsBot = "github-actions[bot]"

// aPage is how many items a list asks for at a time: the most that GitHub gives.
const aPage = 100

// timeout bounds one question.
const timeout = 30 * time.Second

// Place says which repository, and how it is reached.
type Place struct {
	// Repository is owner/name. Required.
	Repository string
	// Token is sent with each question. Without one only a public repository can be read.
	Token string
	// API is the address of the API. Default: GitHub's own; a GitHub Enterprise server has https://HOST/api/v3.
	API string
}

// Repository is a repository on GitHub.
type Repository struct {
	client      *github.Client
	owner, name string
}

// Open returns a repository. It asks nothing yet.
func Open(p Place) (*Repository, error) {
	owner, name, ok := strings.Cut(p.Repository, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("repository %q: want owner/name", p.Repository)
	}
	client := github.NewClient(&http.Client{Timeout: timeout})
	if p.Token != "" {
		client = client.WithAuthToken(p.Token)
	}
	if p.API != "" {
		base, err := url.Parse(strings.TrimSuffix(p.API, "/") + "/")
		if err != nil || base.Host == "" {
			return nil, fmt.Errorf("address of the API %q: want one such as https://api.github.com", p.API)
		}
		client.BaseURL = base
	}
	return &Repository{client: client, owner: owner, name: name}, nil
}

// Comment is what is written on a pull request.
type Comment struct {
	// Marker is the first line of Body, by which the comment is found again.
	Marker string
	// Author is the login of whoever writes it: a comment of somebody else's with the same first line is left alone.
	Author string
	Body   string
}

// PutComment writes a comment, in the place of the one with the same marker and author if there is one. It returns the
// comment's address.
func (r *Repository) PutComment(ctx context.Context, pullRequest int, c Comment) (string, error) {
	old, err := r.findComment(ctx, pullRequest, c)
	if err != nil {
		return "", fmt.Errorf("looking for the comment on pull request %d: %w", pullRequest, err)
	}
	var written *github.IssueComment
	if old == 0 {
		written, _, err = r.client.Issues.CreateComment(ctx, r.owner, r.name, pullRequest, &github.IssueComment{Body: &c.Body})
	} else {
		written, _, err = r.client.Issues.EditComment(ctx, r.owner, r.name, old, &github.IssueComment{Body: &c.Body})
	}
	if err != nil {
		return "", fmt.Errorf("writing the comment on pull request %d: %w", pullRequest, err)
	}
	return written.GetHTMLURL(), nil
}

// findComment returns the id of our comment, or zero.
func (r *Repository) findComment(ctx context.Context, pullRequest int, c Comment) (int64, error) {
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: aPage}}
	for {
		comments, response, err := r.client.Issues.ListComments(ctx, r.owner, r.name, pullRequest, options)
		if err != nil {
			return 0, err
		}
		for _, one := range comments {
			first, _, _ := strings.Cut(one.GetBody(), "\n")
			if strings.TrimSpace(first) == c.Marker && one.GetUser().GetLogin() == c.Author {
				return one.GetID(), nil
			}
		}
		if response.NextPage == 0 {
			return 0, nil
		}
		options.Page = response.NextPage
	}
}

// errNoPullRequest says that a commit came without one.
var errNoPullRequest = errors.New("no merged pull request has this commit")
