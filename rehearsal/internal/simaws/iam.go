package simaws

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Tokens of the IAM types.
const (
	roleType       = "aws:iam/role:Role"
	inlineType     = "aws:iam/rolePolicy:RolePolicy"
	policyType     = "aws:iam/policy:Policy"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	oidcType       = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
)

const (
	iamQuotas = "IAM user guide, IAM and AWS STS quotas"
	iamErrors = "IAM API reference, errors of the call"
	oidcGuide = "IAM user guide, create an OpenID Connect identity provider"
	noRole    = "NoSuchEntity: The role with name %s cannot be found."
)

// Limits of IAM, in characters.
const (
	maxRoleName     = 64
	maxPolicyName   = 128
	maxTrust        = 2048
	maxPolicy       = 6144
	maxInline       = 10240
	maxAttachments  = 10
	maxDescription  = 1000
	shortestSession = 3600
	longestSession  = 43200
)

// Shapes of names, from the IAM API reference.
var (
	iamName = shaped(`^[\w+=,.@-]+$`, "has characters that IAM does not allow: letters, digits and +=,.@-_ are")
	iamPath = shaped(`^/([!-~]+/)?$`, "must begin and end with a slash")
)

var iamKinds = []kind{
	{
		token: roleType, args: iam.RoleArgs{}, state: iam.Role{}, global: true,
		models:   "assumeRolePolicy description forceDetachPolicies maxSessionDuration name path permissionsBoundary tags",
		required: "assumeRolePolicy", forceNew: "name path", documents: "assumeRolePolicy",
		name:     simprovider.AutoName{Property: "name", Hex: 7, Max: maxRoleName},
		defaults: map[string]any{"forceDetachPolicies": false, "maxSessionDuration": 3600, "path": "/"},
		limits: []limit{
			{"name", iamQuotas, atMost(maxRoleName)},
			{"name", iamErrors, iamName},
			{"path", iamErrors, iamPath},
			{"description", iamErrors, atMost(maxDescription)},
			{"assumeRolePolicy", iamErrors, document},
			{"maxSessionDuration", iamErrors, between(shortestSession, longestSession)},
		},
		id: "{name}",
		computed: map[string]string{
			"arn": "arn:{partition}:iam::{account}:role{path}{name}", "uniqueId": "AROA{HEX17}", "createDate": "{now}",
		},
		exists: "EntityAlreadyExists: Role with name %s already exists.",
		rules: []rule{
			{onWrite, "LimitExceeded", iamQuotas, trustFits},
			{onWrite, "MalformedPolicyDocument", iamErrors, trustIsSound},
			{onWrite, "NoSuchEntity", iamErrors, func(c *call) string {
				return c.policyExists(c.in.str("permissionsBoundary"))
			}},
		},
	},
	{
		token: inlineType, args: iam.RolePolicyArgs{}, state: iam.RolePolicy{}, global: true,
		models: "name policy role", required: "policy role", forceNew: "name role", documents: "policy",
		name: simprovider.AutoName{Property: "name", Hex: 7, Max: maxPolicyName},
		limits: []limit{
			{"name", iamErrors, iamName},
			{"name", iamQuotas, atMost(maxPolicyName)},
			{"policy", iamErrors, document},
			{"role", iamErrors, text},
		},
		id:     "{role}:{name}",
		exists: "EntityAlreadyExists: The role policy %s already exists.",
		refs: []ref{{
			path: "role", to: roleType, missing: noRole, source: iamErrors,
			holds: "DeleteConflict: Cannot delete entity, must delete policies first.",
		}},
		rules: []rule{
			{onWrite, "LimitExceeded", iamQuotas, inlineFits},
			{onWrite, "MalformedPolicyDocument", iamErrors, policyIsSound},
		},
	},
	{
		token: policyType, args: iam.PolicyArgs{}, state: iam.Policy{}, global: true,
		models: "description name path policy tags", required: "policy",
		forceNew: "description name path", documents: "policy",
		name:     simprovider.AutoName{Property: "name", Hex: 7, Max: maxPolicyName},
		defaults: map[string]any{"path": "/"},
		limits: []limit{
			{"name", iamErrors, iamName},
			{"name", iamQuotas, atMost(maxPolicyName)},
			{"path", iamErrors, iamPath},
			{"description", iamErrors, atMost(maxDescription)},
			{"policy", iamErrors, document},
		},
		id:       "arn:{partition}:iam::{account}:policy{path}{name}",
		computed: map[string]string{"arn": "{id}", "policyId": "ANPA{HEX17}"},
		exists:   "EntityAlreadyExists: A policy called %s already exists. Duplicate names are not allowed.",
		rules: []rule{
			{onWrite, "LimitExceeded", iamQuotas, policyFits},
			{onWrite, "MalformedPolicyDocument", iamErrors, policyIsSound},
		},
	},
	{
		token: attachmentType, args: iam.RolePolicyAttachmentArgs{}, state: iam.RolePolicyAttachment{}, global: true,
		models: "policyArn role", required: "role", forceNew: "policyArn role",
		limits: []limit{{"role", iamErrors, text}},
		id:     "{role}-{policyArn}",
		exists: "EntityAlreadyExists: The policy is attached already: %s",
		refs: []ref{
			{
				path: "role", to: roleType, missing: noRole, source: iamErrors,
				holds: "DeleteConflict: Cannot delete entity, must detach all policies first.",
			},
			{
				path: "policyArn", to: policyType, source: iamErrors,
				holds: "DeleteConflict: Cannot delete a policy attached to entities.",
			},
		},
		rules: []rule{
			{onCreate, "NoSuchEntity", iamErrors, func(c *call) string { return c.policyExists(c.in.str("policyArn")) }},
			{onCreate, "LimitExceeded", iamQuotas, attachmentQuota},
		},
	},
	{
		token: oidcType, args: iam.OpenIdConnectProviderArgs{}, state: iam.OpenIdConnectProvider{}, global: true,
		models: "clientIdLists tags thumbprintLists url", required: "clientIdLists", forceNew: "url",
		sets:   "clientIdLists",
		normal: map[string]func(string) string{"url": withoutScheme},
		limits: []limit{
			{"url", oidcGuide, shaped(`^https://`, "must begin with https://")},
			{"thumbprintLists", oidcGuide, shaped(`^[0-9a-fA-F]{40}$`, "is no SHA-1 thumbprint")},
		},
		// AWS reads the certificate itself where it trusts the authority, as it does for EKS.
		fills:    map[string]any{"thumbprintLists": []any{"9e99a48a9960b14926bb7f3b02e22da2b0ab7280"}},
		id:       "arn:{partition}:iam::{account}:oidc-provider/{url}",
		computed: map[string]string{"arn": "{id}"},
		exists:   "EntityAlreadyExists: Provider with url %s already exists.",
	},
}
