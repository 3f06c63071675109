package spec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/slipway-eks/slipway/spec"
)

const certificateARN = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"

// ingress returns a description with TLS at the load balancer, changed by change, with its defaults.
func ingress(change func(*spec.Ingress)) *spec.Ingress {
	i := &spec.Ingress{
		TLS: spec.IngressTLS{ACM: &spec.ACM{CertificateARNs: []string{certificateARN}}}, ProxyProtocol: true,
	}
	if change != nil {
		change(i)
	}
	i.Default()
	return i
}

func TestIngress_defaults(t *testing.T) {
	t.Parallel()
	i := ingress(nil)
	assert.Empty(t, i.Validate(nil))
	assert.Equal(t, spec.SchemeInternetFacing, i.Scheme)
	assert.Equal(t, spec.IngressScale{Min: 2, Max: 4, CPUPercent: 50, ScaleDownSeconds: 300}, i.Scale)
	assert.Equal(t, "ELBSecurityPolicy-TLS13-1-2-2021-06", i.TLS.ACM.Policy)
	assert.True(t, i.Retired())
	i.Image = "registry.example.com/ingress-nginx/controller:v1.15.7"
	assert.False(t, i.Retired(), "a fork")
}

func TestIngress_accepts(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*spec.Ingress){
		"certificates of the cluster": func(i *spec.Ingress) {
			i.TLS, i.ProxyProtocol = spec.IngressTLS{CertManager: &spec.CertManager{Issuer: "letsencrypt"}}, false
		},
		"no TLS, with a reason": func(i *spec.Ingress) { i.TLS = spec.IngressTLS{None: "a trial"} },
		"fixed addresses": func(i *spec.Ingress) {
			i.ElasticIPs = map[string]string{"eu-west-1a": "eipalloc-1", "eu-west-1b": "eipalloc-2"}
		},
		"post-quantum ciphers": func(i *spec.Ingress) { i.TLS.ACM.Policy = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09" },
		"a log of requests":    func(i *spec.Ingress) { i.AccessLogs = &spec.IngressAccessLogs{Bucket: "logs", Prefix: "shop/nlb"} },
		"just enough time": func(i *spec.Ingress) {
			i.Drain = spec.IngressDrain{
				DeregistrationSeconds: 30, ShutdownGraceSeconds: 30, WorkerShutdownSeconds: 50, TerminationGraceSeconds: 100,
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Empty(t, ingress(change).Validate(nil))
		})
	}
}

