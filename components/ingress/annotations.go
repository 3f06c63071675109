package ingress

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-eks/slipway/spec"
)

// prefix of the annotations that the AWS Load Balancer Controller reads (its guide, Service annotations).
const prefix = "service.beta.kubernetes.io/aws-load-balancer-"

// annotations describe the load balancer. Switches are written out when they are off too: what is only left out stays
// as it was. tags are those of the stack; i.Tags win.
func annotations(i *spec.Ingress, tags map[string]string) map[string]string {
	all := map[string]string{
		prefix + "nlb-target-type":         "ip", // straight to the pods, and readiness gates know no other
		prefix + "scheme":                  i.Scheme,
		prefix + "attributes":              pairs(loadBalancerAttributes(i)),
		prefix + "target-group-attributes": pairs(targetGroupAttributes(i)),
	}
	maps.Copy(all, healthCheck(i))
	maps.Copy(all, listeners(i))
	if i.LoadBalancerName != "" {
		all[prefix+"name"] = i.LoadBalancerName
	}
	if merged := merge(tags, i.Tags); len(merged) > 0 {
		all[prefix+"additional-resource-tags"] = pairs(merged)
	}
	return all
}

// loadBalancerAttributes are those of the load balancer itself. It sends across zones: two pods in three zones would
// otherwise leave an address without any.
func loadBalancerAttributes(i *spec.Ingress) map[string]string {
	all := map[string]string{
		"load_balancing.cross_zone.enabled": "true",
		"deletion_protection.enabled":       strconv.FormatBool(i.DeletionProtection),
		"access_logs.s3.enabled":            strconv.FormatBool(i.AccessLogs != nil),
	}
	if i.AccessLogs != nil {
		all["access_logs.s3.bucket"] = i.AccessLogs.Bucket
		if i.AccessLogs.Prefix != "" {
			all["access_logs.s3.prefix"] = i.AccessLogs.Prefix
		}
	}
	return all
}

// targetGroupAttributes keep the client's address in one of two ways, never both, and end connections.
func targetGroupAttributes(i *spec.Ingress) map[string]string {
	reset := strconv.FormatBool(!i.Drain.LongConnections)
	return map[string]string{
		"preserve_client_ip.enabled":                                   strconv.FormatBool(!i.ProxyProtocol),
		"proxy_protocol_v2.enabled":                                    strconv.FormatBool(i.ProxyProtocol),
		"deregistration_delay.timeout_seconds":                         strconv.Itoa(i.Drain.DeregistrationSeconds),
		"deregistration_delay.connection_termination.enabled":          reset,
		"target_health_state.unhealthy.connection_termination.enabled": reset,
	}
}

// healthCheck asks the controller itself. With the PROXY protocol the load balancer would begin that question with a
// header too, which only nginx understands (ingress-nginx#10982): then it just connects to nginx.
func healthCheck(i *spec.Ingress) map[string]string {
	if i.ProxyProtocol {
		return map[string]string{
			prefix + "healthcheck-protocol": "tcp",
			prefix + "healthcheck-port":     "traffic-port",
		}
	}
	return map[string]string{
		prefix + "healthcheck-protocol": "http",
		prefix + "healthcheck-port":     strconv.Itoa(metricsPort),
		prefix + "healthcheck-path":     healthPath,
	}
}

// listeners describe what the load balancer does at each port. One that ends TLS has no idle timeout to set.
func listeners(i *spec.Ingress) map[string]string {
	idle := fmt.Sprintf("tcp.idle_timeout.seconds=%d", i.IdleTimeoutSeconds)
	all := map[string]string{prefix + "listener-attributes.TCP-80": idle}
	switch {
	case i.TLS.ACM != nil:
		all[prefix+"ssl-cert"] = strings.Join(i.TLS.ACM.CertificateARNs, ",")
		all[prefix+"ssl-ports"] = strconv.Itoa(httpsPort)
		all[prefix+"ssl-negotiation-policy"] = i.TLS.ACM.Policy
	case i.TLS.CertManager != nil:
		all[prefix+"listener-attributes.TCP-443"] = idle
	}
	return all
}

// placement returns the values of the annotations subnets and eip-allocations. The controller pairs the two lists by
// position after it has sorted the subnets by id, so both are in that order: each zone then has the address that is
// meant for it.
func placement(zones, subnetIDs []string, elasticIPs map[string]string) (subnets, addresses string, err error) {
	if len(subnetIDs) != len(zones) {
		return "", "", fmt.Errorf("subnetIds: %d subnets for %d zones: want one a zone", len(subnetIDs), len(zones))
	}
	addressOf := map[string]string{}
	for n, id := range subnetIDs {
		addressOf[id] = elasticIPs[zones[n]]
	}
	ids := slices.Sorted(maps.Keys(addressOf))
	list := make([]string, len(ids))
	for n, id := range ids {
		list[n] = addressOf[id]
	}
	return strings.Join(ids, ","), strings.Join(list, ","), nil
}

// pairs writes a map as the controller reads it, in a fixed order.
func pairs(m map[string]string) string {
	list := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, key+"="+m[key])
	}
	return strings.Join(list, ",")
}

func merge(below, above map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, below)
	maps.Copy(all, above)
	return all
}
