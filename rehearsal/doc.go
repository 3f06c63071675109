// Package rehearsal holds the end-to-end tests of the rehearsal: the real Pulumi CLI, the real pulumi-eks provider and
// the whole program, against the simulated account and cluster. The commands are in cmd.
package rehearsal
