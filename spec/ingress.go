package spec

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Ingress describes the way into the cluster: ingress-nginx behind a network load balancer (NLB).
type Ingress struct {
	// Scheme says who reaches the load balancer: internet-facing or internal (the VPC and what is connected to it).
	// A change makes a new load balancer. Default: internet-facing.
	Scheme string `json:"scheme,omitempty" jsonschema:"enum=internet-facing,enum=internal,default=internet-facing"`
	// TLS says where HTTPS ends: acm (at the load balancer), certManager (in the cluster) or {none: reason}.
	TLS IngressTLS `json:"tls"`
	// Scale is the number of controller pods, held by a HorizontalPodAutoscaler. Each needs a node of its own.
	Scale IngressScale `json:"scale,omitempty"`
	// Resources are what a controller pod asks for and may use.
	Resources IngressResources `json:"resources,omitempty"`
	// Workers is the number of nginx processes in a pod. Each takes tens of MiB, and a reload doubles them while old
	// connections end, so it is not left to the node's number of CPUs. Default: 2.
	Workers int `json:"workers,omitempty" jsonschema:"default=2,minimum=1,maximum=64"`
	// ProxyProtocol passes the client's address in PROXY protocol v2, set on the load balancer and in nginx together.
	// Without it the load balancer keeps the source address of packets, which needs nothing of nginx, but with which a
	// pod cannot reach the load balancer when it is itself the target. TLS at the load balancer requires it.
	ProxyProtocol bool `json:"proxyProtocol,omitempty"`
	// ElasticIPs are allocation ids (eipalloc-...) by zone name, one for each zone of the VPC: the load balancer's
	// addresses then never change. Decide before the first deployment. Default: addresses that AWS chooses.
	ElasticIPs map[string]string `json:"elasticIps,omitempty"`
	// IdleTimeoutSeconds is how long a connection may be silent. Only TCP listeners can change it: one that ends TLS
	// always has 350 (NLB user guide, update idle timeout). Default: 350.
	IdleTimeoutSeconds int `json:"idleTimeoutSeconds,omitempty" jsonschema:"default=350,minimum=60,maximum=6000"`
	// Drain is how a controller pod ends without breaking connections.
	Drain IngressDrain `json:"drain,omitempty"`
	// LoadBalancerName is the load balancer's name in AWS, at most 32 characters. It cannot be changed later.
	// Default: a name that the load balancer controller makes.
	LoadBalancerName string `json:"loadBalancerName,omitempty" jsonschema:"maxLength=32,pattern=^[a-zA-Z0-9][a-zA-Z0-9-]*$"`
	// DeletionProtection refuses to delete the load balancer: destroying the stack then fails until it is turned off.
	DeletionProtection bool `json:"deletionProtection,omitempty"`
	// AccessLogs records TLS requests in an S3 bucket whose policy lets the load balancer write. Default: none.
	AccessLogs *IngressAccessLogs `json:"accessLogs,omitempty"`
	// Image is the controller's image, of v1.15 or what is compatible: a maintained fork, or a copy in an own registry.
	// Default: upstream's last release, v1.15.1, of which there will be no fixes.
	Image string `json:"image,omitempty"`
	// CertificateGeneration is raised to replace the certificate between the API server and the controller's admission
	// webhook, which lasts ten years. Default: 1.
	CertificateGeneration int `json:"certificateGeneration,omitempty" jsonschema:"default=1,minimum=1,maximum=10000"`
	// Tags are put on the load balancer, besides the stack's.
	Tags map[string]string `json:"tags,omitempty"`
}

// IngressScale is how many controller pods there are.
type IngressScale struct {
	// Min is the smallest number of pods; two at least, so that one can be lost. Default: 2.
	Min int `json:"min,omitempty" jsonschema:"default=2,minimum=2,maximum=100"`
	// Max is the largest number of pods, and so the number of nodes that they need. Default: 4.
	Max int `json:"max,omitempty" jsonschema:"default=4,minimum=2,maximum=100"`
	// CPUPercent is the average CPU use to hold, in percent of the requested CPU. Default: 50.
	CPUPercent int `json:"cpuPercent,omitempty" jsonschema:"default=50,minimum=1,maximum=100"`
	// ScaleDownSeconds is how long use must have been lower before pods go. Default: 300, the stabilization window of
	// Kubernetes itself.
	ScaleDownSeconds int `json:"scaleDownSeconds,omitempty" jsonschema:"default=300,minimum=1,maximum=3600"`
}