func TestIngress_rejects(t *testing.T) {
	t.Parallel()
	eips := func(ips map[string]string) func(*spec.Ingress) {
		return func(i *spec.Ingress) { i.ElasticIPs = ips }
	}
	issuer := func(c spec.CertManager) func(*spec.Ingress) {
		return func(i *spec.Ingress) { i.TLS = spec.IngressTLS{CertManager: &c} }
	}
	tests := map[string]struct {
		change func(*spec.Ingress)
		want   string
	}{
		"an unknown scheme":     {func(i *spec.Ingress) { i.Scheme = "public" }, "scheme: Unsupported value"},
		"nothing about TLS":     {func(i *spec.Ingress) { i.TLS = spec.IngressTLS{} }, "tls: Required value"},
		"TLS in two places":     {func(i *spec.Ingress) { i.TLS.CertManager = &spec.CertManager{Issuer: "x"} }, "tls: Forbidden"},
		"TLS and a reason":      {func(i *spec.Ingress) { i.TLS.None = "because" }, "tls: Forbidden"},
		"no certificate":        {func(i *spec.Ingress) { i.TLS.ACM.CertificateARNs = nil }, "tls.acm.certificateArns: Required value"},
		"no certificate's ARN":  {func(i *spec.Ingress) { i.TLS.ACM.CertificateARNs = []string{"www"} }, "tls.acm.certificateArns[0]: Invalid value"},
		"a certificate twice":   {func(i *spec.Ingress) { i.TLS.ACM.CertificateARNs = []string{certificateARN, certificateARN} }, "tls.acm.certificateArns[1]: Duplicate value"},
		"TLS 1.0":               {func(i *spec.Ingress) { i.TLS.ACM.Policy = "ELBSecurityPolicy-2016-08" }, "tls.acm.policy: Invalid value"},
		"TLS 1.1":               {func(i *spec.Ingress) { i.TLS.ACM.Policy = "ELBSecurityPolicy-TLS13-1-1-2021-06" }, "tls.acm.policy: Invalid value"},
		"no issuer":             {issuer(spec.CertManager{Kind: "Issuer"}), "tls.certManager.issuer: Required value"},
		"an odd issuer":         {issuer(spec.CertManager{Issuer: "Let's"}), "tls.certManager.issuer: Invalid value"},
		"an unknown issuer":     {issuer(spec.CertManager{Issuer: "x", Kind: "CA"}), "tls.certManager.kind: Unsupported value"},
		"TLS that nginx misses": {func(i *spec.Ingress) { i.ProxyProtocol = false }, "proxyProtocol: Invalid value: false"},
		"logs of no TLS": {func(i *spec.Ingress) {
			i.TLS, i.AccessLogs = spec.IngressTLS{None: "a trial"}, &spec.IngressAccessLogs{Bucket: "logs"}
		}, "accessLogs: Forbidden"},
		"no bucket":                 {func(i *spec.Ingress) { i.AccessLogs = &spec.IngressAccessLogs{} }, "accessLogs.bucket: Required value"},
		"an odd bucket":             {func(i *spec.Ingress) { i.AccessLogs = &spec.IngressAccessLogs{Bucket: "Logs"} }, "accessLogs.bucket: Invalid value"},
		"an odd prefix":             {func(i *spec.Ingress) { i.AccessLogs = &spec.IngressAccessLogs{Bucket: "logs", Prefix: "a,b"} }, "accessLogs.prefix: Invalid value"},
		"one pod":                   {func(i *spec.Ingress) { i.Scale.Min = 1 }, "scale.min: Invalid value"},
		"max of one":                {func(i *spec.Ingress) { i.Scale.Max = 1 }, "scale.max: Invalid value"},
		"max below min":             {func(i *spec.Ingress) { i.Scale.Min = 5 }, "scale.max: Invalid value: 4: is below min, 5"},
		"a target of 101":           {func(i *spec.Ingress) { i.Scale.CPUPercent = 101 }, "scale.cpuPercent: Invalid value"},
		"a window of hours":         {func(i *spec.Ingress) { i.Scale.ScaleDownSeconds = 3601 }, "scale.scaleDownSeconds: Invalid value"},
		"no quantity":               {func(i *spec.Ingress) { i.Resources.CPU = "half" }, "resources.cpu: Invalid value"},
		"limit below request":       {func(i *spec.Ingress) { i.Resources.MemoryLimit = "128Mi" }, "resources.memoryLimit: Invalid value"},
		"too many workers":          {func(i *spec.Ingress) { i.Workers = 65 }, "workers: Invalid value"},
		"an address of no zone":     {eips(map[string]string{"a": "eipalloc-1"}), "elasticIps.a: Invalid value"},
		"an address in place of id": {eips(map[string]string{"eu-west-1a": "198.51.100.1"}), "elasticIps.eu-west-1a: Invalid value"},
		"an address for two zones":  {eips(map[string]string{"eu-west-1a": "eipalloc-1", "eu-west-1b": "eipalloc-1"}), "elasticIps.eu-west-1b: Duplicate value"},
		"public addresses, internal": {func(i *spec.Ingress) {
			i.Scheme = "internal"
			i.ElasticIPs = map[string]string{"eu-west-1a": "eipalloc-1"}
		}, "elasticIps: Forbidden"},
		"silence of seconds":         {func(i *spec.Ingress) { i.IdleTimeoutSeconds = 59 }, "idleTimeoutSeconds: Invalid value"},
		"silence that AWS refuses":   {func(i *spec.Ingress) { i.IdleTimeoutSeconds = 3600 }, "idleTimeoutSeconds: Invalid value: 3600: must be 350"},
		"a grace that is too short":  {func(i *spec.Ingress) { i.Drain.ShutdownGraceSeconds = 59 }, "drain.shutdownGraceSeconds: Invalid value: 59: is below deregistrationSeconds, 60"},
		"a kill that is too early":   {func(i *spec.Ingress) { i.Drain.TerminationGraceSeconds = 334 }, "drain.terminationGraceSeconds: Invalid value: 334: must be at least 335"},
		"a delay of hours":           {func(i *spec.Ingress) { i.Drain.DeregistrationSeconds = 3601 }, "drain.deregistrationSeconds: Invalid value"},
		"workers for days":           {func(i *spec.Ingress) { i.Drain.WorkerShutdownSeconds = 86401 }, "drain.workerShutdownSeconds: Invalid value"},
		"a long name":                {func(i *spec.Ingress) { i.LoadBalancerName = strings.Repeat("a", 33) }, "loadBalancerName: Too long"},
		"an odd name":                {func(i *spec.Ingress) { i.LoadBalancerName = "shop_nlb" }, "loadBalancerName: Invalid value"},
		"a name that ends in a dash": {func(i *spec.Ingress) { i.LoadBalancerName = "shop-" }, "loadBalancerName: Invalid value"},
		"a reserved name":            {func(i *spec.Ingress) { i.LoadBalancerName = "internal-shop" }, "loadBalancerName: Invalid value"},
		"whatever was pushed last":   {func(i *spec.Ingress) { i.Image = "registry.example.com/controller:latest" }, "image: Invalid value"},
		"a generation below one":     {func(i *spec.Ingress) { i.CertificateGeneration = -1 }, "certificateGeneration: Invalid value"},
		"a comma in a tag":           {func(i *spec.Ingress) { i.Tags = map[string]string{"owner": "a,b"} }, "tags.owner: Invalid value"},
		"a reserved tag":             {func(i *spec.Ingress) { i.Tags = map[string]string{"aws:x": "y"} }, "tags.aws:x: Invalid value"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lines []string
			for _, err := range ingress(tt.change).Validate(nil) {
				lines = append(lines, err.Error())
			}
			assert.Condition(t, func() bool {
				for _, line := range lines {
					if strings.HasPrefix(line, tt.want) {
						return true
					}
				}
				return false
			}, "want %s in\n%s", tt.want, strings.Join(lines, "\n"))
		})
	}
}

func TestIngressTLS_ofHosts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tls         spec.IngressTLS
		annotations map[string]string
		www, all    string
	}{
		"at the load balancer": {tls: spec.IngressTLS{ACM: &spec.ACM{}}},
		"nowhere":              {tls: spec.IngressTLS{None: "a trial"}},
		"for the cluster": {
			tls:         spec.IngressTLS{CertManager: &spec.CertManager{Issuer: "acme", Kind: "ClusterIssuer"}},
			annotations: map[string]string{"cert-manager.io/cluster-issuer": "acme"},
			www:         "www.example.com-tls", all: "wildcard.example.com-tls",
		},
		"for a namespace": {
			tls:         spec.IngressTLS{CertManager: &spec.CertManager{Issuer: "acme", Kind: "Issuer"}},
			annotations: map[string]string{"cert-manager.io/issuer": "acme"},
			www:         "www.example.com-tls", all: "wildcard.example.com-tls",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.annotations, tt.tls.Annotations())
			assert.Equal(t, tt.www, tt.tls.SecretName("www.example.com"))
			assert.Equal(t, tt.all, tt.tls.SecretName("*.example.com"))
		})
	}
}
