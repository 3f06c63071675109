// Package clusters runs a control plane, its nodes and what stands in for the rest for each EKS cluster of a simulated
// account. A cluster begins when the account makes it and ends when the account deletes it; in between it may be closed
// and opened again, with all that is in it.
package clusters