// IngressResources are Kubernetes quantities. There is no CPU limit: throttling the way in slows down every service.
type IngressResources struct {
	// CPU is requested for each pod. Default: 200m.
	CPU string `json:"cpu,omitempty" jsonschema:"default=200m"`
	// Memory is requested for each pod. Default: 256Mi.
	Memory string `json:"memory,omitempty" jsonschema:"default=256Mi"`
	// MemoryLimit is where a pod is killed. Default: 512Mi.
	MemoryLimit string `json:"memoryLimit,omitempty" jsonschema:"default=512Mi"`
}

// IngressDrain are the times of a pod's end, in seconds. The load balancer takes the pod out, meanwhile nginx goes on
// accepting; then nginx finishes what it has; and only then may Kubernetes kill it (ingress-nginx#5855).
type IngressDrain struct {
	// DeregistrationSeconds is how long the load balancer takes a pod out. Default: 60.
	DeregistrationSeconds int `json:"deregistrationSeconds,omitempty" jsonschema:"default=60,minimum=1,maximum=3600"`
	// ShutdownGraceSeconds is how long nginx goes on accepting connections. Default: 75.
	ShutdownGraceSeconds int `json:"shutdownGraceSeconds,omitempty" jsonschema:"default=75,minimum=1,maximum=7200"`
	// WorkerShutdownSeconds is how long nginx then lets connections finish. Default: 240.
	WorkerShutdownSeconds int `json:"workerShutdownSeconds,omitempty" jsonschema:"default=240,minimum=1,maximum=86400"`
	// TerminationGraceSeconds is when Kubernetes kills the pod. Default: 360.
	TerminationGraceSeconds int `json:"terminationGraceSeconds,omitempty" jsonschema:"default=360,minimum=1,maximum=172800"`
	// LongConnections leaves it to nginx to end connections: WebSockets and long transfers have the two times of
	// nginx. Without it the load balancer resets what is open after deregistrationSeconds. The price: connections to a
	// node that died are not reset either, and hang until the client gives up.
	LongConnections bool `json:"longConnections,omitempty"`
}

// IngressAccessLogs says where the load balancer's access log goes.
type IngressAccessLogs struct {
	// Bucket is the name of the S3 bucket.
	Bucket string `json:"bucket" jsonschema:"maxLength=63,pattern=^[a-z0-9][a-z0-9.-]+[a-z0-9]$"`
	// Prefix is the folder in the bucket. Default: its root.
	Prefix string `json:"prefix,omitempty" jsonschema:"pattern=^[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$"`
}

// The values of Ingress.Scheme.
const (
	SchemeInternetFacing = "internet-facing"
	SchemeInternal       = "internal"
)

// tlsIdleTimeout is the idle timeout of a listener that ends TLS; AWS lets nobody change it.
const tlsIdleTimeout = 350

// drainMargin is what a pod's end takes besides its drain, in seconds: the ten that the controller waits at last, and
// time for kubelet to notice.
const drainMargin = 20

// upstreamImages is where upstream's images are, of which there will be no new ones; upstreamImage is the last one
// (ingress-nginx v1.15.1, deploy/static/provider/aws/deploy.yaml).
const (
	upstreamImages = "registry.k8s.io/ingress-nginx/"
	upstreamImage  = upstreamImages +
		"controller:v1.15.1@sha256:594ceea76b01c592858f803f9ff4d2cb40542cae2060410b2c95f75907d659e1"
)

// Default fills in what is not set.
func (i *Ingress) Default() { fieldtags.Default(i) }

// ControllerImage returns the reference of the controller's image.
func (i *Ingress) ControllerImage() string {
	if i.Image != "" {
		return i.Image
	}
	return upstreamImage
}

// Retired says that the controller is upstream's, which gets no fixes since March 2026.
func (i *Ingress) Retired() bool { return strings.HasPrefix(i.ControllerImage(), upstreamImages) }

