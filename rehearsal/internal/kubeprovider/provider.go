package kubeprovider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// maxName is the longest name of most kinds, a DNS subdomain.
const maxName = 253

// provider is the cluster as one provider resource of a program sees it.
type provider struct {
	*Cluster
	// place names the cluster in the list of what was made.
	place string
	// client is nil while a preview does not know the kubeconfig yet.
	client dynamic.Interface
}

var _ simprovider.Provider = (*provider)(nil)

// Check names the object and returns everything that is wrong with it, as far as that can be said without the server.
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

func isAutonamed(m resource.PropertyMap) bool { return texts(m, "annotations")[autonamed] == "true" }

// Normal returns inputs as the API server would give them back.
func (p *provider) Normal(typ string, inputs resource.PropertyMap) resource.PropertyMap {
	if k, ok := p.kinds[typ]; ok {
		return k.normal(inputs)
	}
	return inputs
}

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
	k := p.kinds[r.Type]
	keeps := k.id(r.Olds) == k.id(r.Inputs) && !isAutonamed(r.Inputs)
	return simprovider.Replacement{Paths: paths, DeleteFirst: keeps}
}

// Create makes an object and waits until it is ready. Like Pulumi's provider it applies, and so takes over an object that
// is there already if nobody else owns a field that the program wants otherwise. Unlike it, it does not try again if the
// namespace is missing: a program that does not say what comes first is to be told.
//
// Where the object was made and does not become ready, the State is returned together with the error.
func (p *provider) Create(r simprovider.Request) (simprovider.State, error) {
	k, err := p.sound(r)
	switch {
	case err != nil:
		return simprovider.State{}, err
	case k.chart:
		return p.createRelease(r, k)
	case r.Preview:
		// What a dry run returns, such as a uid, is not what the creation will give: it is unknown.
		_, err := p.foresee(r, k)
		return simprovider.State{Outputs: p.Conceal(r.Type, r.Inputs)}, err
	}
	return p.write(r, k)
}

// Update changes an object in place and waits until it is ready. It returns the State together with an error as Create
// does.
func (p *provider) Update(r simprovider.Request) (simprovider.State, error) {
	k, err := p.sound(r)
	switch {
	case err != nil:
		return simprovider.State{}, err
	case k.chart:
		return p.updateRelease(r, k)
	case r.Preview:
		live, err := p.foresee(r, k)
		if err != nil || live == nil {
			return simprovider.State{Outputs: p.Conceal(r.Type, r.Inputs)}, err
		}
		return p.state(r, live)
	}
	return p.write(r, k)
}

// sound returns the kind and refuses what cannot be written.
func (p *provider) sound(r simprovider.Request) (kind, error) {
	k, ok := p.kinds[r.Type]
	switch {
	case !ok:
		return k, errors.New("the kind is not known to the rehearsal")
	case r.Preview:
		return k, nil
	case p.client == nil:
		return k, errors.New("the provider has no kubeconfig")
	}
	if problems := k.problems(r.Inputs); len(problems) > 0 {
		return k, errors.New(strings.Join(problems, "; "))
	}
	return k, nil
}

// write applies an object, notes it and waits for it.
func (p *provider) write(r simprovider.Request, k kind) (simprovider.State, error) {
	live, err := p.apply(r, k, false)
	if err != nil {
		return simprovider.State{}, scrub(err, p.Conceal(r.Type, r.Inputs))
	}
	if err := p.note(p.record(r, k)); err != nil {
		return simprovider.State{}, err
	}
	live, awaited := p.await(r, k, live)
	state, err := p.state(r, live)
	return state, errors.Join(scrub(awaited, p.Conceal(r.Type, r.Inputs)), err)
}

// record is what is kept of an object: that it is, not what is in it.
func (p *provider) record(r simprovider.Request, k kind) simprovider.Record {
	return simprovider.Record{Type: r.Type, ID: k.id(r.Inputs), Region: p.place, URN: r.URN}
}

// Read returns the live object. Unlike Pulumi's provider it does not ask whether the object is ready.
func (p *provider) Read(r simprovider.Request) (simprovider.State, error) {
	k, ok := p.kinds[r.Type]
	switch {
	case !ok:
		return simprovider.State{}, errors.New("the kind is not known to the rehearsal")
	case k.chart:
		return p.readRelease(r)
	case p.client == nil:
		return simprovider.State{}, errors.New("the provider has no kubeconfig")
	}
	namespace, name := split(r.ID)
	live, err := k.in(p.client, namespace).Get(p.life(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return simprovider.State{}, nil
	}
	if err != nil {
		return simprovider.State{}, err
	}
	found, err := properties(live.Object)
	if err != nil {
		return simprovider.State{}, err
	}
	// What was secret in the last update is so now, whether or not the value is still the same.
	r.Inputs = k.drifted(r.Olds, found)
	state, err := p.state(r, live)
	state.ID, state.Inputs = r.ID, r.Inputs
	return state, err
}

// state returns a live object as the engine keeps it, with what is secret in the inputs marked.
func (p *provider) state(r simprovider.Request, live *unstructured.Unstructured) (simprovider.State, error) {
	shown := live.DeepCopy()
	shown.SetManagedFields(nil)
	found, err := properties(shown.Object)
	if err != nil {
		return simprovider.State{}, err
	}
	out := veiled(resource.NewProperty(r.Inputs), resource.NewProperty(found)).ObjectValue()
	out[managerKey] = resource.NewProperty(manager(r))
	return simprovider.State{ID: p.kinds[r.Type].id(r.Inputs), Outputs: p.Conceal(r.Type, out)}, nil
}

// Delete removes an object and all that it owns, and waits until they are gone.
func (p *provider) Delete(r simprovider.Request) error {
	k, ok := p.kinds[r.Type]
	record := simprovider.Record{Type: r.Type, ID: r.ID, Region: p.place}
	switch {
	case !ok:
		return errors.New("the kind is not known to the rehearsal")
	case k.chart:
		return p.forget(record)
	case p.client == nil:
		return errors.New("the provider has no kubeconfig")
	}
	namespace, name := split(r.ID)
	// In the foreground, as Pulumi's provider does: the object goes after what it owns.
	foreground := metav1.DeletePropagationForeground
	err := k.in(p.client, namespace).Delete(p.life(), name, metav1.DeleteOptions{PropagationPolicy: &foreground})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if err == nil && texts(r.Olds, "annotations")[skipAwait] != "true" {
		if err := p.vanish(r, k, types.UID(word(r.State, "uid"))); err != nil {
			return err
		}
	}
	return p.forget(record)
}

// Invoke refuses every function by name.
func (p *provider) Invoke(token string, _ resource.PropertyMap) (resource.PropertyMap, error) {
	return nil, fmt.Errorf("function %q is not known to the rehearsal", token)
}
