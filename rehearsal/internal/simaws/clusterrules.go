package simaws

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// release is one version of Kubernetes on EKS.
type release struct {
	version string
	// from, standard and extended are when EKS released it, and when its two kinds of support end.
	from, standard, extended string
}

// releases is the calendar as of 2026-08-22 (endoflife.date, amazon-eks; EKS user guide, Kubernetes versions).
var releases = []release{
	{"1.30", "2024-05-23", "2025-07-23", "2026-07-23"},
	{"1.31", "2024-09-26", "2025-11-26", "2026-11-26"},
	{"1.32", "2025-01-23", "2026-03-23", "2027-03-23"},
	{"1.33", "2025-05-29", "2026-07-29", "2027-07-29"},
	{"1.34", "2025-10-02", "2026-12-02", "2027-12-02"},
	{"1.35", "2026-01-28", "2027-03-27", "2028-03-27"},
	{"1.36", "2026-06-02", "2027-08-02", "2028-08-02"},
}

// offered returns a version if EKS offers it now.
func (c *call) offered(version string) (release, bool) {
	today := c.options.Clock().UTC().Format(time.DateOnly)
	for _, r := range releases {
		if r.version == version && r.from <= today && today < r.extended {
			return r, true
		}
	}
	return release{}, false
}

// defaultVersion is the newest that EKS offers; AWS moves its own default some weeks after a release.
func (c *call) defaultVersion() string {
	for _, r := range slices.Backward(releases) {
		if _, ok := c.offered(r.version); ok {
			return r.version
		}
	}
	return releases[len(releases)-1].version
}

func versionOffered(c *call) string {
	version := c.in.str("version")
	if _, ok := c.offered(version); version != "" && !ok {
		return fmt.Sprintf("unsupported Kubernetes version %s", version)
	}
	return ""
}

// minor returns the number after "1.".
func minor(version string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(version, "1."))
	if err != nil {
		return 0
	}
	return n
}

func versionStep(c *call) string {
	from, to := c.was.str("version"), c.in.str("version")
	if from == to {
		return ""
	}
	if minor(to) != minor(from)+1 {
		return fmt.Sprintf("Unsupported Kubernetes minor version update from %s to %s", from, to)
	}
	return versionOffered(c)
}

func policyFitsVersion(c *call) string {
	if c.in.str("upgradePolicy.supportType") != "STANDARD" || c.was.str("upgradePolicy.supportType") == "STANDARD" {
		return ""
	}
	r, ok := c.offered(c.in.str("version"))
	if today := c.options.Clock().UTC().Format(time.DateOnly); ok && today >= r.standard {
		return fmt.Sprintf("Version %s is in extended support since %s: the support type cannot be STANDARD",
			r.version, r.standard)
	}
	return ""
}

// bootstrapsCreator says whether whoever creates the cluster becomes its administrator. EKS does so by default.
func (c *call) bootstrapsCreator() bool {
	const path = "accessConfig.bootstrapClusterCreatorAdminPermissions"
	return c.in.str("accessConfig.authenticationMode") != "CONFIG_MAP" && (!c.in.has(path) || c.in.flag(path))
}

func clusterRoleTrust(c *call) string {
	if arn := c.in.str("roleArn"); !c.trusts(arn, "eks."+c.region.suffix, "sts:AssumeRole") {
		return fmt.Sprintf("Role with arn: %s, could not be assumed because it does not exist or the trusted entity is "+
			"not correct", arn)
	}
	return ""
}

// subnets returns the cluster's subnets.
func (c *call) subnets(path string) []thing {
	var out []thing
	for _, id := range c.in.strs(path) {
		if s, ok := c.find(subnetType, "", id); ok {
			out = append(out, s)
		}
	}
	return out
}

func (c *call) clusterVPC() string {
	for _, s := range c.subnets("vpcConfig.subnetIds") {
		return s.str("vpcId")
	}
	return ""
}

