// Command prove takes the fix of each story out and requires the story's test to fail.
//
// A file tests/mutants/S20.patch, or S20-what.patch where a fix has several parts, is a patch that removes the fix,
// with the package of its test in a line before the first diff:
//
//	Package: ./components/network
//
// The test's name starts with TestS20_; a line `Test: TestS20_nodesArePrivate` after the package narrows the proof to one
// test of the story. It must pass without the patch, and with it fail by an assertion: a tree that does not compile, or a
// test that is not there, proves nothing. Everything runs in git worktrees, several mutants at a time.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// mutant is one patch.
type mutant struct {
	file    string // absolute
	name    string // S20-public
	pattern string // ^TestS20_, or ^TestS20_nodesArePrivate$
	dir     string // of the package's module, relative to the root
	pkg     string // relative to dir
}

// place is the folder of the mutant's package.
func (m mutant) place() string { return filepath.Join(m.dir, m.pkg) }

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
	failed, err := proveAll(ctx, out, root, mutants)
	if err != nil {
		return err
	}
	slices.Sort(failed)
	fmt.Fprintf(out, "%d of %d mutants were caught by their story's test\n", len(mutants)-len(failed), len(mutants))
	if len(failed) > 0 {
		return fmt.Errorf("not proved: %s", strings.Join(failed, ", "))
	}
	return nil
}

// workers is how many mutants are proved at a time: one more than there are processors, as tests of the rehearsal wait for
// an engine or a cluster.
func workers() int { return runtime.NumCPU() + 1 }

// proveAll proves mutants, each worker in a tree of its own, and returns the names of those that were not caught.
func proveAll(ctx context.Context, out io.Writer, root string, mutants []mutant) ([]string, error) {
	release, err := alone(root)
	if err != nil {
		return nil, err
	}
	defer release()
	var trees []string
	for i := range workers() {
		tree, remove, err := worktree(ctx, root, i)
		if err != nil {
			return nil, err
		}
		defer remove()
		trees = append(trees, tree)
	}
	known := newBaselines(mutants)
	work, failures := queue(mutants, known), make(chan []string)
	for _, tree := range trees {
		go func() {
			var failed []string
			for task := range work {
				failed = append(failed, task(ctx, out, tree)...)
			}
			failures <- failed
		}()
	}
	var failed []string
	for range trees {
		failed = append(failed, <-failures...)
	}
	return failed, nil
}

// task is one unit of a worker: it returns the names of mutants that were not caught.
type task func(ctx context.Context, out io.Writer, tree string) []string

// queue is all that is to do: first each package's stories without any patch, nested modules' first as theirs take longest;
// then the mutants, the root module's first, so that nobody waits long for what holds without a patch.
func queue(mutants []mutant, known baselines) <-chan task {
	slices.SortStableFunc(mutants, func(a, b mutant) int { return strings.Compare(a.place(), b.place()) })
	tasks := make(chan task, 2*len(mutants))
	first := slices.CompactFunc(slices.Clone(mutants), func(a, b mutant) bool { return a.place() == b.place() })
	slices.Reverse(first)
	for _, m := range first {
		tasks <- func(ctx context.Context, _ io.Writer, tree string) []string {
			_, _ = known.of(ctx, tree, m) // an error is reported by each mutant
			return nil
		}
	}
	for _, m := range mutants {
		tasks <- func(ctx context.Context, out io.Writer, tree string) []string {
			start := time.Now()
			problem := prove(ctx, tree, m, known)
			verdict, failed := "proved", []string(nil)
			if problem != nil {
				verdict, failed = "NOT PROVED: "+problem.Error(), []string{m.name}
			}
			fmt.Fprintf(out, "%-26s %-28s %5.1fs  %s\n", m.name, m.place(), time.Since(start).Seconds(), verdict)
			return failed
		}
	}
	close(tasks)
	return tasks
}

// baselines holds what a package's tests of its mutants say without a patch, which is found out once for each package.
type baselines map[string]*baseline

type baseline struct {
	once    sync.Once
	pattern string // of all tests that the package's mutants name
	result  result
	err     error
}

func newBaselines(mutants []mutant) baselines {
	patterns := map[string][]string{}
	for _, m := range mutants {
		patterns[m.place()] = append(patterns[m.place()], m.pattern)
	}
	all := baselines{}
	for place, some := range patterns {
		slices.Sort(some)
		all[place] = &baseline{pattern: strings.Join(slices.Compact(some), "|")}
	}
	return all
}

