package ci

import (
	"slices"
	"strings"

	"github.com/slipway-eks/slipway/components/identity"
)

// tokenTrust lets runs of the CI assume a role. Of the token both are compared for equality: whom it is for, and who it
// is. Every repository of GitHub gets tokens of one audience, so that a trust policy that names the audience alone
// lets all of them in.
func (args *IdentityArgs) tokenTrust(subjects []Subject) identity.Statement {
	host := strings.TrimPrefix(args.Issuer, "https://")
	var all identity.Values
	for _, s := range slices.Sorted(slices.Values(subjects)) {
		all = append(all, string(s))
	}
	return identity.Statement{
		Effect:    identity.Allow,
		Principal: map[string]identity.Values{"Federated": {args.ProviderARN}},
		Action:    identity.Values{"sts:AssumeRoleWithWebIdentity"},
		Condition: identity.Conditions{"StringEquals": {host + ":aud": {args.Audience}, host + ":sub": all}},
	}
}

// roleTrust lets roles of the account assume a role. The principal is the account and the condition the role: IAM
// refuses a principal that does not exist, as the role itself does not yet, and turns one that is deleted into an
// identifier, which no later role of its name has.
func (args *IdentityArgs) roleTrust(roles []string) identity.Statement {
	return identity.Statement{
		Effect:    identity.Allow,
		Principal: map[string]identity.Values{"AWS": {"arn:" + args.Partition + ":iam::" + args.AccountID + ":root"}},
		Action:    identity.Values{"sts:AssumeRole"},
		Condition: identity.Conditions{"StringEquals": {"aws:PrincipalArn": roles}},
	}
}

// deployTrust lets in runs for the environment, the people who may deploy by hand, and the role itself.
func (args *IdentityArgs) deployTrust(name, environment string) identity.Document {
	e := args.Environments[environment]
	roles := slices.Sorted(slices.Values(e.Operators))
	return identity.NewDocument(
		args.tokenTrust(e.Subjects),
		args.roleTrust(append(roles, args.roleARN(deployRole(name, environment)))),
	)
}
