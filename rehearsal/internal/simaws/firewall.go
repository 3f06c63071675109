package simaws

import (
	"fmt"
	"slices"
	"strings"
)

// maxRules is the quota of rules of one direction in a group, which the VPC user guide gives.
const maxRules = 60

// protocol writes a protocol as AWS returns it: "all" is -1, names are in lower case, and the three protocols that
// have a name are not numbers.
func protocol(s string) string {
	names := map[string]string{"all": "-1", "6": "tcp", "17": "udp", "1": "icmp"}
	s = strings.ToLower(s)
	if name, ok := names[s]; ok {
		return name
	}
	return s
}

// sources returns the other sides of a rule of either type.
func sources(p props) []string {
	var out []string
	for _, path := range []string{
		"cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "sourceSecurityGroupId",
		"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId",
	} {
		out = append(out, p.strs(path)...)
	}
	if p.flag("self") {
		out = append(out, p.str("securityGroupId"))
	}
	return out
}

func oneSource(c *call, other string) string {
	blocks := c.in.has("cidrBlocks") || c.in.has("ipv6CidrBlocks") || c.in.has("prefixListIds")
	switch n := len(sources(c.in)); {
	case n == 0:
		return "A rule needs a source: a block, a prefix list, or a security group."
	case c.in.flag("self") && c.in.has(other), blocks && c.in.has(other):
		return "A rule has one kind of source, not several."
	case c.row.token != oldRuleType && n > 1:
		return "A rule has exactly one source."
	}
	return ""
}

func portsFit(c *call, proto string) string {
	from, to := c.in.num("fromPort"), c.in.num("toPort")
	all := c.in.str(proto) == "-1"
	switch {
	case all && c.row.token != oldRuleType && (c.in.has("fromPort") || c.in.has("toPort")):
		return "You may not specify all protocols and specific ports. Please specify each protocol and port range " +
			"combination individually, or all protocols and no port range."
	case all && c.row.token == oldRuleType && (from > 0 || to > 0):
		return "from_port and to_port must be 0 if the protocol is -1."
	case !all && from > to:
		return fmt.Sprintf("Invalid port range: %d-%d", from, to)
	case !all && slices.Contains([]string{"tcp", "udp"}, c.in.str(proto)) && !c.in.has("fromPort"):
		return fmt.Sprintf("Invalid value for portRange. Must specify both from and to ports with %s.", c.in.str(proto))
	}
	return ""
}

// permission identifies what a rule permits, whichever type made it.
type permission struct{ direction, protocol, ports, source string }

func permissions(token string, p props) []permission {
	direction := map[string]string{ingressType: "ingress", egressType: "egress"}[token] + p.str("type")
	proto := protocol(p.str("protocol") + p.str("ipProtocol"))
	ports := fmt.Sprint(p.num("fromPort"), "-", p.num("toPort"))
	if proto == "-1" {
		ports = ""
	}
	var out []permission
	for _, s := range sources(p) {
		out = append(out, permission{direction, proto, ports, s})
	}
	return out
}

// rulesOf returns the permissions of a group that rule resources made.
func (c *call) rulesOf(group string) []permission {
	var out []permission
	for _, token := range []string{oldRuleType, ingressType, egressType} {
		for _, r := range c.where(token, "securityGroupId", group) {
			out = append(out, permissions(token, r.props)...)
		}
	}
	return out
}

func ruleIsNew(c *call) string {
	old := c.rulesOf(c.in.str("securityGroupId"))
	for _, p := range permissions(c.row.token, c.in) {
		if slices.Contains(old, p) {
			return fmt.Sprintf("the specified rule \"peer: %s, %s, ports: %s, ALLOW\" already exists",
				p.source, p.protocol, p.ports)
		}
	}
	return ""
}

func ruleQuota(c *call) string {
	mine := permissions(c.row.token, c.in)
	if len(mine) == 0 {
		return ""
	}
	n := len(mine)
	for _, p := range c.rulesOf(c.in.str("securityGroupId")) {
		if p.direction == mine[0].direction {
			n++
		}
	}
	if n > maxRules {
		return fmt.Sprintf("The maximum number of rules per security group has been reached: %d.", maxRules)
	}
	return ""
}
