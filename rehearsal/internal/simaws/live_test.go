package simaws_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

// live returns the only node group of the account.
func live(t *testing.T, p *parts) simaws.NodeGroup {
	t.Helper()
	groups := p.account.NodeGroups("main")
	require.Len(t, groups, 1)
	return groups[0]
}

// groupOf is a platform whose node group has these changes.
func groupOf(t *testing.T, changes m) *parts {
	t.Helper()
	p := platform(t)
	require.NoError(t, p.Delete(p.nodes))
	p.nodes = p.make(t, nodesType, "changed", p.nodeInputs(changes))
	return p
}

func TestNodeGroups_areAsTheProgramSays(t *testing.T) {
	t.Parallel()
	p := groupOf(t, m{
		"nodeGroupName": "general", "capacityType": "SPOT", "instanceTypes": list{"t3.large", "t3a.large"},
		"taints": list{
			m{"key": "dedicated", "value": "chat", "effect": "NO_SCHEDULE"},
			m{"key": "rather", "effect": "PREFER_NO_SCHEDULE"},
			m{"key": "never", "effect": "NO_EXECUTE"},
		},
	})
	g := live(t, p)
	assert.Equal(t, "general", g.Name)
	assert.Equal(t, group(p), g.AutoScalingGroup)
	assert.Equal(t, []string{"t3.large", "t3a.large"}, g.InstanceTypes)
	assert.Equal(t, []string{"ap-northeast-2a", "ap-northeast-2c"}, g.Zones)
	assert.Equal(t, []int{1, 2, 4}, []int{g.Min, g.Desired, g.Max})
	assert.True(t, g.Spot)
	assert.Equal(t, map[string]string{"node.example.com/group": "general"}, g.Labels)
	assert.ElementsMatch(t, []simaws.Taint{
		{Key: "dedicated", Value: "chat", Effect: "NoSchedule"},
		{Key: "rather", Effect: "PreferNoSchedule"},
		{Key: "never", Effect: "NoExecute"},
	}, g.Taints)
	assert.Zero(t, g.MaxPods)
	assert.Nil(t, g.CPU)
	assert.False(t, g.OwnImage)
	assert.Empty(t, p.account.NodeGroups("other"))
	assert.Equal(t, []string{"main"}, p.account.Clusters())
}

// userData is what nodeadm reads, with other parts around it.
const userData = `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: text/x-shellscript

#!/bin/sh
--//
Content-Type: application/node.eks.aws

apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  kubelet:
    config: {maxPods: 50}
    flags:
      - --node-labels=group=chat,tier=
      - --register-with-taints=dedicated=chat:NoSchedule,alone:NoExecute
      - --v=4
--//--
`

// template makes a launch template that the node group takes its nodes from.
func template(t *testing.T, p *parts, inputs m) simtest.Resource {
	t.Helper()
	made := p.make(t, templateType, "template", inputs)
	require.NoError(t, p.Delete(p.nodes))
	p.nodes = p.make(t, nodesType, "templated", p.nodeInputs(m{
		"instanceTypes": inputs["types"], "launchTemplate": m{"id": made.ID, "version": "1"},
		"labels": m{"of": "eks"},
	}))
	return made
}

func TestNodeGroups_withAnImageOfTheirOwnFollowTheUserData(t *testing.T) {
	t.Parallel()
	p := platform(t)
	template(t, p, m{
		"imageId": "ami-0123456789abcdef0", "instanceType": "m6i.large",
		"userData": base64.StdEncoding.EncodeToString([]byte(userData)),
	})
	g := live(t, p)
	assert.Equal(t, []string{"m6i.large"}, g.InstanceTypes)
	assert.True(t, g.OwnImage)
	assert.Equal(t, 50, g.MaxPods)
	assert.Equal(t, map[string]string{"group": "chat", "tier": ""}, g.Labels, "EKS adds none of its own")
	assert.Equal(t, []simaws.Taint{
		{Key: "dedicated", Value: "chat", Effect: "NoSchedule"}, {Key: "alone", Effect: "NoExecute"},
	}, g.Taints)
}

func TestNodeGroups_withAnImageOfTheirOwnAndNoUserDataSayNothing(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"none": "", "a script": "#!/bin/sh\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := platform(t)
			template(t, p, m{
				"imageId": "ami-0123456789abcdef0", "instanceType": "m6i.large",
				"userData": base64.StdEncoding.EncodeToString([]byte(text)),
			})
			g := live(t, p)
			assert.Zero(t, g.MaxPods)
			assert.Empty(t, g.Labels)
			assert.Empty(t, g.Taints)
		})
	}
}

