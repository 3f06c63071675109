//go:build unix

package stories_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// issuerAnnotation is what cert-manager looks for.
const issuerAnnotation = "cert-manager.io/cluster-issuer"

// hosts is a service on two hosts, one of which has two routes.
func hosts() map[string]spec.Service {
	return map[string]spec.Service{
		"shop": routed(
			spec.Route{Host: "www.example.com"}, spec.Route{Host: "www.example.com", Path: "/cart"},
			spec.Route{Host: "shop.example.com"},
		),
	}
}

// S21: TLS at the ingress, with an issuer of one's own making, never worked.
func TestS21_certManagerIsAskedForEveryHost(t *testing.T) {
	t.Parallel()
	w := open(t, certManager, hosts())
	askedBy := map[string]int{}
	for _, ingress := range w.ingresses() {
		host := ingress.Spec.Rules[0].Host
		assert.Equal(t, []networkingv1.IngressTLS{{Hosts: []string{host}, SecretName: host + "-tls"}}, ingress.Spec.TLS, ingress.Name)
		if issuer := ingress.Annotations[issuerAnnotation]; issuer != "" {
			assert.Equal(t, "letsencrypt", issuer)
			askedBy[host]++
		}
	}
	assert.Equal(t, map[string]int{"www.example.com": 1, "shop.example.com": 1}, askedBy, "one owner for each certificate")
	assert.Equal(t, map[int32][]int32{80: {80, 80}, 443: {443, 443}}, w.listeners(), "nginx ends TLS")
}

// S21: certificates of ACM are for all hosts at once, at the load balancer.
func TestS21_theLoadBalancerHasCertificates(t *testing.T) {
	t.Parallel()
	const certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
	w := open(t, &spec.Ingress{
		TLS: spec.IngressTLS{ACM: &spec.ACM{CertificateARNs: []string{certificate}}}, ProxyProtocol: true,
	}, hosts())
	balancer := w.loadBalancers()[0]
	const annotation = "service.beta.kubernetes.io/aws-load-balancer-"
	assert.Equal(t, certificate, balancer.Annotations[annotation+"ssl-cert"])
	assert.Equal(t, "443", balancer.Annotations[annotation+"ssl-ports"])
	const toTLS = 2443 // nginx tells the client to come back with TLS
	assert.Equal(t, map[int32][]int32{80: {toTLS, toTLS}, 443: {80, 80}}, w.listeners(), "what comes at 443 is decrypted already")
	for _, ingress := range w.ingresses() {
		assert.Empty(t, ingress.Spec.TLS, "the controller needs none: %s", ingress.Name)
	}
}

// S21: a platform without certificates says why.
func TestS21_withoutCertificatesThereIsAReason(t *testing.T) {
	t.Parallel()
	_, err := ptest.Err(t, program(&spec.Ingress{}, hosts()))
	require.ErrorContains(t, err, "ingress.tls")

	w := open(t, &spec.Ingress{TLS: spec.IngressTLS{None: "a rehearsal in plain HTTP"}}, hosts())
	assert.Equal(t, map[int32][]int32{80: {80, 80}}, w.listeners(), "nothing listens where browsers expect a certificate")
}

// listeners are the ports of the load balancer, and to which port of each pod of the controller they lead.
func (w *world) listeners() map[int32][]int32 {
	w.t.Helper()
	balancer := w.loadBalancers()[0]
	all := map[int32][]int32{}
	for _, p := range balancer.Spec.Ports {
		all[p.Port] = w.containerPorts(&balancer, p.TargetPort)
	}
	return all
}

// S21: the API server trusts the certificate that the program makes for the controller's webhook, and no other: with a
// wrong authority, no Ingress object can be written.
func TestS21_theWebhookIsAskedWithOurCertificate(t *testing.T) {
	t.Parallel()
	w := open(t, certManager, hosts())
	w.await("the webhook refuses what another ingress has", w.refuses("www.example.com", "is already defined in ingress"))
	require.NoError(t, w.try("new.example.com"))

	const admission = "ingress-nginx-admission"
	webhooks := w.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations()
	live, err := webhooks.Get(t.Context(), admission, metav1.GetOptions{})
	require.NoError(t, err)
	trust := func(authority []byte) {
		patch, err := json.Marshal([]map[string]any{{
			"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": authority,
		}})
		require.NoError(t, err)
		_, err = webhooks.Patch(t.Context(), admission, types.JSONPatchType, patch, metav1.PatchOptions{})
		require.NoError(t, err)
	}
	another := ptest.Run(t, program(certManager, hosts())).Only(t, "kubernetes:core/v1:Secret")
	data, _ := another.Value(t, "data").(map[string]any)
	authority, err := base64.StdEncoding.DecodeString(fmt.Sprint(data["ca.crt"]))
	require.NoError(t, err)
	trust(authority)
	w.await("nothing can be written that the controller cannot judge", w.refuses("new.example.com", "x509"))
	trust(live.Webhooks[0].ClientConfig.CABundle)
	w.await("all is well again", func() bool { return w.try("new.example.com") == nil })
}

// refuses says whether an Ingress for a host is refused for a reason.
func (w *world) refuses(host, reason string) func() bool {
	return func() bool {
		err := w.try(host)
		return err != nil && strings.Contains(err.Error(), reason)
	}
}

// try asks whether an Ingress for the root of a host may be written, without writing it.
func (w *world) try(host string) error {
	like := w.ingresses()[0]
	like.ObjectMeta = metav1.ObjectMeta{Name: "tried", Namespace: namespace}
	like.Spec.TLS = nil
	path := like.Spec.Rules[0].HTTP.Paths[0]
	path.Path, path.PathType = "/", ptr.To(networkingv1.PathTypePrefix)
	like.Spec.Rules = []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{
		HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{path}},
	}}}
	_, err := w.Client().NetworkingV1().Ingresses(namespace).Create(w.t.Context(), &like,
		metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}
