//go:build unix

package controlplane_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

func TestAdmissionWebhook_isReachedThroughTheProxy(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	behind(t, ns, "hook", nil, func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		_ = json.NewDecoder(r.Body).Decode(&review)
		review.Response = &admissionv1.AdmissionResponse{
			UID: review.Request.UID, Result: &metav1.Status{Message: "the hook says no"},
		}
		_ = json.NewEncoder(w).Encode(review)
	})
	register(t, ns, cluster.CA())
	eventually(t, "a refusal by the webhook", func() bool {
		err := create(t, ns)
		return err != nil && strings.Contains(err.Error(), "the hook says no")
	})
}

func TestAdmissionWebhook_failsWithTheWrongAuthority(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	behind(t, ns, "hook", nil, func(http.ResponseWriter, *http.Request) { assert.Fail(t, "the webhook was asked") })
	register(t, ns, cluster.FrontProxyCA())
	eventually(t, "a complaint about the certificate", func() bool {
		err := create(t, ns)
		return err != nil && strings.Contains(err.Error(), "certificate signed by unknown authority")
	})
}

func TestAggregatedAPI_isReachedThroughTheProxyAndCanVerifyWhoAsks(t *testing.T) {
	t.Parallel()
	ns := namespace(t, nil)
	front := x509.NewCertPool()
	require.True(t, front.AppendCertsFromPEM(cluster.FrontProxyCA()))
	behind(t, ns, "api", front, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"asks":"` + r.Header.Get("X-Remote-User") + `"}`))
	})
	// The API server takes an API without endpoints for unavailable, before it asks.
	port := int32(443)
	_, err := client.DiscoveryV1().EndpointSlices(ns).Create(t.Context(), &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "api", Labels: map[string]string{discoveryv1.LabelServiceName: "api"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.244.0.250"}}},
		Ports:       []discoveryv1.EndpointPort{{Port: &port}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	services, err := dynamic.NewForConfig(cluster.Config())
	require.NoError(t, err)
	resource := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	_, err = services.Resource(resource).Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": "v1.test.slipway.dev"},
		"spec": map[string]any{
			"group": "test.slipway.dev", "version": "v1", "groupPriorityMinimum": int64(100), "versionPriority": int64(10),
			"service":  map[string]any{"namespace": ns, "name": "api"},
			"caBundle": base64.StdEncoding.EncodeToString(cluster.CA()),
		},
	}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		assert.NoError(t, services.Resource(resource).Delete(ctx, "v1.test.slipway.dev", metav1.DeleteOptions{}))
	})
	eventually(t, "an answer of the aggregated API", func() bool {
		said, err := client.Discovery().RESTClient().Get().AbsPath("/apis/test.slipway.dev/v1/things").DoRaw(t.Context())
		return err == nil && string(said) == `{"asks":"slipway-rehearsal"}`
	})
}

// behind makes a Service, and a server of the test that the proxy reaches by its address. With clients, only who shows a
// certificate of theirs is served.
func behind(t *testing.T, ns, name string, clients *x509.CertPool, handle http.HandlerFunc) {
	t.Helper()
	certificate, err := cluster.ServingCertificate(name + "." + ns + ".svc")
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(handle)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if clients != nil {
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, clients
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused certificate is what some tests want
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	made, err := client.CoreV1().Services(ns).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	way.route(made.Spec.ClusterIP+":443", server.Listener.Addr().String())
}

// register makes a webhook for the ConfigMaps of a namespace.
func register(t *testing.T, ns string, ca []byte) {
	t.Helper()
	none := admissionregistrationv1.SideEffectClassNone
	_, err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(t.Context(),
		&admissionregistrationv1.ValidatingWebhookConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: ns},
			Webhooks: []admissionregistrationv1.ValidatingWebhook{{
				Name:                    "hook.slipway.dev",
				AdmissionReviewVersions: []string{"v1"},
				SideEffects:             &none,
				NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: ns}},
				ClientConfig: admissionregistrationv1.WebhookClientConfig{
					Service: &admissionregistrationv1.ServiceReference{Namespace: ns, Name: "hook"}, CABundle: ca,
				},
				Rules: []admissionregistrationv1.RuleWithOperations{{
					Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
					Rule: admissionregistrationv1.Rule{
						APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"},
					},
				}},
			}},
		}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// create tries to make an object that the webhook is asked about.
func create(t *testing.T, ns string) error {
	t.Helper()
	_, err := client.CoreV1().ConfigMaps(ns).Create(t.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "x-"}}, metav1.CreateOptions{})
	return err
}
