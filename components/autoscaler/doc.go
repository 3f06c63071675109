// Package autoscaler provides Autoscaler: the Cluster Autoscaler, which adds nodes for pods that find no place and takes
// nodes away that are not needed.
//
// It registers a role for its service account, by Pod Identity and with least rights; its rights in the cluster; two
// pods, one of which is at work; and a disruption budget. All of it is plain Kubernetes objects, of the release that
// belongs to the cluster's Kubernetes version: it simulates that version's scheduler. It changes only the Auto Scaling
// groups of its own cluster that carry a tag, and its role allows no others. The region is given, as nodes do not let
// pods ask the metadata service.
//
//	a, err := autoscaler.NewAutoscaler(ctx, "shop-autoscaler", &autoscaler.AutoscalerArgs{
//		ClusterName: addons.ClusterName, Version: "1.35", Region: "eu-west-1", GroupTag: "example.com/autoscaled",
//	}, pulumi.Providers(awsProvider, kubernetesProvider))
//
// A node goes when less than half of it has been requested for ten minutes and its pods have a place elsewhere. Groups
// that are alike are kept at the same size; of several that would do, the one with the least left over grows.
//
// It costs what the nodes cost that it adds, up to each group's maximum.
//
// # Limits
//
// EKS itself puts the tag that GroupTag defaults to on the group of every managed node group. Where some groups are
// scaled by something else, such as a CPU policy, give a tag of your own: two owners of one group work against each
// other. There is one Autoscaler a cluster. A group in several zones is one to it: volumes are in a zone each, so a pod
// with a volume may wait for a node that comes in another. Groups that can be empty need tags that describe their nodes.
package autoscaler
