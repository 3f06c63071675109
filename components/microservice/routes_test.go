package microservice_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

const annotation = "nginx.ingress.kubernetes.io/"

// location is a path of an Ingress, as ingress-nginx reads it.
type location struct{ service, path, pathType, rewrite, regex string }

// nginx answers as ingress-nginx would, v1.15: by its own order and with regular expressions for the whole host as soon
// as one Ingress of it asks for one (internal/ingress/controller: getBackendServers, template.enforceRegexModifier and
// buildLocation).
type nginx map[string][]location

func newNginx(t *testing.T, got *ptest.Result) nginx {
	t.Helper()
	n := nginx{}
	for _, i := range got.OfType(ingressType) {
		rule := i.Value(t, "spec.rules[0]").(map[string]any)
		path := i.Value(t, "spec.rules[0].http.paths[0]").(map[string]any)
		note := func(name string) string {
			text, _ := i.Value(t, `metadata.annotations["`+annotation+name+`"]`).(string)
			return text
		}
		host := fmt.Sprint(rule["host"])
		n[host] = append(n[host], location{
			service: fmt.Sprint(i.Value(t, "spec.rules[0].http.paths[0].backend.service.name")),
			path:    fmt.Sprint(path["path"]), pathType: fmt.Sprint(path["pathType"]),
			rewrite: note("rewrite-target"), regex: note("use-regex"),
		})
	}
	for _, locations := range n {
		slices.SortStableFunc(locations, func(a, b location) int { return strings.Compare(b.path, a.path) })
		slices.SortStableFunc(locations, func(a, b location) int { return len(b.path) - len(a.path) })
	}
	return n
}

// ask returns the service that gets a request, and the path that it sees.
func (n nginx) ask(host, request string) string {
	locations := n[host]
	regex := slices.ContainsFunc(locations, func(l location) bool {
		return l.regex == "true" || l.rewrite != "" && l.rewrite != l.path
	})
	for _, l := range locations {
		if !regex {
			if l.pathType != "Prefix" || l.path != "/" {
				return "the test knows no plain path but /"
			}
			return l.service + " " + request
		}
		if !regexp.MustCompile("(?i)^" + l.path).MatchString(request) {
			continue
		}
		if l.rewrite == "" {
			return l.service + " " + request
		}
		// nginx' rewrite takes the first match, wherever it is, and replaces the whole path.
		match := regexp.MustCompile("(?i)" + l.path).FindStringSubmatch(request)
		seen := l.rewrite
		for i := range match {
			seen = strings.ReplaceAll(seen, fmt.Sprint("$", i), match[i])
		}
		return l.service + " " + seen
	}
	return "nobody"
}

// services runs several services with routes.
func services(t *testing.T, routes map[string][]spec.Route) *ptest.Result {
	t.Helper()
	return ptest.Run(t, func(ctx *pulumi.Context) error {
		for name, list := range routes {
			if _, err := microservice.NewService(ctx, name, args(func(a *microservice.ServiceArgs) {
				a.ServiceName = name
				routed(a, list...)
			})); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestNewService_routes(t *testing.T) {
	t.Parallel()
	const host = "www.example.com"
	n := newNginx(t, services(t, map[string][]spec.Route{
		"front": {{Host: host}},
		"user":  {{Host: host, Path: "/api", Rewrite: "/"}},
		"admin": {{Host: host, Path: "/api/a"}, {Host: host, Path: "/up", Match: "exact"}},
		"chat":  {{Host: host, Path: "/api-chat", Rewrite: "/v2", WebSocket: true}},
		"one":   {{Host: host, Path: "/api/a/one", Match: "exact", Rewrite: "/1"}, {Host: host, Path: "/a.b/c"}},
		"exact": {{Host: host, Path: "/api", Match: "exact", Rewrite: "/is-exact"}, {Host: host, Path: "/", Match: "exact"}},
	}))
	for request, want := range map[string]string{
		"/":                "exact /",
		"/index.html":      "front /index.html",
		"/apix":            "front /apix",
		"/api":             "exact /is-exact",
		"/api/":            "user /",
		"/api/users/7":     "user /users/7",
		"/api/ab":          "user /ab",
		"/api/a":           "admin /api/a",
		"/api/a/b":         "admin /api/a/b",
		"/api/a/one":       "one /1",
		"/api/a/one/more":  "admin /api/a/one/more",
		"/api-chat":        "chat /v2",
		"/api-chat/":       "chat /v2/",
		"/api-chat/ws/api": "chat /v2/ws/api",
		"/api-chats":       "front /api-chats",
		"/up":              "admin /up",
		"/upload":          "front /upload",
		"/a.b/c/d":         "one /a.b/c/d",
		"/axb/c":           "front /axb/c",
	} {
		assert.Equal(t, want, n.ask(host, request), request)
	}
	assert.Equal(t, "nobody", n.ask("other.example.com", "/"))
}

func TestNewService_routesOfARoot(t *testing.T) {
	t.Parallel()
	const host = "www.example.com"
	n := newNginx(t, services(t, map[string][]spec.Route{
		"front": {{Host: host, Rewrite: "/site"}}, "user": {{Host: host, Path: "/a", Rewrite: "/"}},
	}))
	assert.Equal(t, "front /site/", n.ask(host, "/"))
	assert.Equal(t, "front /site/b/c", n.ask(host, "/b/c"))
	assert.Equal(t, "user /b", n.ask(host, "/a/b"))
}

// A host that nothing rewrites on needs no expressions.
func TestNewService_plainRoute(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) { routed(a, spec.Route{Host: "www.example.com"}) })))
	i := got.Only(t, ingressType)
	assert.Equal(t, "chat.www.example.com", i.Value(t, "metadata.name"))
	assert.Equal(t, "nginx", i.Value(t, "spec.ingressClassName"))
	assert.Nil(t, i.Value(t, "spec.tls"))
	assert.Equal(t, []any{map[string]any{
		"path": "/", "pathType": "Prefix",
		"backend": map[string]any{"service": map[string]any{"name": "chat", "port": map[string]any{"name": "http"}}},
	}}, i.Value(t, "spec.rules[0].http.paths"))
	assert.Equal(t, map[string]any{
		annotation + "proxy-body-size": "1m", annotation + "proxy-read-timeout": "60", annotation + "proxy-send-timeout": "60",
	}, i.Value(t, "metadata.annotations"))
}

