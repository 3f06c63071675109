// Package nginxhook stands in for the admission webhook of ingress-nginx: it serves with the certificate that the
// controller's pods have mounted, and refuses what nginx could not load.
//
// Of what the controller checks it does two things: a path that another Ingress has for the same host, and a regular
// expression that does not compile. It does not test nginx's configuration.
package nginxhook

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Flags of the controller that name the files of its certificate.
const (
	certificateFlag = "--validating-webhook-certificate="
	keyFlag         = "--validating-webhook-key="
)

// useRegex is the annotation that makes paths regular expressions.
const useRegex = "nginx.ingress.kubernetes.io/use-regex"

// Serves says whether a pod is a controller with an admission webhook.
func Serves(p *corev1.Pod) bool {
	return findController(p) != nil
}

// Server is a webhook on a port of 127.0.0.1.
type Server struct {
	client   kubernetes.Interface
	listener net.Listener
	server   *http.Server
}

// Serve starts the webhook, until Close. It finds its certificate, at each connection, as a pod of the controller would.
func Serve(client kubernetes.Interface) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for admission reviews: %w", err)
	}
	s := &Server{client: client, listener: listener}
	s.server = &http.Server{
		Handler: http.HandlerFunc(s.review), ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate},
	}
	go func() { _ = s.server.ServeTLS(listener, "", "") }() // ends with Close
	return s, nil
}

// Address is where the webhook listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close stops the webhook.
func (s *Server) Close() error { return s.server.Close() }

// certificate reads the Secret that the controller's pods mount.
func (s *Server) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	pods, err := s.client.CoreV1().Pods("").List(hello.Context(), metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("finding the controller: %w", err)
	}
	for i := range pods.Items {
		if c := findController(&pods.Items[i]); c != nil {
			return s.load(hello.Context(), &pods.Items[i], c)
		}
	}
	return nil, errors.New("no pod of a controller with a webhook")
}

func (s *Server) load(ctx context.Context, p *corev1.Pod, c *controller) (*tls.Certificate, error) {
	read := func(file string) ([]byte, error) {
		for _, mount := range c.mounts {
			if mount.MountPath != path.Dir(file) {
				continue
			}
			for _, v := range p.Spec.Volumes {
				if v.Name == mount.Name && v.Secret != nil {
					secret, err := s.client.CoreV1().Secrets(p.Namespace).Get(ctx, v.Secret.SecretName, metav1.GetOptions{})
					if err != nil {
						return nil, fmt.Errorf("mounting %s: %w", v.Secret.SecretName, err)
					}
					return secret.Data[keyAt(v.Secret, path.Base(file))], nil
				}
			}
		}
		return nil, fmt.Errorf("no secret is mounted at %s", path.Dir(file))
	}
	chain, err := read(c.certificate)
	if err != nil {
		return nil, err
	}
	private, err := read(c.key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(chain, private)
	if err != nil {
		return nil, fmt.Errorf("reading the webhook's certificate: %w", err)
	}
	return &pair, nil
}

// keyAt returns the key of the Secret that becomes a file.
func keyAt(source *corev1.SecretVolumeSource, file string) string {
	for _, item := range source.Items {
		if item.Path == file {
			return item.Key
		}
	}
	return file
}

// controller is a container that serves a webhook: the files of its certificate, and what it has mounted.
type controller struct {
	certificate, key string
	mounts           []corev1.VolumeMount
}

// findController returns the controller of a pod, or nil.
func findController(p *corev1.Pod) *controller {
	for i := range p.Spec.Containers {
		found := controller{mounts: p.Spec.Containers[i].VolumeMounts}
		for _, word := range slices.Concat(p.Spec.Containers[i].Command, p.Spec.Containers[i].Args) {
			if v, ok := strings.CutPrefix(word, certificateFlag); ok {
				found.certificate = v
			}
			if v, ok := strings.CutPrefix(word, keyFlag); ok {
				found.key = v
			}
		}
		if found.certificate != "" && found.key != "" {
			return &found
		}
	}
	return nil
}

func (s *Server) review(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
		http.Error(w, "not an admission review", http.StatusBadRequest)
		return
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	if err := s.check(r.Context(), review.Request); err != nil {
		review.Response.Allowed = false
		review.Response.Result = &metav1.Status{Message: err.Error(), Code: http.StatusBadRequest}
	}
	review.Request = nil
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review) // an API server that has gone asks again
}

func (s *Server) check(ctx context.Context, request *admissionv1.AdmissionRequest) error {
	var ingress networkingv1.Ingress
	if err := json.Unmarshal(request.Object.Raw, &ingress); err != nil {
		return fmt.Errorf("reading the ingress: %w", err)
	}
	for _, p := range paths(&ingress) {
		if _, err := regexp.Compile(p.path); ingress.Annotations[useRegex] == "true" && err != nil {
			return fmt.Errorf("path %q is no regular expression: %w", p.path, err)
		}
	}
	others, err := s.client.NetworkingV1().Ingresses("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("listing ingresses: %w", err)
	}
	for i := range others.Items {
		other := &others.Items[i]
		if other.Namespace == request.Namespace && other.Name == request.Name || !sameClass(&ingress, other) {
			continue
		}
		for _, p := range paths(&ingress) {
			if slices.Contains(paths(other), p) {
				return fmt.Errorf("host %q and path %q is already defined in ingress %s/%s", p.host, p.path, other.Namespace, other.Name)
			}
		}
	}
	return nil
}

func sameClass(a, b *networkingv1.Ingress) bool {
	return a.Spec.IngressClassName != nil && b.Spec.IngressClassName != nil && *a.Spec.IngressClassName == *b.Spec.IngressClassName
}

// place is what one path of one host is.
type place struct{ host, path string }

func paths(ingress *networkingv1.Ingress) []place {
	var out []place
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, p := range rule.HTTP.Paths {
			out = append(out, place{rule.Host, p.Path})
		}
	}
	return out
}
