//go:build unix

package stories_test

import (
	"maps"
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// previewer is who previews a pull request, in the group that EKS gives the access entry.
func (w *world) previewer() dynamic.Interface {
	w.t.Helper()
	config := rest.CopyConfig(w.Config())
	config.Impersonate = rest.ImpersonationConfig{
		UserName: "arn:aws:sts::123456789012:assumed-role/preview/pull-request",
		Groups:   []string{spec.PreviewGroup, "system:authenticated"},
	}
	client, err := dynamic.NewForConfig(config)
	require.NoError(w.t, err)
	return client
}

// thing is an object that a pull request may want.
type thing struct {
	kind     schema.GroupVersionKind
	resource string
	// namespace is "" for what the whole cluster has.
	namespace string
	fields    map[string]any
}

func (o thing) in(client dynamic.Interface) dynamic.ResourceInterface {
	all := client.Resource(o.kind.GroupVersion().WithResource(o.resource))
	if o.namespace == "" {
		return all
	}
	return all.Namespace(o.namespace)
}

// apply writes the fields of the object as Pulumi does, server-side, and leaves those of others alone.
func (o thing) apply(t *testing.T, client dynamic.Interface, name string, dryRun ...string) error {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{}}
	maps.Copy(object.Object, o.fields)
	object.SetGroupVersionKind(o.kind)
	object.SetName(name)
	_, err := o.in(client).Apply(t.Context(), name, object, metav1.ApplyOptions{FieldManager: "pull-request", Force: true, DryRun: dryRun})
	return err
}

func (o thing) exists(t *testing.T, client dynamic.Interface, name string) bool {
	t.Helper()
	_, err := o.in(client).Get(t.Context(), name, metav1.GetOptions{})
	return err == nil
}

func gvk(group, kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: group, Version: "v1", Kind: kind}
}

// wanted is one object of each sort of right.
var wanted = map[string]thing{
	"a namespace": {gvk("", "Namespace"), "namespaces", "", nil},
	"settings":    {gvk("", "ConfigMap"), "configmaps", namespace, map[string]any{"data": map[string]any{"a": "b"}}},
	"a secret of the services": {
		gvk("", "Secret"), "secrets", namespace, map[string]any{"stringData": map[string]any{"a": "b"}},
	},
	"a role with more rights than its own": {
		gvk("rbac.authorization.k8s.io", "ClusterRole"), "clusterroles", "", map[string]any{"rules": []any{map[string]any{
			"apiGroups": []any{"*"}, "resources": []any{"*"}, "verbs": []any{"*"},
		}}},
	},
	"who has a role": {
		gvk("rbac.authorization.k8s.io", "ClusterRoleBinding"), "clusterrolebindings", "", map[string]any{
			"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
			"subjects": []any{map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": spec.PreviewGroup}},
		},
	},
}

// S18: keys leaked, and miners ran. Whoever opens a pull request gets a role that reads and tries out, and writes nothing.
func TestS18_previewWritesNothing(t *testing.T) {
	t.Parallel()
	w := open(t, certManager, sharedHost())
	client := w.previewer()
	for name, object := range wanted {
		require.NoError(t, object.apply(t, client, "new", metav1.DryRunAll), "%s can be tried out", name)
		err := object.apply(t, client, "new")
		require.ErrorContains(t, err, "a preview writes nothing", name)
		assert.False(t, object.exists(t, w.dynamic, "new"), name)
	}

	front := thing{kind: gvk("apps", "Deployment"), resource: "deployments", namespace: namespace}
	before, err := front.in(client).Get(t.Context(), "front", metav1.GetOptions{})
	require.NoError(t, err)
	scaled := thing{front.kind, front.resource, namespace, map[string]any{"spec": map[string]any{"minReadySeconds": int64(77)}}}
	require.NoError(t, scaled.apply(t, client, "front", metav1.DryRunAll))
	require.ErrorContains(t, scaled.apply(t, client, "front"), "a preview writes nothing")
	require.Error(t, front.in(client).Delete(t.Context(), "front", metav1.DeleteOptions{}))
	after, err := front.in(w.dynamic).Get(t.Context(), "front", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Equal(t, before.Object["spec"], after.Object["spec"])
}

// What no policy decides about is out of the preview's reach, a dry run or not: policies, webhooks, and other Secrets.
func TestS18_previewDoesNotReachItsGuard(t *testing.T) {
	t.Parallel()
	w := open(t, certManager, sharedHost())
	client := w.previewer()
	const admission = "admissionregistration.k8s.io"
	for name, object := range map[string]thing{
		"the policy": {gvk(admission, "ValidatingAdmissionPolicy"), "validatingadmissionpolicies", "", map[string]any{
			"spec": map[string]any{"failurePolicy": "Ignore"},
		}},
		"its being in force": {
			gvk(admission, "ValidatingAdmissionPolicyBinding"), "validatingadmissionpolicybindings", "", map[string]any{
				"spec": map[string]any{"validationActions": []any{"Audit"}},
			},
		},
	} {
		assert.True(t, object.exists(t, client, "slipway-preview"), "%s can be read", name)
		for _, dryRun := range [][]string{nil, {metav1.DryRunAll}} {
			err := object.apply(t, client, "slipway-preview", dryRun...)
			require.ErrorContains(t, err, "forbidden", name)
			assert.NotContains(t, err.Error(), "a preview writes nothing", "%s: the right is not there to begin with", name)
		}
	}
	secret := thing{kind: gvk("", "Secret"), resource: "secrets", namespace: "kube-system"}
	_, err := secret.in(client).Get(t.Context(), "any", metav1.GetOptions{})
	require.ErrorContains(t, err, "forbidden")
	_, err = thing{resource: "secrets", kind: secret.kind}.in(client).List(t.Context(), metav1.ListOptions{})
	require.ErrorContains(t, err, "forbidden")
	secret.namespace = namespace
	_, err = secret.in(client).Get(t.Context(), "any", metav1.GetOptions{})
	require.ErrorContains(t, err, "not found", "the services' own can be read")
}