// Validate reports every problem of i.
func (i *Ingress) Validate(path *field.Path) field.ErrorList {
	errs := fieldtags.Check(path, i)
	if i.Scale.Max >= 2 && i.Scale.Max < i.Scale.Min {
		errs = append(errs, field.Invalid(path.Child("scale", "max"), i.Scale.Max,
			fmt.Sprintf("is below min, %d", i.Scale.Min)))
	}
	asked := Resources{CPU: i.Resources.CPU, Memory: i.Resources.Memory, MemoryLimit: i.Resources.MemoryLimit}
	errs = append(errs, asked.validate(path.Child("resources"), false)...)
	errs = append(errs, i.TLS.validate(path.Child("tls"))...)
	errs = append(errs, i.validateTLSListener(path)...)
	errs = append(errs, i.validateElasticIPs(path.Child("elasticIps"))...)
	errs = append(errs, i.Drain.validate(path.Child("drain"))...)
	if name := i.LoadBalancerName; strings.HasPrefix(name, "internal-") || strings.HasSuffix(name, "-") {
		errs = append(errs, field.Invalid(path.Child("loadBalancerName"), name, "must not begin with internal- nor end with -"))
	}
	errs = append(errs, ValidateImage(path.Child("image"), i.ControllerImage())...)
	errs = append(errs, ValidateLoadBalancerTags(path.Child("tags"), i.Tags)...)
	return errs
}

// validateTLSListener checks what depends on whether the load balancer ends TLS.
func (i *Ingress) validateTLSListener(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch atLoadBalancer := i.TLS.ACM != nil; {
	case atLoadBalancer && !i.ProxyProtocol:
		errs = append(errs, field.Invalid(path.Child("proxyProtocol"), false,
			"must be true with tls.acm: from nothing else does nginx learn that a request was HTTPS"))
	case !atLoadBalancer && i.AccessLogs != nil:
		errs = append(errs, field.Forbidden(path.Child("accessLogs"),
			"the load balancer records TLS requests only, and there are none without tls.acm"))
	}
	if i.TLS.ACM != nil && i.IdleTimeoutSeconds != tlsIdleTimeout {
		errs = append(errs, field.Invalid(path.Child("idleTimeoutSeconds"), i.IdleTimeoutSeconds,
			fmt.Sprintf("must be %d with tls.acm: AWS has no other for a listener that ends TLS", tlsIdleTimeout)))
	}
	return errs
}

func (i *Ingress) validateElasticIPs(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	seen := map[string]bool{}
	for _, zone := range sortedKeys(i.ElasticIPs) {
		at, id := path.Child(zone), i.ElasticIPs[zone]
		if _, err := ZoneLetter(zone); err != nil {
			errs = append(errs, field.Invalid(at, zone, err.Error()))
		}
		if !strings.HasPrefix(id, "eipalloc-") {
			errs = append(errs, field.Invalid(at, id, "must be an allocation id, eipalloc-..."))
		}
		if seen[id] {
			errs = append(errs, field.Duplicate(at, id))
		}
		seen[id] = true
	}
	if len(i.ElasticIPs) > 0 && i.Scheme == SchemeInternal {
		errs = append(errs, field.Forbidden(path, "an internal load balancer has no public addresses"))
	}
	return errs
}

func (d *IngressDrain) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if d.ShutdownGraceSeconds < d.DeregistrationSeconds {
		errs = append(errs, field.Invalid(path.Child("shutdownGraceSeconds"), d.ShutdownGraceSeconds,
			fmt.Sprintf("is below deregistrationSeconds, %d: the load balancer would still send new connections to a "+
				"pod that accepts none", d.DeregistrationSeconds)))
	}
	if least := d.ShutdownGraceSeconds + d.WorkerShutdownSeconds + drainMargin; d.TerminationGraceSeconds < least {
		errs = append(errs, field.Invalid(path.Child("terminationGraceSeconds"), d.TerminationGraceSeconds,
			fmt.Sprintf("must be at least %d: shutdownGraceSeconds %d + workerShutdownSeconds %d + %d to spare",
				least, d.ShutdownGraceSeconds, d.WorkerShutdownSeconds, drainMargin)))
	}
	return errs
}

// ValidateLoadBalancerTags reports which tags cannot be given to the load balancer controller: it takes them as one
// string, k=v,k=v, without a way to escape.
func ValidateLoadBalancerTags(path *field.Path, tags map[string]string) field.ErrorList {
	errs := validateTags(path, tags)
	for _, key := range sortedKeys(tags) {
		if strings.ContainsAny(key+tags[key], ",=") {
			errs = append(errs, field.Invalid(path.Child(key), tags[key], "must have no comma and no equals sign, also in its key"))
		}
	}
	return errs
}
