package nginxhook_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/util/cert"
	"k8s.io/utils/ptr"

	"github.com/slipway-eks/slipway/rehearsal/internal/nginxhook"
)

// name is the one that the API server calls the webhook by.
const name = "hook.edge.svc"

// controller is a pod of ingress-nginx that is not the first container of its pod.
func controller() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "nginx-1", Namespace: "edge"},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "sidecar"}, {
				Name: "controller",
				Args: []string{
					"/nginx-ingress-controller", "--validating-webhook=:8443",
					"--validating-webhook-certificate=/certs/cert", "--validating-webhook-key=/certs/key",
				},
				VolumeMounts: []corev1.VolumeMount{{Name: "webhook", MountPath: "/certs"}},
			}},
			Volumes: []corev1.Volume{{Name: "webhook", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
				SecretName: "admission",
				Items:      []corev1.KeyToPath{{Key: "tls.crt", Path: "cert"}, {Key: "tls.key", Path: "key"}},
			}}}},
		},
	}
}

// world is a webhook with its caller.
type world struct {
	server *nginxhook.Server
	caller *http.Client
}

// serve starts the webhook of a cluster that has the pod, a Secret with a good certificate, and what else is said.
func serve(t *testing.T, pod *corev1.Pod, others ...runtime.Object) world {
	t.Helper()
	chain, key, err := cert.GenerateSelfSignedCertKey(name, nil, nil)
	require.NoError(t, err)
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "admission", Namespace: "edge"},
		Data:       map[string][]byte{"tls.crt": chain, "tls.key": key},
	}
	client := fake.NewClientset(append(others, secret, pod)...)
	s, err := nginxhook.Serve(client)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(chain))
	caller := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: name}}}
	t.Cleanup(caller.CloseIdleConnections)
	return world{s, caller}
}

// ask has the webhook review an Ingress.
func (w world) ask(t *testing.T, ingress *networkingv1.Ingress) *admissionv1.AdmissionResponse {
	t.Helper()
	raw, err := json.Marshal(ingress)
	require.NoError(t, err)
	body, err := json.Marshal(admissionv1.AdmissionReview{Request: &admissionv1.AdmissionRequest{
		UID: "one", Namespace: ingress.Namespace, Name: ingress.Name, Object: runtime.RawExtension{Raw: raw},
	}})
	require.NoError(t, err)
	answer, err := w.caller.Post("https://"+w.server.Address(), "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var review admissionv1.AdmissionReview
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&review))
	require.NotNil(t, review.Response)
	assert.Equal(t, "one", string(review.Response.UID))
	return review.Response
}

func ingress(name, class, host, path string) *networkingv1.Ingress {
	return &networkingv1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"},
		Spec: networkingv1.IngressSpec{IngressClassName: ptr.To(class), Rules: []networkingv1.IngressRule{
			{Host: "no-paths.example.com"},
			{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
				Paths: []networkingv1.HTTPIngressPath{{Path: path}},
			}}},
		}},
	}
}

func TestReview_refusesAPathThatAnotherIngressHas(t *testing.T) {
	w := serve(t, controller(), ingress("web", "nginx", "shop.example.com", "/"))
	for what, c := range map[string]struct {
		asked   *networkingv1.Ingress
		allowed bool
	}{
		"the same host and path": {ingress("other", "nginx", "shop.example.com", "/"), false},
		"another path":           {ingress("other", "nginx", "shop.example.com", "/api"), true},
		"another host":           {ingress("other", "nginx", "chat.example.com", "/"), true},
		"another class":          {ingress("other", "traefik", "shop.example.com", "/"), true},
		"an update of its own":   {ingress("web", "nginx", "shop.example.com", "/"), true},
	} {
		t.Run(what, func(t *testing.T) {
			answer := w.ask(t, c.asked)
			assert.Equal(t, c.allowed, answer.Allowed)
			if !c.allowed {
				assert.Equal(t, `host "shop.example.com" and path "/" is already defined in ingress shop/web`, answer.Result.Message)
			}
		})
	}
}

func TestReview_refusesWhatIsNoRegularExpression(t *testing.T) {
	w := serve(t, controller())
	bad := ingress("web", "nginx", "shop.example.com", "/api(/|$")
	assert.True(t, w.ask(t, bad).Allowed, "a path is text unless the Ingress says otherwise")
	bad.Annotations = map[string]string{"nginx.ingress.kubernetes.io/use-regex": "true"}
	answer := w.ask(t, bad)
	assert.False(t, answer.Allowed)
	assert.Contains(t, answer.Result.Message, `path "/api(/|$" is no regular expression`)
}

func TestReview_refusesWhatIsNoReview(t *testing.T) {
	w := serve(t, controller())
	for _, body := range []string{"garbage", "{}"} {
		answer, err := w.caller.Post("https://"+w.server.Address(), "application/json", bytes.NewReader([]byte(body)))
		require.NoError(t, err)
		assert.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode)
	}
}

// A certificate that the program made wrongly, or did not mount, must not be healed by the stand-in.
func TestCertificate_isTheOneThatTheControllerHasMounted(t *testing.T) {
	for what, change := range map[string]func(*corev1.Pod){
		"no controller":           func(p *corev1.Pod) { p.Spec.Containers[1].Args = nil },
		"another folder":          func(p *corev1.Pod) { p.Spec.Containers[1].VolumeMounts[0].MountPath = "/other" },
		"a Secret that is absent": func(p *corev1.Pod) { p.Spec.Volumes[0].Secret.SecretName = "absent" },
		"a key that is absent":    func(p *corev1.Pod) { p.Spec.Volumes[0].Secret.Items[0].Key = "absent" },
		"mounted elsewhere": func(p *corev1.Pod) {
			c := p.Spec.Containers
			c[0].VolumeMounts, c[1].VolumeMounts = c[1].VolumeMounts, nil
		},
	} {
		t.Run(what, func(t *testing.T) {
			pod := controller()
			change(pod)
			w := serve(t, pod)
			_, err := w.caller.Post("https://"+w.server.Address(), "application/json", nil)
			require.ErrorContains(t, err, "tls")
		})
	}
}

func TestServes_isForPodsThatNameACertificate(t *testing.T) {
	assert.True(t, nginxhook.Serves(controller()))
	half := controller()
	half.Spec.Containers[1].Args = half.Spec.Containers[1].Args[:3]
	assert.False(t, nginxhook.Serves(half))
	assert.False(t, nginxhook.Serves(&corev1.Pod{}))
}
