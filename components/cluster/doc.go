// Package cluster provides Cluster: an EKS control plane, who may reach it, and what a node needs before it can join.
//
// It registers the control plane's log group (before EKS would make one that never expires), optionally a KMS key, the
// control plane itself with all five log types and API authentication, an access entry for the deployer and each
// admin, an OIDC provider for roles of service accounts, and the EKS add-ons vpc-cni (with prefix delegation and
// network policy), kube-proxy and eks-pod-identity-agent. Add-ons that need nodes are not here.
//
//	c, err := cluster.NewCluster(ctx, "shop", &cluster.ClusterArgs{
//		Cluster: spec.Cluster{
//			Name:              "shop",
//			DeployRoleARN:     "arn:aws:iam::123456789012:role/deploy",
//			PublicAccessCIDRs: []string{"203.0.113.0/24"},
//		},
//		Region: "eu-west-1", VpcID: vpc.VpcID, SubnetIDs: vpc.ControlPlaneSubnetIDs,
//	})
//
// The control plane costs by the hour, and more in extended support. Whoever creates the cluster gets no hidden
// administrator rights: the rights are the entries listed here.
package cluster
