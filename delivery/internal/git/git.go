// Package git asks the git binary about a checkout, and commits and pushes with it. What git says when it fails is in the
// errors.
package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// patience bounds one command of git. Only fetching and pushing take longer than a moment.
const patience = 2 * time.Minute

// ErrShallow says that the checkout has only the newest commits.
var ErrShallow = errors.New("this is a shallow clone, which has neither all tags nor the history: " +
	"clone it whole (actions/checkout: `fetch-depth: 0`; otherwise `git fetch --unshallow --tags`)")

// Checkout is a folder in a git repository. Paths are relative to it.
type Checkout struct {
	// Dir is the folder; it need not be the repository's top.
	Dir string
}

// run runs git and returns what it prints, without the spaces around it.
func (c Checkout) run(ctx context.Context, args ...string) (string, error) {
	out, err := c.output(ctx, args...)
	return strings.TrimSpace(out), err
}

// output runs git and returns what it prints.
func (c Checkout) output(ctx context.Context, args ...string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	args = append([]string{"-C", c.Dir}, args...)
	cmd := exec.CommandContext(limited, "git", args...) //nolint:gosec // no shell reads the arguments
	// Nobody is there to type a password or to write a message, and what git says must be the same in all languages.
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true", "LC_ALL=C")
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case err == nil:
		return stdout.String(), nil
	case ctx.Err() == nil && limited.Err() != nil:
		return "", fmt.Errorf("git %s: no answer in %s", args[2], patience)
	}
	return "", fmt.Errorf("git %s: %w: %s", args[2], err, strings.TrimSpace(stderr.String()))
}

// exits runs git for its exit status, which must be 0 (true) or 1 (false).
func (c Checkout) exits(ctx context.Context, args ...string) (bool, error) {
	_, err := c.run(ctx, args...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return false, nil
	}
	return err == nil, err
}

// Whole refuses a shallow clone with ErrShallow.
func (c Checkout) Whole(ctx context.Context) error {
	shallow, err := c.run(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil {
		return err
	}
	if shallow == "true" {
		return ErrShallow
	}
	return nil
}

// Commit returns the hash of the commit that a revision names.
func (c Checkout) Commit(ctx context.Context, revision string) (string, error) {
	return c.run(ctx, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
}

// Tags returns all tags.
func (c Checkout) Tags(ctx context.Context) ([]string, error) {
	out, err := c.run(ctx, "tag", "--list")
	return strings.Fields(out), err
}

// TagsAt returns the tags on a commit.
func (c Checkout) TagsAt(ctx context.Context, commit string) ([]string, error) {
	out, err := c.run(ctx, "tag", "--list", "--points-at", commit)
	return strings.Fields(out), err
}

// TagCommit returns the commit that a tag is on; found is false where there is no such tag.
func (c Checkout) TagCommit(ctx context.Context, tag string) (commit string, found bool, err error) {
	ref := "refs/tags/" + tag
	found, err = c.exits(ctx, "show-ref", "--verify", "--quiet", ref)
	if err != nil || !found {
		return "", false, err
	}
	commit, err = c.Commit(ctx, ref)
	return commit, err == nil, err
}

// Tag puts a tag on a commit. A tag that is there is not moved.
func (c Checkout) Tag(ctx context.Context, tag, commit string) error {
	_, err := c.run(ctx, "tag", "--", tag, commit)
	return err
}

// PushTag pushes a tag. One that the remote has on the same commit is left as it is; on another one it is refused.
func (c Checkout) PushTag(ctx context.Context, remote, tag string) error {
	ref := "refs/tags/" + tag
	_, err := c.run(ctx, "push", "--end-of-options", remote, ref+":"+ref)
	return err
}

// Differs tells whether anything at paths differs between two commits.
func (c Checkout) Differs(ctx context.Context, from, to string, paths []string) (bool, error) {
	same, err := c.exits(ctx, append([]string{"diff", "--quiet", from, to, "--"}, literal(paths)...)...)
	return !same && err == nil, err
}

// Has tells whether a commit has anything at a path.
func (c Checkout) Has(ctx context.Context, commit, path string) (bool, error) {
	return c.exits(ctx, "rev-parse", "--verify", "--quiet", commit+":./"+path)
}

// Show returns a file as a commit has it.
func (c Checkout) Show(ctx context.Context, commit, file string) (string, error) {
	return c.output(ctx, "show", "--end-of-options", commit+":./"+file)
}

// Log returns the commits that changed a file, the newest first.
func (c Checkout) Log(ctx context.Context, file string) ([]string, error) {
	out, err := c.run(ctx, "log", "--format=%H", "--", literal([]string{file})[0])
	return strings.Fields(out), err
}

// literal has git take paths as they are: a star in one is a star.
func literal(paths []string) []string {
	all := make([]string, len(paths))
	for i, path := range paths {
		all[i] = ":(literal)" + path
	}
	return all
}
