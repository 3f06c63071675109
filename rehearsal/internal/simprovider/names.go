package simprovider

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// defaultsKey is where a bridged provider keeps the names of the inputs that it filled in itself.
const defaultsKey = resource.PropertyKey("__defaults")

// AutoName describes how a provider names a resource that the program left unnamed.
type AutoName struct {
	// Property receives the name.
	Property resource.PropertyKey
	// Hex is the number of random hexadecimal digits behind the resource's name.
	Hex int
	// Max is the longest name that the service accepts.
	Max int
}

// Complete adds the defaults that the inputs lack and, unless the program gave one, a name: that of the last
// update, else a new one. It notes what it added, as a bridged provider does.
func (a AutoName) Complete(
	r Request, inputs resource.PropertyMap, defaults resource.PropertyMap,
) (resource.PropertyMap, error) {
	out := Merge(defaults, inputs)
	var added []string
	for k := range defaults {
		if _, given := inputs[k]; !given {
			added = append(added, string(k))
		}
	}
	if _, given := inputs[a.Property]; !given && a.Property != "" {
		name, err := a.name(r)
		if err != nil {
			return inputs, err
		}
		out[a.Property] = name
		added = append(added, string(a.Property))
	}
	if len(added) == 0 {
		return out, nil
	}
	slices.Sort(added)
	names := make([]resource.PropertyValue, 0, len(added))
	for _, k := range added {
		names = append(names, resource.NewProperty(k))
	}
	out[defaultsKey] = resource.NewProperty(names)
	return out, nil
}

func (a AutoName) name(r Request) (resource.PropertyValue, error) {
	if old, ok := r.Olds[a.Property]; ok && Defaulted(r.Olds, a.Property) {
		return old, nil
	}
	name, err := resource.NewUniqueName(r.Seed, r.Name+"-", a.Hex, a.Max, nil)
	return resource.NewProperty(name), err
}

// Keeps says whether old and new carry the same name because the program fixed it, so that they cannot exist
// together.
func (a AutoName) Keeps(olds, news resource.PropertyMap) bool {
	name, ok := news[a.Property]
	return ok && a.Property != "" && !Defaulted(news, a.Property) && name.DeepEquals(olds[a.Property])
}

// Defaulted says whether the provider, not the program, chose the value of an input.
func Defaulted(inputs resource.PropertyMap, property resource.PropertyKey) bool {
	v, ok := inputs[defaultsKey]
	if !ok || !v.IsArray() {
		return false
	}
	for _, e := range v.ArrayValue() {
		if e.IsString() && e.StringValue() == string(property) {
			return true
		}
	}
	return false
}
