package simaws_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

// everything makes at least one resource of every type.
func everything(t *testing.T) *parts {
	t.Helper()
	p := platform(t)
	p.make(t, defaultType, "closed", m{"vpcId": p.vpc.ID})
	p.make(t, endpointType, "s3", m{
		"vpcId": p.vpc.ID, "serviceName": "com.amazonaws.ap-northeast-2.s3", "routeTableIds": list{p.table.ID},
	})
	p.make(t, endpointType, "sts", m{
		"vpcId": p.vpc.ID, "serviceName": "com.amazonaws.ap-northeast-2.sts", "vpcEndpointType": "Interface",
		"subnetIds": list{p.subnetC.ID, p.subnetA.ID}, "securityGroupIds": list{p.group.ID}, "privateDnsEnabled": true,
	})
	p.make(t, oldRuleType, "out", m{
		"type": "egress", "securityGroupId": p.group.ID, "protocol": "all", "fromPort": 0, "toPort": 0,
		"cidrBlocks": list{"0.0.0.0/0"},
	})
	p.make(t, ingressType, "https", m{
		"securityGroupId": p.group.ID, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16",
	})
	p.make(t, egressType, "dns", m{
		"securityGroupId": p.group.ID, "ipProtocol": "17", "fromPort": 53, "toPort": 53, "cidrIpv4": "10.0.0.2/32",
	})
	flowRole := p.make(t, roleType, "flow", m{"assumeRolePolicy": trust("vpc-flow-logs.amazonaws.com")})
	p.make(t, flowType, "flow", m{
		"vpcId": p.vpc.ID, "trafficType": "ALL", "iamRoleArn": arn(flowRole), "logDestination": arn(p.logs),
	})
	p.make(t, templateType, "workers", m{
		"metadataOptions":     m{"httpTokens": "required", "httpPutResponseHopLimit": 1},
		"blockDeviceMappings": list{m{"deviceName": "/dev/xvda", "ebs": m{"volumeSize": 50, "volumeType": "gp3", "encrypted": "true"}}},
		"tagSpecifications":   list{m{"resourceType": "instance", "tags": m{"team": "platform"}}},
	})
	podRole := p.make(t, roleType, "pod", m{
		"assumeRolePolicy": trust("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession"),
	})
	statement := m{"Version": "2012-10-17", "Statement": m{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
	p.make(t, inlineType, "inline", m{"role": podRole.ID, "policy": statement})
	policy := p.make(t, policyType, "own", m{"policy": statement})
	p.make(t, attachType, "own", m{"role": podRole.ID, "policyArn": policy.ID})
	p.make(t, oidcType, "oidc", m{
		"url": "https://oidc.eks.ap-northeast-2.amazonaws.com/id/ABC", "clientIdLists": list{"sts.amazonaws.com"},
	})
	key := p.make(t, keyType, "key", m{"enableKeyRotation": true, "deletionWindowInDays": 7})
	p.make(t, aliasType, "alias", m{"name": "alias/main", "targetKeyId": key.ID})
	entry := p.make(t, entryType, "deploy", m{"clusterName": "main", "principalArn": deployer})
	p.make(t, accessType, "deploy", m{
		"clusterName": "main", "principalArn": entry.Inputs["principalArn"], "policyArn": eksAdmin,
		"accessScope": m{"type": "cluster"},
	})
	p.make(t, addonType, "coredns", m{
		"clusterName": "main", "addonName": "coredns", "configurationValues": "{\n  \"replicaCount\": 2 }",
		"resolveConflictsOnCreate": "OVERWRITE", "resolveConflictsOnUpdate": "PRESERVE",
	})
	p.make(t, identityType, "pod", m{
		"clusterName": "main", "namespace": "app", "serviceAccount": "app", "roleArn": arn(podRole),
	})
	topic := p.make(t, topicType, "alerts", m{})
	p.make(t, subscriptionType, "me", m{"topic": arn(topic), "protocol": "email", "endpoint": "me@example.com"})
	p.make(t, notificationType, "nodes", m{
		"topicArn": arn(topic), "groupNames": list{group(p)}, "notifications": list{"autoscaling:EC2_INSTANCE_LAUNCH"},
	})
	p.make(t, scalingPolicyType, "cpu", m{
		"autoscalingGroupName": group(p), "policyType": "TargetTrackingScaling", "targetTrackingConfiguration": m{
			"targetValue": 50, "predefinedMetricSpecification": m{"predefinedMetricType": "ASGAverageCPUUtilization"},
		},
	})
	p.make(t, groupTagType, "mark", m{
		"autoscalingGroupName": group(p), "tag": m{"key": "team", "value": "platform", "propagateAtLaunch": false},
	})
	p.make(t, repositoryType, "main", m{
		"name": "main", "imageTagMutability": "IMMUTABLE", "imageScanningConfiguration": m{"scanOnPush": true},
		"encryptionConfigurations": list{m{"encryptionType": "AES256"}},
	})
	p.make(t, lifecycleType, "main", m{"repository": "main", "policy": lifecycle(2)})
	makeBucket(t, p)
	return p
}

// A refresh, and then an update without changes, must find nothing to do, also after a restart of the account.
func TestAccount_refreshRightAfterUpFindsNoChange(t *testing.T) {
	t.Parallel()
	p := everything(t)
	again := openCloud(t, p.file, m{"region": "ap-northeast-2"})
	for name, c := range map[string]cloud{"same account": p.cloud, "account from its file": again} {
		for _, r := range p.all {
			got := c.Read(t, r)
			assert.Equal(t, r.ID, got.ID, "%s: %s", name, r.URN)
			assert.Equal(t, r.Inputs.Mappable(), got.Inputs.Mappable(), "%s: %s", name, r.URN)
			assert.Equal(t, r.Outputs.Mappable(), got.Outputs.Mappable(), "%s: %s", name, r.URN)
			diff := c.Diff(t, got, r.Inputs.Mappable())
			assert.Equal(t, pulumirpc.DiffResponse_DIFF_NONE, diff.Changes, "%s: %s: %v", name, r.URN, diff.Diffs)
		}
	}
}

func TestAccount_everythingCanBeDeletedInReverse(t *testing.T) {
	t.Parallel()
	p := everything(t)
	require.Equal(t, len(p.all), p.account.LiveCount())
	for _, r := range slices.Backward(p.all) {
		require.NoError(t, p.Delete(r), r.URN)
	}
	assert.Zero(t, p.account.LiveCount())
	assert.Empty(t, p.account.Resources(), "what AWS made by itself goes with its owner")
}

func TestAccount_driftShows(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		typ   string
		pick  func(p *parts) simtest.Resource
		drift m
		path  string
	}{
		"somebody switched DNS names off": {
			vpcType, func(p *parts) simtest.Resource { return p.vpc }, m{"enableDnsHostnames": false}, "enableDnsHostnames",
		},
		"somebody added a tag": {
			vpcType, func(p *parts) simtest.Resource { return p.vpc }, m{"tags": m{"Name": "net", "owner": "me"}}, "tags.owner",
		},
		"somebody opened the endpoint": {
			clusterType, func(p *parts) simtest.Resource { return p.cluster },
			m{"vpcConfig": m{"publicAccessCidrs": list{"0.0.0.0/0"}, "subnetIds": list{"x"}}},
			"vpcConfig.publicAccessCidrs[0]",
		},
		"the autoscaler added nodes": {
			nodesType, func(p *parts) simtest.Resource { return p.nodes },
			m{"scalingConfig": m{"minSize": 1, "desiredSize": 3, "maxSize": 4}},
			"scalingConfig.desiredSize",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p := platform(t)
			r := c.pick(p)
			require.NoError(t, p.account.Drift(c.typ, r.ID, c.drift))
			got := p.Read(t, r)
			assert.Contains(t, p.Diff(t, got, r.Inputs.Mappable()).Diffs, c.path)
		})
	}
}

