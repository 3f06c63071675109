package spec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// today is the day on which the tests judge versions.
var today = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const deployRole = "arn:aws:iam::123456789012:role/deploy"

// good is a platform without problems.
func good() *spec.Platform {
	p := &spec.Platform{
		Network:  spec.Network{CIDR: "10.20.0.0/16", Zones: spec.Zones{Names: []string{"eu-west-1a", "eu-west-1b"}}},
		Cluster:  spec.Cluster{Name: "main", DeployRoleARN: deployRole},
		Nodes:    map[string]spec.NodeGroup{"general": {InstanceTypes: []string{"t3.large"}, Max: 4}},
		Registry: spec.Registry{Image: "host.example/main:{service}_{version}"},
		Release:  spec.Release{Version: "1.0.0"},
		Services: map[string]spec.Service{"chat": {
			Port: 8030, Health: spec.Health{Spring: &spec.SpringHealth{}},
			Resources: spec.Resources{CPU: "500m", Memory: "512Mi", MemoryLimit: "1Gi"}, Scale: &spec.Scale{Max: 4},
		}},
	}
	p.Default()
	return p
}

func TestPlatform_good(t *testing.T) {
	t.Parallel()
	p := good()
	require.Empty(t, p.Validate(today))
	assert.Equal(t, "apps", p.Namespace)
	assert.Equal(t, "1.35", p.Cluster.Version)
	assert.Equal(t, spec.NATPerZone, p.Network.NAT)
	assert.Equal(t, 2, p.Nodes["general"].Min)
	assert.Equal(t, 30, p.Services["chat"].Scale.CPUPercent)
	assert.Equal(t, 8081, p.Services["chat"].Health.Spring.ManagementPort)
}

// rejects has a row for each rule.
type rejects map[string]struct {
	change func(*spec.Platform)
	want   string
}

func (r rejects) run(t *testing.T) {
	t.Helper()
	for name, c := range r {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := good()
			c.change(p)
			lines := []string{}
			found := false
			for _, err := range p.Validate(today) {
				lines = append(lines, err.Error())
				found = found || strings.HasPrefix(err.Error(), c.want)
			}
			assert.True(t, found, "want %s in\n%s", c.want, strings.Join(lines, "\n"))
		})
	}
}

