package simaws

import (
	"fmt"
	"strconv"
)

// addAddress gives an address of the block that is kept for documentation (RFC 5737), so that nobody owns it.
func addAddress(c *call) {
	if c.was != nil {
		return
	}
	last, err := strconv.ParseUint(c.hex("address", 2), 16, 8)
	if err != nil {
		last = 0 // cannot be: two hexadecimal digits are a number
	}
	c.set("publicIp", fmt.Sprintf("203.0.113.%d", last))
	c.set("publicDns", fmt.Sprintf("ec2-203-0-113-%d.%s.compute.%s", last, c.region.name, c.region.suffix))
}

func addNatAddresses(c *call) {
	if c.was != nil {
		return
	}
	subnet, _ := c.find(subnetType, "", c.in.str("subnetId"))
	// The first four addresses of a subnet are AWS's own.
	addr := prefix(subnet.str("cidrBlock")).Addr()
	for range 4 {
		addr = addr.Next()
	}
	c.set("privateIp", addr.String())
	if eip, ok := c.find(eipType, "", c.in.str("allocationId")); ok {
		c.set("publicIp", eip.str("publicIp"))
		c.set("associationId", "eipassoc-"+c.hex("association", 17))
	}
}

func natNeedsAddress(c *call) string {
	if c.in.str("connectivityType") == "public" && !c.in.has("allocationId") {
		return "The request must contain the parameter AllocationId."
	}
	if c.in.str("connectivityType") == "private" && c.in.has("allocationId") {
		return "A private NAT gateway takes no AllocationId."
	}
	return ""
}

func addressIsFree(c *call) string {
	address := c.in.str("allocationId")
	if users := c.where(natType, "allocationId", address); len(users) > 0 {
		return fmt.Sprintf("Elastic IP address [%s] is already associated with %s", address, users[0].id)
	}
	return ""
}

func natNeedsGateway(c *call) string {
	if c.in.str("connectivityType") != "public" {
		return ""
	}
	subnet, _ := c.find(subnetType, "", c.in.str("subnetId"))
	if vpc := subnet.str("vpcId"); len(c.where(igwType, "vpcId", vpc)) == 0 {
		return fmt.Sprintf("Network %s has no Internet gateway attached", vpc)
	}
	return ""
}

func natQuota(c *call) string {
	subnet, _ := c.find(subnetType, "", c.in.str("subnetId"))
	n := 0
	for _, nat := range c.others(natType) {
		if s, ok := c.find(subnetType, "", nat.str("subnetId")); ok &&
			s.str("availabilityZone") == subnet.str("availabilityZone") {
			n++
		}
	}
	if n >= maxNATsZone {
		return fmt.Sprintf("The maximum number of NAT gateways has been reached: %d in zone %s.",
			maxNATsZone, subnet.str("availabilityZone"))
	}
	return ""
}

// mappedAddresses keeps an internet gateway attached while NAT gateways of its VPC have public addresses.
func mappedAddresses(c *call) string {
	vpc := c.in.str("vpcId")
	for _, nat := range c.others(natType) {
		s, _ := c.find(subnetType, "", nat.str("subnetId"))
		if s.str("vpcId") == vpc && nat.has("allocationId") {
			return fmt.Sprintf("Network %s has some mapped public address(es). Please unmap those public address(es) "+
				"before detaching the gateway.", vpc)
		}
	}
	return ""
}
