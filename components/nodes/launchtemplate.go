package nodes

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rootDevice is the name of the root volume in Amazon Linux 2023's images.
const rootDevice = "/dev/xvda"

// metadataHops is how far an answer of the instance metadata service may travel. One hop reaches the node and not its
// pods, which have roles of their own.
const metadataHops = 1

// newLaunchTemplate registers what EKS has no argument for. It names no image unless it was given one (EKS then adds
// what a node needs to join), no key pair, and no security groups (with one of ours EKS would not attach the cluster's).
func newLaunchTemplate(
	ctx *pulumi.Context, name string, a *ManagedGroupArgs, parent pulumi.ResourceOption,
) (*ec2.LaunchTemplate, error) {
	tags := withEntry(a.Tags, "Name", name)
	specifications := ec2.LaunchTemplateTagSpecificationArray{}
	for _, kind := range []string{"instance", "volume", "network-interface"} {
		specifications = append(specifications, ec2.LaunchTemplateTagSpecificationArgs{
			ResourceType: pulumi.String(kind), Tags: tags,
		})
	}
	args := &ec2.LaunchTemplateArgs{
		UpdateDefaultVersion: pulumi.Bool(true),
		MetadataOptions: ec2.LaunchTemplateMetadataOptionsArgs{
			HttpEndpoint:            pulumi.String("enabled"),
			HttpTokens:              pulumi.String("required"),
			HttpPutResponseHopLimit: pulumi.Int(metadataHops),
		},
		BlockDeviceMappings: ec2.LaunchTemplateBlockDeviceMappingArray{ec2.LaunchTemplateBlockDeviceMappingArgs{
			DeviceName: pulumi.String(rootDevice),
			Ebs: ec2.LaunchTemplateBlockDeviceMappingEbsArgs{
				VolumeSize: pulumi.Int(a.Group.DiskGiB), VolumeType: pulumi.String("gp3"),
				Encrypted: pulumi.String("true"), DeleteOnTermination: pulumi.String("true"),
			},
		}},
		TagSpecifications: specifications,
	}
	if a.Group.ImageID != "" {
		args.ImageId, args.UserData = pulumi.String(a.Group.ImageID), userData(a)
	}
	template, err := ec2.NewLaunchTemplate(ctx, name, args, parent)
	if err != nil {
		return nil, fmt.Errorf("creating launch template: %w", err)
	}
	return template, nil
}

// withEntry returns m, which may be nil, with one entry more.
func withEntry(m map[string]string, key, value string) pulumi.StringMap {
	all := pulumi.StringMap{}
	for k, v := range m {
		all[k] = pulumi.String(v)
	}
	all[key] = pulumi.String(value)
	return all
}