func TestNetwork_rejects(t *testing.T) {
	t.Parallel()
	zones := func(names ...string) func(*spec.Platform) {
		return func(p *spec.Platform) { p.Network.Zones = spec.Zones{Names: names} }
	}
	cidr := func(c string) func(*spec.Platform) { return func(p *spec.Platform) { p.Network.CIDR = c } }
	rejects{
		"no range":                      {cidr(""), "network.cidr: Required value"},
		"no range at all":               {cidr("ten"), `network.cidr: Invalid value: "ten": must be an IPv4 range`},
		"IPv6":                          {cidr("fd00::/16"), "network.cidr: Invalid value"},
		"bits behind the prefix":        {cidr("10.20.1.0/16"), `network.cidr: Invalid value: "10.20.1.0/16": has bits behind the prefix; did you mean 10.20.0.0/16?`},
		"too large a range":             {cidr("10.0.0.0/15"), "network.cidr: Invalid value"},
		"too small a range":             {cidr("10.0.0.0/21"), "network.cidr: Invalid value"},
		"public range":                  {cidr("8.8.0.0/16"), "network.cidr: Invalid value"},
		"range larger than private":     {cidr("172.0.0.0/16"), "network.cidr: Invalid value"},
		"no zones":                      {func(p *spec.Platform) { p.Network.Zones = spec.Zones{} }, "network.zones: Required value"},
		"one zone":                      {func(p *spec.Platform) { p.Network.Zones = spec.Zones{Count: 1} }, "network.zones: Invalid value: 1"},
		"seven zones":                   {func(p *spec.Platform) { p.Network.Zones = spec.Zones{Count: 7} }, "network.zones: Invalid value: 7"},
		"one zone name":                 {zones("eu-west-1a"), "network.zones: Invalid value"},
		"zone twice":                    {zones("eu-west-1a", "eu-west-1a"), "network.zones[1]: Duplicate value"},
		"zones of two regions":          {zones("eu-west-1a", "eu-west-2b"), "network.zones[1]: Invalid value"},
		"no zone name":                  {zones("eu-west-1a", "frankfurt"), "network.zones[1]: Invalid value"},
		"zone letter beyond f":          {zones("eu-west-1a", "eu-west-1g"), "network.zones[1]: Invalid value"},
		"unknown NAT mode":              {func(p *spec.Platform) { p.Network.NAT = "two" }, "network.nat: Unsupported value"},
		"no allocation id":              {func(p *spec.Platform) { p.Network.ElasticIPs = map[string]string{"eu-west-1a": "ip-1"} }, "network.elasticIps.eu-west-1a: Invalid value"},
		"address in no zone":            {func(p *spec.Platform) { p.Network.ElasticIPs = map[string]string{"a": "eipalloc-1"} }, "network.elasticIps.a: Invalid value"},
		"address in a zone without NAT": {func(p *spec.Platform) { p.Network.ElasticIPs = map[string]string{"eu-west-1c": "eipalloc-1"} }, "network.elasticIps.eu-west-1c: Invalid value"},
		"address without NAT": {func(p *spec.Platform) {
			p.Network.NAT = "none"
			p.Network.ElasticIPs = map[string]string{"eu-west-1a": "eipalloc-1"}
		}, "network.elasticIps: Forbidden"},
		"endpoint that is no name":       {func(p *spec.Platform) { p.Network.Endpoints = []string{"sts", "S 3"} }, "network.endpoints[1]: Invalid value"},
		"endpoint twice":                 {func(p *spec.Platform) { p.Network.Endpoints = []string{"sts", "sts"} }, "network.endpoints[1]: Duplicate value"},
		"unknown traffic":                {func(p *spec.Platform) { p.Network.FlowLogs.Traffic = "SOME" }, "network.flowLogs.traffic: Unsupported value"},
		"retention that AWS has not":     {func(p *spec.Platform) { p.Network.FlowLogs.RetentionDays = 2 }, "network.flowLogs.retentionDays: Unsupported value"},
		"retention out of the range too": {func(p *spec.Platform) { p.Network.FlowLogs.RetentionDays = 4000 }, "network.flowLogs.retentionDays: Invalid value"},
	}.run(t)
}

