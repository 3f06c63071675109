//go:build unix

package rehearsal_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These see what no mock does: the resources that pulumi-eks registers itself.

func TestState_everythingNamesItsProvider(t *testing.T) {
	t.Parallel()
	for _, resource := range custom(t, "aws:", "kubernetes:") {
		assert.NotContains(t, resource.Provider, "::default", "%s", resource.URN)
		assert.NotEmpty(t, resource.Provider, "%s", resource.URN)
	}
}

func TestState_everythingThatCanBeTaggedIsTagged(t *testing.T) {
	t.Parallel()
	for _, resource := range custom(t, "aws:") {
		tags, taggable := resource.Outputs["tagsAll"].(map[string]any)
		if !taggable {
			continue
		}
		assert.Equal(t, "slipway", tags["slipway:project"], "%s", resource.URN)
		assert.Equal(t, "dev", tags["slipway:stack"], "%s", resource.URN)
		assert.Equal(t, "platform", tags["team"], "%s", resource.URN)
	}
}

func TestState_nothingIsOpenToTheWorld(t *testing.T) {
	t.Parallel()
	rules := 0
	for _, resource := range custom(t, "aws:ec2/securityGroup", "aws:vpc/securityGroupIngressRule") {
		for _, rule := range ingress(resource) {
			rules++
			assert.NotContains(t, rule, "0.0.0.0/0", "%s", resource.URN)
			assert.NotContains(t, rule, "::/0", "%s", resource.URN)
		}
	}
	assert.NotZero(t, rules, "pulumi-eks makes rules; a test that sees none looks in the wrong place")
}

func TestState_whoCreatesTheClusterGetsNoHiddenRights(t *testing.T) {
	t.Parallel()
	clusters := custom(t, "aws:eks/cluster:Cluster")
	require.Len(t, clusters, 1)
	access, ok := clusters[0].Inputs["accessConfig"].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, false, access["bootstrapClusterCreatorAdminPermissions"])
	assert.Equal(t, "API", access["authenticationMode"])
}

// custom returns the resources of the deployed dev stack whose types begin with one of the prefixes; there are some.
func custom(t *testing.T, prefixes ...string) []apitype.ResourceV3 {
	t.Helper()
	var found []apitype.ResourceV3
	for _, resource := range dev(t).state.Resources {
		matches := func(prefix string) bool { return strings.HasPrefix(string(resource.Type), prefix) }
		if resource.Custom && slices.ContainsFunc(prefixes, matches) {
			found = append(found, resource)
		}
	}
	require.NotEmpty(t, found)
	return found
}

// ingress returns the ranges of every rule that lets traffic into a security group, in any of the ways to write one.
func ingress(resource apitype.ResourceV3) [][]any {
	ranges := func(rule map[string]any) []any {
		all := []any{rule["cidrIpv4"], rule["cidrIpv6"]}
		for _, key := range []string{"cidrBlocks", "ipv6CidrBlocks"} {
			list, _ := rule[key].([]any)
			all = append(all, list...)
		}
		return all
	}
	var rules [][]any
	switch resource.Type {
	case "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":
		inline, _ := resource.Inputs["ingress"].([]any)
		for _, rule := range inline {
			if rule, ok := rule.(map[string]any); ok {
				rules = append(rules, ranges(rule))
			}
		}
	case "aws:ec2/securityGroupRule:SecurityGroupRule":
		if resource.Inputs["type"] == "ingress" {
			rules = append(rules, ranges(resource.Inputs))
		}
	default:
		rules = append(rules, ranges(resource.Inputs))
	}
	return rules
}
