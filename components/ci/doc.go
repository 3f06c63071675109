// Package ci provides Identity: how a CI gets into an AWS account without a key that can leak.
//
// A run of the CI shows a token that its server signed; AWS checks it against an OIDC provider and gives credentials
// for an hour. What the token must say is compared for equality, both who the run is for (sub) and whom the token is
// for (aud). There is one role for previews, which reads; one for each environment, which deploys it; and one for
// releases, which pushes images.
//
//	identity, err := ci.NewIdentity(ctx, "shop", &ci.IdentityArgs{
//		AccountID: "123456789012", Region: "eu-west-1",
//		Preview: ci.Preview{Subjects: []ci.Subject{ci.GitHubPullRequests("example/shop")}},
//		Environments: map[string]ci.Environment{"dev": {
//			Subjects: []ci.Subject{ci.GitHubEnvironment("example/shop", "dev")}, Clusters: []string{"shop-dev"},
//		}},
//		Release: ci.Release{
//			Subjects: []ci.Subject{ci.GitHubBranch("example/shop", "main")}, Repositories: []string{"shop"},
//		},
//	})
//
// What the roles may do follows from one table, Rights: the actions that each type of resource takes to read and to
// write. Where IAM can tell one environment from another, a deploy role is kept to its own: by the cluster's name in
// names and ARNs, and by the tag slipway:stack, which keeps it off what carries another stack's.
//
// # Limits
//
// A deploy role makes roles with policies of its choice, as a platform needs them. So whoever deploys can give an
// environment's pods any right in the account, unless a permissions boundary or an organization's policy says no.
// IAM cannot tell one tag of an image from another: who releases can also delete images. The preview role decrypts what
// the stacks' states hold. Roles and policies cost nothing.
package ci
