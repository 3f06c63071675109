package simkube

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// autonamed is the annotation with which pulumi-kubernetes marks a name that it chose.
const autonamed = "pulumi.com/autonamed"

// maxName is the longest name of most kinds, a DNS subdomain.
const maxName = 253

// provider is the cluster as one provider resource of a program sees it.
type provider struct {
	*Cluster
	// server is empty while a preview does not know the kubeconfig yet.
	server string
}

var _ simprovider.Provider = (*provider)(nil)

// Check names the object and returns everything that is wrong with it.
func (p *provider) Check(r simprovider.Request) (resource.PropertyMap, []string) {
	k, ok := p.kinds[r.Type]
	if !ok {
		return r.Inputs, []string{r.Subject() + ": the kind is not known to the rehearsal"}
	}
	in := r.Inputs
	if !k.chart {
		var err error
		if in, err = named(r); err != nil {
			return r.Inputs, []string{fmt.Sprintf("%s: property \"metadata.name\": %v", r.Subject(), err)}
		}
	}
	p.checked.Add(1)
	var problems []string
	for _, problem := range k.problems(in) {
		problems = append(problems, r.Subject()+": "+problem)
	}
	return in, problems
}

// named gives the object a name if it has none: that of the last update if it was generated, else a new one.
func named(r simprovider.Request) (resource.PropertyMap, error) {
	meta := metadata(r.Inputs)
	if simprovider.IsUnknown(r.Inputs["metadata"]) || meta["name"].HasValue() || meta["generateName"].HasValue() {
		return r.Inputs, nil
	}
	name := metadata(r.Olds)["name"]
	if !isAutonamed(r.Olds) || !name.HasValue() {
		generated, err := resource.NewUniqueName(r.Seed, strings.ToLower(r.Name)+"-", 8, maxName, nil)
		if err != nil {
			return nil, err
		}
		name = resource.NewProperty(generated)
	}
	annotations := resource.PropertyMap{}
	if v := simprovider.Bare(meta["annotations"]); v.IsObject() {
		annotations = v.ObjectValue()
	}
	meta = simprovider.Merge(meta, resource.PropertyMap{
		"name": name,
		"annotations": resource.NewProperty(simprovider.Merge(annotations, resource.PropertyMap{
			autonamed: resource.NewProperty("true"),
		})),
	})
	return simprovider.Merge(r.Inputs, resource.PropertyMap{"metadata": resource.NewProperty(meta)}), nil
}

// metadata returns an object's metadata, or an empty map.
func metadata(m resource.PropertyMap) resource.PropertyMap {
	if v := simprovider.Bare(m["metadata"]); v.IsObject() {
		return v.ObjectValue()
	}
	return resource.PropertyMap{}
}

// word returns a text of the metadata.
func word(m resource.PropertyMap, key resource.PropertyKey) string {
	if v := simprovider.Reveal(metadata(m)[key]); v.IsString() {
		return v.StringValue()
	}
	return ""
}

func isAutonamed(m resource.PropertyMap) bool {
	v := simprovider.Bare(metadata(m)["annotations"])
	if !v.IsObject() {
		return false
	}
	mark := v.ObjectValue()[autonamed]
	return mark.IsString() && mark.StringValue() == "true"
}

// Normal returns the inputs as they are: the API server keeps what it is given.
func (p *provider) Normal(_ string, inputs resource.PropertyMap) resource.PropertyMap { return inputs }

// Conceal marks the contents of Secrets.
func (p *provider) Conceal(typ string, inputs resource.PropertyMap) resource.PropertyMap {
	out := inputs
	for name := range strings.FieldsSeq(p.kinds[typ].conceals) {
		key := resource.PropertyKey(name)
		if v, ok := inputs[key]; ok && !v.IsSecret() && !simprovider.IsUnknown(v) {
			out = simprovider.Merge(out, resource.PropertyMap{key: resource.MakeSecret(v)})
		}
	}
	return out
}

// Replaces says which changes force a new object. One that keeps its name must be deleted first.
func (p *provider) Replaces(r simprovider.Request, changed []string) simprovider.Replacement {
	properties := append(strings.Fields(p.kinds[r.Type].replaces), "metadata.name", "metadata.namespace", "kind")
	var paths []string
	for _, path := range simprovider.Under(changed, properties...) {
		// The whole of the metadata changes only if it was unknown or absent; then its name decides.
		if path != "metadata" || word(r.Olds, "name") != word(r.Inputs, "name") {
			paths = append(paths, path)
		}
	}
	keeps := word(r.Olds, "name") == word(r.Inputs, "name") &&
		word(r.Olds, "namespace") == word(r.Inputs, "namespace") && !isAutonamed(r.Inputs)
	return simprovider.Replacement{Paths: paths, DeleteFirst: keeps}
}

