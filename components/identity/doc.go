// Package identity provides ServiceAccountRole, an IAM role for one Kubernetes service account, and the typed policy
// documents that every component writes its IAM policies with.
//
// A role is given to a service account in one of two ways. With IRSA its trust policy compares the token's subject and
// audience for equality, so that no other service account of the cluster gets in. With PodIdentity it trusts
// EKS, which hands it out by an association; the trust policy still names the cluster, the namespace and the service
// account, so that an association of anything else does not work.
//
//	role, err := identity.NewServiceAccountRole(ctx, "shop-uploads", &identity.ServiceAccountRoleArgs{
//		Namespace: "apps", ServiceAccount: "uploads",
//		Method: identity.PodIdentity, ClusterName: c.Name,
//		Policies: map[string]identity.Document{"bucket": identity.NewDocument(identity.Statement{
//			Effect: identity.Allow, Action: identity.Values{"s3:PutObject"},
//			Resource: identity.Values{"arn:aws:s3:::shop-uploads/*"},
//		})},
//	})
//
// Policies are Go values, never text put together by hand: nothing is quoted or escaped, and what IAM would refuse at
// the end of a deployment (too long a document, an action without a resource) is refused before anything is registered.
//
// Roles, policies and associations cost nothing. IAM's limits: 64 characters of a role's name, 2,048 of its trust
// policy, 10,240 of its inline policies together, 6,144 of a managed policy, 10 managed policies a role (20 on request),
// 1,000 roles an account. PodIdentity needs the add-on eks-pod-identity-agent and does not serve Fargate.
package identity
