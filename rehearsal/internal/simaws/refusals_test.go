package simaws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

// refused is one thing that AWS does not permit: what is made, changed or deleted, and AWS's code and words.
type refused struct {
	typ, want string
	run       func(p *parts) error
}

// try makes a resource of a type.
func try(typ string, inputs func(p *parts) m) func(*parts) error {
	return func(p *parts) error {
		_, err := p.Try(typ, "tried", inputs(p))
		return err
	}
}

// drop deletes what is in use.
func drop(pick func(p *parts) simtest.Resource) func(*parts) error {
	return func(p *parts) error { return p.Delete(pick(p)) }
}

func runRefusals(t *testing.T, start func(*testing.T) *parts, table map[string]refused) {
	t.Helper()
	for sentence, row := range table {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			p := start(t)
			before := p.account.LiveCount()
			code, words, _ := strings.Cut(row.want, ": ")
			err := row.run(p)
			require.ErrorContains(t, err, "api error "+code+": ")
			require.ErrorContains(t, err, words)
			require.ErrorContains(t, err, "(source: ")
			assert.GreaterOrEqual(t, p.account.LiveCount(), before, "a refused change changes nothing")
		})
	}
}

// several makes n resources and returns the first error.
func several(p *parts, n int, typ string, inputs func(i int) m) error {
	for i := range n {
		if _, err := p.Try(typ, fmt.Sprint("more-", i), inputs(i)); err != nil {
			return err
		}
	}
	return nil
}

