package network

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/spec"
)

const httpsPort = 443

// newEndpoints registers the S3 gateway endpoint and the interface endpoints.
func (b *builder) newEndpoints() error {
	if !b.args.Network.NoS3Endpoint {
		tables := gate.IDs(b.privateTables)
		endpoint, err := ec2.NewVpcEndpoint(b.ctx, b.name+"-s3", &ec2.VpcEndpointArgs{
			VpcId:           b.vpc.ID(),
			VpcEndpointType: pulumi.String("Gateway"),
			ServiceName:     pulumi.String(b.serviceName("s3")),
			RouteTableIds:   tables,
			Tags:            nameTag(b.name + "-s3"),
		}, b.parent)
		if err != nil {
			return fmt.Errorf("creating S3 endpoint: %w", err)
		}
		b.privateWays = append(b.privateWays, endpoint)
	}
	if len(b.args.Network.Endpoints) == 0 {
		return nil
	}
	group, err := b.newEndpointGroup()
	if err != nil {
		return err
	}
	for _, service := range slices.Sorted(slices.Values(b.args.Network.Endpoints)) {
		name := b.name + "-" + service
		endpoint, err := ec2.NewVpcEndpoint(b.ctx, name, &ec2.VpcEndpointArgs{
			VpcId:             b.vpc.ID(),
			VpcEndpointType:   pulumi.String("Interface"),
			ServiceName:       pulumi.String(b.serviceName(service)),
			SubnetIds:         gate.IDs(b.subnets[spec.TierPrivate]),
			SecurityGroupIds:  pulumi.StringArray{group.ID()},
			PrivateDnsEnabled: pulumi.Bool(true),
			Tags:              nameTag(name),
		}, b.parent)
		if err != nil {
			return fmt.Errorf("creating endpoint of %s: %w", service, err)
		}
		b.privateWays = append(b.privateWays, endpoint)
	}
	return nil
}

// newEndpointGroup registers the security group of the interface endpoints: HTTPS from inside the VPC.
func (b *builder) newEndpointGroup() (*ec2.SecurityGroup, error) {
	name := b.name + "-endpoints"
	group, err := ec2.NewSecurityGroup(b.ctx, name, &ec2.SecurityGroupArgs{
		VpcId: b.vpc.ID(), Description: pulumi.String("HTTPS from the VPC to its interface endpoints"), Tags: nameTag(name),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("creating security group of endpoints: %w", err)
	}
	if _, err := vpc.NewSecurityGroupIngressRule(b.ctx, name+"-https", &vpc.SecurityGroupIngressRuleArgs{
		SecurityGroupId: group.ID(),
		Description:     pulumi.String("HTTPS from the VPC"),
		CidrIpv4:        pulumi.String(b.args.Network.CIDR),
		IpProtocol:      pulumi.String("tcp"),
		FromPort:        pulumi.Int(httpsPort),
		ToPort:          pulumi.Int(httpsPort),
		Tags:            nameTag(name),
	}, b.parent); err != nil {
		return nil, fmt.Errorf("opening endpoints to the VPC: %w", err)
	}
	return group, nil
}

// serviceName returns the name of an AWS service's endpoint in the zones' region: a zone's name is its region's and a
// letter.
func (b *builder) serviceName(service string) string {
	zone := b.args.Zones[0]
	return "com.amazonaws." + zone[:len(zone)-1] + "." + service
}
