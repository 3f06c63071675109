package fleet

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

const (
	systemNamespace = "kube-system"
	// AddonLabel of a Deployment or DaemonSet names the add-on of EKS whose pods it stands for.
	AddonLabel = "slipway.dev/rehearsal-addon"
)

// workload is what an add-on runs: the number of pods, zero for one a node, and what a pod asks for.
type workload struct {
	addon, name         string
	pods                int32
	milliCPU, mebibytes int
}

// workloads are the pods of EKS's add-ons, with the requests of their manifests (default values of the charts that EKS
// packages: aws-vpc-cni, aws-ebs-csi-driver, metrics-server, amazon-cloudwatch-observability; coredns and kube-proxy as
// EKS installs them).
var workloads = []workload{
	{"vpc-cni", "aws-node", 0, 50, 0},
	{"kube-proxy", "kube-proxy", 0, 100, 0},
	{"eks-pod-identity-agent", "eks-pod-identity-agent", 0, 0, 0},
	{"coredns", "coredns", 2, 100, 70},
	{"aws-ebs-csi-driver", "ebs-csi-node", 0, 30, 120},
	{"aws-ebs-csi-driver", "ebs-csi-controller", 2, 60, 240},
	{"metrics-server", "metrics-server", 2, 100, 200},
	{"amazon-cloudwatch-observability", "cloudwatch-agent", 0, 250, 128},
	{"amazon-cloudwatch-observability", "fluent-bit", 0, 50, 25},
	{"external-dns", "external-dns", 1, 0, 0},
	{"cert-manager", "cert-manager", 1, 0, 0},
	{"cert-manager", "cert-manager-webhook", 1, 0, 0},
	{"cert-manager", "cert-manager-cainjector", 1, 0, 0},
}

// keepAddons makes the pods of the add-ons that are there, and removes those of the others.
func (f *Fleet) keepAddons(ctx context.Context, _ *snapshot) error {
	there := f.options.Addons()
	for _, w := range workloads {
		if slices.Contains(there, w.addon) == f.installed[w.name] {
			continue
		}
		act, verb := f.remove, "removing"
		if !f.installed[w.name] {
			act, verb = f.install, "installing"
		}
		if err := act(ctx, w); err != nil && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s %s: %w", verb, w.name, err)
		}
		f.installed[w.name] = !f.installed[w.name]
	}
	return nil
}

func (f *Fleet) install(ctx context.Context, w workload) error {
	meta := metav1.ObjectMeta{Name: w.name, Namespace: systemNamespace, Labels: map[string]string{AddonLabel: w.addon}}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": w.name}}
	template := w.template()
	if w.pods == 0 {
		_, err := f.client.AppsV1().DaemonSets(systemNamespace).Create(ctx, &appsv1.DaemonSet{
			ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template},
		}, metav1.CreateOptions{})
		return err
	}
	if w.pods > 1 {
		_, err := f.client.PolicyV1().PodDisruptionBudgets(systemNamespace).Create(ctx, &policyv1.PodDisruptionBudget{
			ObjectMeta: meta,
			Spec:       policyv1.PodDisruptionBudgetSpec{Selector: selector, MaxUnavailable: ptr.To(intstr.FromInt32(1))},
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	_, err := f.client.AppsV1().Deployments(systemNamespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Replicas: ptr.To(w.pods), Selector: selector, Template: template},
	}, metav1.CreateOptions{})
	return err
}

func (f *Fleet) remove(ctx context.Context, w workload) error {
	if w.pods == 0 {
		return f.client.AppsV1().DaemonSets(systemNamespace).Delete(ctx, w.name, metav1.DeleteOptions{})
	}
	budgets := f.client.PolicyV1().PodDisruptionBudgets(systemNamespace)
	if err := ignoreGone(budgets.Delete(ctx, w.name, metav1.DeleteOptions{})); err != nil {
		return err
	}
	return f.client.AppsV1().Deployments(systemNamespace).Delete(ctx, w.name, metav1.DeleteOptions{})
}

// template describes the pods of a workload. Those that run on every node tolerate every taint; the others tolerate none.
func (w workload) template() corev1.PodTemplateSpec {
	requests := size(w.milliCPU, w.mebibytes, 0)
	delete(requests, corev1.ResourcePods)
	spec := corev1.PodSpec{
		PriorityClassName: "system-cluster-critical",
		Containers: []corev1.Container{{
			Name: w.name, Image: "rehearsal/" + w.name, Resources: corev1.ResourceRequirements{Requests: requests},
		}},
	}
	if w.pods == 0 {
		spec.PriorityClassName = "system-node-critical"
		spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	} else {
		spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
			MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.ScheduleAnyway,
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": w.name}},
		}}
	}
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"k8s-app": w.name}}, Spec: spec}
}
