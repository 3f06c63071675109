package simaws

import (
	"maps"
	"slices"
	"strings"
)

// ControlPlanes runs the control planes of the account's clusters. Without it, clusters have an address that nothing
// answers at.
type ControlPlanes interface {
	// Start makes the control plane of a new cluster. It returns the address of its API server, and the certificate of
	// its authority as PEM.
	Start(cluster string) (endpoint string, authority []byte, err error)
	// Stop ends the control plane of a cluster for good. Without one it does nothing.
	Stop(cluster string) error
}

// NodeGroup is a live node group with what its nodes are made from.
type NodeGroup struct {
	// Name is the name in its cluster, AutoScalingGroup that of the group behind it.
	Name, AutoScalingGroup string
	// InstanceTypes are the types that nodes may have.
	InstanceTypes []string
	// Zones are those of its subnets, in order.
	Zones []string
	// Min, Max and Desired are numbers of nodes. Desired is the one that the program gave.
	Min, Max, Desired int
	// Spot is set for spot capacity.
	Spot bool
	// Labels and Taints are those that its nodes register with.
	Labels map[string]string
	Taints []Taint
	// MaxPods is the number of pods that the group's user data sets; 0 leaves it to EKS or, with an image of its own, to
	// the image.
	MaxPods  int
	OwnImage bool
	// PrefixDelegation says that the cluster's CNI gets addresses by the prefix.
	PrefixDelegation bool
	// Recipe is what new nodes are made from. Nodes of another recipe are replaced.
	Recipe string
	// CPU is the policy that holds an average CPU use; nil without one.
	CPU *CPUPolicy
	// Tags are those of the Auto Scaling group.
	Tags map[string]string
}

// Taint is a taint, in the words of Kubernetes.
type Taint struct{ Key, Value, Effect string }

// CPUPolicy is a target tracking policy on the average CPU use of an Auto Scaling group.
type CPUPolicy struct {
	// Percent is the target.
	Percent float64
	// ScaleIn says whether the policy also takes nodes away.
	ScaleIn bool
	// WarmUpSeconds is how long a new node does not count.
	WarmUpSeconds int
}

// NodeGroups returns the node groups of a cluster, by name.
func (a *Account) NodeGroups(cluster string) []NodeGroup { return a.View().NodeGroups(cluster) }

// Clusters returns the names of all clusters.
func (a *Account) Clusters() []string { return a.View().Clusters() }

// Addons returns the names of a cluster's add-ons.
func (a *Account) Addons(cluster string) []string { return a.View().Addons(cluster) }

// AccessEntries returns the entries of a cluster. Access policies for single namespaces are left out.
func (a *Account) AccessEntries(cluster string) []AccessEntry { return a.View().AccessEntries(cluster) }

// View returns what is live now.
func (a *Account) View() View { return ViewOf(a.Resources()) }

// View is what resources say together.
type View struct{ things map[string][]thing }

// ViewOf reads resources, wherever they come from.
func ViewOf(resources []Resource) View {
	v := View{things: map[string][]thing{}}
	for _, r := range resources {
		v.things[r.Type] = append(v.things[r.Type], thing{props: plain(r.Properties), id: r.ID})
	}
	return v
}

// NodeGroups returns the node groups of a cluster.
func (v View) NodeGroups(cluster string) []NodeGroup {
	var groups []NodeGroup
	for _, g := range v.where(nodeGroupType, "clusterName", cluster) {
		groups = append(groups, v.nodeGroup(g))
	}
	return groups
}

// Clusters returns the names of all clusters.
func (v View) Clusters() []string {
	var names []string
	for _, c := range v.things[clusterType] {
		names = append(names, c.id)
	}
	return names
}

// Addons returns the names of a cluster's add-ons.
func (v View) Addons(cluster string) []string {
	var names []string
	for _, addon := range v.where(addonType, "clusterName", cluster) {
		names = append(names, addon.str("addonName"))
	}
	return names
}

// AccessEntry says what a principal may do in a cluster.
type AccessEntry struct {
	// Principal is the ARN of an IAM role or user.
	Principal string
	// Groups are groups of Kubernetes' own authorization.
	Groups []string
	// Policies are the names of the access policies that hold for the whole cluster.
	Policies []string
}

// AccessEntries returns the entries of a cluster. Access policies for single namespaces are left out.
func (v View) AccessEntries(cluster string) []AccessEntry {
	var entries []AccessEntry
	for _, e := range v.where(accessEntryType, "clusterName", cluster) {
		entry := AccessEntry{Principal: e.str("principalArn"), Groups: e.strs("kubernetesGroups")}
		for _, p := range v.where(accessPolicyType, "clusterName", cluster) {
			if p.str("principalArn") == entry.Principal && p.str("accessScope.type") != "namespace" {
				arn := p.str("policyArn")
				entry.Policies = append(entry.Policies, arn[strings.LastIndex(arn, "/")+1:])
			}
		}
		entries = append(entries, entry)
	}
	return entries
}

