package loadbalancer

import (
	_ "embed"
	"errors"
	"slices"
	"strings"

	"github.com/slipway-eks/slipway/components/identity"
)

// publishedPolicy is what the controller may do: docs/install/iam_policy.json of its version.
//
//go:embed iam_policy.json
var publishedPolicy string

// partitions are those for which the controller's project publishes the same policy with other ARNs, and no other
// difference (docs/install of its repository). Isolated partitions have fewer services.
var partitions = []string{defaultPartition, "aws-cn", "aws-eusc", "aws-us-gov"}

// ingressActions are those of the statement that lets the controller open any security group of the account.
var ingressActions = []string{"ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"}

// clusterTag with the cluster's name behind it is on the security group that EKS gives its nodes.
const clusterTag = "kubernetes.io/cluster/"

// policyDocument returns the policy in a partition. With a cluster's name, the controller opens only that cluster's
// security groups, besides those that it made itself (docs/deploy/installation.md of the controller).
func policyDocument(partition, onlyOf string) (identity.Document, error) {
	d, err := identity.ParseDocument(strings.ReplaceAll(publishedPolicy, "arn:aws:", "arn:"+partition+":"))
	if err != nil || onlyOf == "" {
		return d, err
	}
	for i, s := range d.Statement {
		if s.Condition == nil && slices.Equal(s.Action, ingressActions) {
			d.Statement[i].Condition = identity.Conditions{
				"Null": {"aws:ResourceTag/" + clusterTag + onlyOf: {"false"}},
			}
			return d, nil
		}
	}
	return d, errors.New("the policy has no statement that opens security groups")
}

// policyText returns the policy as JSON, which must also fit into a managed policy: what its project publishes is
// meant to be one, and what no longer fits has changed in a way to look at.
func policyText(partition, onlyOf string) (string, error) {
	d, err := policyDocument(partition, onlyOf)
	if err != nil {
		return "", err
	}
	text, err := d.JSON()
	if err != nil {
		return "", err
	}
	return text, identity.CheckManagedPolicy(controllerName, text)
}
