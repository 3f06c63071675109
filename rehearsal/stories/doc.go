// Package stories proves, on a real Kubernetes control plane with simulated nodes, what the platform promises of a
// running cluster. Each test is named after its story. It renders a program of the library on the mock engine, which
// takes no time, writes the objects to a cluster of its own and looks at what Kubernetes makes of them.
//
// What takes minutes and cannot be shortened is left out, unless it is asked for: go test ./stories -args -long.
//
// Package rehearsal_test, one folder up, takes whole stacks through the real engine.
package stories