// Create makes an object.
func (p *provider) Create(r simprovider.Request) (simprovider.State, error) {
	if r.Preview {
		return simprovider.State{Outputs: p.Conceal(r.Type, r.Inputs)}, nil
	}
	k, err := p.sound(r)
	if err != nil {
		return simprovider.State{}, err
	}
	var state simprovider.State
	err = p.store.Do(func(tx *simprovider.Tx) error {
		record := simprovider.Record{Type: r.Type, ID: k.id(r.Inputs), Region: p.server, URN: r.URN}
		if _, taken := tx.Get(record.Key()); taken {
			return fmt.Errorf("%q already exists", record.ID)
		}
		if !p.hasNamespace(tx, record.ID) {
			namespace, _ := split(record.ID)
			return fmt.Errorf("namespaces %q not found", namespace)
		}
		n := tx.Birth(r.URN)
		live := p.Conceal(r.Type, served(k, r, resource.PropertyMap{
			"uid":               resource.NewProperty(uid(p.server+r.URN, n)),
			"resourceVersion":   resource.NewProperty("1"),
			"creationTimestamp": resource.NewProperty(p.options.Clock().UTC().Format("2006-01-02T15:04:05Z")),
		}))
		record.Live = live
		tx.Put(record)
		state = simprovider.State{ID: record.ID, Outputs: live}
		return nil
	})
	return state, err
}

// sound checks the object once more, now that all of it is known.
func (p *provider) sound(r simprovider.Request) (kind, error) {
	k, ok := p.kinds[r.Type]
	switch {
	case !ok:
		return k, errors.New("the kind is not known to the rehearsal")
	case p.server == "":
		return k, errors.New("the provider has no kubeconfig")
	}
	if problems := k.problems(r.Inputs); len(problems) > 0 {
		return k, errors.New(strings.Join(problems, "; "))
	}
	return k, nil
}

// served returns an object as the server stores it: with the metadata that the server adds.
func served(k kind, r simprovider.Request, added resource.PropertyMap) resource.PropertyMap {
	if k.chart {
		return deployed(r.Inputs)
	}
	meta := simprovider.Merge(metadata(r.Inputs), added)
	if namespace, _ := split(k.id(r.Inputs)); namespace != "" {
		meta["namespace"] = resource.NewProperty(namespace)
	}
	return simprovider.Merge(r.Inputs, resource.PropertyMap{"metadata": resource.NewProperty(meta)})
}

// Read returns the live object.
func (p *provider) Read(r simprovider.Request) (simprovider.State, error) {
	state := simprovider.State{}
	err := p.store.Do(func(tx *simprovider.Tx) error {
		record, ok := tx.Get(simprovider.Record{Type: r.Type, ID: r.ID, Region: p.server}.Key())
		if !ok {
			return nil
		}
		live := tx.Open(record.Live, r.State, r.Olds)
		inputs := resource.PropertyMap{}
		for key, old := range r.Olds {
			switch v, alive := live[key]; {
			case !alive:
			case simprovider.Same(simprovider.Covered(old, v), old):
				inputs[key] = old
			default:
				inputs[key] = simprovider.Covered(old, v)
			}
		}
		state = simprovider.State{ID: r.ID, Outputs: live, Inputs: inputs}
		return nil
	})
	return state, err
}

// Update changes an object in place.
func (p *provider) Update(r simprovider.Request) (simprovider.State, error) {
	if r.Preview {
		kept := metadata(r.State)
		delete(kept, "resourceVersion")
		out := served(p.kinds[r.Type], r, pick(kept, "uid", "creationTimestamp"))
		return simprovider.State{Outputs: p.Conceal(r.Type, out)}, nil
	}
	k, err := p.sound(r)
	if err != nil {
		return simprovider.State{}, err
	}
	var state simprovider.State
	err = p.store.Do(func(tx *simprovider.Tx) error {
		record, ok := tx.Get(simprovider.Record{Type: r.Type, ID: r.ID, Region: p.server}.Key())
		if !ok {
			return fmt.Errorf("%q not found", r.ID)
		}
		added := pick(metadata(record.Live), "uid", "creationTimestamp")
		added["resourceVersion"] = resource.NewProperty(next(word(record.Live, "resourceVersion")))
		record.URN, record.Live = r.URN, p.Conceal(r.Type, served(k, r, added))
		tx.Put(record)
		state = simprovider.State{ID: r.ID, Outputs: record.Live}
		return nil
	})
	return state, err
}

// Delete removes an object; a namespace takes along what is in it.
func (p *provider) Delete(r simprovider.Request) error {
	return p.store.Do(func(tx *simprovider.Tx) error {
		tx.Remove(simprovider.Record{Type: r.Type, ID: r.ID, Region: p.server}.Key())
		if r.Type != namespaceType {
			return nil
		}
		for _, record := range tx.All() {
			if namespace, _ := split(record.ID); record.Region == p.server && namespace == r.ID {
				tx.Remove(record.Key())
			}
		}
		return nil
	})
}

// Invoke refuses every function by name.
func (p *provider) Invoke(token string, _ resource.PropertyMap) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("function %q is not known to the rehearsal", token)
}

func pick(m resource.PropertyMap, keys ...resource.PropertyKey) resource.PropertyMap {
	out := resource.PropertyMap{}
	for _, k := range keys {
		if v, ok := m[k]; ok {
			out[k] = v
		}
	}
	return out
}

// next counts a resource version up.
func next(version string) string {
	n, err := strconv.Atoi(version)
	if err != nil {
		return "2"
	}
	return strconv.Itoa(n + 1)
}