var networkRefusals = map[string]refused{
	"a sixth VPC": {vpcType, "VpcLimitExceeded: 5", func(p *parts) error {
		return several(p, 5, vpcType, func(i int) m { return m{"cidrBlock": fmt.Sprintf("10.%d.0.0/16", i+1)} })
	}},
	"a VPC is deleted before its subnets": {vpcType, "DependencyViolation: has dependencies", drop(func(p *parts) simtest.Resource { return p.vpc })},
	"a subnet of a VPC that does not exist": {subnetType, "InvalidVpcID.NotFound: vpc-0", try(subnetType, func(*parts) m {
		return m{"vpcId": "vpc-0", "cidrBlock": "10.0.2.0/24"}
	})},
	"a subnet in a zone of another region": {subnetType, "InvalidParameterValue: us-east-1a", try(subnetType, func(p *parts) m {
		return m{"vpcId": p.vpc.ID, "cidrBlock": "10.0.2.0/24", "availabilityZone": "us-east-1a"}
	})},
	"a subnet outside its VPC": {subnetType, "InvalidSubnet.Range: 10.1.0.0/24", try(subnetType, func(p *parts) m {
		return m{"vpcId": p.vpc.ID, "cidrBlock": "10.1.0.0/24"}
	})},
	"a subnet over another": {subnetType, "InvalidSubnet.Conflict: another subnet", try(subnetType, func(p *parts) m {
		return m{"vpcId": p.vpc.ID, "cidrBlock": "10.0.0.128/25"}
	})},
	"a subnet is deleted under a NAT gateway":           {subnetType, "DependencyViolation: subnet-", drop(func(p *parts) simtest.Resource { return p.subnetA })},
	"an internet gateway for a VPC that does not exist": {igwType, "InvalidVpcID.NotFound: vpc-0", try(igwType, func(*parts) m { return m{"vpcId": "vpc-0"} })},
	"a second internet gateway": {igwType, "Resource.AlreadyAssociated: already has an internet gateway", try(igwType, func(p *parts) m {
		return m{"vpcId": p.vpc.ID}
	})},
	"a sixth internet gateway": {igwType, "InternetGatewayLimitExceeded: 5", func(p *parts) error {
		return several(p, 5, igwType, func(int) m { return m{} })
	}},
	"an internet gateway goes while NAT needs it": {igwType, "DependencyViolation: mapped public address", drop(func(p *parts) simtest.Resource { return p.igw })},
	"a sixth address": {eipType, "AddressLimitExceeded: 5", func(p *parts) error {
		return several(p, 5, eipType, func(int) m { return m{"domain": "vpc"} })
	}},
	"an address is released while in use": {eipType, "InvalidIPAddress.InUse: in use", drop(func(p *parts) simtest.Resource { return p.eip })},
	"a NAT gateway in no subnet": {natType, "InvalidSubnetID.NotFound: subnet-0", try(natType, func(p *parts) m {
		return m{"subnetId": "subnet-0", "allocationId": p.eip.ID}
	})},
	"a NAT gateway with an address that does not exist": {natType, "InvalidAllocationID.NotFound: eipalloc-0", try(natType, func(p *parts) m {
		return m{"subnetId": p.subnetA.ID, "allocationId": "eipalloc-0"}
	})},
	"a NAT gateway without an address": {natType, "MissingParameter: AllocationId", try(natType, func(p *parts) m {
		return m{"subnetId": p.subnetA.ID}
	})},
	"a NAT gateway with an address in use": {natType, "Resource.AlreadyAssociated: already associated", try(natType, func(p *parts) m {
		return m{"subnetId": p.subnetA.ID, "allocationId": p.eip.ID}
	})},
	"a NAT gateway in a VPC without internet gateway": {natType, "Gateway.NotAttached: no Internet gateway", func(p *parts) error {
		vpc, err := p.Try(vpcType, "closed", m{"cidrBlock": "10.9.0.0/16"})
		if err != nil {
			return err
		}
		subnet, err := p.Try(subnetType, "closed", m{"vpcId": vpc.ID, "cidrBlock": "10.9.0.0/24"})
		if err != nil {
			return err
		}
		eip, err := p.Try(eipType, "closed", m{})
		if err != nil {
			return err
		}
		_, err = p.Try(natType, "closed", m{"subnetId": subnet.ID, "allocationId": eip.ID})
		return err
	}},
	"a sixth NAT gateway in a zone": {natType, "NatGatewayLimitExceeded: 5", func(p *parts) error {
		return several(p, 5, natType, func(int) m { return m{"subnetId": p.subnetA.ID, "connectivityType": "private"} })
	}},
	"a route table of a VPC that does not exist":    {tableType, "InvalidVpcID.NotFound: vpc-0", try(tableType, func(*parts) m { return m{"vpcId": "vpc-0"} })},
	"a route table is deleted while subnets use it": {tableType, "DependencyViolation: rtb-", drop(func(p *parts) simtest.Resource { return p.table })},
	"a route in no table": {routeType, "InvalidRouteTableID.NotFound: rtb-0", try(routeType, func(p *parts) m {
		return m{"routeTableId": "rtb-0", "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": p.nat.ID}
	})},
	"a route to an internet gateway that does not exist": {routeType, "InvalidInternetGatewayID.NotFound: igw-0", try(routeType, func(p *parts) m {
		return m{"routeTableId": p.table.ID, "destinationCidrBlock": "1.0.0.0/8", "gatewayId": "igw-0"}
	})},
	"a route to a NAT gateway that does not exist": {routeType, "InvalidNatGatewayID.NotFound: nat-0", try(routeType, func(p *parts) m {
		return m{"routeTableId": p.table.ID, "destinationCidrBlock": "1.0.0.0/8", "natGatewayId": "nat-0"}
	})},
	"a route with two targets": {routeType, "InvalidParameterCombination: has 2", try(routeType, func(p *parts) m {
		return m{"routeTableId": p.table.ID, "destinationCidrBlock": "1.0.0.0/8", "natGatewayId": p.nat.ID, "gatewayId": p.igw.ID}
	})},
	"a route to a gateway that is not attached": {routeType, "InvalidParameterValue: different networks", func(p *parts) error {
		igw, err := p.Try(igwType, "loose", m{})
		if err != nil {
			return err
		}
		_, err = p.Try(routeType, "loose", m{"routeTableId": p.table.ID, "destinationCidrBlock": "1.0.0.0/8", "gatewayId": igw.ID})
		return err
	}},
	"a second route to the same place": {routeType, "RouteAlreadyExists: 0.0.0.0/0", try(routeType, func(p *parts) m {
		return m{"routeTableId": p.table.ID, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": p.igw.ID}
	})},
	"a fifty-first route": {routeType, "RouteLimitExceeded: 50", func(p *parts) error {
		return several(p, 50, routeType, func(i int) m {
			return m{"routeTableId": p.table.ID, "destinationCidrBlock": fmt.Sprintf("%d.0.0.0/8", i+20), "natGatewayId": p.nat.ID}
		})
	}},
	"a table for a subnet that does not exist": {assocType, "InvalidSubnetID.NotFound: subnet-0", try(assocType, func(p *parts) m {
		return m{"routeTableId": p.table.ID, "subnetId": "subnet-0"}
	})},
	"a table that does not exist for a subnet": {assocType, "InvalidRouteTableID.NotFound: rtb-0", try(assocType, func(p *parts) m {
		return m{"routeTableId": "rtb-0", "subnetId": p.subnetA.ID}
	})},
	"a second table for a subnet": {assocType, "Resource.AlreadyAssociated: conflicts", try(assocType, func(p *parts) m {
		return m{"routeTableId": p.table.ID, "subnetId": p.subnetA.ID}
	})},
	"a table of another VPC": {assocType, "InvalidParameterValue: different networks", func(p *parts) error {
		vpc, err := p.Try(vpcType, "other", m{"cidrBlock": "10.9.0.0/16"})
		if err != nil {
			return err
		}
		table, err := p.Try(tableType, "other", m{"vpcId": vpc.ID})
		if err != nil {
			return err
		}
		_, err = p.Try(assocType, "other", m{"routeTableId": table.ID, "subnetId": p.subnetA.ID})
		return err
	}},
	"an endpoint in no VPC": {endpointType, "InvalidVpcID.NotFound: vpc-0", try(endpointType, func(p *parts) m {
		return interfaceEndpoint(p, m{"vpcId": "vpc-0"})
	})},
	"an endpoint in a subnet that does not exist": {endpointType, "InvalidSubnetID.NotFound: subnet-0", try(endpointType, func(p *parts) m {
		return interfaceEndpoint(p, m{"subnetIds": list{"subnet-0"}})
	})},
	"an endpoint for a route table that does not exist": {endpointType, "InvalidRouteTableID.NotFound: rtb-0", try(endpointType, func(p *parts) m {
		return m{"vpcId": p.vpc.ID, "serviceName": "com.amazonaws.ap-northeast-2.s3", "routeTableIds": list{"rtb-0"}}
	})},
	"an endpoint with a group that does not exist": {endpointType, "InvalidGroup.NotFound: sg-0", try(endpointType, func(p *parts) m {
		return interfaceEndpoint(p, m{"securityGroupIds": list{"sg-0"}})
	})},
	"an endpoint of another region's service": {endpointType, "InvalidServiceName: us-east-1", try(endpointType, func(p *parts) m {
		return interfaceEndpoint(p, m{"serviceName": "com.amazonaws.us-east-1.sts"})
	})},
	"a gateway endpoint of a service that has none": {endpointType, "InvalidParameter: does not match the available", try(endpointType, func(p *parts) m {
		return m{"vpcId": p.vpc.ID, "serviceName": "com.amazonaws.ap-northeast-2.sts"}
	})},
	"an interface endpoint with route tables": {endpointType, "InvalidParameter: routeTableIds cannot be given", try(endpointType, func(p *parts) m {
		return interfaceEndpoint(p, m{"routeTableIds": list{p.table.ID}})
	})},
	"an endpoint with a group of another VPC": {endpointType, "InvalidParameter: is not in the VPC", func(p *parts) error {
		vpc, err := p.Try(vpcType, "other", m{"cidrBlock": "10.9.0.0/16"})
		if err != nil {
			return err
		}
		_, err = p.Try(endpointType, "other", interfaceEndpoint(p, m{
			"securityGroupIds": list{vpc.Outputs["defaultSecurityGroupId"].StringValue()},
		}))
		return err
	}},
	"two subnets of one zone for an endpoint": {endpointType, "DuplicateSubnetsInSameZone: availability zone", func(p *parts) error {
		extra, err := p.Try(subnetType, "a2", m{"vpcId": p.vpc.ID, "cidrBlock": "10.0.7.0/24", "availabilityZone": "ap-northeast-2a"})
		if err != nil {
			return err
		}
		_, err = p.Try(endpointType, "double", interfaceEndpoint(p, m{"subnetIds": list{p.subnetA.ID, extra.ID}}))
		return err
	}},
	"private names in a VPC without DNS names": {endpointType, "InvalidParameter: requires both", func(p *parts) error {
		if err := p.account.Drift(vpcType, p.vpc.ID, m{"enableDnsHostnames": false}); err != nil {
			return err
		}
		_, err := p.Try(endpointType, "sts", interfaceEndpoint(p, m{"privateDnsEnabled": true}))
		return err
	}},
	"a second gateway endpoint in a route table": {endpointType, "RouteAlreadyExists: already has a route", func(p *parts) error {
		return several(p, 2, endpointType, func(int) m {
			return m{"vpcId": p.vpc.ID, "serviceName": "com.amazonaws.ap-northeast-2.s3", "routeTableIds": list{p.table.ID}}
		})
	}},
	"a flow log of a VPC that does not exist": {flowType, "InvalidVpcID.NotFound: vpc-0", try(flowType, func(*parts) m {
		return m{"vpcId": "vpc-0", "trafficType": "ALL"}
	})},
	"a flow log of a subnet that does not exist": {flowType, "InvalidSubnetID.NotFound: subnet-0", try(flowType, func(*parts) m {
		return m{"subnetId": "subnet-0", "trafficType": "ALL"}
	})},
	"a flow log without kind of traffic": {flowType, "InvalidParameter: TrafficType", try(flowType, func(p *parts) m { return m{"vpcId": p.vpc.ID} })},
	"a flow log without a role": {flowType, "InvalidParameter: DeliverLogsPermissionArn", try(flowType, func(p *parts) m {
		return m{"vpcId": p.vpc.ID, "trafficType": "ALL"}
	})},
}

// interfaceEndpoint is a good endpoint, with changes.
func interfaceEndpoint(p *parts, changes m) m {
	return with(m{
		"vpcId": p.vpc.ID, "serviceName": "com.amazonaws.ap-northeast-2.sts", "vpcEndpointType": "Interface",
		"subnetIds": list{p.subnetA.ID}, "securityGroupIds": list{p.group.ID},
	}, changes)
}

func TestNetwork_refuses(t *testing.T) {
	t.Parallel()
	runRefusals(t, network, networkRefusals)
}
