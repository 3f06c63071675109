//go:build unix

package controlplane

import "time"

// Faster returns the time-outs of Kubernetes for a cluster whose nodes and pods run so many times as fast: all that it
// can shorten, by as much.
func Faster(speed float64) Timing {
	shorter := func(d time.Duration) time.Duration { return time.Duration(float64(d) / speed) }
	return Timing{
		NotReadyToleration:        shorter(300 * time.Second),
		NodeMonitorPeriod:         shorter(5 * time.Second),
		NodeEvictionRate:          normalEvictionRate * speed,
		HPASync:                   shorter(15 * time.Second),
		HPAInitialReadinessDelay:  shorter(30 * time.Second),
		HPACPUInitialization:      shorter(5 * time.Minute),
		HPADownscaleStabilization: shorter(5 * time.Minute),
	}
}