// Caller is the ARN of who calls AWS.
func (a *Account) Caller() string { return a.options.CallerARN }

// where returns the things of a type whose property has the value.
func (v View) where(token, path, value string) []thing {
	return slices.DeleteFunc(slices.Clone(v.things[token]), func(t thing) bool { return !slices.Contains(t.strs(path), value) })
}

func (v View) nodeGroup(g thing) NodeGroup {
	group := NodeGroup{
		Name:             g.str("nodeGroupName"),
		AutoScalingGroup: g.str("resources.autoscalingGroups.name"),
		InstanceTypes:    g.strs("instanceTypes"),
		Min:              g.num("scalingConfig.minSize"),
		Max:              g.num("scalingConfig.maxSize"),
		Desired:          g.num("scalingConfig.desiredSize"),
		Spot:             g.str("capacityType") == "SPOT",
		PrefixDelegation: v.prefixDelegation(g.str("clusterName")),
	}
	for _, subnet := range v.things[subnetType] {
		if zone := subnet.str("availabilityZone"); slices.Contains(g.strs("subnetIds"), subnet.id) &&
			!slices.Contains(group.Zones, zone) {
			group.Zones = append(group.Zones, zone)
		}
	}
	slices.Sort(group.Zones)
	v.ownParts(&group, g)
	v.scaling(&group, g.str("clusterName"))
	return group
}

// ownParts reads the launch template. With an image of its own EKS adds nothing: labels, taints and the number of pods
// are those that the user data gives the kubelet.
func (v View) ownParts(group *NodeGroup, g thing) {
	var template thing
	for _, t := range v.things[templateType] {
		if t.id == g.str("launchTemplate.id") || t.str("name") == g.str("launchTemplate.name") {
			template = t
		}
	}
	if one := template.str("instanceType"); one != "" {
		group.InstanceTypes = []string{one}
	}
	group.Recipe = strings.Join([]string{
		template.id, g.str("launchTemplate.version"), g.str("amiType"), g.str("releaseVersion"),
	}, " ")
	if template.str("imageId") != "" {
		kubelet := readUserData(template.str("userData"))
		group.OwnImage = true
		group.Labels, group.Taints, group.MaxPods = kubelet.labels, kubelet.taints, kubelet.maxPods
		return
	}
	group.Labels = map[string]string{}
	if labels, ok := g.props["labels"].(map[string]any); ok {
		for key, value := range labels {
			group.Labels[key], _ = value.(string)
		}
	}
	for _, t := range g.all("taints") {
		taint := props(t.(map[string]any)) //nolint:forcetypeassert // the schema of the row has checked it
		group.Taints = append(group.Taints, Taint{
			Key: taint.str("key"), Value: taint.str("value"), Effect: kubernetesEffects[taint.str("effect")],
		})
	}
}

// kubernetesEffects are the words of Kubernetes for those of EKS (EKS API reference, Taint).
var kubernetesEffects = map[string]string{
	"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute",
}

func (v View) scaling(group *NodeGroup, cluster string) {
	group.Tags = map[string]string{}
	for _, t := range v.where(groupTagType, "autoscalingGroupName", group.AutoScalingGroup) {
		group.Tags[t.str("tag.key")] = t.str("tag.value")
	}
	for _, p := range v.where(scalingPolicyType, "autoscalingGroupName", group.AutoScalingGroup) {
		target, _ := slices.Concat(p.all("targetTrackingConfiguration.targetValue"), []any{0.0})[0].(float64)
		group.CPU = &CPUPolicy{
			Percent: target, ScaleIn: !p.flag("targetTrackingConfiguration.disableScaleIn"),
			WarmUpSeconds: p.num("estimatedInstanceWarmup"),
		}
	}
	// EKS's own, on every managed group (EKS user guide, managed node groups, autoscaling).
	maps.Copy(group.Tags, map[string]string{
		"k8s.io/cluster-autoscaler/enabled": "true", "k8s.io/cluster-autoscaler/" + cluster: "owned",
		"eks:cluster-name": cluster, "eks:nodegroup-name": group.Name,
	})
}

// prefixDelegation reads the configuration of the cluster's CNI.
func (v View) prefixDelegation(cluster string) bool {
	for _, addon := range v.where(addonType, "clusterName", cluster) {
		if addon.str("addonName") == "vpc-cni" {
			return strings.Contains(addon.str("configurationValues"), `"ENABLE_PREFIX_DELEGATION":"true"`)
		}
	}
	return false
}
