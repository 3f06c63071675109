package addons

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// dnsReplicas is how many pods answer DNS: one can be lost.
const dnsReplicas = 2

// dnsSettings are coredns' settings, by the names of its configuration schema.
type dnsSettings struct {
	ReplicaCount              int      `json:"replicaCount"`
	TopologySpreadConstraints []spread `json:"topologySpreadConstraints"`
}

// spread is a Kubernetes topology spread constraint.
type spread struct {
	MaxSkew           int      `json:"maxSkew"`
	TopologyKey       string   `json:"topologyKey"`
	WhenUnsatisfiable string   `json:"whenUnsatisfiable"`
	LabelSelector     selector `json:"labelSelector"`
	MatchLabelKeys    []string `json:"matchLabelKeys"`
	NodeTaintsPolicy  string   `json:"nodeTaintsPolicy"`
}

type selector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

// overZonesAndNodes puts pods with the labels on as many zones as there are, and, where it can be done, on as many
// nodes. Each revision is counted by itself, so that the last one is never in the way of the next.
func overZonesAndNodes(labels map[string]string) []spread {
	over := func(key, otherwise string) spread {
		return spread{
			MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: otherwise, LabelSelector: selector{labels},
			MatchLabelKeys: []string{"pod-template-hash"}, NodeTaintsPolicy: "Honor",
		}
	}
	return []spread{
		over("topology.kubernetes.io/zone", "DoNotSchedule"), over("kubernetes.io/hostname", "ScheduleAnyway"),
	}
}

// newDNS registers the cluster's DNS.
func (b *builder) newDNS() error {
	_, err := b.newAddon(addon{name: spec.AddonCoreDNS, settings: pulumi.JSONMarshal(dnsSettings{
		ReplicaCount:              dnsReplicas,
		TopologySpreadConstraints: overZonesAndNodes(map[string]string{"k8s-app": "kube-dns"}),
	})})
	return err
}

// newMeasurements registers what says how much CPU and memory each pod uses: to autoscalers, and to kubectl top.
func (b *builder) newMeasurements() error {
	_, err := b.newAddon(addon{name: spec.AddonMetricsServer})
	return err
}
