package simaws_test

import (
	"fmt"
	"testing"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

// https is a good rule of the type, with changes.
func https(p *parts, typ string, changes m) m {
	if typ == oldRuleType {
		return with(m{
			"type": "ingress", "securityGroupId": p.group.ID, "protocol": "tcp", "fromPort": 443, "toPort": 443,
			"cidrBlocks": list{"10.0.0.0/16"},
		}, changes)
	}
	return with(m{
		"securityGroupId": p.group.ID, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16",
	}, changes)
}

var firewallRefusals = firewallRows()

func firewallRows() map[string]refused {
	rows := map[string]refused{
		"a group in no VPC": {groupType, "InvalidVpcID.NotFound: vpc-0", try(groupType, func(*parts) m { return m{"vpcId": "vpc-0"} })},
		"a second group of one name": {groupType, "InvalidGroup.Duplicate: already exists", func(p *parts) error {
			return several(p, 2, groupType, func(int) m { return m{"vpcId": p.vpc.ID, "name": "web"} })
		}},
		"the default group of no VPC": {defaultType, "InvalidVpcID.NotFound: vpc-0", try(defaultType, func(*parts) m { return m{"vpcId": "vpc-0"} })},
		"the default group of one VPC twice": {defaultType, "InvalidGroup.Duplicate: another resource", func(p *parts) error {
			return several(p, 2, defaultType, func(int) m { return m{"vpcId": p.vpc.ID} })
		}},
		"a group that another group's rule names is deleted": {groupType, "DependencyViolation: dependent object", func(p *parts) error {
			other, err := p.Try(groupType, "other", m{"vpcId": p.vpc.ID})
			if err != nil {
				return err
			}
			_, err = p.Try(ingressType, "from-app", m{
				"securityGroupId": other.ID, "ipProtocol": "-1", "referencedSecurityGroupId": p.group.ID,
			})
			if err != nil {
				return err
			}
			return p.Delete(p.group)
		}},
		"a template with a group that does not exist": {templateType, "InvalidParameterCombination: sg-0", try(templateType, func(*parts) m {
			return m{"vpcSecurityGroupIds": list{"sg-0"}}
		})},
		"a second template of one name": {templateType, "InvalidLaunchTemplateName.AlreadyExistsException: in use", func(p *parts) error {
			return several(p, 2, templateType, func(int) m { return m{"name": "workers"} })
		}},
	}
	for typ, other := range map[string]string{
		oldRuleType: "sourceSecurityGroupId", ingressType: "referencedSecurityGroupId", egressType: "referencedSecurityGroupId",
	} {
		block := map[bool]string{true: "cidrBlocks", false: "cidrIpv4"}[typ == oldRuleType]
		protocol := map[bool]string{true: "protocol", false: "ipProtocol"}[typ == oldRuleType]
		add := func(sentence, want string, run func(p *parts) error) {
			rows[typ+": "+sentence] = refused{typ, want, run}
		}
		with := func(changes m) func(*parts) error {
			return try(typ, func(p *parts) m { return https(p, typ, changes) })
		}
		add("a rule of no group", "InvalidGroup.NotFound: sg-0", with(m{"securityGroupId": "sg-0"}))
		add("a rule for a group that does not exist", "InvalidGroup.NotFound: sg-9", with(m{block: nil, other: "sg-9"}))
		add("a rule without source", "InvalidParameterValue: needs a source", with(m{block: nil}))
		add("a rule for all protocols with ports", "InvalidParameterValue: ", with(m{protocol: "all"}))
		add("ports the wrong way round", "InvalidParameterValue: Invalid port range", with(m{"fromPort": 9, "toPort": 8}))
		add("the same rule twice", "InvalidPermission.Duplicate: already exists", func(p *parts) error {
			return several(p, 2, typ, func(int) m { return https(p, typ, nil) })
		})
		add("a sixty-first rule", "RulesPerSecurityGroupLimitExceeded: 60", func(p *parts) error {
			return several(p, 61, typ, func(i int) m { return https(p, typ, m{"fromPort": i + 1, "toPort": i + 1}) })
		})
	}
	return rows
}

func TestFirewall_refuses(t *testing.T) {
	t.Parallel()
	runRefusals(t, network, firewallRefusals)
}

func TestFirewall_groupInUseByClusterStays(t *testing.T) {
	t.Parallel()
	runRefusals(t, platform, map[string]refused{
		"the cluster's group": {groupType, "DependencyViolation: " + fmt.Sprint(clusterType), drop(func(p *parts) simtest.Resource { return p.group })},
	})
}
