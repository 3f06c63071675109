//go:build unix

package controlplane_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
)

func TestStart_isReadyAndSaysItsVersion(t *testing.T) {
	t.Parallel()
	said, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "ok", string(said))
	version, err := client.Discovery().ServerVersion()
	require.NoError(t, err)
	assert.Equal(t, tools.KubernetesVersion, version.GitVersion)
}

func TestStart_keepsObjectsAndEndpointOfAnEarlierStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := controlplane.Start(t.Context(), optionsIn(dir))
	require.NoError(t, err)
	defer func() { assert.NoError(t, first.Close()) }()
	kept := first.Config()
	before, err := kubernetes.NewForConfig(kept)
	require.NoError(t, err)
	_, err = before.CoreV1().ConfigMaps("default").Create(t.Context(),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}, metav1.CreateOptions{})
	require.NoError(t, err)
	require.NoError(t, first.Close())

	squatter, err := net.Listen("tcp", strings.TrimPrefix(first.Endpoint(), "https://"))
	require.NoError(t, err)
	_, err = controlplane.Start(t.Context(), optionsIn(dir))
	require.ErrorContains(t, err, "in use by another process")
	require.NoError(t, squatter.Close())

	second, err := controlplane.Start(t.Context(), optionsIn(dir))
	require.NoError(t, err)
	defer func() { assert.NoError(t, second.Close()) }()
	assert.Equal(t, first.Endpoint(), second.Endpoint())
	assert.Equal(t, first.CA(), second.CA())
	// The configuration of the first start still opens the second.
	after, err := kubernetes.NewForConfig(kept)
	require.NoError(t, err)
	_, err = after.CoreV1().ConfigMaps("default").Get(t.Context(), "kept", metav1.GetOptions{})
	require.NoError(t, err)
}

func TestStart_leavesNothingBehindWhenItsProcessIsKilled(t *testing.T) {
	t.Parallel()
	starter := exec.Command(os.Args[0])
	starter.Env = append(os.Environ(), starterVariable+"="+t.TempDir())
	starter.Stderr = os.Stderr
	input, err := starter.StdinPipe()
	require.NoError(t, err)
	defer func() { _ = input.Close() }()
	output, err := starter.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, starter.Start())
	var pids []string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		pids = append(pids, lines.Text())
	}
	require.NoError(t, starter.Process.Kill())
	_ = starter.Wait()
	require.Len(t, pids, 5)
	eventually(t, "the end of every part", func() bool { return !anyAlive(pids) })
}

// anyAlive does not count those that ended and that nobody has waited for yet.
func anyAlive(pids []string) bool {
	for _, pid := range pids {
		state, err := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
		if err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "Z") {
			return true
		}
	}
	return false
}

func TestStart_leavesNothingBehindWhenItIsStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(dir, "log", "kube-apiserver.log")); err == nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, err := controlplane.Start(ctx, optionsIn(dir))
	require.ErrorIs(t, err, context.Canceled)
	left, err := exec.Command("ps", "-ax", "-o", "args=").Output()
	require.NoError(t, err)
	assert.NotContains(t, string(left), dir)
}

func TestStart_saysWhyAPartEnded(t *testing.T) {
	t.Parallel()
	options := optionsIn(t.TempDir())
	options.Auth = &controlplane.Webhook{URL: "https://127.0.0.1:1", CA: []byte("no certificate")}
	_, err := controlplane.Start(t.Context(), options)
	require.ErrorContains(t, err, "kube-apiserver has ended by itself")
	require.ErrorContains(t, err, "unable to load root certificates")
}

func TestStart_refusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	options := optionsIn(t.TempDir())
	options.Speed = -1
	_, err := controlplane.Start(t.Context(), options)
	require.ErrorContains(t, err, "times real speed")
	options = optionsIn(t.TempDir())
	options.ServiceCIDR = "10.100.0.0"
	_, err = controlplane.Start(t.Context(), options)
	require.ErrorContains(t, err, "range of the Services' addresses")
}

func TestTiming_saysWhatItShortens(t *testing.T) {
	t.Parallel()
	assert.Empty(t, controlplane.Timing{HPASync: 15 * time.Second}.Shortened())
	assert.Equal(t, []string{
		"pods leave a node that is not ready after 2 s instead of 300 s",
		"the health of nodes is looked at every 1 s instead of 5 s",
		"nodes that lose their pods, a second and zone: 100 instead of 0.1",
	}, timing.Shortened())
}

func TestTokens_areAskedForAtTheWebhook(t *testing.T) {
	t.Parallel()
	whoIs := func(token string) (string, error) {
		config := rest.AnonymousClientConfig(cluster.Config())
		config.BearerToken = token
		as, err := kubernetes.NewForConfig(config)
		require.NoError(t, err)
		review, err := as.AuthenticationV1().SelfSubjectReviews().Create(t.Context(),
			&authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
		if err != nil {
			return "", err
		}
		return review.Status.UserInfo.Username, nil
	}
	user, err := whoIs(goodToken)
	require.NoError(t, err)
	assert.Equal(t, goodUser, user)
	_, err = whoIs("k8s-aws-v1.bad")
	assert.True(t, apierrors.IsUnauthorized(err), err)
	assert.True(t, asked.has("k8s-aws-v1.bad"))
}

func TestRules_ofAClusterAreOn(t *testing.T) {
	t.Parallel()
	config := rest.AnonymousClientConfig(cluster.Config())
	config.BearerToken = goodToken
	nobody, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	_, err = nobody.CoreV1().Secrets("kube-system").List(t.Context(), metav1.ListOptions{})
	assert.True(t, apierrors.IsForbidden(err), err)

	restricted := namespace(t, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	_, err = client.CoreV1().Pods(restricted).Create(t.Context(), pod("bare", "app:1"), metav1.CreateOptions{})
	assert.True(t, apierrors.IsForbidden(err), err)
	require.ErrorContains(t, err, "violates PodSecurity")
}
