package eksauth_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authv1 "k8s.io/api/authentication/v1"
	clientauthv1beta1 "k8s.io/client-go/pkg/apis/clientauthentication/v1beta1"

	"github.com/slipway-eks/slipway/rehearsal/internal/eksauth"
	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

const (
	deployer = "arn:aws:iam::123456789012:role/deploy"
	viewer   = "arn:aws:iam::123456789012:role/view"
	nobody   = "arn:aws:iam::123456789012:role/nobody"
)

// directory is an account with one cluster, main.
type directory struct{}

func (directory) Caller() string { return deployer }

func (directory) AccessEntries(cluster string) []simaws.AccessEntry {
	if cluster != "main" {
		return nil
	}
	return []simaws.AccessEntry{
		{Principal: deployer, Policies: []string{"AmazonEKSClusterAdminPolicy"}},
		{Principal: viewer, Groups: []string{"oncall"}, Policies: []string{"AmazonEKSViewPolicy", "AmazonEKSEditPolicy"}},
	}
}

func serve(t *testing.T) *eksauth.Server {
	t.Helper()
	s, err := eksauth.Serve(directory{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// client trusts the server and nobody else, as an API server does.
func client(t *testing.T, s *eksauth.Server) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(s.CA()))
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// review asks as the API server of a cluster does.
func review(t *testing.T, s *eksauth.Server, cluster, token string) authv1.TokenReviewStatus {
	t.Helper()
	body, err := json.Marshal(authv1.TokenReview{Spec: authv1.TokenReviewSpec{Token: token}})
	require.NoError(t, err)
	answer, err := client(t, s).Post(s.URL(cluster), "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var out authv1.TokenReview
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&out))
	assert.Empty(t, out.Spec.Token, "the answer does not repeat the token")
	return out.Status
}

// aws runs the stand-in for the AWS CLI.
func aws(t *testing.T, s *eksauth.Server, args ...string) (string, error) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "aws")
	require.NoError(t, os.WriteFile(script, s.CLI(), 0o700))
	out, err := exec.CommandContext(t.Context(), script, args...).Output()
	return string(out), err
}

// token returns the token of a role, or of the caller.
func token(t *testing.T, s *eksauth.Server, cluster, role string) string {
	t.Helper()
	args := []string{"--region", "eu-west-1", "eks", "get-token", "--cluster-name", cluster, "--output", "json"}
	if role != "" {
		args = append(args, "--role-arn", role)
	}
	out, err := aws(t, s, args...)
	require.NoError(t, err)
	var credential clientauthv1beta1.ExecCredential
	require.NoError(t, json.Unmarshal([]byte(out), &credential))
	assert.Equal(t, "ExecCredential", credential.Kind)
	assert.Equal(t, "client.authentication.k8s.io/v1beta1", credential.APIVersion)
	require.NotNil(t, credential.Status)
	return credential.Status.Token
}

func TestServer_knowsWhoHasAnAccessEntry(t *testing.T) {
	s := serve(t)
	assert.Equal(t, authv1.TokenReviewStatus{Authenticated: true, User: authv1.UserInfo{
		Username: viewer, Groups: []string{"oncall", "eks-access-policy:AmazonEKSViewPolicy", "eks-access-policy:AmazonEKSEditPolicy"},
	}}, review(t, s, "main", token(t, s, "main", viewer)))
	assert.Equal(t, authv1.TokenReviewStatus{Authenticated: true, User: authv1.UserInfo{
		Username: deployer, Groups: []string{"eks-access-policy:AmazonEKSClusterAdminPolicy"},
	}}, review(t, s, "main", token(t, s, "main", "")), "without a role it is who runs the program")
}

func TestServer_refuses(t *testing.T) {
	s, other := serve(t), serve(t)
	good := token(t, s, "main", viewer)
	for name, c := range map[string]struct{ cluster, token, why string }{
		"who has no entry":            {"main", token(t, s, "main", nobody), nobody + " has no access entry in cluster main"},
		"a token of another cluster":  {"other", good, "the token is for cluster main"},
		"a cluster without entries":   {"other", token(t, s, "other", viewer), "has no access entry in cluster other"},
		"a token of another run":      {"main", token(t, other, "main", viewer), "not a token of this rehearsal"},
		"a forged secret":             {"main", "k8s-aws-v1." + strings.Repeat("0", 32) + "/main/" + viewer, "not a token of this rehearsal"},
		"a secret without its prefix": {"main", strings.TrimPrefix(good, "k8s-aws-v1."), "not a token of this rehearsal"},
		"garbage":                     {"main", "garbage", "not a token of this rehearsal"},
		"nothing":                     {"main", "", "not a token of this rehearsal"},
	} {
		t.Run(name, func(t *testing.T) {
			status := review(t, s, c.cluster, c.token)
			assert.False(t, status.Authenticated)
			assert.Contains(t, status.Error, c.why)
			assert.Empty(t, status.User.Username)
		})
	}
}

func TestServer_refusesWhatIsNoReview(t *testing.T) {
	s := serve(t)
	answer, err := client(t, s).Post(s.URL("main"), "application/json", strings.NewReader("garbage"))
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	assert.Equal(t, http.StatusBadRequest, answer.StatusCode)
}

func TestCLI_refusesAnythingElse(t *testing.T) {
	s := serve(t)
	for _, line := range []string{
		"", "sts get-caller-identity", "eks get-token", "eks get-token --cluster-name", "eks get-token --cluster-name main extra",
		"eks get-token --cluster-name main --profile me", "eks update-kubeconfig --cluster-name main", "--role-arn",
	} {
		t.Run(line, func(t *testing.T) {
			out, err := aws(t, s, strings.Fields(line)...)
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			assert.Equal(t, 1, exit.ExitCode())
			assert.Contains(t, string(exit.Stderr), "rehearsal: no AWS here; only aws eks get-token --cluster-name is known, not: aws "+line)
			assert.Empty(t, out)
		})
	}
}

func TestBindings_bindPoliciesToTheNearestRoles(t *testing.T) {
	roles := map[string]string{}
	for _, b := range eksauth.Bindings() {
		require.Len(t, b.Subjects, 1)
		assert.Equal(t, "Group", b.Subjects[0].Kind)
		assert.Equal(t, "ClusterRole", b.RoleRef.Kind)
		roles[b.Subjects[0].Name] = b.RoleRef.Name
	}
	assert.Equal(t, map[string]string{
		"eks-access-policy:AmazonEKSClusterAdminPolicy": "cluster-admin", "eks-access-policy:AmazonEKSAdminPolicy": "admin",
		"eks-access-policy:AmazonEKSEditPolicy": "edit", "eks-access-policy:AmazonEKSViewPolicy": "view",
	}, roles)
}
