package addons

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/spec"
)

// The service account of external-dns (EKS user guide, community add-ons).
const (
	recordsNamespace = "external-dns"
	recordsAccount   = "external-dns"
)

// recordSettings are external-dns' settings, by the names of its configuration schema.
type recordSettings struct {
	Sources    []string `json:"sources"`
	Policy     string   `json:"policy"`
	Registry   string   `json:"registry"`
	TXTOwnerID string   `json:"txtOwnerId"`
}

// recordText returns the settings of a cluster's external-dns. It marks its records with the cluster's name, changes
// no others, and deletes them with their hosts: a name that outlives its load balancer can be taken over by whoever
// gets the load balancer's address next.
func recordText(clusterName string) (string, error) {
	text, err := json.Marshal(recordSettings{
		Sources: []string{"service", "ingress"}, Policy: "sync", Registry: "txt", TXTOwnerID: clusterName,
	})
	return string(text), err
}

// recordPolicy allows to change the records of the zones, and to see which there are: external-dns reads all zones
// before it chooses (external-dns, tutorial for AWS, IAM policy).
func recordPolicy(partition string, zones []string) identity.Document {
	arns := make(identity.Values, len(zones))
	for i, zone := range zones {
		arns[i] = "arn:" + partition + ":route53:::hostedzone/" + zone
	}
	return identity.NewDocument(
		identity.Statement{
			Effect: identity.Allow, Action: identity.Values{"route53:ChangeResourceRecordSets"}, Resource: arns,
		},
		identity.Statement{
			Effect: identity.Allow,
			Action: identity.Values{
				"route53:ListHostedZones", "route53:ListResourceRecordSets",
				"route53:ListTagsForResource", "route53:ListTagsForResources",
			},
			Resource: identity.Values{"*"},
		},
	)
}

// newRecords registers what keeps DNS records, where it is asked for.
func (b *builder) newRecords() error {
	dns := b.args.Addons.ExternalDNS
	if dns == nil {
		return nil
	}
	role, err := b.newRole(zonesRole, identity.ServiceAccountRoleArgs{
		Description:    "Lets the external-dns of an EKS cluster change records of its hosted zones",
		Namespace:      recordsNamespace,
		ServiceAccount: recordsAccount,
		Policies:       map[string]identity.Document{"records": recordPolicy(b.args.Partition, dns.HostedZones)},
	})
	if err != nil {
		return fmt.Errorf("creating role of external-dns: %w", err)
	}
	_, err = b.newAddon(addon{
		name: spec.AddonExternalDNS, role: role,
		settings: pulumix.Cast[pulumi.StringOutput](pulumix.ApplyErr(b.args.ClusterName.ToStringOutput(), recordText)),
	})
	return err
}

// newCertificates registers what issues certificates, where it is asked for.
func (b *builder) newCertificates() error {
	if !b.args.Addons.CertManager {
		return nil
	}
	_, err := b.newAddon(addon{name: spec.AddonCertManager})
	return err
}
