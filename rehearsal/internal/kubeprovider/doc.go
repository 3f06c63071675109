// Package kubeprovider is the rehearsal's own Kubernetes provider. It talks to a real API server, through the kubeconfig
// of the program and nothing else.
//
// Objects are written by server-side apply, so that the server validates, admits and defaults them, and then waited for
// as Pulumi's provider does. A preview asks the server too, by a dry run. Before that, and while a first preview knows no
// cluster yet, every object is decoded strictly into the Go type of the Kubernetes API.
//
//	cluster, err := kubeprovider.New(ctx, kubeprovider.Options{File: "objects.json", AWS: "/opt/shims/aws"})
//	server, err := simprovider.Serve(cluster)
//
// It knows the kinds of its table and refuses the others by name, and likewise provider settings, Pulumi's annotations
// and functions that it does not know. A Helm release is recorded and not rendered: its chart cannot be had without a
// network.
//
// What this package writes to files holds no secret. The API server's own database does: it belongs into a folder that
// goes with the run.
package kubeprovider
