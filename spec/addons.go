package spec

import (
	"regexp"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Addons describes the EKS add-ons that run on a cluster's nodes. coredns, aws-ebs-csi-driver and metrics-server are
// always there.
type Addons struct {
	// Versions pins versions of add-ons by name, such as coredns. An add-on that is not named here gets the version
	// that AWS chooses at its creation, and keeps it.
	Versions map[string]string `json:"versions,omitempty"`
	// Logs keeps what all pods write, in CloudWatch Logs.
	Logs PodLogs `json:"logs,omitempty"`
	// ExternalDNS keeps DNS records of the hosts of Ingress objects and Services in Route 53. Default: none.
	ExternalDNS *ExternalDNS `json:"externalDns,omitempty"`
	// CertManager issues certificates in the cluster, by issuers of your own.
	CertManager bool `json:"certManager,omitempty"`
}

// PodLogs describes the record of what pods write.
type PodLogs struct {
	// Off leaves the record out; logs are then gone with their pods.
	Off bool `json:"off,omitempty"`
	// RetentionDays is how long logs are kept, one of the periods that CloudWatch Logs has. Default: 30.
	RetentionDays int `json:"retentionDays,omitempty" jsonschema:"default=30,minimum=1,maximum=3653"`
}

// ExternalDNS describes where DNS records are kept.
type ExternalDNS struct {
	// HostedZones are the ids of the Route 53 hosted zones whose records may be changed, such as Z0123456789ABC.
	HostedZones []string `json:"hostedZones" jsonschema:"uniqueItems=true,minItems=1,maxItems=100,pattern=^Z[A-Z0-9]{1\\,31}$"`
}

// The EKS add-ons that run on nodes (EKS user guide, AWS add-ons and community add-ons).
const (
	AddonCoreDNS       = "coredns"
	AddonEBSCSIDriver  = "aws-ebs-csi-driver"
	AddonMetricsServer = "metrics-server"
	AddonObservability = "amazon-cloudwatch-observability"
	AddonExternalDNS   = "external-dns"
	AddonCertManager   = "cert-manager"
)

// minObservability is the first major version of AddonObservability whose configuration can say that it must not
// change pods; AWS has chosen later ones since 2025.
const minObservability = 4

// nodeAddons are all names that Versions can have.
var nodeAddons = []string{
	AddonObservability, AddonEBSCSIDriver, AddonCertManager, AddonCoreDNS, AddonExternalDNS, AddonMetricsServer,
}

// addonVersion is the form of an add-on's version (EKS API reference, DescribeAddonVersions).
var addonVersion = regexp.MustCompile(`^v(\d+)\.\d+\.\d+-eksbuild\.\d+$`)

// Default fills in what is not set.
func (a *Addons) Default() { fieldtags.Default(a) }

// Validate reports every problem of a.
func (a *Addons) Validate(path *field.Path) field.ErrorList {
	errs := fieldtags.Check(path, a)
	errs = append(errs, validateRetention(path.Child("logs", "retentionDays"), a.Logs.RetentionDays)...)
	for _, name := range sortedKeys(a.Versions) {
		errs = append(errs, a.validatePin(path.Child("versions", name), name)...)
	}
	return errs
}

// validatePin refuses the version of an add-on that there is not: it would say something that is not so.
func (a *Addons) validatePin(path *field.Path, name string) field.ErrorList {
	version := a.Versions[name]
	match := addonVersion.FindStringSubmatch(version)
	switch {
	case !slices.Contains(nodeAddons, name):
		return field.ErrorList{field.NotSupported(path, name, nodeAddons)}
	case !slices.Contains(a.Names(), name):
		return field.ErrorList{field.Forbidden(path, "the add-on is not asked for")}
	case match == nil:
		return field.ErrorList{field.Invalid(path, version, "must be a version such as v1.12.4-eksbuild.1")}
	}
	if major, err := strconv.Atoi(match[1]); name == AddonObservability && (err != nil || major < minObservability) {
		return field.ErrorList{field.Invalid(path, version, "must be v4.0.0-eksbuild.1 or later")}
	}
	return nil
}

// Names returns the add-ons that a asks for, sorted.
func (a *Addons) Names() []string {
	names := []string{AddonCoreDNS, AddonEBSCSIDriver, AddonMetricsServer}
	if !a.Logs.Off {
		names = append(names, AddonObservability)
	}
	if a.ExternalDNS != nil {
		names = append(names, AddonExternalDNS)
	}
	if a.CertManager {
		names = append(names, AddonCertManager)
	}
	slices.Sort(names)
	return names
}
