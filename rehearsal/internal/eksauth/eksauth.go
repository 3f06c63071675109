// Package eksauth says who a token of the simulated EKS belongs to, as the webhook that EKS puts before its API servers.
//
// A token names a cluster and an IAM role or user, and comes from the rehearsal's own `aws eks get-token`. Whoever has
// no access entry in the cluster is nobody there. Access policies become groups, which Bindings binds to the roles of
// Kubernetes that come nearest.
package eksauth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	_ "embed" // the script
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	authv1 "k8s.io/api/authentication/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/cert"

	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// host is where the server listens.
const host = "127.0.0.1"

// prefix begins every token of EKS.
const prefix = "k8s-aws-v1."

// policyGroup begins the groups that stand for access policies.
const policyGroup = "eks-access-policy:"

// policyRoles are the cluster roles of Kubernetes for EKS's access policies (EKS user guide, access policy permissions).
var policyRoles = map[string]string{
	"AmazonEKSClusterAdminPolicy": "cluster-admin",
	"AmazonEKSAdminPolicy":        "admin",
	"AmazonEKSEditPolicy":         "edit",
	"AmazonEKSViewPolicy":         "view",
}

// Directory is an account with clusters.
type Directory interface {
	AccessEntries(cluster string) []simaws.AccessEntry
	// Caller is who asks when a token names no role.
	Caller() string
}

// Server answers the reviews of tokens, on a port of 127.0.0.1.
type Server struct {
	directory Directory
	secret    string
	authority []byte
	listener  net.Listener
	server    *http.Server
}

// Serve starts a server, until Close.
func Serve(directory Directory) (*Server, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return nil, fmt.Errorf("making a secret: %w", err)
	}
	authority, key, err := cert.GenerateSelfSignedCertKey(host, []net.IP{net.ParseIP(host)}, nil)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(authority, key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	listener, err := net.Listen("tcp", host+":0")
	if err != nil {
		return nil, fmt.Errorf("listening for token reviews: %w", err)
	}
	s := &Server{directory: directory, secret: hex.EncodeToString(random), authority: authority, listener: listener}
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}},
	}
	go func() { _ = s.server.ServeTLS(listener, "", "") }() // ends with Close
	return s, nil
}

// URL is where a cluster's API server asks.
func (s *Server) URL(cluster string) string {
	return "https://" + s.listener.Addr().String() + "/" + cluster
}

// CA is the authority of the server's certificate, as PEM.
func (s *Server) CA() []byte { return s.authority }

//go:embed aws.sh
var shim string

// CLI is a shell script that takes the place of the AWS CLI: its tokens are good for this server and no other.
func (s *Server) CLI() []byte { return []byte(strings.ReplaceAll(shim, "SECRET", s.secret)) }

// Close stops the server.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.server.Shutdown(ctx)
}

// ServeHTTP answers one review (Kubernetes, webhook token authentication).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var review authv1.TokenReview
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	user, err := s.userOf(strings.TrimPrefix(r.URL.Path, "/"), review.Spec.Token)
	review.Spec, review.Status = authv1.TokenReviewSpec{}, authv1.TokenReviewStatus{Authenticated: err == nil, User: user}
	if err != nil {
		review.Status.Error = err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(review) // an API server that has gone asks again
}

// userOf reads "k8s-aws-v1.<secret>/<cluster>/<ARN>".
func (s *Server) userOf(cluster, token string) (authv1.UserInfo, error) {
	parts := strings.SplitN(strings.TrimPrefix(token, prefix), "/", 3)
	if !strings.HasPrefix(token, prefix) || len(parts) != 3 ||
		subtle.ConstantTimeCompare([]byte(parts[0]), []byte(s.secret)) != 1 {
		return authv1.UserInfo{}, errors.New("not a token of this rehearsal")
	}
	if parts[1] != cluster {
		return authv1.UserInfo{}, fmt.Errorf("the token is for cluster %s", parts[1])
	}
	principal := parts[2]
	if principal == "" {
		principal = s.directory.Caller()
	}
	for _, entry := range s.directory.AccessEntries(cluster) {
		if entry.Principal == principal {
			return userInfo(entry), nil
		}
	}
	return authv1.UserInfo{}, fmt.Errorf("%s has no access entry in cluster %s", principal, cluster)
}

func userInfo(entry simaws.AccessEntry) authv1.UserInfo {
	user := authv1.UserInfo{Username: entry.Principal, Groups: entry.Groups}
	for _, policy := range entry.Policies {
		user.Groups = append(user.Groups, policyGroup+policy)
	}
	return user
}

// Bindings give the groups of access policies their rights. A cluster needs them once.
func Bindings() []*rbacv1.ClusterRoleBinding {
	var out []*rbacv1.ClusterRoleBinding
	for policy, role := range policyRoles {
		out = append(out, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "eks:" + policy},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: policyGroup + policy}},
		})
	}
	return out
}
