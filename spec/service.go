package spec

import (
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Service describes a web service, a worker or a job: a web service has a port, a job has a schedule, and a worker has
// neither.
type Service struct {
	// Port is the TCP port that the container listens on. A service without one is a worker, or a job.
	Port int `json:"port,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// ServicePort is the port of the Kubernetes Service. Default: port.
	ServicePort int `json:"servicePort,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// Schedule makes the service a job that runs at certain times.
	Schedule *Schedule `json:"schedule,omitempty"`
	// Image is the reference of an image that is not released with the others, with its tag or digest. Default: what
	// registry and release say.
	Image string `json:"image,omitempty"`
	// Command replaces the image's entry point.
	Command []string `json:"command,omitempty"`
	// Args are the arguments of the command.
	Args []string `json:"args,omitempty"`
	// Health says how Kubernetes learns that a pod is up and ready: spring, tcp, {http: {...}} or {none: reason}.
	// Required of a web service; a worker may have {http: {path: ..., port: ...}}.
	Health Health `json:"health,omitempty"`
	// Startup is what it costs to start a pod.
	Startup Startup `json:"startup,omitempty"`
	// Resources are what a pod asks for and may use.
	Resources Resources `json:"resources"`
	// Scale is the number of pods, always held by a HorizontalPodAutoscaler. Required but of a job.
	Scale *Scale `json:"scale,omitempty"`
	// Routes publish the service under host names.
	Routes []Route `json:"routes,omitempty"`
	// AdminPaths are paths on the service's port that are not for the public: a route that would publish one is refused.
	AdminPaths []string `json:"adminPaths,omitempty" jsonschema:"uniqueItems=true,pattern=^/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-]$"`
	// Uses names what the service talks to: services, databases (database.NAME) and endpoints. The network lets it reach
	// these and nothing else.
	Uses []string `json:"uses,omitempty" jsonschema:"uniqueItems=true"`
	// Database says what the service takes of each database that it uses.
	Database map[string]DatabaseUse `json:"database,omitempty"`
	// Env are environment variables. Kubernetes keeps them in clear: use secretEnv for secrets.
	Env map[string]string `json:"env,omitempty"`
	// SecretEnv are environment variables whose values are secret configuration keys of the stack, named here and set
	// with `pulumi config set --secret NAME`.
	SecretEnv map[string]string `json:"secretEnv,omitempty"`
	// Files are files in the container, by absolute path, with their text.
	Files map[string]string `json:"files,omitempty"`
	// SecretFiles are files whose text is a secret configuration key of the stack, by absolute path.
	SecretFiles map[string]string `json:"secretFiles,omitempty"`
	// Placement says on which nodes the service runs.
	Placement Placement `json:"placement,omitempty"`
	// Exceptions are rules that the service cannot keep, each with the reason.
	Exceptions Exceptions `json:"exceptions,omitempty"`
}

// Kind is what a service is.
type Kind string

// The kinds of services.
const (
	// KindWeb has a port.
	KindWeb Kind = "web"
	// KindWorker has neither port nor schedule.
	KindWorker Kind = "worker"
	// KindJob has a schedule.
	KindJob Kind = "job"
)

// Kind returns what the service is.
func (s *Service) Kind() Kind {
	switch {
	case s.Schedule != nil:
		return KindJob
	case s.Port != 0:
		return KindWeb
	default:
		return KindWorker
	}
}

// Annotations of a service's pods that say what their start costs, for whoever looks at them and for the rehearsal,
// whose simulated nodes take so long.
const (
	// StartupSecondsAnnotation holds Startup.Seconds.
	StartupSecondsAnnotation = "slipway.dev/startup-seconds"
	// StartupCPUAnnotation holds Startup.CPU.
	StartupCPUAnnotation = "slipway.dev/startup-cpu"
)

// Startup describes the start of a pod.
type Startup struct {
	// Seconds is how long a pod takes to start under load. The startup probe allows twice as long. Default: 30.
	Seconds int `json:"seconds,omitempty" jsonschema:"default=30,minimum=1,maximum=900"`
	// CPU is what a pod uses while it starts, a quantity such as "1.5". It is what the nodes that are left must have to
	// spare when one is lost. Default: the requested CPU.
	CPU string `json:"cpu,omitempty"`
}

// Scale is how many pods a service has.
type Scale struct {
	// Min is the smallest number of pods. Default: 2, so that one can be lost.
	Min int `json:"min,omitempty" jsonschema:"default=2,minimum=1,maximum=1000"`
	// Max is the largest number of pods.
	Max int `json:"max" jsonschema:"minimum=1,maximum=1000"`
	// CPUPercent is the average CPU use to hold, in percent of the requested CPU. Default: 30, which leaves room for
	// what new pods cost to start.
	CPUPercent int `json:"cpuPercent,omitempty" jsonschema:"default=30,minimum=1,maximum=100"`
	// ScaleDownSeconds is how long use must have been lower before pods go. Default: 300, the stabilization window of
	// Kubernetes itself. Pods then go one a minute; below 60 that does not hold for pods that came in the last minute.
	ScaleDownSeconds int `json:"scaleDownSeconds,omitempty" jsonschema:"default=300,minimum=1,maximum=3600"`
}

// Health is one way of learning that a pod is up and ready.
type Health struct {
	// Spring uses the actuator's liveness and readiness groups on a management port of its own, which no route reaches.
	Spring *SpringHealth `json:"spring,omitempty"`
	// HTTP asks a path.
	HTTP *HTTPHealth `json:"http,omitempty"`
	// TCP only connects to the port.
	TCP bool `json:"-"`
	// None has no probes, for the reason that is given: such a pod gets traffic as soon as its process runs.
	None string `json:"none,omitempty"`
}

// SpringHealth configures the probes of a Spring Boot service.
type SpringHealth struct {
	// ManagementPort is the port of the actuator. Default: 8081.
	ManagementPort int `json:"managementPort,omitempty" jsonschema:"default=8081,minimum=1,maximum=65535"`
}

// HTTPHealth configures probes that ask a path; 200 to 399 is healthy.
type HTTPHealth struct {
	// Path answers whether the pod can take traffic.
	Path string `json:"path" jsonschema:"pattern=^/,maxLength=1024"`
	// Port is asked. Default: the service's port.
	Port int `json:"port,omitempty" jsonschema:"minimum=1,maximum=65535"`
}

// maxServiceName leaves room in 63 characters, the limit of a label, for the suffixes of names made from it.
const maxServiceName = 50

// SetScalar takes the short YAML forms, spring and tcp.
func (h *Health) SetScalar(value any) error {
	switch value {
	case "spring":
		*h = Health{Spring: &SpringHealth{}}
		fieldtags.Default(h)
	case "tcp":
		*h = Health{TCP: true}
	default:
		return errors.New("must be spring, tcp, {http: {path: ...}} or {none: reason}")
	}
	return nil
}

// MarshalJSON writes the form that a decoder takes: tcp, which SetScalar reads, or a mapping.
func (h Health) MarshalJSON() ([]byte, error) {
	if h.TCP {
		return json.Marshal("tcp")
	}
	type mapping Health // without this method
	return json.Marshal(mapping(h))
}

// Default fills in what is not set.
func (s *Service) Default() { fieldtags.Default(s) }

// TargetPort returns the port of the Kubernetes Service.
func (s *Service) TargetPort() int {
	if s.ServicePort != 0 {
		return s.ServicePort
	}
	return s.Port
}

// Validate reports every problem of s.
func (s *Service) Validate(path *field.Path) field.ErrorList {
	errs := fieldtags.Check(path, s)
	errs = append(errs, s.validateKind(path)...)
	errs = append(errs, s.Health.validate(path.Child("health"), s.Port)...)
	errs = append(errs, s.Resources.validate(path.Child("resources"), s.Health.Spring != nil)...)
	if s.Scale != nil && s.Scale.Max >= 1 && s.Scale.Max < s.Scale.Min {
		errs = append(errs, field.Invalid(path.Child("scale", "max"), s.Scale.Max,
			fmt.Sprintf("is below min, %d", s.Scale.Min)))
	}
	if s.Startup.CPU != "" {
		_, problems := quantity(path.Child("startup", "cpu"), s.Startup.CPU)
		errs = append(errs, problems...)
	}
	if s.Image != "" {
		errs = append(errs, ValidateImage(path.Child("image"), s.Image)...)
	}
	errs = append(errs, s.validateRoutes(path.Child("routes"))...)
	errs = append(errs, s.validateUses(path)...)
	errs = append(errs, s.validateEnv(path)...)
	errs = append(errs, s.validateFiles(path)...)
	return errs
}

// validateKind checks what only some kinds of services have.
func (s *Service) validateKind(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	scale, health := path.Child("scale"), path.Child("health")
	none := s.Health == Health{}
	switch s.Kind() {
	case KindJob:
		errs = append(errs, s.Schedule.validate(path.Child("schedule"))...)
		if s.Port != 0 {
			errs = append(errs, field.Forbidden(path.Child("port"), "a job serves nothing: give a port or a schedule"))
		}
		if s.ServicePort != 0 {
			errs = append(errs, field.Forbidden(path.Child("servicePort"), "a job has no port"))
		}
		if s.Scale != nil {
			errs = append(errs, field.Forbidden(scale, "a job runs once at a time"))
		}
		if !none {
			errs = append(errs, field.Forbidden(health, "a job is done or has failed"))
		}
		return errs
	case KindWorker:
		if s.ServicePort != 0 {
			errs = append(errs, field.Forbidden(path.Child("servicePort"), "the service has no port"))
		}
		if s.Health.TCP {
			errs = append(errs, field.Forbidden(health, "tcp connects to the service's port, which it does not have"))
		}
		if s.Health.HTTP != nil && s.Health.HTTP.Port == 0 {
			errs = append(errs, field.Required(health.Child("http", "port"), "the service has no port of its own"))
		}
	case KindWeb:
		if none {
			errs = append(errs, field.Required(health, "give spring, tcp, {http: {path: ...}} or {none: reason}"))
		}
	}
	if s.Scale == nil {
		errs = append(errs, field.Required(scale, "say how many pods there may be"))
	}
	return errs
}

// ValidateServiceName reports why name cannot be a service's: it names Kubernetes objects and is a host name.
func ValidateServiceName(path *field.Path, name string) field.ErrorList {
	errs := validateLabel(path, name)
	if len(name) > maxServiceName {
		errs = append(errs, field.TooLong(path, name, maxServiceName))
	}
	return errs
}

func (h *Health) validate(path *field.Path, port int) field.ErrorList {
	ways := 0
	for _, chosen := range []bool{h.Spring != nil, h.HTTP != nil, h.TCP, h.None != ""} {
		if chosen {
			ways++
		}
	}
	if ways > 1 {
		return field.ErrorList{field.Forbidden(path, "give one of spring, http, tcp and none")}
	}
	if h.Spring != nil && h.Spring.ManagementPort == port {
		return field.ErrorList{field.Invalid(path.Child("spring", "managementPort"), port,
			"is the service's own port: the actuator would be as public as the service")}
	}
	return nil
}
