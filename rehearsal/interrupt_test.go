//go:build unix

package rehearsal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/child"
	"github.com/slipway-eks/slipway/rehearsal/internal/rehearse"
)

func TestInterrupt_leavesNoProcessAndAStateToGoOnFrom(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]os.Signal{
		"interrupted": os.Interrupt,
		"killed":      syscall.SIGKILL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			project := copyProject(t)
			interruptUpdate(t, project, signal)

			again := slipway(t, "rehearse", "--stack", "dev", "--keep", "--json", "--root", project)
			var said bytes.Buffer
			again.Stderr = &said
			out, err := again.Output()
			require.NoError(t, err, "%s", said.String())
			var report rehearse.Report
			require.NoError(t, json.Unmarshal(out, &report), "standard output is one JSON document")
			assert.True(t, report.Passed, "%v", report.Failures)
		})
	}
}

// interruptUpdate starts a rehearsal, sends it a signal in the middle of its first update and waits until all of it is
// gone.
func interruptUpdate(t *testing.T, project string, signal os.Signal) {
	t.Helper()
	cmd := slipway(t, "rehearse", "--stack", "dev", "--keep", "--root", project)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	account := filepath.Join(project, ".slipway", "dev", "account.json")
	began := assert.Eventually(t, func() bool {
		data, _ := os.ReadFile(account)
		return bytes.Contains(data, []byte("aws:eks/cluster:Cluster"))
	}, time.Minute, 10*time.Millisecond)
	family := descendants(t, cmd.Process.Pid)
	require.NoError(t, cmd.Process.Signal(signal))
	require.Error(t, cmd.Wait())
	require.True(t, began, "%s", said.String())

	require.GreaterOrEqual(t, len(family), 2, "node and the Pulumi CLI were running")
	for _, pid := range family {
		assert.Eventually(t, func() bool { return !child.Alive(pid) }, 20*time.Second, 50*time.Millisecond)
	}
	if signal != syscall.SIGKILL {
		assert.Contains(t, said.String(), "up: interrupted")
	}
}

func TestRehearse_refusesASecondRunOfTheSameStack(t *testing.T) {
	t.Parallel()
	project := copyProject(t)
	first := slipway(t, "rehearse", "--stack", "dev", "--root", project)
	require.NoError(t, first.Start())
	t.Cleanup(func() { _ = first.Wait() }) // interrupted below
	log := filepath.Join(project, ".slipway", "dev.fresh", "log", "eks.log")
	require.Eventually(t, func() bool { _, err := os.Stat(log); return err == nil }, time.Minute, 10*time.Millisecond)

	said, err := slipway(t, "rehearse", "--stack", "dev", "--root", project).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(said), "another rehearsal of dev is running")
	require.NoError(t, first.Process.Signal(os.Interrupt))
}

// slipway prepares a run of the slipway command.
func slipway(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := slipwayCommand()
	require.NoError(t, err)
	return exec.Command(binary, args...)
}

// copyProject returns a folder with what describes the stacks of this project.
func copyProject(t *testing.T) string {
	t.Helper()
	project := t.TempDir()
	files, err := filepath.Glob(filepath.Join(root, "Pulumi*.yaml"))
	require.NoError(t, err)
	for _, file := range append(files, filepath.Join(root, "services.yaml")) {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(project, filepath.Base(file)), data, 0o600))
	}
	return project
}

// descendants returns the children of a process, and theirs.
func descendants(t *testing.T, of int) []int {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	require.NoError(t, err)
	children := map[int][]int{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pid, err := strconv.Atoi(fields[0])
		require.NoError(t, err)
		parent, err := strconv.Atoi(fields[1])
		require.NoError(t, err)
		children[parent] = append(children[parent], pid)
	}
	var all []int
	for next := children[of]; len(next) > 0; next = next[1:] {
		all = append(all, next[0])
		next = append(next, children[next[0]]...)
	}
	return all
}
