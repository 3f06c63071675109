package ingress_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/ingress"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

const annotation = "service.beta.kubernetes.io/aws-load-balancer-"

// plain are the annotations of a load balancer that only forwards port 80.
func plain(change map[string]string) map[string]string {
	all := map[string]string{
		annotation + "nlb-target-type": "ip",
		annotation + "scheme":          "internet-facing",
		annotation + "attributes":      "access_logs.s3.enabled=false,deletion_protection.enabled=false,load_balancing.cross_zone.enabled=true",
		annotation + "target-group-attributes": "deregistration_delay.connection_termination.enabled=true," +
			"deregistration_delay.timeout_seconds=60,preserve_client_ip.enabled=true,proxy_protocol_v2.enabled=false," +
			"target_health_state.unhealthy.connection_termination.enabled=true",
		annotation + "healthcheck-protocol":       "http",
		annotation + "healthcheck-port":           "10254",
		annotation + "healthcheck-path":           "/healthz",
		annotation + "listener-attributes.TCP-80": "tcp.idle_timeout.seconds=350",
	}
	for key, value := range change {
		if value == "" {
			delete(all, annotation+key)
			continue
		}
		all[annotation+key] = value
	}
	return all
}

func TestAnnotations(t *testing.T) {
	t.Parallel()
	const proxied = "deregistration_delay.connection_termination.enabled=true,deregistration_delay.timeout_seconds=60," +
		"preserve_client_ip.enabled=false,proxy_protocol_v2.enabled=true," +
		"target_health_state.unhealthy.connection_termination.enabled=true"
	tests := map[string]struct {
		change func(*spec.Ingress)
		tags   map[string]string
		want   map[string]string
	}{
		"nothing but a reason": {func(*spec.Ingress) {}, nil, nil},
		"internal":             {func(i *spec.Ingress) { i.Scheme = "internal" }, nil, map[string]string{"scheme": "internal"}},
		"PROXY protocol": {func(i *spec.Ingress) { i.ProxyProtocol = true }, nil, map[string]string{
			"target-group-attributes": proxied,
			"healthcheck-protocol":    "tcp", "healthcheck-port": "traffic-port", "healthcheck-path": "",
		}},
		"TLS at the load balancer": {func(i *spec.Ingress) {
			i.TLS = spec.IngressTLS{ACM: &spec.ACM{CertificateARNs: []string{certificateARN, certificateARN + "0"}}}
			i.ProxyProtocol = true
		}, nil, map[string]string{
			"ssl-cert": certificateARN + "," + certificateARN + "0", "ssl-ports": "443",
			"ssl-negotiation-policy":  "ELBSecurityPolicy-TLS13-1-2-2021-06",
			"target-group-attributes": proxied,
			"healthcheck-protocol":    "tcp", "healthcheck-port": "traffic-port", "healthcheck-path": "",
		}},
		"TLS at nginx, long silence": {func(i *spec.Ingress) {
			i.TLS = spec.IngressTLS{CertManager: &spec.CertManager{Issuer: "letsencrypt"}}
			i.IdleTimeoutSeconds = 3600
		}, nil, map[string]string{
			"listener-attributes.TCP-80":  "tcp.idle_timeout.seconds=3600",
			"listener-attributes.TCP-443": "tcp.idle_timeout.seconds=3600",
		}},
		"a name, and protection": {func(i *spec.Ingress) {
			i.LoadBalancerName, i.DeletionProtection = "shop", true
		}, nil, map[string]string{
			"name":       "shop",
			"attributes": "access_logs.s3.enabled=false,deletion_protection.enabled=true,load_balancing.cross_zone.enabled=true",
		}},
		"a log": {func(i *spec.Ingress) {
			i.AccessLogs = &spec.IngressAccessLogs{Bucket: "logs", Prefix: "shop"}
		}, nil, map[string]string{
			"attributes": "access_logs.s3.bucket=logs,access_logs.s3.enabled=true,access_logs.s3.prefix=shop," +
				"deletion_protection.enabled=false,load_balancing.cross_zone.enabled=true",
		}},
		"tags, of which its own win": {func(i *spec.Ingress) {
			i.Tags = map[string]string{"owner": "web"}
		}, map[string]string{"owner": "platform", "slipway:stack": "dev"}, map[string]string{
			"additional-resource-tags": "owner=web,slipway:stack=dev",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := spec.Ingress{TLS: spec.IngressTLS{None: "a trial"}}
			tt.change(&i)
			i.Default()
			assert.Equal(t, plain(tt.want), ingress.Annotations(&i, tt.tags))
		})
	}
}

