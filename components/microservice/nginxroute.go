package microservice

import (
	"maps"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/slipway-eks/slipway/spec"
)

// How ingress-nginx, v1.15 and those before it, finds the route of a request, and what is made of it here:
//
// As soon as one Ingress of a host has a rewrite or use-regex, every path of that host, also of other Ingress objects, is
// the beginning of a regular expression (`location ~* "^PATH"`). A plain path then matches more than it says: /shop also
// /shopping, and an exact /up also /upload. A service does not know whether another one rewrites on its host. So every
// path but / is written as the expression that it is to be, with use-regex: it then means the same whoever else is on
// the host. / without a rewrite is the same in both readings, and stays plain.
//
// Expressions are tried by length of path, the longest first; paths of one length in reverse order. So all prefixes have
// the same ending, which leaves it to the route's own path which one is longer: a path below another one goes first. An
// exact path has a longer ending, so that it goes before the prefix of the same path and of all above it.
//
// Expressions ignore case (`~*`): /API is /api. What the service sees is what the client wrote.
const (
	prefixEnding = `(/|$)(.*)`  // the path itself, or what is below it: $1 and $2
	exactEnding  = `(?:$)(?:$)` // the end, twice: one character more than prefixEnding
	rootPath     = `/()(.*)`    // everything, shorter than any other prefix
	nginxPrefix  = "nginx.ingress.kubernetes.io/"
)

// The values of pathType.
const (
	pathTypePrefix         = "Prefix"
	pathTypeImplementation = "ImplementationSpecific"
)

// controllerPath is a route in the terms of a controller.
type controllerPath struct {
	path, pathType string
	annotations    map[string]string
}

// nginxRoute translates a route for ingress-nginx.
func nginxRoute(r *spec.Route) controllerPath {
	annotations := map[string]string{
		nginxPrefix + "proxy-body-size":    nginxSize(r.BodySize),
		nginxPrefix + "proxy-read-timeout": strconv.Itoa(r.Timeout()),
		nginxPrefix + "proxy-send-timeout": strconv.Itoa(r.Timeout()),
	}
	if r.Path == "/" && r.Match == spec.MatchPrefix && (r.Rewrite == "" || r.Rewrite == "/") {
		return controllerPath{path: "/", pathType: pathTypePrefix, annotations: annotations}
	}
	annotations[nginxPrefix+"use-regex"] = "true"
	if target := nginxTarget(r); target != "" {
		annotations[nginxPrefix+"rewrite-target"] = target
	}
	return controllerPath{path: nginxPath(r), pathType: pathTypeImplementation, annotations: annotations}
}

// nginxPath is the expression of a route's path. Of the characters that a path may have, the dot alone means something
// else in one.
func nginxPath(r *spec.Route) string {
	path := strings.ReplaceAll(r.Path, ".", "[.]")
	switch {
	case r.Match == spec.MatchExact:
		return path + exactEnding
	case path == "/":
		return rootPath // Kubernetes wants a path to begin with a slash, not with a bracket
	default:
		return path + prefixEnding
	}
}

// nginxTarget is what the service sees; "" where it is what the client wrote.
func nginxTarget(r *spec.Route) string {
	switch {
	case r.Rewrite == "" || r.Rewrite == r.Path:
		return ""
	case r.Match == spec.MatchExact:
		return r.Rewrite
	case r.Path == "/" || strings.HasSuffix(r.Rewrite, "/"):
		return strings.TrimSuffix(r.Rewrite, "/") + "/$2"
	default:
		return r.Rewrite + "$1$2" // no slash where the request had none
	}
}

// nginxSize writes a quantity as nginx does, where m is MiB and k is KiB.
func nginxSize(text string) string {
	q := resource.MustParse(text) // validated with the route
	switch bytes := q.Value(); {
	case bytes%(1<<20) == 0:
		return strconv.FormatInt(bytes>>20, 10) + "m"
	case bytes%(1<<10) == 0:
		return strconv.FormatInt(bytes>>10, 10) + "k"
	default:
		return strconv.FormatInt(bytes, 10)
	}
}

// with returns the annotations and more.
func (p *controllerPath) with(more map[string]string) map[string]string {
	all := maps.Clone(p.annotations)
	maps.Copy(all, more)
	return all
}
