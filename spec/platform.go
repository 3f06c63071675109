package spec

import (
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Platform is everything that a stack consists of. Each field but the last is a key of the stack configuration,
// `slipway:network` and so on; Services is the catalogue, services.yaml, with the stack's overrides applied.
type Platform struct {
	// Network is the VPC and its subnets.
	Network Network `json:"network"`
	// Cluster is the EKS control plane.
	Cluster Cluster `json:"cluster"`
	// Nodes are the groups of machines, by name.
	Nodes map[string]NodeGroup `json:"nodes"`
	// Addons are the EKS add-ons that need nodes: DNS, volumes, metrics and the logs of pods.
	Addons Addons `json:"addons,omitempty"`
	// Ingress is the way in from outside, through one load balancer. Services without routes need none.
	Ingress *Ingress `json:"ingress,omitempty"`
	// Alerts says who is told when nodes come and go. Optional.
	Alerts *Alerts `json:"alerts,omitempty"`
	// Registry is where images are.
	Registry Registry `json:"registry"`
	// Release is the version of each service.
	Release Release `json:"release"`
	// Namespace is the Kubernetes namespace of the services. Default: apps.
	Namespace string `json:"namespace,omitempty" jsonschema:"default=apps"`
	// Databases are those that services share, by name.
	Databases map[string]Database `json:"databases,omitempty"`
	// Endpoints are what services use outside the cluster, by name.
	Endpoints map[string]Endpoint `json:"endpoints,omitempty"`
	// Tags are put on every AWS resource, besides slipway:project and slipway:stack.
	Tags map[string]string `json:"tags,omitempty"`
	// Protect refuses to delete what cannot be made again: the VPC and its subnets, the cluster and its key.
	Protect bool `json:"protect,omitempty"`
	// Services are the services to run, by name.
	Services map[string]Service `json:"services"`
}

// reservedNamespaces belong to Kubernetes.
var reservedNamespaces = map[string]bool{
	"default": true, "kube-system": true, "kube-public": true, "kube-node-lease": true,
}

// Limits of AWS tags (AWS general reference, tag naming limits); 40 leaves room for those that AWS and Slipway add.
const (
	maxTags     = 40
	maxTagKey   = 128
	maxTagValue = 256
)

// Default fills in what is not set, in every section.
func (p *Platform) Default() { fieldtags.Default(p) }

// Validate reports every problem of p. Versions are judged as of now.
func (p *Platform) Validate(now time.Time) field.ErrorList {
	errs := p.Network.Validate(field.NewPath("network"))
	errs = append(errs, p.Cluster.Validate(field.NewPath("cluster"), now)...)
	errs = append(errs, p.validateNodes(field.NewPath("nodes"))...)
	errs = append(errs, p.Addons.Validate(field.NewPath("addons"))...)
	if p.Ingress != nil {
		errs = append(errs, p.Ingress.Validate(field.NewPath("ingress"))...)
	}
	if p.Alerts != nil {
		errs = append(errs, p.Alerts.Validate(field.NewPath("alerts"))...)
	}
	errs = append(errs, p.Registry.Validate(field.NewPath("registry"))...)
	errs = append(errs, p.Release.Validate(field.NewPath("release"), &p.Registry, p.Services)...)
	for _, name := range sortedKeys(p.Databases) {
		at, d := field.NewPath("databases", name), p.Databases[name]
		errs = append(errs, append(validateLabel(at, name), d.Validate(at)...)...)
	}
	for _, name := range sortedKeys(p.Endpoints) {
		at, e := field.NewPath("endpoints", name), p.Endpoints[name]
		errs = append(errs, append(validateLabel(at, name), e.Validate(at)...)...)
	}
	errs = append(errs, ValidateNamespace(field.NewPath("namespace"), p.Namespace)...)
	errs = append(errs, validateTags(field.NewPath("tags"), p.Tags)...)
	errs = append(errs, p.validateServices(field.NewPath("services"))...)
	return errs
}

func (p *Platform) validateNodes(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(p.Nodes) == 0 {
		errs = append(errs, field.Required(path, "give at least one node group"))
	}
	for _, name := range sortedKeys(p.Nodes) {
		group := p.Nodes[name]
		errs = append(errs, ValidateNodeGroupName(path.Child(name), name)...)
		errs = append(errs, group.Validate(path.Child(name))...)
	}
	return errs
}

func (p *Platform) validateServices(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(p.Services) == 0 {
		errs = append(errs, field.Required(path, "give at least one service"))
	}
	for _, name := range sortedKeys(p.Services) {
		service := p.Services[name]
		errs = append(errs, ValidateServiceName(path.Child(name), name)...)
		errs = append(errs, service.Validate(path.Child(name))...)
	}
	return errs
}

// ImageOf returns the image reference of a service: its own, or what registry and release say.
func (p *Platform) ImageOf(service string) string {
	if image := p.Services[service].Image; image != "" {
		return image
	}
	return p.Registry.ImageOf(service, p.Release.VersionOf(service))
}

// SecretKeys returns the secret configuration keys that the services name, sorted, each with the paths that name it.
func (p *Platform) SecretKeys() map[string][]string {
	keys := map[string][]string{}
	for _, service := range sortedKeys(p.Services) {
		at := "services." + service
		env, files := p.Services[service].SecretEnv, p.Services[service].SecretFiles
		for _, name := range sortedKeys(env) {
			keys[env[name]] = append(keys[env[name]], at+".secretEnv."+name)
		}
		for _, file := range sortedKeys(files) {
			keys[files[file]] = append(keys[files[file]], at+".secretFiles."+file)
		}
	}
	return keys
}

// ValidateNamespace reports why name cannot be the namespace of services.
func ValidateNamespace(path *field.Path, name string) field.ErrorList {
	errs := validateLabel(path, name)
	if reservedNamespaces[name] {
		errs = append(errs, field.Invalid(path, name, "belongs to Kubernetes"))
	}
	return errs
}

// ValidateNodeGroupName reports why name cannot be a node group's: it is a label and part of AWS names.
func ValidateNodeGroupName(path *field.Path, name string) field.ErrorList {
	errs := validateLabel(path, name)
	if len(name) > maxNodeGroupName {
		errs = append(errs, field.TooLong(path, name, maxNodeGroupName))
	}
	return errs
}

// maxNodeGroupName leaves room for the stack's name in the 64 characters of an IAM role.
const maxNodeGroupName = 20

func validateTags(path *field.Path, tags map[string]string) field.ErrorList {
	var errs field.ErrorList
	if len(tags) > maxTags {
		errs = append(errs, field.TooMany(path, len(tags), maxTags))
	}
	for _, key := range sortedKeys(tags) {
		at := path.Child(key)
		switch {
		case key == "" || len(key) > maxTagKey:
			errs = append(errs, field.TooLong(at, key, maxTagKey))
		case len(key) >= 4 && key[:4] == "aws:":
			errs = append(errs, field.Invalid(at, key, "the prefix aws: is reserved"))
		case len(key) >= 8 && key[:8] == "slipway:":
			errs = append(errs, field.Invalid(at, key, "the prefix slipway: is set by the program"))
		}
		if len(tags[key]) > maxTagValue {
			errs = append(errs, field.TooLong(at, tags[key], maxTagValue))
		}
	}
	return errs
}
