// Package nodes provides ManagedGroup: an EKS managed node group on Amazon Linux 2023.
//
// Each group has a role of its own that can pull images from ECR (so that no pod needs a registry token), and a launch
// template that requires IMDSv2 at one hop, encrypts the root volume and sets no key pair and no security groups: EKS
// then attaches the cluster's. Nodes are updated one at a time; the number of nodes belongs to whatever scales them.
//
//	group, err := nodes.NewManagedGroup(ctx, "shop-general", &nodes.ManagedGroupArgs{
//		Group:       spec.NodeGroup{InstanceTypes: []string{"t3.large"}, Max: 6},
//		GroupName:   "general",
//		ClusterName: c.Name,
//		SubnetIDs:   vpc.PrivateSubnetIDs,
//		Version:     "1.35",
//	})
package nodes
