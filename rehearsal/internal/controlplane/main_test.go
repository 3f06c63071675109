//go:build unix

package controlplane_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/slipway-eks/slipway/rehearsal/internal/controlplane"
	"github.com/slipway-eks/slipway/rehearsal/internal/toolchain"
)

// speed of the simulated kubelets of the shared control plane.
const speed = 10

// Shared by the tests that need no control plane of their own.
var (
	tools   toolchain.Set
	cluster *controlplane.ControlPlane
	client  kubernetes.Interface
	asked   = newTokens()
	way     *proxy
)

// timing is what the shared control plane does sooner.
var timing = controlplane.Timing{
	NotReadyToleration: 2 * time.Second,
	NodeMonitorPeriod:  time.Second,
	NodeEvictionRate:   100,
}

func TestMain(m *testing.M) {
	code, err := setUpAnd(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, "setting up:", err)
		code = 1
	}
	os.Exit(code)
}

func setUpAnd(run func() int) (code int, err error) {
	ctx := context.Background()
	source, err := toolchain.Source(".")
	if err != nil {
		return 0, err
	}
	chain, err := toolchain.New(source, os.Stderr)
	if err != nil {
		return 0, err
	}
	if tools, err = chain.Ensure(ctx); err != nil {
		return 0, err
	}
	if dir := os.Getenv(starterVariable); dir != "" {
		return 0, startAndWait(ctx, dir)
	}
	dir, err := os.MkdirTemp("", "slipway-controlplane-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	defer asked.server.Close()
	if way, err = newProxy(filepath.Join(dir, "egress.sock")); err != nil {
		return 0, err
	}
	defer way.close()
	options := optionsIn(filepath.Join(dir, "cluster"))
	options.Timing, options.Speed = timing, speed
	options.Auth, options.Egress = asked.webhook(), way.path
	if cluster, err = controlplane.Start(ctx, options); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	if client, err = kubernetes.NewForConfig(cluster.Config()); err != nil {
		return 0, err
	}
	for _, name := range []string{"a", "b"} {
		if _, err := client.CoreV1().Nodes().Create(ctx, node(name), metav1.CreateOptions{}); err != nil {
			return 0, err
		}
	}
	return run(), nil
}

func optionsIn(dir string) controlplane.Options {
	return controlplane.Options{Dir: dir, Binary: tools.ControlPlane, KWOK: tools.KWOK}
}

// starterVariable makes this test binary a process that starts a control plane in that folder.
const starterVariable = "SLIPWAY_TEST_STARTER"

// startAndWait prints the processes' ids and waits for the end of its own process.
func startAndWait(ctx context.Context, dir string) error {
	started, err := controlplane.Start(ctx, optionsIn(dir))
	if err != nil {
		return err
	}
	for _, pid := range started.PIDs() {
		fmt.Println(pid)
	}
	_ = os.Stdout.Close()
	_, _ = io.Copy(io.Discard, os.Stdin)
	return started.Close()
}

func node(name string) *corev1.Node {
	room := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("1930m"),
		corev1.ResourceMemory: resource.MustParse("3Gi"),
		corev1.ResourcePods:   resource.MustParse("50"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}},
		Status:     corev1.NodeStatus{Capacity: room, Allocatable: room},
	}
}

// namespace makes one whose service account is there, without which it takes no pods.
func namespace(t *testing.T, labels map[string]string) string {
	t.Helper()
	made, err := client.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: labels}}, metav1.CreateOptions{})
	require.NoError(t, err)
	eventually(t, "the service account of "+made.Name, func() bool {
		_, err := client.CoreV1().ServiceAccounts(made.Name).Get(t.Context(), "default", metav1.GetOptions{})
		return err == nil
	})
	return made.Name
}

// eventually waits for something that must happen soon.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, 20*time.Second, 20*time.Millisecond, what)
}