func TestNodeGroups_withoutAnImageOfTheirOwnHaveEKSsLabels(t *testing.T) {
	t.Parallel()
	p := platform(t)
	template(t, p, m{"instanceType": "m6i.large"})
	assert.Equal(t, map[string]string{"of": "eks"}, live(t, p).Labels)
}

func TestNodeGroups_haveAnotherRecipeWithAnotherVersionOfTheTemplate(t *testing.T) {
	t.Parallel()
	p := platform(t)
	made := template(t, p, m{"instanceType": "m6i.large"})
	before := live(t, p).Recipe
	_, err := p.Update(made, m{"instanceType": "m6i.xlarge"})
	require.NoError(t, err)
	assert.Equal(t, before, live(t, p).Recipe, "the group still has version 1")
	_, err = p.Update(p.nodes, p.nodeInputs(m{
		"instanceTypes": nil, "labels": m{"of": "eks"}, "launchTemplate": m{"id": made.ID, "version": "2"},
	}))
	require.NoError(t, err)
	assert.NotEqual(t, before, live(t, p).Recipe)
}

func TestNodeGroups_haveThePoliciesAndTagsOfTheirAutoScalingGroup(t *testing.T) {
	t.Parallel()
	p := platform(t)
	p.make(t, groupTagType, "tag", m{
		"autoscalingGroupName": group(p), "tag": m{"key": "slipway", "value": "yes", "propagateAtLaunch": false},
	})
	p.make(t, scalingPolicyType, "cpu", m{
		"autoscalingGroupName": group(p), "policyType": "TargetTrackingScaling", "estimatedInstanceWarmup": 120,
		"targetTrackingConfiguration": m{
			"targetValue": 55, "disableScaleIn": true,
			"predefinedMetricSpecification": m{"predefinedMetricType": "ASGAverageCPUUtilization"},
		},
	})
	g := live(t, p)
	assert.Equal(t, &simaws.CPUPolicy{Percent: 55, ScaleIn: false, WarmUpSeconds: 120}, g.CPU)
	assert.Equal(t, map[string]string{
		"slipway": "yes", "k8s.io/cluster-autoscaler/enabled": "true", "k8s.io/cluster-autoscaler/main": "owned",
		"eks:cluster-name": "main", "eks:nodegroup-name": g.Name,
	}, g.Tags)
}

func TestNodeGroups_getAddressesByPrefixIfTheCNISaysSo(t *testing.T) {
	t.Parallel()
	p := platform(t)
	assert.False(t, live(t, p).PrefixDelegation)
	p.make(t, addonType, "vpc-cni", m{
		"clusterName": "main", "addonName": "vpc-cni",
		"configurationValues": `{"env":{"ENABLE_PREFIX_DELEGATION":"true"}}`,
	})
	assert.True(t, live(t, p).PrefixDelegation)
	assert.Equal(t, []string{"vpc-cni"}, p.account.Addons("main"))
	assert.Empty(t, p.account.Addons("other"))
}

func TestAccessEntries_haveThePoliciesOfTheWholeCluster(t *testing.T) {
	t.Parallel()
	p := platform(t)
	p.make(t, entryType, "admin", m{
		"clusterName": "main", "principalArn": admin, "kubernetesGroups": list{"oncall"},
	})
	for name, scope := range map[string]m{
		"AmazonEKSClusterAdminPolicy": {"type": "cluster"},
		"AmazonEKSEditPolicy":         {"type": "namespace", "namespaces": list{"shop"}},
	} {
		p.make(t, accessType, name, m{
			"clusterName": "main", "principalArn": admin, "accessScope": scope,
			"policyArn": "arn:aws:eks::aws:cluster-access-policy/" + name,
		})
	}
	var found []simaws.AccessEntry
	for _, e := range p.account.AccessEntries("main") {
		if e.Principal == admin {
			found = append(found, e)
		}
	}
	assert.Equal(t, []simaws.AccessEntry{
		{Principal: admin, Groups: []string{"oncall"}, Policies: []string{"AmazonEKSClusterAdminPolicy"}},
	}, found)
	assert.Empty(t, p.account.AccessEntries("other"))
}