func TestAccount_lostResourceReadsAsGone(t *testing.T) {
	t.Parallel()
	p := network(t)
	require.NoError(t, p.account.Lose(eipType, p.eip.ID))
	assert.Empty(t, p.Read(t, p.eip).ID)
	assert.NoError(t, p.Delete(p.eip), "what is gone needs no deletion")
}

func TestAccount_ignoredDriftSurvivesAnUpdate(t *testing.T) {
	t.Parallel()
	p := platform(t)
	require.NoError(t, p.account.Drift(nodesType, p.nodes.ID,
		m{"scalingConfig": m{"minSize": 1, "desiredSize": 4, "maxSize": 4}}))
	got, err := p.Update(p.nodes, p.nodeInputs(m{"scalingConfig": m{"minSize": 1, "desiredSize": 2, "maxSize": 6}}),
		"scalingConfig.desiredSize")
	require.NoError(t, err)
	scaling := got.Outputs["scalingConfig"].ObjectValue()
	assert.InDelta(t, 4, scaling["desiredSize"].NumberValue(), 0)
	assert.InDelta(t, 6, scaling["maxSize"].NumberValue(), 0)
}

func TestAccount_secretsAreNowhereInClear(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	const marker = "c2VjcmV0LW1hcmtlcg=="
	lt := c.Make(t, templateType, "secret", m{"userData": simtest.Secret(marker)})
	assert.True(t, lt.Outputs["userData"].IsSecret(), "an output that echoes a secret stays secret")
	lt, err := c.Update(lt, m{"userData": simtest.Secret(marker), "description": "second"})
	require.NoError(t, err)

	data, err := os.ReadFile(c.file)
	require.NoError(t, err)
	assert.NotContains(t, string(data), marker)
	for _, e := range c.Server.Events() {
		assert.NotContains(t, fmt.Sprint(simprovider.RevealMap(e.Inputs).Mappable()), marker)
	}
	got := openCloud(t, c.file, m{"region": "ap-northeast-2"}).Read(t, lt)
	assert.Equal(t, lt.Inputs, got.Inputs, "the hash lets the account answer with what the engine knows")
	assert.Equal(t, lt.Outputs, got.Outputs)
}
