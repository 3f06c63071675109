package spec

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Route publishes paths of a web service under a host. It speaks of what is meant and not of a controller's regular
// expressions, so that it can be translated for another one.
type Route struct {
	// Host is the public host name, such as www.example.com.
	Host string `json:"host" jsonschema:"maxLength=190"`
	// Path is what requests start with (or, with match: exact, are). Default: /.
	Path string `json:"path,omitempty" jsonschema:"default=/,maxLength=256,pattern=^/[A-Za-z0-9._~/-]*$"`
	// Match is prefix (whole path segments: /api matches /api and /api/x, not /apix) or exact. Default: prefix.
	Match string `json:"match,omitempty" jsonschema:"enum=prefix,enum=exact,default=prefix"`
	// Rewrite is what the service sees in place of path. Default: the path as it came.
	Rewrite string `json:"rewrite,omitempty" jsonschema:"maxLength=256,pattern=^/[A-Za-z0-9._~/-]*$"`
	// WebSocket keeps connections open for an hour without traffic, in place of timeoutSeconds.
	WebSocket bool `json:"websocket,omitempty"`
	// TimeoutSeconds is how long the service may take to answer. Default: 60.
	TimeoutSeconds int `json:"timeoutSeconds,omitempty" jsonschema:"default=60,minimum=1,maximum=3600"`
	// BodySize is the largest request body, a quantity such as 10Mi. Default: 1Mi.
	BodySize string `json:"bodySize,omitempty" jsonschema:"default=1Mi"`
}

// Route matches.
const (
	MatchPrefix = "prefix"
	MatchExact  = "exact"
)

// WebSocketSeconds is how long a connection of a WebSocket route may be silent.
const WebSocketSeconds = 3600

// maxBody is as much as an ingress should buffer.
var maxBody = resource.MustParse("1Gi")

// Timeout is how long the proxy waits for the service, in seconds.
func (r *Route) Timeout() int {
	if r.WebSocket {
		return WebSocketSeconds
	}
	return r.TimeoutSeconds
}

// target is the path that the service sees for the route's own path.
func (r *Route) target() string {
	if r.Rewrite != "" {
		return r.Rewrite
	}
	return r.Path
}

// publishes says whether a request that the route lets through can ask the service for path or for something below it.
func (r *Route) publishes(path string) bool {
	target := strings.TrimSuffix(r.target(), "/")
	below := target == path || strings.HasPrefix(target, path+"/")
	return below || r.Match != MatchExact && strings.HasPrefix(path, target+"/")
}

// plainPath refuses what a proxy would make another path of before it looks for a route.
func plainPath(at *field.Path, path string) field.ErrorList {
	if strings.Contains(path, "//") || strings.Contains(path+"/", "/./") || strings.Contains(path+"/", "/../") {
		return field.ErrorList{field.Invalid(at, path, "must be a plain path, without //, /./ or /../")}
	}
	return nil
}

func (r *Route) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, problem := range validation.IsDNS1123Subdomain(r.Host) {
		errs = append(errs, field.Invalid(path.Child("host"), r.Host, problem))
	}
	if r.Host != "" && !strings.Contains(r.Host, ".") {
		errs = append(errs, field.Invalid(path.Child("host"), r.Host, "must be a public host name such as www.example.com"))
	}
	errs = append(errs, plainPath(path.Child("path"), r.Path)...)
	errs = append(errs, plainPath(path.Child("rewrite"), r.Rewrite)...)
	if r.Match != MatchExact && len(r.Path) > 1 && strings.HasSuffix(r.Path, "/") {
		errs = append(errs, field.Invalid(path.Child("path"), r.Path, "must not end in /: a prefix is made of whole segments anyway"))
	}
	if size, problems := quantity(path.Child("bodySize"), r.BodySize); len(problems) > 0 {
		errs = append(errs, problems...)
	} else if size.Cmp(maxBody) > 0 {
		errs = append(errs, field.Invalid(path.Child("bodySize"), r.BodySize, "must be at most "+maxBody.String()))
	}
	return errs
}

// adminPaths are the paths of a service that no route may publish: those that it names, and the actuator where it
// answers on the service's own port.
func (s *Service) adminPaths() []string {
	paths := slices.Clone(s.AdminPaths)
	if h := s.Health.HTTP; h != nil && (h.Port == 0 || h.Port == s.Port) && strings.HasPrefix(h.Path, "/actuator") {
		paths = append(paths, "/actuator")
	}
	return paths
}

// validateRoutes refuses a route that publishes an administrative path, and two routes of one service that collide.
func (s *Service) validateRoutes(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(s.Routes) > 0 && s.Kind() != KindWeb {
		errs = append(errs, field.Forbidden(path, "only a service with a port has routes"))
	}
	seen := map[string]bool{}
	for i := range s.Routes {
		r, at := &s.Routes[i], path.Index(i)
		errs = append(errs, r.validate(at)...)
		if key := r.Match + " " + r.Host + r.Path; seen[key] {
			errs = append(errs, field.Duplicate(at, key))
		} else {
			seen[key] = true
		}
		for _, admin := range s.adminPaths() {
			if r.publishes(admin) {
				errs = append(errs, field.Forbidden(at, fmt.Sprintf("would publish the administrative path %s: "+
					"serve it on another port (health: spring does), or route only the paths that are public", admin)))
			}
		}
	}
	return errs
}
