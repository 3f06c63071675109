package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// attempts is how often a push is tried while others push too.
const attempts = 5

// Record commits one file, with whatever else is changed or staged left alone. committed is false where the file is as
// the last commit has it.
func (c Checkout) Record(ctx context.Context, file, message string) (committed bool, err error) {
	path := literal([]string{file})[0]
	changed, err := c.run(ctx, "status", "--porcelain", "--", path)
	if err != nil || changed == "" {
		return false, err
	}
	if _, err := c.run(ctx, "add", "--", path); err != nil {
		return false, err
	}
	_, err = c.run(ctx, "commit", "--quiet", "--only", "--message", message, "--", path)
	return err == nil, err
}

// Merge makes one file of three that contradict each other as text: base is what both sides started from, theirs what
// others made of it, and ours what is to be pushed.
type Merge func(base, theirs, ours string) (string, error)

// Push pushes HEAD to a branch. When others pushed first, our commits are put behind theirs and pushed again. merge
// settles a contradiction in file; one in any other file is refused. pushed is false where the branch has HEAD already.
func (c Checkout) Push(ctx context.Context, remote, branch, file string, merge Merge) (pushed bool, err error) {
	for range attempts {
		// The remote's branch, not what was fetched last: a checkout of one commit may know no branch.
		if _, err := c.run(ctx, "fetch", "--quiet", "--end-of-options", remote, "refs/heads/"+branch); err != nil {
			return false, err
		}
		theirs, err := c.Commit(ctx, "FETCH_HEAD")
		if err != nil {
			return false, err
		}
		if done, err := c.contains(ctx, theirs, "HEAD"); err != nil || done {
			return false, err
		}
		if err := c.follow(ctx, theirs, file, merge); err != nil {
			return false, fmt.Errorf("%s has moved on, and our commit does not fit behind it: %w", branch, err)
		}
		_, err = c.run(ctx, "push", "--quiet", "--end-of-options", remote, "HEAD:refs/heads/"+branch)
		if err == nil {
			return true, nil
		}
		// Either somebody was faster again, or the remote takes no push from us: the next fetch tells.
		if moved, lookErr := c.moved(ctx, remote, branch, theirs); lookErr != nil || !moved {
			return false, errors.Join(err, lookErr)
		}
	}
	return false, fmt.Errorf("pushing to %s: others were faster %d times", branch, attempts)
}

// moved tells whether the remote's branch is another commit than it was.
func (c Checkout) moved(ctx context.Context, remote, branch, was string) (bool, error) {
	out, err := c.run(ctx, "ls-remote", "--exit-code", "--end-of-options", remote, "refs/heads/"+branch)
	return err == nil && len(out) >= len(was) && out[:len(was)] != was, err
}

// contains tells whether a commit is another one, or comes after it.
func (c Checkout) contains(ctx context.Context, commit, other string) (bool, error) {
	return c.exits(ctx, "merge-base", "--is-ancestor", other, commit)
}

// follow puts our commits behind theirs, unless they are. Where that fails, the checkout is left as it was.
func (c Checkout) follow(ctx context.Context, theirs, file string, merge Merge) error {
	if done, err := c.contains(ctx, "HEAD", theirs); err != nil || done {
		return err
	}
	_, err := c.run(ctx, "rebase", "--quiet", "--autostash", theirs)
	for err != nil {
		if settleErr := c.settle(ctx, file, merge); settleErr != nil {
			// Also when the run was interrupted: a rebase that is half done would be in everybody's way.
			_, _ = c.run(context.WithoutCancel(ctx), "rebase", "--abort")
			return errors.Join(settleErr, err)
		}
		_, err = c.run(ctx, "rebase", "--continue")
	}
	return nil
}

// settle merges file where a rebase stopped at it, and at nothing else.
func (c Checkout) settle(ctx context.Context, file string, merge Merge) error {
	path := literal([]string{file})[0]
	unmerged, err := c.run(ctx, "diff", "--name-only", "--relative", "--diff-filter=U")
	if err != nil {
		return err
	}
	if unmerged != file {
		return fmt.Errorf("%s is not what git stopped at, or not alone", file)
	}
	var sides [3]string // the stages of git's index: what both started from, theirs, and ours
	for i := range sides {
		if sides[i], err = c.output(ctx, "show", fmt.Sprintf(":%d:./%s", i+1, file)); err != nil {
			return err
		}
	}
	text, err := merge(sides[0], sides[1], sides[2])
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.Dir, file), []byte(text), 0o600); err != nil { // it is there: its mode stays
		return fmt.Errorf("writing the merged file: %w", err)
	}
	_, err = c.run(ctx, "add", "--", path)
	return err
}
