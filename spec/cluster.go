package spec

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Cluster describes an EKS control plane and who may reach it.
type Cluster struct {
	// Name is the cluster's name in EKS. Default: <project>-<stack>. At most 38 characters: pulumi-eks puts it into
	// the name of an IAM role, which ends at 64. It cannot be changed later.
	Name string `json:"name,omitempty" jsonschema:"maxLength=38,pattern=^[a-zA-Z][a-zA-Z0-9-]*$"`
	// Version is the Kubernetes minor version. Quote it in YAML: unquoted, 1.30 is the number 1.3. Default: "1.35".
	Version string `json:"version,omitempty" jsonschema:"default=1.35"`
	// Support is what happens at the end of standard support: STANDARD has AWS upgrade the control plane, EXTENDED
	// keeps the version for a year more at a higher price an hour. Default: STANDARD.
	Support string `json:"support,omitempty" jsonschema:"enum=STANDARD,enum=EXTENDED,default=STANDARD"`
	// DeployRoleARN is the IAM role that runs `pulumi up`. It gets an access entry of its own, and the kubeconfig
	// assumes it unless there is a previewRoleArn; whoever creates the cluster gets no hidden rights.
	DeployRoleARN string `json:"deployRoleArn" jsonschema:"example=arn:aws:iam::123456789012:role/deploy"`
	// Admins are IAM roles with full rights in the cluster, by a name of your choice. The name is the entry's
	// identity: keep it when the role changes.
	Admins map[string]string `json:"admins,omitempty"`
	// PreviewRoleARN is the IAM role that runs `pulumi preview` for pull requests: in the cluster it may read, and try
	// changes out by a dry run, and write nothing. With it, the kubeconfig assumes no role but takes the credentials of
	// whoever uses it, so that one stack serves both roles. Optional.
	PreviewRoleARN string `json:"previewRoleArn,omitempty" jsonschema:"example=arn:aws:iam::123456789012:role/preview"`
	// PublicAccessCIDRs are the address ranges that reach the API endpoint from the internet. Without any, the
	// endpoint is reachable from inside the VPC only. 40 is EKS's quota.
	PublicAccessCIDRs []string `json:"publicAccessCidrs,omitempty" jsonschema:"uniqueItems=true,maxItems=40"`
	// PublicAccessFromAnywhere opens the API endpoint to every address, in place of publicAccessCidrs.
	PublicAccessFromAnywhere bool `json:"publicAccessFromAnywhere,omitempty"`
	// SecretsKeyARN is a KMS key for envelope encryption of Kubernetes objects, in place of AWS's own key. It cannot
	// be taken away or changed later.
	SecretsKeyARN string `json:"secretsKeyArn,omitempty"`
	// CreateSecretsKey makes a KMS key for that purpose, with yearly rotation.
	CreateSecretsKey bool `json:"createSecretsKey,omitempty"`
	// LogRetentionDays is how long the control plane's logs are kept, one of the periods that CloudWatch Logs has.
	// Default: 90.
	LogRetentionDays int `json:"logRetentionDays,omitempty" jsonschema:"default=90,minimum=1,maximum=3653"`
	// AddonVersions pins versions of EKS add-ons by name, such as vpc-cni. An add-on that is not named here gets the
	// version that AWS chooses at its creation, and keeps it.
	AddonVersions map[string]string `json:"addonVersions,omitempty"`
}

// Everywhere is the range that means every IPv4 address.
const Everywhere = "0.0.0.0/0"

// Default fills in what is not set.
func (c *Cluster) Default() { fieldtags.Default(c) }

