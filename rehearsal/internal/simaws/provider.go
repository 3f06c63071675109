package simaws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// provider is the account as one provider resource of a program sees it: in one region, with default tags.
type provider struct {
	*Account
	region      region
	defaultTags resource.PropertyMap
}

var _ simprovider.Provider = (*provider)(nil)

// Check completes the inputs and returns everything that is wrong with them.
func (p *provider) Check(r simprovider.Request) (resource.PropertyMap, []string) {
	row, ok := p.kinds[r.Type]
	if !ok {
		return r.Inputs, []string{r.Subject() + ": the type is not known to the rehearsal"}
	}
	in, err := row.name.Complete(r, p.tagged(row, r.Inputs), properties(row.defaults))
	if err != nil {
		return r.Inputs, []string{fmt.Sprintf("%s: property %q: %v", r.Subject(), row.name.Property, err)}
	}
	in = row.textual(in)
	s := &schema{models: words(row.models), required: words(row.required)}
	s.object("", plainArgs(row.args), in)
	var problems []string
	for _, problem := range slices.Concat(s.problems, row.exceeded(in)) {
		problems = append(problems, r.Subject()+": "+problem)
	}
	return in, problems
}

// tagged adds the provider's default tags to the tags of a resource that can have any.
func (p *provider) tagged(row *kind, in resource.PropertyMap) resource.PropertyMap {
	if len(p.defaultTags) == 0 || !slices.Contains(words(row.models), "tags") {
		return in
	}
	own, given := in["tags"]
	if !given {
		return simprovider.Merge(in, resource.PropertyMap{"tags": resource.NewProperty(p.defaultTags)})
	}
	bare := simprovider.Bare(own)
	if !bare.IsObject() {
		return in // unknown as a whole, or refused further on
	}
	tags := resource.NewProperty(simprovider.Merge(p.defaultTags, bare.ObjectValue()))
	return simprovider.Merge(in, resource.PropertyMap{"tags": simprovider.WrapAs(own, tags)})
}

// textual turns documents that were given as objects into text, as the bridged provider does.
func (k *kind) textual(in resource.PropertyMap) resource.PropertyMap {
	v := resource.NewProperty(in)
	for _, path := range words(k.documents) {
		v = edit(v, strings.Split(path, "."), func(v resource.PropertyValue) resource.PropertyValue {
			if v.IsObject() && !v.ContainsUnknowns() {
				return resource.NewProperty(encode(simprovider.Reveal(v).Mappable()))
			}
			return v
		})
	}
	return v.ObjectValue()
}

// exceeded checks the values that are known against the limits.
func (k *kind) exceeded(in resource.PropertyMap) []string {
	known, _ := simprovider.Known(resource.NewProperty(in))
	view := plain(known.ObjectValue())
	var problems []string
	limits := k.limits
	if slices.Contains(words(k.models), "tags") {
		limits = append(slices.Clone(limits), tagLimits...)
	}
	for _, l := range limits {
		for _, v := range view.all(l.path) {
			if wrong := l.wrong(v); wrong != "" {
				problems = append(problems, fmt.Sprintf("property %q: %s (source: %s)", l.path, wrong, l.source))
			}
		}
	}
	return problems
}

// Normal returns inputs in the form in which AWS returns them.
func (p *provider) Normal(typ string, inputs resource.PropertyMap) resource.PropertyMap {
	if row, ok := p.kinds[typ]; ok {
		return row.normalised(inputs)
	}
	return inputs
}

// Conceal marks nothing: AWS has no property among those modelled that is always secret.
func (p *provider) Conceal(_ string, inputs resource.PropertyMap) resource.PropertyMap { return inputs }

// Replaces says which changes force a new resource.
func (p *provider) Replaces(r simprovider.Request, changed []string) simprovider.Replacement {
	row, ok := p.kinds[r.Type]
	if !ok {
		return simprovider.Replacement{}
	}
	paths := simprovider.Under(changed, words(row.forceNew)...)
	for _, name := range words(row.forceNewIfRemoved) {
		_, had := r.Olds[resource.PropertyKey(name)]
		if _, has := r.Inputs[resource.PropertyKey(name)]; had && !has {
			paths = append(paths, simprovider.Under(changed, name)...)
		}
	}
	return simprovider.Replacement{Paths: paths, DeleteFirst: row.name.Keeps(r.Olds, r.Inputs)}
}

// Create makes a resource, or refuses it as AWS would.
func (p *provider) Create(r simprovider.Request) (simprovider.State, error) {
	row, err := p.known(r)
	if err != nil {
		return simprovider.State{}, err
	}
	in := row.normalised(outputs(r.Inputs))
	if r.Preview {
		return simprovider.State{Outputs: withAllTags(row, in)}, nil
	}
	var state simprovider.State
	err = p.store.Do(func(tx *simprovider.Tx) error {
		c := &call{provider: p, tx: tx, row: row, urn: r.URN, live: withAllTags(row, in)}
		c.seed = fmt.Sprintf("%s|%s|%s|%d", p.options.AccountID, p.region.name, r.URN, tx.Birth(r.URN))
		c.in = plain(c.live)
		if c.id = c.expand(row.id); row.idOf != nil {
			c.id = row.idOf(c)
		}
		if _, taken := tx.Get(c.key()); taken {
			return refusal(row.exists, c.id, "the service's API reference, errors of the create call")
		}
		for k, v := range row.fills {
			c.fill(k, v)
		}
		if err := c.enforce(onCreate); err != nil {
			return err
		}
		if err := c.finish(); err != nil {
			return err
		}
		state = simprovider.State{ID: c.id, Outputs: c.live}
		return nil
	})
	return state, err
}

// finish computes outputs, starts the thing and stores it.
func (c *call) finish() error {
	for k, template := range c.row.computed {
		c.set(k, c.expand(template))
	}
	if c.row.derive != nil {
		c.row.derive(c)
	}
	if c.row.start != nil {
		if err := c.row.start(c); err != nil {
			return err
		}
	}
	c.live = c.row.normalised(c.live)
	c.tx.Put(simprovider.Record{
		Type: c.row.token, ID: c.id, Region: c.regionOf(c.row), URN: c.urn, Live: c.live,
	})
	return nil
}

// withAllTags adds the output tagsAll.
func withAllTags(row *kind, in resource.PropertyMap) resource.PropertyMap {
	if !slices.Contains(words(row.models), "tags") {
		return in
	}
	all, ok := in["tags"]
	if !ok {
		all = resource.NewProperty(resource.PropertyMap{})
	}
	return simprovider.Merge(in, resource.PropertyMap{"tagsAll": all})
}

// outputs returns inputs without what only inputs have.
func outputs(in resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, v := range in {
		if !resource.IsInternalPropertyKey(k) {
			out[k] = v
		}
	}
	return out
}

func (p *provider) known(r simprovider.Request) (*kind, error) {
	if row, ok := p.kinds[r.Type]; ok {
		return row, nil
	}
	return nil, fmt.Errorf("the type is not known to the rehearsal")
}
