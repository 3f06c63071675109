package simaws

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

const (
	templateType  = "aws:ec2/launchTemplate:LaunchTemplate"
	templateGuide = "EC2 user guide, launch templates"
	imdsGuide     = "EC2 user guide, instance metadata options"
	ebsGuide      = "EBS user guide, volume types"
	// templateData lists what a version of a template holds; a change of it makes a new version.
	templateData = "blockDeviceMappings ebsOptimized imageId instanceType keyName metadataOptions monitoring " +
		"tagSpecifications userData vpcSecurityGroupIds description"
)

var templateKinds = []kind{{
	token: templateType, args: ec2.LaunchTemplateArgs{}, state: ec2.LaunchTemplate{},
	models: "blockDeviceMappings.deviceName blockDeviceMappings.ebs.deleteOnTermination " +
		"blockDeviceMappings.ebs.encrypted blockDeviceMappings.ebs.iops blockDeviceMappings.ebs.kmsKeyId " +
		"blockDeviceMappings.ebs.throughput blockDeviceMappings.ebs.volumeSize blockDeviceMappings.ebs.volumeType " +
		"description ebsOptimized imageId instanceType keyName metadataOptions.httpEndpoint " +
		"metadataOptions.httpProtocolIpv6 metadataOptions.httpPutResponseHopLimit metadataOptions.httpTokens " +
		"metadataOptions.instanceMetadataTags monitoring.enabled name tagSpecifications.resourceType " +
		"tagSpecifications.tags tags updateDefaultVersion userData vpcSecurityGroupIds",
	forceNew: "name",
	volatile: "latestVersion defaultVersion",
	sets:     "vpcSecurityGroupIds",
	name:     simprovider.AutoName{Property: "name", Hex: 7, Max: 128},
	limits: []limit{
		{"name", templateGuide, shaped(`^[a-zA-Z0-9().\-/_]{3,128}$`, "is no name of a launch template")},
		{"description", templateGuide, atMost(255)},
		{"userData", templateGuide, encoded},
		{"imageId", templateGuide, shaped(`^(ami-[0-9a-f]{8,17}|resolve:ssm:.+)$`, "is no image id")},
		{"metadataOptions.httpEndpoint", imdsGuide, oneOf("enabled disabled")},
		{"metadataOptions.httpTokens", imdsGuide, oneOf("required optional")},
		{"metadataOptions.instanceMetadataTags", imdsGuide, oneOf("enabled disabled")},
		{"metadataOptions.httpPutResponseHopLimit", imdsGuide, between(1, 64)},
		{"blockDeviceMappings.ebs.encrypted", templateGuide, oneOf("true false")},
		{"blockDeviceMappings.ebs.deleteOnTermination", templateGuide, oneOf("true false")},
		{"blockDeviceMappings.ebs.volumeType", ebsGuide, oneOf("gp2 gp3 io1 io2 st1 sc1 standard")},
		{"blockDeviceMappings.ebs.throughput", ebsGuide, between(125, 2000)},
		{"blockDeviceMappings.ebs.volumeSize", ebsGuide, between(1, 65536)},
		{
			"tagSpecifications.resourceType", templateGuide,
			oneOf("instance volume network-interface spot-instances-request elastic-gpu"),
		},
		{"tagSpecifications.tags", templateGuide, wrongTags},
	},
	id:       "lt-{hex17}",
	computed: map[string]string{"arn": "arn:{partition}:ec2:{region}:{account}:launch-template/{id}"},
	derive:   countVersions,
	rules: []rule{
		{onCreate, "InvalidLaunchTemplateName.AlreadyExistsException", ec2Errors, templateNameIsFree},
		{onWrite, "InvalidParameterCombination", templateGuide, templateGroupsExist},
	},
}}

// countVersions makes a new version whenever what a version holds has changed.
func countVersions(c *call) {
	if c.was == nil {
		c.set("latestVersion", 1)
		c.set("defaultVersion", 1)
		return
	}
	for _, name := range words(templateData) {
		now, was := resource.NewPropertyValue(c.in[name]), resource.NewPropertyValue(c.was[name])
		if !now.DeepEquals(was) {
			c.set("latestVersion", c.was.num("latestVersion")+1)
			break
		}
	}
	if c.in.flag("updateDefaultVersion") {
		c.set("defaultVersion", c.in.num("latestVersion"))
	}
}

func templateNameIsFree(c *call) string {
	if _, taken := c.find(templateType, "name", c.in.str("name")); taken {
		return fmt.Sprintf("Launch template name '%s' already in use.", c.in.str("name"))
	}
	return ""
}

// templateGroupsExist is checked when the template is made, although AWS checks when it is used: by then the
// cause is hard to see.
func templateGroupsExist(c *call) string {
	for _, id := range c.in.strs("vpcSecurityGroupIds") {
		if _, ok := c.find(securityGroupType, "", id); !ok {
			return fmt.Sprintf("The security group '%s' does not exist", id)
		}
	}
	return ""
}
