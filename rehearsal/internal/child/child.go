//go:build unix

// Package child prepares processes that must outlive a terminal's interrupt long enough to end in order.
package child

import (
	"os/exec"
	"syscall"
)

// Detach gives cmd a process group of its own, before it starts.
//
// A terminal sends ctrl-C to the whole foreground group. Without this the engine, the provider and we would all be
// interrupted at once; the engine would lose its providers in the middle of an operation and could not save what it
// did. So only we hear the terminal, and stop the others one after the other.
func Detach(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// Alive says whether a process with this id exists.
func Alive(pid int) bool {
	return syscall.Kill(pid, 0) == nil
}