// zonesOf returns the zones of subnets, sorted.
func zonesOf(subnets []thing) []string {
	var out []string
	for _, s := range subnets {
		out = append(out, s.str("availabilityZone"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func clusterSubnets(c *call) string {
	subnets := c.subnets("vpcConfig.subnetIds")
	if len(zonesOf(subnets)) < 2 {
		return "Subnets specified must be in at least two different AZs"
	}
	for _, s := range subnets {
		if s.str("vpcId") != subnets[0].str("vpcId") {
			return "Subnets must all belong to the same VPC"
		}
	}
	for _, id := range c.in.strs("vpcConfig.securityGroupIds") {
		if g, _ := c.find(securityGroupType, "", id); g.str("vpcId") != subnets[0].str("vpcId") {
			return fmt.Sprintf("The security group %s is not in the VPC of the subnets", id)
		}
	}
	return ""
}

// closedZones is where EKS has no room for control planes.
var closedZones = []string{"use1-az3", "usw1-az2", "cac1-az3"}

func clusterZones(c *call) string {
	for _, s := range c.subnets("vpcConfig.subnetIds") {
		if id := s.str("availabilityZoneId"); slices.Contains(closedZones, id) {
			return fmt.Sprintf("Cannot create cluster because %s (%s), the targeted availability zone, does not currently "+
				"have sufficient capacity to support the cluster", s.str("availabilityZone"), id)
		}
	}
	return ""
}

func sameZones(c *call) string {
	was := &call{provider: c.provider, tx: c.tx, row: c.row, id: c.id, in: c.was}
	before, after := zonesOf(was.subnets("vpcConfig.subnetIds")), zonesOf(c.subnets("vpcConfig.subnetIds"))
	if !slices.Equal(before, after) {
		return fmt.Sprintf("Provided subnets belong to the wrong AZs, or one of the AZs has no subnet: %v, was %v",
			after, before)
	}
	if was.clusterVPC() != c.clusterVPC() {
		return "Provided subnets belong to another VPC"
	}
	return ""
}

func clusterQuotas(c *call) string {
	if n := len(c.in.strs("vpcConfig.publicAccessCidrs")); n > maxCIDRs {
		return fmt.Sprintf("%d public access CIDRs, at most %d are allowed", n, maxCIDRs)
	}
	if n := len(c.in.strs("vpcConfig.securityGroupIds")); n > maxGroups {
		return fmt.Sprintf("%d security groups, at most %d are allowed", n, maxGroups)
	}
	return ""
}

// public says whether the endpoint is public, which is the default.
func (c *call) public() bool {
	return !c.in.has("vpcConfig.endpointPublicAccess") || c.in.flag("vpcConfig.endpointPublicAccess")
}

func endpointReachable(c *call) string {
	if !c.public() && !c.in.flag("vpcConfig.endpointPrivateAccess") {
		return "Private and public endpoint access cannot be false"
	}
	return ""
}

// cidrsNeedPublic does not look at blocks that were left over from before the endpoint became private.
func cidrsNeedPublic(c *call) string {
	cidrs := c.in.strs("vpcConfig.publicAccessCidrs")
	if !c.public() && len(cidrs) > 0 && !slices.Equal(cidrs, c.was.strs("vpcConfig.publicAccessCidrs")) {
		return "CIDRs cannot be specified without public access"
	}
	return ""
}

// serviceCIDR is the block that EKS chooses: the one of two that the VPC does not have.
func (c *call) serviceCIDR() string {
	vpc, _ := c.find(vpcType, "", c.clusterVPC())
	if prefix(vpc.str("cidrBlock")).Overlaps(prefix("10.100.0.0/16")) {
		return "172.20.0.0/16"
	}
	return "10.100.0.0/16"
}

func serviceBlock(c *call) string {
	services := prefix(c.in.str("kubernetesNetworkConfig.serviceIpv4Cidr"))
	if !services.IsValid() {
		return ""
	}
	vpc, _ := c.find(vpcType, "", c.clusterVPC())
	if services.Overlaps(prefix(vpc.str("cidrBlock"))) {
		return fmt.Sprintf("The service CIDR block %s overlaps with the CIDR block %s of the VPC",
			services, vpc.str("cidrBlock"))
	}
	private := slices.ContainsFunc([]string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}, func(s string) bool {
		return netip.MustParsePrefix(s).Contains(services.Addr())
	})
	if !private {
		return fmt.Sprintf("The service CIDR block %s is not in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16", services)
	}
	return ""
}

func modeStep(c *call) string {
	modes := []string{"CONFIG_MAP", "API_AND_CONFIG_MAP", "API"}
	from, to := c.was.str("accessConfig.authenticationMode"), c.in.str("accessConfig.authenticationMode")
	if slices.Index(modes, to) < slices.Index(modes, from) {
		return fmt.Sprintf("Unsupported authentication mode update from %s to %s", from, to)
	}
	return ""
}

func nodeGroupsGone(c *call) string {
	if groups := c.where(nodeGroupType, "clusterName", c.id); len(groups) > 0 {
		return fmt.Sprintf("Cluster has nodegroups attached: %s", groups[0].id)
	}
	return ""
}
