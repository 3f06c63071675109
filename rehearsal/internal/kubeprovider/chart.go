package kubeprovider

import (
	"fmt"

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

// createRelease records a release.
func (p *provider) createRelease(r simprovider.Request, k kind) (simprovider.State, error) {
	record := p.record(r, k)
	for _, taken := range p.store.All() {
		if taken.Key() == record.Key() && !r.Preview {
			return simprovider.State{}, fmt.Errorf("%q already exists", record.ID)
		}
	}
	return p.keepRelease(r, record)
}

// updateRelease records what a release is now.
func (p *provider) updateRelease(r simprovider.Request, k kind) (simprovider.State, error) {
	return p.keepRelease(r, p.record(r, k))
}

func (p *provider) keepRelease(r simprovider.Request, record simprovider.Record) (simprovider.State, error) {
	live := p.Conceal(r.Type, deployed(r.Inputs))
	if r.Preview {
		return simprovider.State{Outputs: live}, nil
	}
	record.Live = live
	return simprovider.State{ID: record.ID, Outputs: live}, p.note(record)
}

// readRelease returns what was recorded.
func (p *provider) readRelease(r simprovider.Request) (simprovider.State, error) {
	state := simprovider.State{}
	err := p.store.Do(func(tx *simprovider.Tx) error {
		record, ok := tx.Get(simprovider.Record{Type: r.Type, ID: r.ID, Region: p.place}.Key())
		if !ok {
			return nil
		}
		live := tx.Open(record.Live, r.State, r.Olds)
		inputs := simprovider.Covered(resource.NewProperty(r.Olds), resource.NewProperty(live)).ObjectValue()
		state = simprovider.State{ID: r.ID, Outputs: live, Inputs: inputs}
		return nil
	})
	return state, err
}