// The load balancer was set up by hand each time nodes changed.
func TestS05_loadBalancerOfTheController(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(with(nil)))
	service := got.Named(t, serviceType, "shop")
	assert.Equal(t, "LoadBalancer", service.Value(t, "spec.type"))
	assert.Equal(t, "service.k8s.aws/nlb", service.Value(t, "spec.loadBalancerClass"), "and not the legacy one in Kubernetes")
	assert.Equal(t, false, service.Value(t, "spec.allocateLoadBalancerNodePorts"), "no port of any node")
	all := ofLoadBalancer(t, got)
	assert.Equal(t, "ip", all["nlb-target-type"], "pods and not nodes: nodes may change")
	assert.Equal(t, "internet-facing", all["scheme"], "the controller's own default is internal")
	assert.NotContains(t, all, "eip-allocations")
	assert.NotContains(t, all, "subnets", "found by their tags")
}

// The addresses changed with the nodes. Fixed ones follow their zone, whatever the order of the subnets' ids.
func TestS05_elasticIPs(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *ingress.ControllerArgs) {
		a.Zones = []string{"eu-west-1a", "eu-west-1b", "eu-west-1c"}
		a.SubnetIDs = pulumi.ToStringArray([]string{"subnet-3", "subnet-1", "subnet-2"})
		a.Ingress.ElasticIPs = map[string]string{
			"eu-west-1a": "eipalloc-a", "eu-west-1b": "eipalloc-b", "eu-west-1c": "eipalloc-c",
		}
	})))
	all := ofLoadBalancer(t, got)
	assert.Equal(t, "subnet-1,subnet-2,subnet-3", all["subnets"])
	assert.Equal(t, "eipalloc-b,eipalloc-c,eipalloc-a", all["eip-allocations"])
}

func TestS05_oneElasticIPAZone(t *testing.T) {
	t.Parallel()
	_, err := ptest.Err(t, program(args(func(a *ingress.ControllerArgs) {
		a.Zones = []string{"eu-west-1a", "eu-west-1b"}
		a.SubnetIDs = pulumi.ToStringArray([]string{"subnet-1", "subnet-2"})
		a.Ingress.ElasticIPs = map[string]string{"eu-west-1a": "eipalloc-a"}
	})))
	assert.ErrorContains(t, err, "elasticIps: Invalid value")
}

func TestPlacement_rejectsSubnetsWithoutZone(t *testing.T) {
	t.Parallel()
	_, _, err := ingress.Placement([]string{"eu-west-1a"}, []string{"subnet-1", "subnet-2"}, nil)
	require.ErrorContains(t, err, "2 subnets for 1 zones")

	_, err = ptest.Err(t, program(args(func(a *ingress.ControllerArgs) {
		a.Zones = []string{"eu-west-1a"}
		a.SubnetIDs = pulumi.ToStringArray([]string{"subnet-1", "subnet-2"})
		a.Ingress.ElasticIPs = map[string]string{"eu-west-1a": "eipalloc-a"}
	})))
	assert.ErrorContains(t, err, "2 subnets for 1 zones", "the stack must fail, not only the check")
}