func TestNewService_bodySizes(t *testing.T) {
	t.Parallel()
	for size, want := range map[string]string{"10Mi": "10m", "1Gi": "1024m", "1536Ki": "1536k", "1M": "1000000", "1048576": "1m"} {
		got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
			routed(a, spec.Route{Host: "www.example.com", BodySize: size})
		})))
		assert.Equal(t, want, got.Only(t, ingressType).Value(t, `metadata.annotations["`+annotation+`proxy-body-size"]`), size)
	}
}

func TestNewService_certificates(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
		routed(a, spec.Route{Host: "a.example.com"}, spec.Route{Host: "a.example.com", Path: "/x"}, spec.Route{Host: "b.example.com"})
		a.TLSSecrets = map[string]string{"a.example.com": "a-tls"}
		a.IngressAnnotations = map[string]string{"cert-manager.io/cluster-issuer": "letsencrypt"}
	})))
	owners := map[string]int{}
	for _, i := range got.OfType(ingressType) {
		host := fmt.Sprint(i.Value(t, "spec.rules[0].host"))
		if i.Value(t, `metadata.annotations["cert-manager.io/cluster-issuer"]`) == "letsencrypt" {
			owners[host]++
		}
		if host == "a.example.com" {
			assert.Equal(t, []any{map[string]any{"hosts": []any{host}, "secretName": "a-tls"}}, i.Value(t, "spec.tls"))
		} else {
			assert.Nil(t, i.Value(t, "spec.tls"))
		}
	}
	assert.Equal(t, map[string]int{"a.example.com": 1, "b.example.com": 1}, owners, "one asks for the certificate of a host")
}

// A route keeps its object whatever happens to the others, and whatever becomes of its settings.
func TestNewService_routesKeepTheirObjects(t *testing.T) {
	t.Parallel()
	names := func(routes ...spec.Route) map[string]any {
		got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) { routed(a, routes...) })))
		all := map[string]any{}
		for _, i := range got.OfType(ingressType) {
			all[i.Name] = i.Value(t, "metadata.name")
		}
		return all
	}
	a, b := spec.Route{Host: "a.example.com", Path: "/x"}, spec.Route{Host: "b.example.com"}
	both := names(a, b)
	assert.Equal(t, map[string]any{
		"chat-a.example.com/x": "chat.a.example.com.d2c20a5b", "chat-b.example.com/": "chat.b.example.com",
	}, both, "these names are in state: a change of one replaces what it names")
	assert.Equal(t, both, names(b, a))
	a.TimeoutSeconds, b.BodySize = 30, "2Mi"
	assert.Equal(t, both, names(a, b))
	assert.Subset(t, both, names(a))
}

// TestS26_manyHosts: 20 domains, one load balancer. Each host is a rule of the one controller's class; nothing else is
// made for it, and a request comes to the service of its host.
func TestS26_manyHosts(t *testing.T) {
	t.Parallel()
	routes := map[string][]spec.Route{"front": nil, "chat": nil}
	for i := range 20 {
		host := fmt.Sprintf("www%d.example.com", i)
		routes["front"] = append(routes["front"], spec.Route{Host: host})
		routes["chat"] = append(routes["chat"], spec.Route{Host: host, Path: "/chat", Rewrite: "/"})
	}
	got := services(t, routes)
	n := newNginx(t, got)
	require.Len(t, n, 20)
	for host := range n {
		assert.Equal(t, "front /a", n.ask(host, "/a"))
		assert.Equal(t, "chat /a", n.ask(host, "/chat/a"))
	}
	objects := map[any]bool{}
	for _, i := range got.OfType(ingressType) {
		assert.Equal(t, "nginx", i.Value(t, "spec.ingressClassName"), i.Name)
		objects[i.Value(t, "metadata.name")] = true
	}
	assert.Len(t, objects, 40, "no two have one name")
	for _, s := range got.OfType(serviceType) {
		assert.Equal(t, "ClusterIP", s.Value(t, "spec.type"), "%s has no load balancer of its own", s.Name)
	}
}

// TestS32_webSockets: a chat's connections live long. Its route does not cut them off for an hour of silence, and its
// pods get as long to end as the ingress lets connections be. (The object alone.)
func TestS32_webSockets(t *testing.T) {
	t.Parallel()
	run := func(webSocket bool) (read, send, grace any) {
		got := ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
			routed(a, spec.Route{Host: "www.example.com", Path: "/chat", WebSocket: webSocket, TimeoutSeconds: 30})
		})))
		i, d := got.Only(t, ingressType), got.Only(t, deploymentType)
		return i.Value(t, `metadata.annotations["`+annotation+`proxy-read-timeout"]`),
			i.Value(t, `metadata.annotations["`+annotation+`proxy-send-timeout"]`),
			d.Value(t, podSpec+".terminationGracePeriodSeconds")
	}
	read, send, grace := run(true)
	assert.Equal(t, []any{"3600", "3600", 300.0}, []any{read, send, grace})
	read, send, grace = run(false)
	assert.Equal(t, []any{"30", "30", 60.0}, []any{read, send, grace})
}
