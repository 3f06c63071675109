package simaws_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

func TestConfig_refuses(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for sentence, row := range map[string]struct {
		config m
		want   string
	}{
		"a setting":                   {m{"region": "eu-west-1", "profile": "mine"}, `setting "profile" is not known to the rehearsal`},
		"no region":                   {m{}, `setting "region" is required`},
		"a region without data":       {m{"region": "mars-north-1"}, `region "mars-north-1" is not known to the rehearsal`},
		"tags that are no JSON":       {m{"region": "eu-west-1", "defaultTags": "x"}, `setting "defaultTags"`},
		"another account":             {m{"region": "eu-west-1", "allowedAccountIds": `["999999999999"]`}, "account ID not allowed"},
		"an account that is excluded": {m{"region": "eu-west-1", "forbiddenAccountIds": `["123456789012"]`}, "account ID not allowed"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			assert.Contains(t, c.Config("urn", row.config)[0], row.want)
			assert.ErrorContains(t, c.Configure(row.config), row.want)
		})
	}
	assert.Empty(t, c.Config("urn", m{
		"region": "eu-west-1", "skipCredentialsValidation": "true", "allowedAccountIds": `["123456789012"]`,
	}))
}

// The engine opens a connection for each provider resource of a program.
func TestConfig_regionsDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	seoul := newCloud(t)
	dublin := simtest.Connect(t, seoul.Server)
	require.NoError(t, dublin.Configure(m{"region": "eu-west-1"}))
	vpc := seoul.Make(t, vpcType, "net", m{"cidrBlock": "10.0.0.0/16"})
	_, err := dublin.Try(subnetType, "a", m{"vpcId": vpc.ID, "cidrBlock": "10.0.0.0/24"})
	require.ErrorContains(t, err, "InvalidVpcID.NotFound")
	role := m{"name": "one", "assumeRolePolicy": trust("ec2.amazonaws.com")}
	seoul.Make(t, roleType, "one", role)
	_, err = dublin.Try(roleType, "two", role)
	assert.ErrorContains(t, err, "EntityAlreadyExists", "IAM is one for all regions")
}

func TestInvoke_answers(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	zones, err := c.Invoke("aws:index/getAvailabilityZones:getAvailabilityZones", m{"state": "available"})
	require.NoError(t, err)
	assert.Equal(t, list{"ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c", "ap-northeast-2d"}, zones["names"].Mappable())
	assert.Equal(t, list{"apne2-az1", "apne2-az2", "apne2-az3", "apne2-az4"}, zones["zoneIds"].Mappable())
	zones, err = c.Invoke("aws:index/getAvailabilityZones:getAvailabilityZones", m{"excludeZoneIds": list{"apne2-az2"}})
	require.NoError(t, err)
	assert.Equal(t, list{"ap-northeast-2a", "ap-northeast-2c", "ap-northeast-2d"}, zones["names"].Mappable())
	region, err := c.Invoke("aws:index/getRegion:getRegion", nil)
	require.NoError(t, err)
	assert.Equal(t, "ap-northeast-2", region["name"].StringValue())
	partition, err := c.Invoke("aws:index/getPartition:getPartition", nil)
	require.NoError(t, err)
	assert.Equal(t, "aws", partition["partition"].StringValue())
	caller, err := c.Invoke("aws:index/getCallerIdentity:getCallerIdentity", nil)
	require.NoError(t, err)
	assert.Equal(t, account, caller["accountId"].StringValue())
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/deploy/rehearsal", caller["arn"].StringValue())
}

func TestInvoke_refusesByName(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	_, err := c.Invoke("aws:ec2/getAmi:getAmi", nil)
	require.ErrorContains(t, err, `function "aws:ec2/getAmi:getAmi" is not known to the rehearsal`)
	_, err = c.Invoke("aws:index/getAvailabilityZones:getAvailabilityZones", m{"allAvailabilityZones": true})
	assert.ErrorContains(t, err, `argument "allAvailabilityZones" is not known to the rehearsal`)
}
