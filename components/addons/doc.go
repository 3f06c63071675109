// Package addons provides Addons: the EKS add-ons that run on a cluster's nodes, and the default class of volumes.
//
// There is always DNS (coredns), volumes (aws-ebs-csi-driver, with an encrypted gp3 class as the default) and
// measurements for autoscalers and kubectl top (metrics-server). On unless it is turned off: the logs of all pods in
// CloudWatch Logs, in groups that exist with a retention before anything writes to them. On request: DNS records in
// given hosted zones of Route 53 (external-dns), and certificates (cert-manager). What needs rights in AWS has a role
// of its own by Pod Identity; nodes need none.
//
//	a, err := addons.NewAddons(ctx, "shop-addons", &addons.AddonsArgs{
//		ClusterName: group.ClusterName,
//	}, pulumi.Providers(awsProvider, kubernetesProvider))
//
// ClusterName must wait for nodes: without any, the add-ons never become active. Feed the ClusterName that comes out to
// what needs DNS and measurements, and StorageClass to what needs volumes.
//
// What costs money: logs by the GB that is taken in and kept, and the metrics that CloudWatch's agent sends of each
// container; turn both off with Logs.Off. A volume costs by its size until its claim is deleted.
//
// # Limits
//
// The add-on eks-pod-identity-agent must be there; cluster.Cluster has it. Logs of the host and the data plane need a
// system log that Amazon Linux 2023 does not write to files; logs of pods do not. Whatever writes to a hosted zone
// that is not named is refused by IAM, and says so in external-dns' log. A change of the storage class replaces it,
// which leaves existing volumes as they are. Volumes that a stack's pods asked for are deleted with their claims, and
// not by a destroy that takes the driver away first.
package addons
