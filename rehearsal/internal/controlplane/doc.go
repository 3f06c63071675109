//go:build unix

// Package controlplane runs a real Kubernetes control plane on this machine: etcd, kube-apiserver,
// kube-controller-manager and kube-scheduler as they are released, and KWOK in the place of the kubelets.
//
//	cluster, err := controlplane.Start(ctx, controlplane.Options{Dir: dir, Binary: tools.ControlPlane, KWOK: tools.KWOK})
//	if err != nil { ... }
//	defer cluster.Close()
//	client, err := kubernetes.NewForConfig(cluster.Config())
//
// Everything listens on 127.0.0.1 only, with certificates of the cluster's own authorities. RBAC, NodeRestriction and
// Pod Security are on, as they are on EKS. Nodes are Node objects: whoever makes one gives it its capacity.
//
// What is simulated are the kubelets, in stages.yaml: when a pod starts, becomes ready, completes and goes.
//
//   - A pod with a readiness or startup probe is ready [StartupAnnotation] seconds after it started, divided by
//     Options.Speed. A change of the pod during that time begins it anew.
//   - A pod without any probe is ready at once, because Kubernetes takes a container without a probe for ready.
//   - A container whose image's tag ends in [UnreadyTag] runs and never becomes ready; one whose tag ends in [CrashTag]
//     ends again and again.
//   - A deleted pod goes after the longest preStop sleep of its containers, at most its grace period, divided by
//     Options.Speed; without a preStop sleep at once. Other preStop hooks and the time that a program takes to end are
//     not simulated.
//   - A pod of a Job completes a second after it became ready, divided by Options.Speed.
//   - Nothing runs in a pod: no probe is sent, no limit is enforced, no volume is mounted, no image is pulled.
//
// No process of a control plane outlives the one that started it, whatever ends that: each ends with its standard
// input, a pipe that the system closes.
package controlplane