func TestCluster_rejects(t *testing.T) {
	t.Parallel()
	cluster := func(change func(*spec.Cluster)) func(*spec.Platform) {
		return func(p *spec.Platform) { change(&p.Cluster) }
	}
	cidrs := func(ranges ...string) func(*spec.Platform) {
		return cluster(func(c *spec.Cluster) { c.PublicAccessCIDRs = ranges })
	}
	many := make([]string, 41)
	for i := range many {
		many[i] = fmt.Sprintf("203.0.113.%d/32", i)
	}
	rejects{
		"name too long":              {cluster(func(c *spec.Cluster) { c.Name = strings.Repeat("a", 39) }), "cluster.name: Too long"},
		"name with a dot":            {cluster(func(c *spec.Cluster) { c.Name = "a.b" }), "cluster.name: Invalid value"},
		"unknown version":            {cluster(func(c *spec.Cluster) { c.Version = "1.3" }), "cluster.version: Invalid value"},
		"version out of support":     {cluster(func(c *spec.Cluster) { c.Version = "1.33" }), "cluster.version: Invalid value"},
		"unknown support":            {cluster(func(c *spec.Cluster) { c.Support = "FOREVER" }), "cluster.support: Unsupported value"},
		"no deployer":                {cluster(func(c *spec.Cluster) { c.DeployRoleARN = "" }), "cluster.deployRoleArn: Required value"},
		"deployer that is no role":   {cluster(func(c *spec.Cluster) { c.DeployRoleARN = "arn:aws:iam::123456789012:user/me" }), "cluster.deployRoleArn: Invalid value"},
		"admin that is no role":      {cluster(func(c *spec.Cluster) { c.Admins = map[string]string{"me": "me"} }), "cluster.admins.me: Invalid value"},
		"admin's name":               {cluster(func(c *spec.Cluster) { c.Admins = map[string]string{"My Team": deployRole + "2"} }), "cluster.admins.My Team: Invalid value"},
		"deployer as admin":          {cluster(func(c *spec.Cluster) { c.Admins = map[string]string{"me": deployRole} }), "cluster.admins.me: Duplicate value"},
		"role of two admins":         {cluster(func(c *spec.Cluster) { c.Admins = map[string]string{"a": deployRole + "2", "b": deployRole + "2"} }), "cluster.admins.b: Duplicate value"},
		"admin called deployer":      {cluster(func(c *spec.Cluster) { c.Admins = map[string]string{"deployer": deployRole + "2"} }), "cluster.admins.deployer: Invalid value"},
		"no range":                   {cidrs("anyone"), "cluster.publicAccessCidrs[0]: Invalid value"},
		"IPv6":                       {cidrs("2001:db8::/32"), "cluster.publicAccessCidrs[0]: Invalid value"},
		"bits behind the prefix":     {cidrs("203.0.113.1/24"), "cluster.publicAccessCidrs[0]: Invalid value"},
		"everyone by accident":       {cidrs("0.0.0.0/0"), "cluster.publicAccessCidrs[0]: Invalid value"},
		"range twice":                {cidrs("203.0.113.0/24", "203.0.113.0/24"), "cluster.publicAccessCidrs[1]: Duplicate value"},
		"more ranges than the quota": {cidrs(many...), "cluster.publicAccessCidrs: Too many"},
		"everyone and some":          {cluster(func(c *spec.Cluster) { c.PublicAccessCIDRs = many[:1]; c.PublicAccessFromAnywhere = true }), "cluster.publicAccessCidrs: Forbidden"},
		"two keys":                   {cluster(func(c *spec.Cluster) { c.SecretsKeyARN = "arn:aws:kms:x"; c.CreateSecretsKey = true }), "cluster.secretsKeyArn: Forbidden"},
		"key without an ARN":         {cluster(func(c *spec.Cluster) { c.SecretsKeyARN = "alias/main" }), "cluster.secretsKeyArn: Invalid value"},
		"retention that AWS has not": {cluster(func(c *spec.Cluster) { c.LogRetentionDays = 100 }), "cluster.logRetentionDays: Unsupported value"},
		"unknown add-on":             {cluster(func(c *spec.Cluster) { c.AddonVersions = map[string]string{"coredns": "v1"} }), "cluster.addonVersions.coredns: Unsupported value"},
		"version of an add-on":       {cluster(func(c *spec.Cluster) { c.AddonVersions = map[string]string{"vpc-cni": "1.20"} }), "cluster.addonVersions.vpc-cni: Invalid value"},
	}.run(t)
}

