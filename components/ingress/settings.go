package ingress

import (
	"fmt"
	"strconv"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// redirectPort is where the load balancer sends plain HTTP when it ends TLS itself: nginx then answers nothing but
// "ask again with https". Upstream's manifest for TLS at the load balancer has the same number.
const redirectPort = 2443

// redirectServer answers at redirectPort. TLS at the load balancer comes with the PROXY protocol, on every port.
const redirectServer = `server {
  listen %d proxy_protocol;
  return 308 https://$host$request_uri;
}
`

// settings are nginx's settings (ingress-nginx, user guide, ConfigMap).
func settings(i *spec.Ingress, vpcCIDR string) map[string]string {
	all := map[string]string{
		// An Ingress object is data and no program: no snippets, no annotation that is rated above medium risk, and
		// nothing from other namespaces.
		"allow-snippet-annotations":       "false",
		"annotations-risk-level":          "Medium",
		"allow-cross-namespace-resources": "false",
		"strict-validate-path-type":       "true",
		// Headers say who the client is only if something before nginx overwrites them, and a network load balancer
		// does not: anyone could be anyone.
		"use-forwarded-headers": "false",
		"use-proxy-protocol":    strconv.FormatBool(i.ProxyProtocol),
		"proxy-real-ip-cidr":    vpcCIDR,
		"ssl-protocols":         "TLSv1.2 TLSv1.3",
		"server-tokens":         "false",
		"hide-headers":          "Server,X-Powered-By",
		"worker-processes":      strconv.Itoa(i.Workers),
		// How long old workers live on after a reload, and at the pod's end.
		"worker-shutdown-timeout": fmt.Sprintf("%ds", i.Drain.WorkerShutdownSeconds),
	}
	if i.TLS.ACM != nil {
		all["http-snippet"] = fmt.Sprintf(redirectServer, redirectPort)
	}
	return all
}

// newSettings registers the settings under a generated name: a change makes new ones and rolls the pods out. In place
// it would reach pods at once, all of them, before anyone could see that it is wrong.
func (b *builder) newSettings() error {
	var err error
	b.settings, err = corev1.NewConfigMap(b.ctx, b.name, &corev1.ConfigMapArgs{
		Metadata: metav1.ObjectMetaArgs{Namespace: b.namespace, Labels: labels()},
		Data:     pulumi.ToStringMap(settings(&b.args.Ingress, b.args.VpcCIDR)),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating settings: %w", err)
	}
	return nil
}