// Validate reports every problem of c. The version is judged as of now.
func (c *Cluster) Validate(path *field.Path, now time.Time) field.ErrorList {
	errs := fieldtags.Check(path, c)
	errs = append(errs, validateVersion(path.Child("version"), c.Version, c.Support, now)...)
	if c.DeployRoleARN != "" {
		errs = append(errs, validateRoleARN(path.Child("deployRoleArn"), c.DeployRoleARN)...)
	}
	errs = append(errs, c.validatePreviewRole(path.Child("previewRoleArn"))...)
	errs = append(errs, c.validateAdmins(path.Child("admins"))...)
	errs = append(errs, c.validatePublicAccess(path)...)
	errs = append(errs, c.validateSecretsKey(path)...)
	errs = append(errs, validateRetention(path.Child("logRetentionDays"), c.LogRetentionDays)...)
	for _, name := range sortedKeys(c.AddonVersions) {
		if !slices.Contains(clusterAddons, name) {
			errs = append(errs, field.NotSupported(path.Child("addonVersions", name), name, clusterAddons))
		}
		if v := c.AddonVersions[name]; !strings.HasPrefix(v, "v") {
			errs = append(errs, field.Invalid(path.Child("addonVersions", name), v, "must be a version such as v1.20.4-eksbuild.1"))
		}
	}
	return errs
}

// The EKS add-ons that a cluster has from the start: what a node needs before it can join.
const (
	AddonVPCCNI           = "vpc-cni"
	AddonKubeProxy        = "kube-proxy"
	AddonPodIdentityAgent = "eks-pod-identity-agent"
)

var clusterAddons = []string{AddonPodIdentityAgent, AddonKubeProxy, AddonVPCCNI}

// PreviewGroup is the group that the preview role has in the cluster.
const PreviewGroup = "slipway:preview"

// validatePreviewRole refuses the deployer: then a pull request could write.
func (c *Cluster) validatePreviewRole(path *field.Path) field.ErrorList {
	if c.PreviewRoleARN == "" {
		return nil
	}
	errs := validateRoleARN(path, c.PreviewRoleARN)
	if c.PreviewRoleARN == c.DeployRoleARN {
		errs = append(errs, field.Invalid(path, c.PreviewRoleARN, "is deployRoleArn; a preview must have a role that cannot write"))
	}
	return errs
}

// validateAdmins refuses a role that stands twice: EKS has one access entry for a principal.
func (c *Cluster) validateAdmins(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := map[string]bool{c.DeployRoleARN: true, c.PreviewRoleARN: c.PreviewRoleARN != ""}
	for _, name := range sortedKeys(c.Admins) {
		at, arn := path.Child(name), c.Admins[name]
		errs = append(errs, validateLabel(at, name)...)
		errs = append(errs, validateRoleARN(at, arn)...)
		if seen[arn] {
			errs = append(errs, field.Duplicate(at, arn))
		}
		seen[arn] = true
		if name == "deployer" {
			errs = append(errs, field.Invalid(at, name, "is the name of deployRoleArn's own entry"))
		}
	}
	return errs
}

func (c *Cluster) validatePublicAccess(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	at := path.Child("publicAccessCidrs")
	for i, cidr := range c.PublicAccessCIDRs {
		p, err := netip.ParsePrefix(cidr)
		switch {
		case err != nil || !p.Addr().Is4() || p != p.Masked():
			errs = append(errs, field.Invalid(at.Index(i), cidr, "must be an IPv4 range such as 203.0.113.0/24"))
		case p.Bits() == 0:
			errs = append(errs, field.Invalid(at.Index(i), cidr,
				"opens the API endpoint to every address; if that is meant, set publicAccessFromAnywhere: true instead"))
		}
	}
	if c.PublicAccessFromAnywhere && len(c.PublicAccessCIDRs) > 0 {
		errs = append(errs, field.Forbidden(at, "publicAccessFromAnywhere already lets every address in"))
	}
	return errs
}

func (c *Cluster) validateSecretsKey(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	at := path.Child("secretsKeyArn")
	if c.SecretsKeyARN != "" && c.CreateSecretsKey {
		errs = append(errs, field.Forbidden(at, "createSecretsKey makes a key already"))
	}
	if c.SecretsKeyARN != "" && !strings.HasPrefix(c.SecretsKeyARN, "arn:") {
		errs = append(errs, field.Invalid(at, c.SecretsKeyARN, "must be the ARN of a KMS key"))
	}
	return errs
}

// PublicAccess returns the ranges that reach the API endpoint from the internet; none means that it is private.
func (c *Cluster) PublicAccess() []string {
	if c.PublicAccessFromAnywhere {
		return []string{Everywhere}
	}
	return c.PublicAccessCIDRs
}
