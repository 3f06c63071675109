package simaws

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// amiTypes lists the images of EKS; those of Amazon Linux 2 ended with Kubernetes 1.32.
const amiTypes = "AL2_x86_64 AL2_x86_64_GPU AL2_ARM_64 CUSTOM BOTTLEROCKET_ARM_64 BOTTLEROCKET_x86_64 " +
	"BOTTLEROCKET_ARM_64_NVIDIA BOTTLEROCKET_x86_64_NVIDIA WINDOWS_CORE_2019_x86_64 WINDOWS_FULL_2019_x86_64 " +
	"WINDOWS_CORE_2022_x86_64 WINDOWS_FULL_2022_x86_64 AL2023_x86_64_STANDARD AL2023_ARM_64_STANDARD " +
	"AL2023_x86_64_NEURON AL2023_x86_64_NVIDIA AL2023_ARM_64_NVIDIA"

// lastAL2 is the last minor version with images of Amazon Linux 2.
const lastAL2 = 32

func sizesFit(c *call) string {
	low, high := c.in.num("scalingConfig.minSize"), c.in.num("scalingConfig.maxSize")
	want := c.in.num("scalingConfig.desiredSize")
	switch {
	case low > high:
		return fmt.Sprintf("Minimum capacity %d can't be greater than maximum size %d", low, high)
	case want < low:
		return fmt.Sprintf("Minimum capacity %d can't be greater than desired size %d", low, want)
	case want > high:
		return fmt.Sprintf("Desired capacity %d can't be greater than max size %d", want, high)
	}
	return ""
}

func oneUpdateLimit(c *call) string {
	if c.in.has("updateConfig.maxUnavailable") && c.in.has("updateConfig.maxUnavailablePercentage") {
		return "maxUnavailable and maxUnavailablePercentage cannot both be given."
	}
	return ""
}

func nodeRoleTrust(c *call) string {
	if role := c.in.str("nodeRoleArn"); !c.trusts(role, "ec2."+c.region.suffix, "sts:AssumeRole") {
		return fmt.Sprintf("Following required service principals [ec2.%s] were not found in the trust relationships of "+
			"nodeRole %s", c.region.suffix, role)
	}
	return ""
}

func nodeSubnets(c *call) string {
	cluster, _ := c.find(clusterType, "", c.in.str("clusterName"))
	for _, s := range c.subnets("subnetIds") {
		if s.str("vpcId") != cluster.str("vpcConfig.vpcId") {
			return fmt.Sprintf("Subnet %s is not in the VPC of the cluster", s.id)
		}
	}
	return ""
}

func templateFits(c *call) string {
	if !c.in.has("launchTemplate") {
		return ""
	}
	t := c.template()
	version := c.in.str("launchTemplate.version")
	n, err := strconv.Atoi(version)
	switch {
	case version != "$Default" && version != "$Latest" && (err != nil || n < 1 || n > t.num("latestVersion")):
		return fmt.Sprintf("Could not find the specified version %q for the launch template %s.", version, t.id)
	case c.in.has("launchTemplate.id") && c.in.has("launchTemplate.name"):
		return "Launch template id and name cannot both be given."
	case c.in.has("diskSize"):
		return "Disk size must be specified within the launch template."
	case t.str("instanceType") != "" && c.in.has("instanceTypes"):
		return "Instance types must be given in the launch template or the node group, not in both."
	case t.str("imageId") != "":
		return imageFits(c)
	}
	return ""
}

// imageFits refuses what belongs to EKS's own images beside an image of the launch template.
func imageFits(c *call) string {
	switch image := c.in.str("amiType"); {
	case c.in.has("version") || c.in.has("releaseVersion"):
		return "You cannot specify a kubernetes version or release version with a launch template that has an image."
	case image != "" && image != "CUSTOM":
		return "You cannot specify an AMI Type when specifying an image id in your launch template."
	}
	return ""
}

// graviton matches the families of ARM processors: the letter g follows the generation. The g and p families of GPUs
// begin with their letter, and "gd" or "gn" are variants of ARM ones.
var graviton = regexp.MustCompile(`^(a1|[a-z]+\d+g[a-z]*)\.`)

func typesFitImage(c *call) string {
	image := c.in.str("amiType")
	if image == "" {
		image = "AL2023_x86_64_STANDARD"
	}
	if image == "CUSTOM" || c.template().str("imageId") != "" {
		return ""
	}
	types := c.in.strs("instanceTypes")
	if t := c.template().str("instanceType"); t != "" {
		types = append(types, t)
	}
	for _, t := range types {
		if graviton.MatchString(t) != strings.Contains(image, "ARM_64") {
			return fmt.Sprintf("[%s] is not a valid instance type for requested amiType %s", t, image)
		}
	}
	return ""
}

