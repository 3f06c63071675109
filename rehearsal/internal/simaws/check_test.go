package simaws_test

import (
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

// limited is a value that a limit refuses.
type limited struct {
	typ, path string
	value     any
	want      string
}

var limitRefusals = map[string]limited{
	"a policy of another type": {scalingPolicyType, "policyType", "StepScaling", "none of"},
	"a metric of another kind": {
		scalingPolicyType, "targetTrackingConfiguration.predefinedMetricSpecification.predefinedMetricType", "Memory", "none of",
	},
	"news of another kind":                  {notificationType, "notifications", list{"autoscaling:ALL"}, "none of"},
	"a topic's name":                        {topicType, "name", "a b", "no name"},
	"mail by pigeon":                        {subscriptionType, "protocol", "pigeon", "none of"},
	"a repository's name":                   {repositoryType, "name", "Main", "no name"},
	"a repository's name is too long":       {repositoryType, "name", strings.Repeat("x", 257), "at most 256"},
	"tags that change somehow":              {repositoryType, "imageTagMutability", "SOME", "none of"},
	"a repository encrypted otherwise":      {repositoryType, "encryptionConfigurations.encryptionType", "ROT13", "none of"},
	"a bucket's name is too short":          {bucketType, "bucket", "ab", "3 to 63"},
	"a bucket's name in capitals":           {bucketType, "bucket", "Main", "lower-case"},
	"versions of another kind":              {versioningType, "versioningConfiguration.status", "On", "none of"},
	"a bucket encrypted otherwise":          {encryptionType, "rules.applyServerSideEncryptionByDefault.sseAlgorithm", "ROT13", "none of"},
	"a VPC that is too large":               {vpcType, "cidrBlock", "10.0.0.0/8", "between /16 and /28"},
	"a block that is not canonical":         {vpcType, "cidrBlock", "10.0.0.1/16", "write 10.0.0.0/16"},
	"a tenancy of another kind":             {vpcType, "instanceTenancy", "host", "none of"},
	"a subnet that is too small":            {subnetType, "cidrBlock", "10.0.0.0/29", "between /16 and /28"},
	"an address outside a VPC":              {eipType, "domain", "standard", "none of"},
	"a NAT gateway of another kind":         {natType, "connectivityType", "both", "none of"},
	"a route to no block":                   {routeType, "destinationCidrBlock", "internet", "no IPv4 block"},
	"an endpoint policy that is no JSON":    {endpointType, "policy", "allow", "no JSON object"},
	"an endpoint of another kind":           {endpointType, "vpcEndpointType", "Tunnel", "none of"},
	"an address type of an endpoint":        {endpointType, "ipAddressType", "ipv5", "none of"},
	"names of an endpoint":                  {endpointType, "dnsOptions.dnsRecordIpType", "ipv5", "none of"},
	"a group described with an apostrophe":  {groupType, "description", "the nodes' group", "does not allow"},
	"a group named like an id":              {groupType, "name", "sg-mine", "must not begin"},
	"a rule described in another alphabet":  {oldRuleType, "description", "ä", "does not allow"},
	"a rule of another direction":           {oldRuleType, "type", "both", "none of"},
	"a rule for no block":                   {oldRuleType, "cidrBlocks", list{"anywhere"}, "no IPv4 block"},
	"a first port above all ports":          {oldRuleType, "fromPort", 70000, "outside"},
	"a last port above all ports":           {oldRuleType, "toPort", 70000, "outside"},
	"a new rule's description":              {ingressType, "description", "ä", "does not allow"},
	"a new rule's block":                    {ingressType, "cidrIpv4", "anywhere", "no IPv4 block"},
	"a new rule's first port":               {ingressType, "fromPort", 70000, "outside"},
	"a new rule's last port":                {ingressType, "toPort", 70000, "outside"},
	"a new egress rule's description":       {egressType, "description", "ä", "does not allow"},
	"a new egress rule's block":             {egressType, "cidrIpv4", "anywhere", "no IPv4 block"},
	"a new egress rule's first port":        {egressType, "fromPort", 70000, "outside"},
	"a new egress rule's last port":         {egressType, "toPort", 70000, "outside"},
	"a template's name":                     {templateType, "name", "a b", "no name"},
	"a template's description":              {templateType, "description", strings.Repeat("x", 256), "at most 255"},
	"user data that is plain":               {templateType, "userData", "#!/bin/sh", "base64"},
	"an image that is none":                 {templateType, "imageId", "ubuntu", "no image id"},
	"metadata switched somehow":             {templateType, "metadataOptions.httpEndpoint", "on", "none of"},
	"tokens switched somehow":               {templateType, "metadataOptions.httpTokens", "yes", "none of"},
	"metadata tags switched somehow":        {templateType, "metadataOptions.instanceMetadataTags", "yes", "none of"},
	"too many hops":                         {templateType, "metadataOptions.httpPutResponseHopLimit", 65, "outside"},
	"encryption switched somehow":           {templateType, "blockDeviceMappings.ebs.encrypted", "yes", "none of"},
	"deletion switched somehow":             {templateType, "blockDeviceMappings.ebs.deleteOnTermination", "yes", "none of"},
	"a volume of another kind":              {templateType, "blockDeviceMappings.ebs.volumeType", "gp9", "none of"},
	"a volume that is too slow":             {templateType, "blockDeviceMappings.ebs.throughput", 1, "outside"},
	"a volume without room":                 {templateType, "blockDeviceMappings.ebs.volumeSize", 0, "outside"},
	"tags for something else":               {templateType, "tagSpecifications.resourceType", "cluster", "none of"},
	"tags with AWS's own prefix":            {templateType, "tagSpecifications.tags", m{"aws:x": "y"}, "reserved"},
	"a role's name above 64 characters":     {roleType, "name", strings.Repeat("x", 65), "at most 64"},
	"a role's name with a space":            {roleType, "name", "a b", "does not allow"},
	"a role's path without slash":           {roleType, "path", "x", "slash"},
	"a role's long description":             {roleType, "description", strings.Repeat("x", 1001), "at most 1000"},
	"a trust policy that is no JSON":        {roleType, "assumeRolePolicy", "trust me", "no JSON object"},
	"a session that is too long":            {roleType, "maxSessionDuration", 50000, "outside"},
	"an inline policy's name":               {inlineType, "name", "a b", "does not allow"},
	"an inline policy that is no JSON":      {inlineType, "policy", "all", "no JSON object"},
	"an inline policy of a number":          {inlineType, "role", 5, "must be a string"},
	"a policy's name":                       {policyType, "name", "a b", "does not allow"},
	"a policy's path":                       {policyType, "path", "x", "slash"},
	"a policy's description":                {policyType, "description", strings.Repeat("x", 1001), "at most"},
	"a policy that is no JSON":              {policyType, "policy", "all", "no JSON object"},
	"an attachment to a number":             {attachType, "role", 5, "must be a string"},
	"an issuer without scheme":              {oidcType, "url", "example.com", "https://"},
	"a thumbprint that is none":             {oidcType, "thumbprintLists", list{"abc"}, "SHA-1"},
	"a log group's name":                    {logsType, "name", "a b", "no name"},
	"a retention that AWS does not offer":   {logsType, "retentionInDays", 10, "none of"},
	"a log group of another class":          {logsType, "logGroupClass", "CHEAP", "none of"},
	"traffic of another kind":               {flowType, "trafficType", "SOME", "none of"},
	"a destination of another kind":         {flowType, "logDestinationType", "printer", "none of"},
	"an interval that AWS does not offer":   {flowType, "maxAggregationInterval", 61, "none of"},
	"a key deleted at once":                 {keyType, "deletionWindowInDays", 1, "outside"},
	"a key rotated every day":               {keyType, "rotationPeriodInDays", 1, "outside"},
	"a key's description":                   {keyType, "description", strings.Repeat("x", 8193), "at most"},
	"a key's policy that is no JSON":        {keyType, "policy", "all", "no JSON object"},
	"a key for another use":                 {keyType, "keyUsage", "OPEN_DOORS", "none of"},
	"an alias without prefix":               {aliasType, "name", "main", "must begin"},
	"a cluster's name":                      {clusterType, "name", "a b", "no name"},
	"an authentication mode":                {clusterType, "accessConfig.authenticationMode", "NONE", "none of"},
	"logs of another kind":                  {clusterType, "enabledClusterLogTypes", list{"kubelet"}, "none of"},
	"support of another kind":               {clusterType, "upgradePolicy.supportType", "GOLD", "none of"},
	"a family of addresses":                 {clusterType, "kubernetesNetworkConfig.ipFamily", "ipv5", "none of"},
	"too many services":                     {clusterType, "kubernetesNetworkConfig.serviceIpv4Cidr", "10.0.0.0/8", "between"},
	"encryption of something else":          {clusterType, "encryptionConfig.resources", list{"pods"}, "none of"},
	"a public block that is none":           {clusterType, "vpcConfig.publicAccessCidrs", list{"me"}, "no IPv4 block"},
	"a principal that is none":              {entryType, "principalArn", "alice", "no ARN"},
	"an entry of another type":              {entryType, "type", "ADMIN", "none of"},
	"a group of the system's own":           {entryType, "kubernetesGroups", list{"system:masters"}, "system:"},
	"a user of the system's own":            {entryType, "userName", "system:admin", "system:"},
	"a scope of another type":               {accessType, "accessScope.type", "world", "none of"},
	"a namespace that is none":              {identityType, "namespace", "A", "no name"},
	"a service account that is none":        {identityType, "serviceAccount", "A", "no name"},
	"a conflict resolved somehow on create": {addonType, "resolveConflictsOnCreate", "PRESERVE", "none of"},
	"a conflict resolved somehow on update": {addonType, "resolveConflictsOnUpdate", "MERGE", "none of"},
	"an add-on's version":                   {addonType, "addonVersion", "latest", "no version"},
	"a node group's name":                   {nodesType, "nodeGroupName", "a b", "no name"},
	"capacity of another type":              {nodesType, "capacityType", "FREE", "none of"},
	"an image of another type":              {nodesType, "amiType", "UBUNTU", "none of"},
	"a taint in the words of Kubernetes":    {nodesType, "taints.effect", "NoSchedule", "none of"},
	"fewer than no nodes":                   {nodesType, "scalingConfig.minSize", -1, "outside"},
	"more nodes than a group may have":      {nodesType, "scalingConfig.maxSize", 451, "outside"},
	"an update of nothing at a time":        {nodesType, "updateConfig.maxUnavailable", 0, "outside"},
	"an update of more than all":            {nodesType, "updateConfig.maxUnavailablePercentage", 101, "outside"},
	"an instance type that is none":         {nodesType, "instanceTypes", list{"large"}, "no instance type"},
	"a disk without room":                   {nodesType, "diskSize", 0, "outside"},
}

// nest puts a value at a dotted path; a plural step is a list.
func nest(path string, v any) m {
	first, rest, more := strings.Cut(path, ".")
	if !more {
		return m{first: v}
	}
	inner := any(nest(rest, v))
	if first == "blockDeviceMappings" || first == "tagSpecifications" || first == "taints" {
		inner = list{inner}
	}
	return m{first: inner}
}

func TestCheck_refusesValues(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for sentence, row := range limitRefusals {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			_, err := c.Check(row.typ, "x", nil, nest(row.path, row.value))
			require.ErrorContains(t, err, row.typ+` "x": property "`+row.path+`": `)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

func TestCheck_refusesByName(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	for sentence, row := range map[string]struct {
		typ    string
		inputs m
		want   string
	}{
		"a type":                              {"aws:s3/bucket:Bucket", nil, `aws:s3/bucket:Bucket "x": the type is not known to the rehearsal`},
		"a property that the SDK has not":     {vpcType, m{"foo": 1}, `"foo" is not known to the rehearsal: the SDK has none`},
		"a property that no rule covers":      {vpcType, m{"ipv6CidrBlock": "x"}, `"ipv6CidrBlock" is not known to the rehearsal: the SDK has it`},
		"a nested property":                   {clusterType, m{"vpcConfig": m{"vpcId": "x"}}, `"vpcConfig.vpcId" is not known to the rehearsal`},
		"a property nested in a list":         {templateType, m{"blockDeviceMappings": list{m{"noDevice": "x"}}}, `"blockDeviceMappings.noDevice" is not`},
		"a required property":                 {subnetType, m{"cidrBlock": "10.0.0.0/24"}, `"vpcId" is required`},
		"a required nested property":          {nodesType, m{"scalingConfig": m{"minSize": 1}}, `"scalingConfig.maxSize" is required`},
		"a number for a text":                 {vpcType, m{"cidrBlock": 10}, `"cidrBlock" must be a string`},
		"a text for a number":                 {logsType, m{"retentionInDays": "30"}, `"retentionInDays" must be a whole number`},
		"half a number":                       {logsType, m{"retentionInDays": 1.5}, `"retentionInDays" must be a whole number`},
		"a text for a boolean":                {vpcType, m{"enableDnsSupport": "yes"}, `"enableDnsSupport" must be a boolean`},
		"a text for a list":                   {nodesType, m{"subnetIds": "x"}, `"subnetIds" must be a list`},
		"a text for a map":                    {vpcType, m{"tags": "x"}, `"tags" must be a map`},
		"a number within a map":               {vpcType, m{"tags": m{"a": 1}}, `"tags[a]" must be a string`},
		"a tag of AWS's own":                  {vpcType, m{"tags": m{"aws:x": "1"}}, "reserved"},
		"a name that is too long to generate": {roleType, m{"namePrefix": "x"}, `"namePrefix" is not known`},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			_, err := c.Check(row.typ, "x", nil, row.inputs)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

func TestCheck_returnsAllProblemsTogether(t *testing.T) {
	t.Parallel()
	_, err := newCloud(t).Check(subnetType, "x", nil, m{"foo": 1, "cidrBlock": "x", "mapPublicIpOnLaunch": "x"})
	for _, want := range []string{"foo", "cidrBlock", "mapPublicIpOnLaunch", "vpcId"} {
		assert.ErrorContains(t, err, want)
	}
}

func TestCheck_namesLikeTheBridgedProvider(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	inputs := m{"assumeRolePolicy": trust("ec2.amazonaws.com")}
	first, err := c.Check(roleType, "node", nil, inputs)
	require.NoError(t, err)
	assert.Regexp(t, `^node-[0-9a-f]{7}$`, first["name"].StringValue())
	again, err := c.Check(roleType, "node", first, inputs)
	require.NoError(t, err)
	assert.Equal(t, first, again, "an update keeps the name")
	_, err = c.Check(roleType, strings.Repeat("n", 60), nil, inputs)
	assert.ErrorContains(t, err, "longer than maximum length 64")
}

func TestCheck_addsDefaultTagsAndResourceTagsWin(t *testing.T) {
	t.Parallel()
	c := openCloud(t, "", m{"region": "eu-west-1", "defaultTags": `{"tags":{"team":"platform","stack":"dev"}}`})
	vpc := c.Make(t, vpcType, "net", m{"cidrBlock": "10.0.0.0/16", "tags": m{"stack": "mine"}})
	want := m{"team": "platform", "stack": "mine"}
	assert.Equal(t, want, vpc.Outputs["tagsAll"].ObjectValue().Mappable())
	assert.Equal(t, want, vpc.Inputs["tags"].ObjectValue().Mappable())
}

func TestPreview_leavesOutWhatOnlyAWSKnows(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	out := c.Preview(t, subnetType, "a", m{"vpcId": simtest.Unknown, "cidrBlock": "10.0.0.0/24"})
	assert.True(t, out["vpcId"].IsComputed())
	assert.NotContains(t, out, "arn")
	assert.Zero(t, c.account.LiveCount(), "a preview makes nothing")

	lt := c.Make(t, templateType, "workers", m{})
	same, err := c.PreviewUpdate(lt, m{"description": "new"})
	require.NoError(t, err)
	assert.NotContains(t, same.Outputs, "latestVersion", "a change makes a new version, whose number is not known yet")
	assert.Equal(t, lt.Outputs["arn"], same.Outputs["arn"], "what does not change stays known")
}

func TestDiff_plansLikeTheBridgedProvider(t *testing.T) {
	t.Parallel()
	p := platform(t)
	for sentence, row := range map[string]struct {
		r        simtest.Resource
		inputs   m
		ignore   []string
		replaces []string
		first    bool
		changes  pulumirpc.DiffResponse_DiffChanges
	}{
		"nothing changed": {r: p.cluster, inputs: p.clusterInputs(nil), changes: pulumirpc.DiffResponse_DIFF_NONE},
		"the order of a set": {
			r: p.cluster, inputs: p.clusterInputs(m{"enabledClusterLogTypes": list{"audit", "api"}}),
			changes: pulumirpc.DiffResponse_DIFF_NONE,
		},
		"white space in a policy": {
			r: p.role, changes: pulumirpc.DiffResponse_DIFF_NONE,
			inputs: m{"assumeRolePolicy": `{"Statement": [{"Action":["sts:AssumeRole"], "Effect":"Allow",
				"Principal":{"Service":"eks.amazonaws.com"}}], "Version":"2012-10-17"}`},
		},
		"a version in place": {r: p.cluster, inputs: p.clusterInputs(m{"version": "1.35"}), changes: pulumirpc.DiffResponse_DIFF_SOME},
		"the role of a cluster that has a fixed name": {
			r: p.cluster, inputs: p.clusterInputs(m{"roleArn": "arn:aws:iam::123456789012:role/other"}),
			replaces: []string{"roleArn"}, first: true, changes: pulumirpc.DiffResponse_DIFF_SOME,
		},
		"the size of generated nodes": {
			r: p.nodes, inputs: p.nodeInputs(m{"instanceTypes": list{"m6i.large"}}),
			replaces: []string{"instanceTypes[0]"}, changes: pulumirpc.DiffResponse_DIFF_SOME,
		},
		"an ignored nested property": {
			r: p.nodes, inputs: p.nodeInputs(m{"scalingConfig": m{"minSize": 1, "desiredSize": 3, "maxSize": 4}}),
			ignore: []string{"scalingConfig.desiredSize"}, changes: pulumirpc.DiffResponse_DIFF_NONE,
		},
		"a name given instead of a generated one": {
			r: p.role, inputs: m{"name": "fixed", "assumeRolePolicy": trust("eks.amazonaws.com")},
			replaces: []string{"name"}, changes: pulumirpc.DiffResponse_DIFF_SOME,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got := p.Diff(t, row.r, row.inputs, row.ignore...)
			assert.Equal(t, row.changes, got.Changes, got.Diffs)
			assert.Equal(t, row.replaces, got.Replaces)
			assert.Equal(t, row.first, got.DeleteBeforeReplace)
		})
	}
}