func TestNodes_rejects(t *testing.T) {
	t.Parallel()
	group := func(change func(*spec.NodeGroup)) func(*spec.Platform) {
		return func(p *spec.Platform) {
			g := p.Nodes["general"]
			change(&g)
			p.Nodes["general"] = g
		}
	}
	named := func(name string) func(*spec.Platform) {
		return func(p *spec.Platform) { p.Nodes[name] = p.Nodes["general"] }
	}
	types := func(names ...string) func(*spec.Platform) {
		return group(func(g *spec.NodeGroup) { g.InstanceTypes = names })
	}
	rejects{
		"no groups":             {func(p *spec.Platform) { p.Nodes = nil }, "nodes: Required value"},
		"name of a group":       {named("Big_One"), "nodes.Big_One: Invalid value"},
		"long name of a group":  {named(strings.Repeat("a", 21)), "nodes.aaaaaaaaaaaaaaaaaaaaa: Too long"},
		"no instance types":     {types(), "nodes.general.instanceTypes: Required value"},
		"unknown instance type": {types("t3.large", "t9.huge"), "nodes.general.instanceTypes[1]: Invalid value"},
		"two architectures":     {types("t3.large", "t4g.large"), "nodes.general.instanceTypes[1]: Invalid value"},
		"instance type twice":   {types("t3.large", "t3.large"), "nodes.general.instanceTypes[1]: Duplicate value"},
		"no minimum":            {group(func(g *spec.NodeGroup) { g.Min = 0 }), "nodes.general.min: Invalid value"},
		"no maximum":            {group(func(g *spec.NodeGroup) { g.Max = 0 }), "nodes.general.max: Invalid value"},
		"above the quota":       {group(func(g *spec.NodeGroup) { g.Max = 451 }), "nodes.general.max: Invalid value"},
		"maximum below minimum": {group(func(g *spec.NodeGroup) { g.Max = 1 }), "nodes.general.max: Invalid value: 1: is below min, 2"},
		"small disk":            {group(func(g *spec.NodeGroup) { g.DiskGiB = 19 }), "nodes.general.diskGiB: Invalid value"},
		"label's key":           {group(func(g *spec.NodeGroup) { g.Labels = map[string]string{"a b": "c"} }), "nodes.general.labels.a b: Invalid value"},
		"label's value":         {group(func(g *spec.NodeGroup) { g.Labels = map[string]string{"a": "b c"} }), "nodes.general.labels.a: Invalid value"},
	}.run(t)
}

func TestPlatform_rejects(t *testing.T) {
	t.Parallel()
	image := func(i string) func(*spec.Platform) { return func(p *spec.Platform) { p.Registry.Image = i } }
	tags := func(key, value string) func(*spec.Platform) {
		return func(p *spec.Platform) { p.Tags = map[string]string{key: value} }
	}
	rejects{
		"no image":                    {image(""), "registry.image: Required value"},
		"image without a tag":         {image("main"), "registry.image: Invalid value"},
		"image without the service":   {image("host.example/main:{version}"), `registry.image: Invalid value: "host.example/main:{version}": must contain {service} once`},
		"image without the version":   {image("host.example/main:{service}"), "registry.image: Invalid value"},
		"version in the name":         {image("host.example/{version}:{service}"), "registry.image: Invalid value"},
		"image in upper case":         {image("host.example/Main:{service}_{version}"), "registry.image: Invalid value"},
		"no version":                  {func(p *spec.Platform) { p.Release.Version = "" }, "release.version: Required value"},
		"version that is no tag":      {func(p *spec.Platform) { p.Release.Version = "1 0" }, "release.version: Invalid value"},
		"version of no service":       {func(p *spec.Platform) { p.Release.Services = map[string]string{"x": "1"} }, "release.services.x: Not found"},
		"service's version is no tag": {func(p *spec.Platform) { p.Release.Services = map[string]string{"chat": "1 0"} }, "release.services.chat: Invalid value"},
		"tag that grows too long":     {func(p *spec.Platform) { p.Release.Version = strings.Repeat("1", 128) }, "release.version: Invalid value"},
		"namespace of Kubernetes":     {func(p *spec.Platform) { p.Namespace = "kube-system" }, "namespace: Invalid value"},
		"namespace that is no label":  {func(p *spec.Platform) { p.Namespace = "My_Apps" }, "namespace: Invalid value"},
		"tag of AWS":                  {tags("aws:x", "y"), "tags.aws:x: Invalid value"},
		"tag of Slipway":              {tags("slipway:stack", "y"), "tags.slipway:stack: Invalid value"},
		"long tag key":                {tags(strings.Repeat("k", 129), "y"), "tags.kkk"},
		"long tag value":              {tags("k", strings.Repeat("v", 257)), "tags.k: Too long"},
		"many tags": {func(p *spec.Platform) {
			p.Tags = map[string]string{}
			for i := range 41 {
				p.Tags[fmt.Sprint("k", i)] = "v"
			}
		}, "tags: Too many"},
		"no services": {func(p *spec.Platform) { p.Services = nil }, "services: Required value"},
	}.run(t)
}

