// Package preview provides Access: what a pull request's preview may do in a cluster.
//
// A preview of Kubernetes objects is a write that the API server does not store, a dry run: it needs the verbs of a
// write. RBAC cannot tell a dry run from a write, but an admission policy can. So the group gets the rights to read and
// to write the kinds that a platform consists of, and a ValidatingAdmissionPolicy that refuses whatever it writes unless
// it is a dry run. The rights come after the policy, and go before it.
//
//	_, err := preview.NewAccess(ctx, "shop", &preview.AccessArgs{
//		Group:            "slipway:preview",
//		SecretNamespaces: map[string]pulumi.StringInput{"services": namespace.Name},
//	}, pulumi.Providers(kubernetes))
//
// The group is that of an access entry: `previewRoleArn` of the cluster makes one.
//
// What to know:
//   - Admission policies are not asked about admission policies and webhooks. The group may read those and not write
//     them, not even in a dry run: a pull request that changes one is previewed by who deploys.
//   - Secrets are readable in the namespaces that are named, as a dry run answers with the whole object. Whoever may
//     open a pull request in the repository can read them; those of other namespaces stay out of reach.
//   - The group can delete nothing, and open no shell, log or port of a pod.
package preview