func nodeVersion(c *call) string {
	cluster, _ := c.find(clusterType, "", c.in.str("clusterName"))
	version, limit := c.in.str("version"), cluster.str("version")
	if version == "" {
		version = limit
	}
	switch {
	case minor(version) > minor(limit):
		return fmt.Sprintf("Requested Nodegroup version %s is greater than the cluster's version %s", version, limit)
	case minor(version) < minor(limit)-3:
		return fmt.Sprintf("Requested Nodegroup version %s is too old for the cluster's version %s", version, limit)
	case strings.HasPrefix(c.in.str("amiType"), "AL2_") && minor(version) > lastAL2:
		return fmt.Sprintf("Requested amiType %s is not supported for kubernetes version %s", c.in.str("amiType"), version)
	}
	return ""
}

func nodeGroupQuota(c *call) string {
	if n := len(c.where(nodeGroupType, "clusterName", c.in.str("clusterName"))); n >= maxNodeGroups {
		return fmt.Sprintf("The maximum number of node groups has been reached: %d in a cluster.", maxNodeGroups)
	}
	return ""
}

// nodesMayJoin wants the policies without which no node becomes ready. They must be attached before the nodes start.
func nodesMayJoin(c *call) string {
	role, _ := c.find(roleType, "arn", c.in.str("nodeRoleArn"))
	var names []string
	for _, a := range c.where(attachmentType, "role", role.str("name")) {
		arn := a.str("policyArn")
		names = append(names, arn[strings.LastIndex(arn, "/")+1:])
	}
	own := len(c.where(inlineType, "role", role.str("name"))) > 0
	for _, alternatives := range [][]string{
		{"AmazonEKSWorkerNodePolicy", "AmazonEKSWorkerNodeMinimalPolicy"},
		{"AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly"},
	} {
		if !own && !slices.ContainsFunc(alternatives, func(p string) bool { return slices.Contains(names, p) }) {
			return fmt.Sprintf("Instances failed to join the kubernetes cluster: role %s has none of %s when they start",
				role.str("name"), strings.Join(alternatives, ", "))
		}
	}
	return ""
}

// nodesReachCluster wants a way out for the nodes' subnets: they must reach the API server, the registry and EC2. The
// routes must exist before the nodes start.
func nodesReachCluster(c *call) string {
	for _, s := range c.subnets("subnetIds") {
		if !c.leaves(s) && !c.private(s) {
			return fmt.Sprintf("Instances failed to join the kubernetes cluster: subnet %s has neither a route out nor the "+
				"endpoints %s when they start", s.id, strings.Join(privateServices, ", "))
		}
	}
	return ""
}

// leaves says whether a subnet's default route leads out: by a NAT gateway, or by an internet gateway if instances
// get public addresses.
func (c *call) leaves(subnet thing) bool {
	vpc, _ := c.find(vpcType, "", subnet.str("vpcId"))
	table := vpc.str("mainRouteTableId")
	for _, a := range c.where(associationType, "subnetId", subnet.id) {
		table = a.str("routeTableId")
	}
	for _, r := range c.where(routeType, "routeTableId", table) {
		if r.str("destinationCidrBlock") == "0.0.0.0/0" {
			return r.has("natGatewayId") || r.has("gatewayId") && subnet.flag("mapPublicIpOnLaunch")
		}
	}
	return false
}

// privateServices is what nodes need endpoints for if they have no way out.
var privateServices = []string{"ec2", "ecr.api", "ecr.dkr", "s3"}

func (c *call) private(subnet thing) bool {
	for _, service := range privateServices {
		name := "com.amazonaws." + c.region.name + "." + service
		if !slices.ContainsFunc(c.where(endpointType, "vpcId", subnet.str("vpcId")), func(e thing) bool {
			return e.str("serviceName") == name
		}) {
			return false
		}
	}
	return true
}

// nodesHaveNetwork wants the CNI: EKS installs it unless told not to, else the add-on must come first.
func nodesHaveNetwork(c *call) string {
	cluster, _ := c.find(clusterType, "", c.in.str("clusterName"))
	if _, there := c.find(addonType, "", cluster.id+":vpc-cni"); there || cluster.flag("bootstrapSelfManagedAddons") {
		return ""
	}
	return "Unhealthy nodes in the kubernetes cluster: container runtime network not ready, the add-on vpc-cni is missing"
}