// TLS with a self-made issuer never worked: a host's certificate is at the load balancer or from an issuer.
func TestS21_certificateAtTheLoadBalancer(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	all := ofLoadBalancer(t, got)
	assert.Equal(t, certificateARN, all["ssl-cert"])
	assert.Equal(t, "443", all["ssl-ports"])
	assert.Equal(t, "ELBSecurityPolicy-TLS13-1-2-2021-06", all["ssl-negotiation-policy"])
	assert.Equal(t, []string{"443>http", "80>tohttps"}, portsOf(t, got), "decrypted goes on, plain is told to come back")
	assert.Contains(t, got.Only(t, deploymentType).Value(t, container+".ports"),
		map[string]any{"name": "tohttps", "containerPort": 2443.0})
	redirect, _ := got.Only(t, configMapType).Value(t, `data["http-snippet"]`).(string)
	assert.Contains(t, redirect, "listen 2443 proxy_protocol;")
	assert.Contains(t, redirect, "return 308 https://$host$request_uri;")
}

func TestS21_certificatesAtNginx(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(with(nil)))
	assert.Equal(t, []string{"443>https", "80>http"}, portsOf(t, got))
	assert.NotContains(t, ofLoadBalancer(t, got), "ssl-cert")
	assert.Nil(t, got.Only(t, configMapType).Value(t, `data["http-snippet"]`))
}

func TestS21_noneWithAReason(t *testing.T) {
	t.Parallel()
	a := with(func(i *spec.Ingress) { i.TLS = spec.IngressTLS{None: "only the office reaches it"} })
	got := ptest.Run(t, program(a))
	assert.Equal(t, []string{"80>http"}, portsOf(t, got), "no certificate, no port 443")
	assert.Equal(t, "only the office reaches it", got.Only(t, componentType).Value(t, "withoutTls"), "the stack says why not")
	assert.Contains(t, a.Warnings(), "no host has a certificate: only the office reaches it")

	_, err := ptest.Err(t, program(with(func(i *spec.Ingress) { i.TLS = spec.IngressTLS{} })))
	assert.ErrorContains(t, err, "tls: Required value")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	i := spec.Ingress{TLS: spec.IngressTLS{None: "a trial"}}
	i.Default()
	got := ingress.Settings(&i, vpcCIDR)
	assert.Equal(t, map[string]string{
		"allow-snippet-annotations": "false", "annotations-risk-level": "Medium", "allow-cross-namespace-resources": "false",
		"strict-validate-path-type": "true", "use-forwarded-headers": "false", "use-proxy-protocol": "false",
		"proxy-real-ip-cidr": vpcCIDR, "ssl-protocols": "TLSv1.2 TLSv1.3", "server-tokens": "false",
		"hide-headers": "Server,X-Powered-By", "worker-processes": "2", "worker-shutdown-timeout": "240s",
	}, got)
}

// The PROXY protocol is on at both ends or at neither: one end alone breaks every request.
func TestNewController_proxyProtocolOnBothSides(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{false, true} {
		got := ptest.Run(t, program(with(func(i *spec.Ingress) { i.ProxyProtocol = on })))
		word := map[bool]string{false: "false", true: "true"}[on]
		assert.Contains(t, ofLoadBalancer(t, got)["target-group-attributes"], "proxy_protocol_v2.enabled="+word)
		assert.Equal(t, word, got.Only(t, configMapType).Value(t, `data["use-proxy-protocol"]`))
	}
}

// ofLoadBalancer returns the annotations of the load balancer's Service, without their prefix.
func ofLoadBalancer(t *testing.T, got *ptest.Result) map[string]string {
	t.Helper()
	all, _ := got.Named(t, serviceType, "shop").Value(t, "metadata.annotations").(map[string]any)
	require.NotEmpty(t, all)
	short := map[string]string{}
	for key, value := range all {
		short[strings.TrimPrefix(key, "service.beta.kubernetes.io/aws-load-balancer-")] = fmt.Sprint(value)
	}
	return short
}

// portsOf returns "port>target" of each port of the load balancer's Service.
func portsOf(t *testing.T, got *ptest.Result) []string {
	t.Helper()
	ports, _ := got.Named(t, serviceType, "shop").Value(t, "spec.ports").([]any)
	var all []string
	for _, port := range ports {
		p, _ := port.(map[string]any)
		all = append(all, fmt.Sprintf("%v>%v", p["port"], p["targetPort"]))
	}
	slices.Sort(all)
	return all
}
