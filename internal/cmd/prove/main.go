// Command prove takes the fix of each story out and requires the story's test to fail.
//
// A file tests/mutants/S20.patch, or S20-what.patch where a fix has several parts, is a patch that removes the fix,
// with the package of its test in a line before the first diff:
//
//	Package: ./components/network
//
// The test's name starts with TestS20_. It must pass without the patch, and with it fail by an assertion: a tree that
// does not compile, or a test that is not there, proves nothing. Everything runs in git worktrees.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// mutant is one patch.
type mutant struct {
	file    string // absolute
	name    string // S20-public
	pattern string // ^TestS20_
	dir     string // of the package's module, relative to the root
	pkg     string // relative to dir
}

func main() {
	only := flag.String("only", "", "prove only mutants whose name begins with a match of this, such as S20 or .*-cluster")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, only string) error {
	root, err := git(ctx, ".", nil, "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	mutants, err := load(root, only)
	if err != nil {
		return err
	}
	// Side by side what differs in how it spends its time: the root module compiles, while tests of the rehearsal wait for
	// an engine or a cluster.
	byPlace := map[string][]mutant{}
	for _, m := range mutants {
		place := m.dir
		if place != "." {
			place = filepath.Join(m.dir, m.pkg)
		}
		byPlace[place] = append(byPlace[place], m)
	}
	var trees []string
	for range byPlace {
		tree, remove, err := worktree(ctx, root)
		if err != nil {
			return err
		}
		defer remove()
		trees = append(trees, tree)
	}
	failures := make(chan []string)
	for i, place := range slices.Sorted(maps.Keys(byPlace)) {
		go func() { failures <- proveAll(ctx, out, trees[i], byPlace[place]) }()
	}
	var failed []string
	for range byPlace {
		failed = append(failed, <-failures...)
	}
	slices.Sort(failed)
	fmt.Fprintf(out, "%d of %d mutants were caught by their story's test\n", len(mutants)-len(failed), len(mutants))
	if len(failed) > 0 {
		return fmt.Errorf("not proved: %s", strings.Join(failed, ", "))
	}
	return nil
}

// proveAll proves mutants in a tree of their own, one after the other, and returns the names of those that were not caught.
func proveAll(ctx context.Context, out io.Writer, tree string, mutants []mutant) []string {
	baselines := map[string]result{}
	var failed []string
	for _, m := range mutants {
		start := time.Now()
		problem := prove(ctx, tree, m, baselines)
		verdict := "proved"
		if problem != nil {
			verdict = "NOT PROVED: " + problem.Error()
			failed = append(failed, m.name)
		}
		fmt.Fprintf(out, "%-26s %-28s %5.1fs  %s\n", m.name, filepath.Join(m.dir, m.pkg), time.Since(start).Seconds(), verdict)
	}
	return failed
}

// mutantName is a story and, optionally, which part of its fix is taken out.
var mutantName = regexp.MustCompile(`^(S\d+)(-[a-z-]+)?$`)

// packageLine names the package of a mutant's test.
var packageLine = regexp.MustCompile(`(?m)^Package: \./(\S+)$`)

func load(root, only string) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(root, "tests", "mutants", "*.patch"))
	if err != nil {
		return nil, err
	}
	wanted, err := regexp.Compile("^(?:" + only + ")")
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	var mutants []mutant
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".patch")
		if !wanted.MatchString(name) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		story, pkg := mutantName.FindStringSubmatch(name), packageLine.FindStringSubmatch(string(text))
		if story == nil || pkg == nil {
			return nil, fmt.Errorf("%s: want a name such as S20-part.patch and a line `Package: ./components/network`", file)
		}
		dir, rel := moduleOf(root, pkg[1])
		mutants = append(mutants, mutant{file: file, name: name, pattern: "^Test" + story[1] + "_", dir: dir, pkg: rel})
	}
	if len(mutants) == 0 {
		return nil, errors.New("no mutants found")
	}
	return mutants, nil
}

