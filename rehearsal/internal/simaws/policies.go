package simaws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// managed lists the policies of AWS that the rehearsal knows (AWS managed policy reference guide). The account in
// their ARNs is "aws".
var managed = strings.Fields(`
	AdministratorAccess
	AmazonEC2ContainerRegistryPullOnly
	AmazonEC2ContainerRegistryReadOnly
	AmazonEKSBlockStoragePolicy
	AmazonEKSClusterPolicy
	AmazonEKSComputePolicy
	AmazonEKSFargatePodExecutionRolePolicy
	AmazonEKSLoadBalancingPolicy
	AmazonEKSNetworkingPolicy
	AmazonEKSServicePolicy
	AmazonEKSVPCResourceController
	AmazonEKSWorkerNodeMinimalPolicy
	AmazonEKSWorkerNodePolicy
	AmazonEKS_CNI_Policy
	AmazonRoute53FullAccess
	AmazonS3FullAccess
	AmazonS3ReadOnlyAccess
	AmazonSSMManagedInstanceCore
	AWSXRayDaemonWriteAccess
	AWSXrayWriteOnlyAccess
	AutoScalingFullAccess
	CloudWatchAgentServerPolicy
	CloudWatchLogsFullAccess
	ElasticLoadBalancingFullAccess
	PowerUserAccess
	ReadOnlyAccess
	SecretsManagerReadWrite
	service-role/AmazonEBSCSIDriverPolicy
	service-role/AmazonEFSCSIDriverPolicy
`)

// policyExists looks for a policy of AWS or of the account. An empty ARN is no policy, and fine.
func (c *call) policyExists(arn string) string {
	if arn == "" {
		return ""
	}
	if name, aws := strings.CutPrefix(arn, "arn:"+c.region.partition+":iam::aws:policy/"); aws {
		if slices.Contains(managed, name) {
			return ""
		}
		return fmt.Sprintf("Policy %s does not exist or is not attachable (the rehearsal knows %d policies of AWS).",
			arn, len(managed))
	}
	if _, ok := c.find(policyType, "", arn); ok {
		return ""
	}
	return fmt.Sprintf("Policy %s does not exist or is not attachable.", arn)
}

func trustFits(c *call) string {
	return fits(c.in.str("assumeRolePolicy"), "ACLSizePerRole", maxTrust)
}

func policyFits(c *call) string {
	return fits(c.in.str("policy"), "PolicySize", maxPolicy)
}

// inlineFits adds up the inline policies of one role, as IAM does.
func inlineFits(c *call) string {
	all := []string{c.in.str("policy")}
	for _, p := range c.where(inlineType, "role", c.in.str("role")) {
		all = append(all, p.str("policy"))
	}
	return fits(strings.Join(all, ""), "maximum policy size for role "+c.in.str("role"), maxInline)
}

// fits counts characters without white space, as IAM does.
func fits(text, quota string, most int) string {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	if n > most {
		return fmt.Sprintf("Cannot exceed quota for %s: %d (this one has %d characters)", quota, most, n)
	}
	return ""
}

func attachmentQuota(c *call) string {
	if n := len(c.where(attachmentType, "role", c.in.str("role"))); n >= maxAttachments {
		return fmt.Sprintf("Cannot exceed quota for PoliciesPerRole: %d", maxAttachments)
	}
	return ""
}

// statement is one statement of a policy; what may be one text or a list is read as any.
type statement struct {
	Effect    string
	Action    any
	NotAction any
	Resource  any
	// NotResource and Principal are only looked at for being there.
	NotResource, Principal, NotPrincipal any
}

// statements reads a policy. IAM accepts a single statement without a list.
func statements(text string) ([]statement, error) {
	var doc struct {
		Version   string
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	if doc.Version != "" && doc.Version != "2012-10-17" && doc.Version != "2008-10-17" {
		return nil, fmt.Errorf("the version must be 2012-10-17 or 2008-10-17, not %q", doc.Version)
	}
	var list []statement
	if err := json.Unmarshal(doc.Statement, &list); err == nil {
		return list, nil
	}
	var one statement
	if err := json.Unmarshal(doc.Statement, &one); err != nil {
		return nil, fmt.Errorf("the statements cannot be read")
	}
	return []statement{one}, nil
}

func trustIsSound(c *call) string {
	return unsound(c.in.str("assumeRolePolicy"), func(s statement) string {
		switch {
		case s.Principal == nil && s.NotPrincipal == nil:
			return "a trust policy names a principal"
		case s.Resource != nil || s.NotResource != nil:
			return "Has prohibited field Resource"
		}
		return ""
	})
}

func policyIsSound(c *call) string {
	return unsound(c.in.str("policy"), func(s statement) string {
		switch {
		case s.Principal != nil || s.NotPrincipal != nil:
			return "Policy document should not specify a principal."
		case s.Resource == nil && s.NotResource == nil:
			return "Policy statement must contain resources."
		}
		return ""
	})
}

// unsound checks what all policies have in common, then each statement.
func unsound(text string, check func(statement) string) string {
	list, err := statements(text)
	if err != nil {
		return err.Error()
	}
	if len(list) == 0 {
		return "The policy has no statements."
	}
	for _, s := range list {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return fmt.Sprintf("The effect must be Allow or Deny, not %q.", s.Effect)
		}
		if s.Action == nil && s.NotAction == nil {
			return "Policy statement must contain actions."
		}
		if wrong := check(s); wrong != "" {
			return wrong
		}
	}
	return ""
}

// permits says whether a policy allows an action to a principal, which is given by any text within it.
func permits(policy, principal, action string) bool {
	list, err := statements(policy)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(list, func(s statement) bool {
		return s.Effect == "Allow" && strings.Contains(encode(s.Principal), principal) &&
			(strings.Contains(encode(s.Action), action) || strings.Contains(encode(s.Action), `:*"`) ||
				strings.Contains(encode(s.Action), `"*"`))
	})
}

// trusts says whether a role lets a service take it on.
func (c *call) trusts(roleARN, service, action string) bool {
	role, ok := c.find(roleType, "arn", roleARN)
	return ok && permits(role.str("assumeRolePolicy"), service, action)
}

func withoutScheme(url string) string { return strings.TrimPrefix(url, "https://") }
