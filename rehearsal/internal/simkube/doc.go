// Package simkube is a simulated Kubernetes API server, as far as a program's objects can be judged without one.
//
// Every object is decoded strictly into the Go type of the Kubernetes API: an unknown field, a field given twice or
// a value of the wrong kind is an error, and so is a kind that the table of this package does not list. A few truths
// that the server would enforce are checked too, each one row: names, namespaces, selectors, what cannot be changed.
//
// Nothing runs: no controller, no scheduler, no admission. A real control plane is for that.
package simkube