// moduleOf splits a package's folder at the nearest go.mod above it: nested modules are tested from their own root.
func moduleOf(root, pkg string) (dir, rel string) {
	for dir = pkg; dir != "."; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(root, dir, "go.mod")); err == nil {
			break
		}
	}
	rel, err := filepath.Rel(dir, pkg)
	if err != nil {
		return ".", "./" + pkg
	}
	return dir, "./" + rel
}

// worktree checks out the tree as it is, with changes to tracked files that are not committed yet.
func worktree(ctx context.Context, root string) (tree string, remove func(), err error) {
	rev, err := git(ctx, root, nil, "stash", "create")
	if err != nil {
		return "", nil, err
	}
	if rev == "" {
		rev = "HEAD"
	}
	parent, err := os.MkdirTemp("", "slipway-prove-")
	if err != nil {
		return "", nil, err
	}
	tree = filepath.Join(parent, "tree")
	if _, err := git(ctx, root, nil, "worktree", "add", "--detach", tree, rev); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(parent))
	}
	return tree, func() {
		// Also after an interrupt, which has ended ctx.
		clean := context.WithoutCancel(ctx)
		if _, err := git(clean, root, nil, "worktree", "remove", "--force", tree); err != nil {
			fmt.Fprintln(os.Stderr, "prove:", err)
		}
		_ = os.RemoveAll(parent)
	}, nil
}

// stories matches the tests of all stories.
const stories = `^TestS\d+_`

// prove runs the story's test without and with the patch. Without it, all stories of a package are run at once.
func prove(ctx context.Context, tree string, m mutant, baselines map[string]result) error {
	at := filepath.Join(m.dir, m.pkg)
	before, known := baselines[at]
	if !known {
		var err error
		if before, err = test(ctx, tree, m, stories); err != nil {
			return err
		}
		baselines[at] = before
	}
	if !slices.ContainsFunc(before.passed, regexp.MustCompile(m.pattern).MatchString) || before.exit != 0 {
		return fmt.Errorf("without the patch, no test %s passes", m.pattern)
	}
	patch, err := os.ReadFile(m.file)
	if err != nil {
		return err
	}
	if _, err := git(ctx, tree, patch, "apply"); err != nil {
		return err
	}
	after, testErr := test(ctx, tree, m, m.pattern)
	if _, err := git(ctx, tree, nil, "checkout", "--", "."); err != nil {
		return err
	}
	switch {
	case testErr != nil:
		return testErr
	case after.buildFailed:
		return errors.New("the patched tree does not compile")
	case after.exit == 0:
		return errors.New("the test passes without the fix")
	case !after.assertion:
		return errors.New("the test fails, but not by an assertion")
	}
	return nil
}

// result is what a run of `go test -json` says.
type result struct {
	passed                 []string
	assertion, buildFailed bool
	exit                   int
}

func test(ctx context.Context, tree string, m mutant, pattern string) (result, error) {
	// -vet=off: a mutant is not there to be tidy. -count=1: a cached pass proves nothing.
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-vet=off", "-count=1", "-run", pattern, m.pkg)
	cmd.Dir = filepath.Join(tree, m.dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return result{}, fmt.Errorf("running go test: %w", err)
	}
	if ctx.Err() != nil {
		return result{}, ctx.Err()
	}
	return read(&stdout, cmd.ProcessState.ExitCode(), pattern)
}

func read(events io.Reader, exit int, pattern string) (result, error) {
	r := result{exit: exit}
	named := regexp.MustCompile(pattern)
	for d := json.NewDecoder(events); ; {
		var e struct{ Action, Test, Output string }
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			return r, nil
		} else if err != nil {
			return r, fmt.Errorf("reading the output of go test: %w", err)
		}
		switch {
		case e.Action == "build-fail":
			r.buildFailed = true
		case e.Action == "pass" && named.MatchString(e.Test):
			r.passed = append(r.passed, e.Test)
		case e.Action == "output" && named.MatchString(e.Test):
			// Testify's assertions name the line that failed; a panic does not.
			r.assertion = r.assertion || strings.Contains(e.Output, "Error Trace:")
		}
	}
}

// git runs git and returns its output. stdin may be nil.
func git(ctx context.Context, dir string, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", slices.Concat([]string{"-C", dir}, args)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
