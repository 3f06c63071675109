//go:build unix

package kubeprovider_test

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

func TestWait_saysWhyADeploymentDoesNotComeUp(t *testing.T) {
	t.Parallel()
	c := newCluster(t, m{"pod-security.kubernetes.io/enforce": "baseline"})
	host := m{"hostNetwork": true, "containers": list{m{"name": "app", "image": "a:1"}}}
	for sentence, row := range map[string]struct {
		name   string
		inputs m
		want   []string
	}{
		"pods that crash": {"crash", c.deployment(nil, m{"image": crashing}), []string{"CrashLoopBackOff", "container app"}},
		"pods without room": {"room", c.deployment(nil, m{"resources": m{"requests": m{"cpu": "1000"}}}), []string{
			"Unschedulable", "Insufficient cpu", "event FailedScheduling",
		}},
		"pods that Pod Security forbids": {"host", c.deployment(m{"template": m{
			"metadata": m{"labels": m{"name": "app"}}, "spec": host,
		}}, nil), []string{"ReplicaFailure=True", "violates PodSecurity"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			inputs := c.annotated(row.inputs, m{"pulumi.com/timeoutSeconds": "3"})
			inputs["metadata"].(m)["name"] = row.name //nolint:forcetypeassert // made by object
			in, err := c.Check(deploymentType, row.name, nil, inputs)
			require.NoError(t, err)
			state, err := c.provider(t).Create(simprovider.Request{
				Type: deploymentType, Name: row.name, URN: simtest.URN(deploymentType, row.name), Inputs: in,
			})
			require.ErrorContains(t, err, "Deployment "+c.space+"/"+row.name+": not ready after 3s")
			for _, want := range row.want {
				require.ErrorContains(t, err, want)
			}
			assert.Equal(t, c.space+"/"+row.name, state.ID, "the object is there all the same")
			assert.NotEmpty(t, state.Outputs["status"])
		})
	}
}

func TestWait_endsWithTheProgressDeadlineAndMindsEndpoints(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	bad := c.deployment(m{"progressDeadlineSeconds": 1}, m{"image": crashing})
	_, err := c.Try(deploymentType, "app", bad)
	require.ErrorContains(t, err, "it failed: Progress deadline exceeded")
	skip := c.annotated(c.deployment(nil, m{"image": crashing}), m{"pulumi.com/skipAwait": "true"})
	c.Make(t, deploymentType, "app", skip)

	quick := m{"pulumi.com/timeoutSeconds": "1"}
	_, err = c.Try(serviceType, "app", c.annotated(c.service(80, nil), quick))
	require.ErrorContains(t, err, "1 of its endpoints are not ready")
	c.Make(t, serviceType, "app", c.annotated(c.service(80, m{"selector": m{"name": "nobody"}}), quick))
}

func TestWait_forTheLoadBalancer(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	for typ, inputs := range map[string]m{
		serviceType: c.service(80, m{"type": "LoadBalancer"}),
		ingressType: c.object(ingressType, "app", m{
			"spec": m{"defaultBackend": m{"service": m{"name": "x", "port": m{"number": 80}}}},
		}),
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			_, err := c.Try(typ, "app", c.annotated(maps.Clone(inputs), m{"pulumi.com/timeoutSeconds": "1"}))
			require.ErrorContains(t, err, "no load balancer has given it an address")
			gvr := services
			if typ == ingressType {
				gvr.Group, gvr.Resource = "networking.k8s.io", "ingresses"
			}
			given := m{"loadBalancer": m{"ingress": list{m{"hostname": "lb.example.com"}}}}
			merge(t, gvr, c.space, "app", m{"status": given}, "status")
			r := c.Make(t, typ, "app", inputs)
			assert.Contains(t, fmt.Sprint(r.Outputs["status"].Mappable()), "lb.example.com")
		})
	}
}

func TestWait_forOtherKinds(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	pods := func(image, restart string) m {
		return m{"spec": m{"restartPolicy": restart, "containers": list{m{"name": "a", "image": image}}}}
	}
	done := c.Make(t, jobType, "done", c.object(jobType, "done", m{"spec": m{"template": pods("a:1", "Never")}}))
	assert.InDelta(t, 1, done.Outputs["status"].ObjectValue()["succeeded"].NumberValue(), 0)

	late := m{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": m{"name": c.space}, "provisioner": "example.com/x"}
	late["volumeBindingMode"] = "WaitForFirstConsumer"
	class := c.Make(t, storageType, "late", late)
	claim := func(class string) m {
		return c.object(claimType, "x", m{"spec": m{
			"accessModes": list{"ReadWriteOnce"}, "storageClassName": class, "resources": m{"requests": m{"storage": "1Gi"}},
		}})
	}
	c.Make(t, claimType, "late", claim(c.space))
	none := claim("none")
	none["metadata"] = m{"namespace": c.space, "name": "none", "annotations": m{"pulumi.com/timeoutSeconds": "1"}}
	_, err := c.Try(claimType, "none", none)
	require.ErrorContains(t, err, `storage class "none"`)
	require.NoError(t, c.Delete(class))
}

func TestWait_endsWithItsContext(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	command, _ := shim(t)
	model, err := kubeprovider.New(ctx, kubeprovider.Options{AWS: command})
	require.NoError(t, err)
	cloud := simtest.Start(t, model, m{"kubeconfig": kubeconfig(admin.Host, nil)})
	failed := make(chan error, 1)
	go func() {
		_, err := cloud.Try(deploymentType, "app", c.deployment(nil, m{"image": crashing}))
		failed <- err
	}()
	eventually(t, func() bool {
		made, err := model.Objects(t.Context())
		return err == nil && len(made) == 1
	})
	cancel()
	select {
	case err := <-failed:
		require.ErrorContains(t, err, "interrupted")
	case <-time.After(patience):
		t.Fatal("it still waits")
	}
}

func TestDelete_waitsUntilItIsGone(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil)
	held := c.annotated(c.config("x", nil), m{"pulumi.com/timeoutSeconds": "1"})
	r := c.Make(t, configType, "x", held)
	merge(t, configMaps, c.space, "x", m{"metadata": m{"finalizers": list{"example.com/hold"}}})
	require.ErrorContains(t, c.Delete(r), "is still there after 1s; finalizers: [example.com/hold]")
	left, err := c.model.Objects(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []kubeprovider.Object{
		{Type: configType, Cluster: admin.Host, Namespace: c.space, Name: "x", URN: r.URN},
	}, left)
	merge(t, configMaps, c.space, "x", m{"metadata": m{"finalizers": nil}})
	require.NoError(t, c.Delete(r))
	left, err = c.model.Objects(t.Context())
	require.NoError(t, err)
	assert.Empty(t, left)
}
