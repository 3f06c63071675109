//go:build unix

package kubeprovider_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"

	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider/simtest"
)

type (
	m    = simtest.Map
	list = []any
)

const (
	namespaceType  = "kubernetes:core/v1:Namespace"
	configType     = "kubernetes:core/v1:ConfigMap"
	secretType     = "kubernetes:core/v1:Secret"
	serviceType    = "kubernetes:core/v1:Service"
	podType        = "kubernetes:core/v1:Pod"
	quotaType      = "kubernetes:core/v1:ResourceQuota"
	claimType      = "kubernetes:core/v1:PersistentVolumeClaim"
	deploymentType = "kubernetes:apps/v1:Deployment"
	scalerType     = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	policyType     = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
	ingressType    = "kubernetes:networking.k8s.io/v1:Ingress"
	jobType        = "kubernetes:batch/v1:Job"
	storageType    = "kubernetes:storage.k8s.io/v1:StorageClass"
)

// patience is for what must happen, however slow the machine.
const patience = time.Minute

// prepare makes a node and waits until pods can go there.
func prepare(ctx context.Context) error {
	room := m{"cpu": "64", "memory": "256Gi", "pods": "500"}
	node := m{
		"apiVersion": "v1", "kind": "Node",
		"metadata": m{"name": "node-a", "labels": m{"kubernetes.io/hostname": "node-a", "kubernetes.io/os": "linux"}},
		"status":   m{"capacity": room, "allocatable": room},
	}
	nodes := direct().Resource(corev1.SchemeGroupVersion.WithResource("nodes"))
	if _, err := nodes.Create(ctx, &unstructured.Unstructured{Object: node}, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("making a node: %w", err)
	}
	return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		live, err := nodes.Get(ctx, "node-a", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		taints, _, _ := unstructured.NestedSlice(live.Object, "spec", "taints")
		conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(m); ok && c["type"] == "Ready" && c["status"] == "True" {
				return len(taints) == 0, nil
			}
		}
		return false, nil
	})
}

// direct is a client beside the provider, as kubectl would be.
func direct() dynamic.Interface { return dynamic.NewForConfigOrDie(admin) }

// shim writes a command that answers as "aws eks get-token" does, with the administrator's certificate.
func shim(t *testing.T) (command, calls string) {
	t.Helper()
	return shimOf(t, m{"clientCertificateData": string(admin.CertData), "clientKeyData": string(admin.KeyData)})
}

// shimOf writes a command that answers with a credential, and notes how it was called.
func shimOf(t *testing.T, status m) (command, calls string) {
	t.Helper()
	dir := t.TempDir()
	credential, err := json.Marshal(m{
		"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": status,
	})
	require.NoError(t, err)
	answer := filepath.Join(dir, "answer.json")
	require.NoError(t, os.WriteFile(answer, credential, 0o600))
	command, calls = filepath.Join(dir, "aws-of-the-rehearsal"), filepath.Join(dir, "calls")
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %s\ncat %s\n", calls, answer)
	require.NoError(t, os.WriteFile(command, []byte(script), 0o700))
	return command, calls
}

// kubeconfig is a good one, as text.
func kubeconfig(server string, user m) string {
	if user == nil {
		user = m{"exec": m{"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": list{
			"eks", "get-token", "--cluster-name", "main", "--region", "eu-west-1", "--output", "json",
		}}}
	}
	data, err := json.Marshal(m{
		"apiVersion": "v1", "kind": "Config", "current-context": "aws",
		"clusters": list{m{"name": "main", "cluster": m{
			"server": server, "certificate-authority-data": base64.StdEncoding.EncodeToString(admin.CAData),
		}}},
		"contexts": list{m{"name": "aws", "context": m{"cluster": "main", "user": "aws"}}},
		"users":    list{m{"name": "aws", "user": user}},
	})
	if err != nil {
		panic(err) // plain values only
	}
	return string(data)
}

// cluster is a provider in a namespace of its own.
type cluster struct {
	*simtest.Cloud
	model *kubeprovider.Cluster
	space string
	file  string
	calls string
}

func newCluster(t *testing.T, labels m) cluster {
	t.Helper()
	options := kubeprovider.Options{File: filepath.Join(t.TempDir(), "objects.json"), Timeout: patience}
	var calls string
	options.AWS, calls = shim(t)
	model, err := kubeprovider.New(t.Context(), options)
	require.NoError(t, err)
	cloud := simtest.Start(t, model, m{"kubeconfig": kubeconfig(admin.Host, nil)})
	return cluster{cloud, model, space(t, labels), options.File, calls}
}

// space makes a namespace and waits until pods can be made in it. It goes with the control plane.
func space(t *testing.T, labels m) string {
	t.Helper()
	made, err := direct().Resource(corev1.SchemeGroupVersion.WithResource("namespaces")).Create(t.Context(),
		&unstructured.Unstructured{Object: m{
			"apiVersion": "v1", "kind": "Namespace", "metadata": m{"generateName": "t-", "labels": labels},
		}}, metav1.CreateOptions{})
	require.NoError(t, err)
	accounts := objects(corev1.SchemeGroupVersion.WithResource("serviceaccounts"), made.GetName())
	eventually(t, func() bool {
		_, err := accounts.Get(t.Context(), "default", metav1.GetOptions{})
		return err == nil
	})
	return made.GetName()
}

func objects(gvr schema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	return direct().Resource(gvr).Namespace(namespace)
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, 20*time.Millisecond)
}

// merge changes an object behind the provider's back.
func merge(t *testing.T, gvr schema.GroupVersionResource, namespace, name string, change m, subresources ...string) {
	t.Helper()
	data, err := json.Marshal(change)
	require.NoError(t, err)
	_, err = objects(gvr, namespace).
		Patch(t.Context(), name, types.MergePatchType, data, metav1.PatchOptions{FieldManager: "somebody"}, subresources...)
	require.NoError(t, err)
}

// object adds the header that the SDK adds.
func (c cluster) object(typ, name string, rest m) m {
	version, kind, _ := strings.Cut(strings.TrimPrefix(typ, "kubernetes:"), ":")
	out := m{"apiVersion": strings.TrimPrefix(version, "core/"), "kind": kind, "metadata": m{"namespace": c.space}}
	if name != "" {
		out["metadata"] = m{"namespace": c.space, "name": name}
	}
	maps.Copy(out, rest)
	return out
}

func (c cluster) config(name string, data m) m { return c.object(configType, name, m{"data": data}) }

// annotated adds annotations.
func (c cluster) annotated(o, annotations m) m {
	meta := maps.Clone(o["metadata"].(m)) //nolint:forcetypeassert // made above
	meta["annotations"] = annotations
	o["metadata"] = meta
	return o
}

// deployment is a good one, with changes to its spec and to its container.
func (c cluster) deployment(spec, container m) m {
	box := m{"name": "app", "image": "example.com/app:1", "resources": m{"requests": m{"cpu": "0.5", "memory": "1024Mi"}}}
	maps.Copy(box, container)
	s := m{
		"selector": m{"matchLabels": m{"name": "app"}},
		"template": m{
			"metadata": m{"labels": m{"name": "app", "track": "stable"}},
			"spec":     m{"containers": list{box}},
		},
	}
	maps.Copy(s, spec)
	return c.object(deploymentType, "app", m{"spec": s})
}

// crashing is an image that ends again and again.
const crashing = "example.com/app:2-0bad0bad"

func (c cluster) service(port int, spec m) m {
	s := m{"selector": m{"name": "app"}, "ports": list{m{"port": port}}}
	maps.Copy(s, spec)
	return c.object(serviceType, "app", m{"spec": s})
}
