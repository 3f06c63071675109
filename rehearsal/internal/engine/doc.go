// Package engine runs a Pulumi program through the real Pulumi CLI and the real pulumi-eks provider, on a local state,
// against a simulated AWS account and a simulated Kubernetes cluster.
//
//	run, err := engine.Open(ctx, engine.Options{
//		Dir: dir, Tools: tools, EKS: host, Project: project, Stack: "dev", Program: program,
//	})
//	defer run.Close()
//	result, err := run.Up(ctx)
//	for _, step := range result.Changes() { ... }
package engine
