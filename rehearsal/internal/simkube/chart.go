package simkube

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// ReleaseType is a Helm release. It is recorded and not rendered: its chart cannot be had without a network.
const ReleaseType = "kubernetes:helm.sh/v3:Release"

// helmRelease lists the properties of a release that the rehearsal follows (pulumi-kubernetes, helm.sh/v3 Release).
// Unlike an object, it has neither kind nor metadata.
type helmRelease struct {
	Name           string         `json:"name"`
	Namespace      string         `json:"namespace"`
	Chart          string         `json:"chart"`
	Version        string         `json:"version"`
	RepositoryOpts repositoryOpts `json:"repositoryOpts"`
	Values         map[string]any `json:"values"`
	Atomic         bool           `json:"atomic"`
	Timeout        int            `json:"timeout"`
}

type repositoryOpts struct {
	Repo string `json:"repo"`
}

// releaseNamed refuses a release that does not say what it is: a chart without a version is whatever is newest.
func releaseNamed(object any) []string {
	r, ok := object.(*helmRelease)
	if !ok {
		return nil
	}
	var out []string
	for _, required := range []struct{ name, value string }{
		{"name", r.Name},
		{"namespace", r.Namespace},
		{"chart", r.Chart},
		{"version", r.Version},
		{"repositoryOpts.repo", r.RepositoryOpts.Repo},
	} {
		if required.value == "" {
			out = append(out, required.name+": is required of a release")
		}
	}
	return out
}

// text returns a property of a release.
func text(m resource.PropertyMap, key resource.PropertyKey) string {
	if v := simprovider.Bare(m[key]); v.IsString() {
		return v.StringValue()
	}
	return ""
}

// deployed returns a release as the provider reports it.
func deployed(in resource.PropertyMap) resource.PropertyMap {
	return simprovider.Merge(in, resource.PropertyMap{
		"status": resource.NewProperty(resource.PropertyMap{
			"name":      resource.NewProperty(text(in, "name")),
			"namespace": resource.NewProperty(text(in, "namespace")),
			"version":   resource.NewProperty(text(in, "version")),
			"status":    resource.NewProperty("deployed"),
		}),
	})
}
