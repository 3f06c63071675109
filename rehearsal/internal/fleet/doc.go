// Package fleet keeps the nodes of one simulated cluster as its node groups say, and stands in for what acts on a
// cluster from the side of AWS:
//
//   - EC2 Auto Scaling and EKS, which launch, replace and drain nodes;
//   - the Cluster Autoscaler and target tracking policies, which change their number;
//   - EKS's add-ons, as pods that ask for what the real ones ask for;
//   - the load balancer controller and ingress-nginx, as far as they give addresses to Services and Ingress objects;
//   - the kernel and the kubelet of a node that gets more load than it has CPU: see Death;
//   - metrics-server: see Load.
//
// Scheduling, replacement of pods, autoscaling of pods, disruption budgets and everything else that Kubernetes does is
// Kubernetes' own; the pods themselves are KWOK's.
//
// All delays are those of AWS, divided by the speed of the simulation.
package fleet
