//go:build unix

package controlplane

// PIDs returns the processes of a control plane, for tests that look whether they end.
func (c *ControlPlane) PIDs() []int {
	var pids []int
	for _, p := range c.running {
		pids = append(pids, p.cmd.Process.Pid)
	}
	return pids
}