// of is what the tests of m's package say without a patch. It runs them in tree, which must not be patched yet.
func (b baselines) of(ctx context.Context, tree string, m mutant) (result, error) {
	one := b[m.place()]
	one.once.Do(func() { one.result, one.err = test(ctx, tree, m, one.pattern) })
	return one.result, one.err
}

// mutantName is a story and, optionally, which part of its fix is taken out.
var mutantName = regexp.MustCompile(`^(S\d+)(-[a-z-]+)?$`)

// packageLine names the package of a mutant's test, and testLine the test, if it is not any of the story.
var (
	packageLine = regexp.MustCompile(`(?m)^Package: \./(\S+)$`)
	testLine    = regexp.MustCompile(`(?m)^Test: (\S+)$`)
)

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
		pattern := "^Test" + story[1] + "_"
		if one := testLine.FindStringSubmatch(string(text)); one != nil {
			if !strings.HasPrefix(one[1], "Test"+story[1]+"_") {
				return nil, fmt.Errorf("%s: %s is not a test of story %s", file, one[1], story[1])
			}
			pattern = "^" + one[1] + "$"
		}
		dir, rel := moduleOf(root, pkg[1])
		mutants = append(mutants, mutant{file: file, name: name, pattern: pattern, dir: dir, pkg: rel})
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

// folder is where trees are, below the root: git ignores it, and so does Go. The place is always the same, as Go keeps what
// it compiles by where it was: elsewhere, each run would compile everything again, and leave gigabytes in the cache.
const folder = ".slipway/.prove"

// alone makes sure that nobody else proves in this checkout, until release.
func alone(root string) (release func(), err error) {
	if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
		return nil, err
	}
	lock, err := os.Create(filepath.Join(root, folder, "lock"))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("somebody else proves in %s: %w", root, err), lock.Close())
	}
	return func() { _ = lock.Close() }, nil
}

// worktree checks out the tree as it is, with changes to tracked files that are not committed yet.
func worktree(ctx context.Context, root string, number int) (tree string, remove func(), err error) {
	rev, err := git(ctx, root, nil, "stash", "create")
	if err != nil {
		return "", nil, err
	}
	if rev == "" {
		rev = "HEAD"
	}
	tree = filepath.Join(root, folder, strconv.Itoa(number))
	// Of a run that was killed.
	if err := os.RemoveAll(tree); err != nil {
		return "", nil, err
	}
	if _, err := git(ctx, root, nil, "worktree", "prune"); err != nil {
		return "", nil, err
	}
	if _, err := git(ctx, root, nil, "worktree", "add", "--detach", tree, rev); err != nil {
		return "", nil, err
	}
	return tree, func() {
		// Also after an interrupt, which has ended ctx.
		clean := context.WithoutCancel(ctx)
		if _, err := git(clean, root, nil, "worktree", "remove", "--force", tree); err != nil {
			fmt.Fprintln(os.Stderr, "prove:", err)
		}
	}, nil
}

// prove runs the story's test without and with the patch. Without it, all tests of a package that mutants name are run at
// once.
func prove(ctx context.Context, tree string, m mutant, known baselines) error {
	before, err := known.of(ctx, tree, m)
	if err != nil {
		return err
	}
	if before.buildFailed {
		return errors.New("without the patch, the tree does not compile; is there a file that git does not know yet?")
	}
	if !slices.ContainsFunc(before.passed, regexp.MustCompile(m.pattern).MatchString) || before.exit != 0 {
		return fmt.Errorf("without the patch, no test %s passes, or others fail: %v", m.pattern, before.failed)
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
	passed, failed         []string
	assertion, buildFailed bool
	exit                   int
}

func test(ctx context.Context, tree string, m mutant, pattern string) (result, error) {
	// -vet=off: a mutant is not there to be tidy. -count=1: a cached pass proves nothing. -failfast: one failure proves it.
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-vet=off", "-count=1", "-failfast", "-run", pattern, m.pkg)
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
		test, _, _ := strings.Cut(e.Test, "/") // what a part of a test says is said by the test
		switch {
		case e.Action == "build-fail":
			r.buildFailed = true
		case e.Action == "fail" && e.Test != "":
			r.failed = append(r.failed, e.Test)
		case e.Action == "pass" && named.MatchString(test):
			r.passed = append(r.passed, test)
		case e.Action == "output" && named.MatchString(test):
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