func TestCluster_versionCalendar(t *testing.T) {
	t.Parallel()
	day := func(text string) time.Time {
		d, err := time.Parse(time.DateOnly, text)
		require.NoError(t, err)
		return d
	}
	for name, c := range map[string]struct {
		version, support, now string
		warned, refused       bool
	}{
		"long before the end":              {"1.35", "STANDARD", "2026-11-20", false, false},
		"61 days before":                   {"1.34", "STANDARD", "2026-10-02", false, false},
		"60 days before":                   {"1.34", "STANDARD", "2026-10-03", true, false},
		"the last day":                     {"1.34", "STANDARD", "2026-12-02", true, false},
		"the day after":                    {"1.34", "STANDARD", "2026-12-03", true, true},
		"the day after, extended":          {"1.34", "EXTENDED", "2026-12-03", false, false},
		"near the end of extended support": {"1.34", "EXTENDED", "2027-11-20", true, false},
		"after extended support":           {"1.34", "EXTENDED", "2027-12-03", true, true},
		"unknown version":                  {"1.99", "STANDARD", "2026-11-20", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster := spec.Cluster{Name: "a", Version: c.version, Support: c.support, DeployRoleARN: deployRole}
			cluster.Default()
			assert.Equal(t, c.warned, cluster.VersionWarning(day(c.now)) != "")
			errs := cluster.Validate(field.NewPath("cluster"), day(c.now))
			if !c.refused {
				assert.Empty(t, errs)
				return
			}
			require.Len(t, errs, 1)
			assert.Equal(t, "cluster.version", errs[0].Field)
		})
	}
}

func TestPlatform_secretKeys(t *testing.T) {
	t.Parallel()
	p := good()
	for _, name := range []string{"user", "chat"} {
		s := p.Services["chat"]
		s.SecretEnv = map[string]string{"TOKEN": "token"}
		p.Services[name] = s
	}
	assert.Equal(t, map[string][]string{
		"token": {"services.chat.secretEnv.TOKEN", "services.user.secretEnv.TOKEN"},
	}, p.SecretKeys())
}

func TestRelease_images(t *testing.T) {
	t.Parallel()
	release := spec.Release{Version: "1.0.0", Services: map[string]string{"chat": "1.0.1"}}
	for name, c := range map[string]struct{ image, service, want string }{
		"one repository":        {"host.example/main:{service}_{version}", "chat", "host.example/main:chat_1.0.1"},
		"one for each service":  {"host.example:5000/shop/{service}:{version}", "user", "host.example:5000/shop/user:1.0.0"},
		"tag of the first team": {"host.example/main:main_service-{service}_{version}", "user", "host.example/main:main_service-user_1.0.0"},
	} {
		registry := spec.Registry{Image: c.image}
		assert.Empty(t, registry.Validate(field.NewPath("registry")), name)
		assert.Equal(t, c.want, registry.ImageOf(c.service, release.VersionOf(c.service)), name)
	}
}

func TestFindInstanceType(t *testing.T) {
	t.Parallel()
	got, ok := spec.FindInstanceType("t3.medium")
	require.True(t, ok)
	assert.Equal(t, spec.InstanceType{Name: "t3.medium", VCPU: 2, MemoryGiB: 4, Arch: "amd64", ENIs: 3, IPv4PerENI: 6, USDPerHour: 0.0416}, got)
	_, ok = spec.FindInstanceType("t9.huge")
	assert.False(t, ok)
}
