package simprovider

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Merge returns the keys of all layers; a later one wins.
func Merge(layers ...resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for _, m := range layers {
		maps.Copy(out, m)
	}
	return out
}

// Rewrite rebuilds v. The function f sees secrets and every value that is neither an array nor an object, and
// returns what takes its place.
func Rewrite(v resource.PropertyValue, f func(resource.PropertyValue) resource.PropertyValue) resource.PropertyValue {
	switch {
	case isSecret(v):
		return f(v)
	case v.IsArray():
		out := make([]resource.PropertyValue, 0, len(v.ArrayValue()))
		for _, e := range v.ArrayValue() {
			out = append(out, Rewrite(e, f))
		}
		return resource.NewProperty(out)
	case v.IsObject():
		out := resource.PropertyMap{}
		for k, e := range v.ObjectValue() {
			out[k] = Rewrite(e, f)
		}
		return resource.NewProperty(out)
	default:
		return f(v)
	}
}

// Reveal returns v without secret marks. Its result must go neither to a file nor to a message.
func Reveal(v resource.PropertyValue) resource.PropertyValue {
	return Rewrite(v, func(leaf resource.PropertyValue) resource.PropertyValue {
		if inner, secret := unwrap(leaf); secret {
			return Reveal(inner)
		}
		return leaf
	})
}

// RevealMap is Reveal for a map.
func RevealMap(m resource.PropertyMap) resource.PropertyMap {
	return Reveal(resource.NewProperty(m)).ObjectValue()
}

// Known returns v without the values that a preview cannot know yet, and whether anything was left out.
func Known(v resource.PropertyValue) (resource.PropertyValue, bool) {
	switch {
	case IsUnknown(v):
		return resource.NewNullProperty(), true
	case isSecret(v):
		inner, _ := unwrap(v)
		known, cut := Known(inner)
		return resource.MakeSecret(known), cut
	case v.IsArray():
		out, cut := []resource.PropertyValue{}, false
		for _, e := range v.ArrayValue() {
			k, c := Known(e)
			cut = cut || c
			if !k.IsNull() {
				out = append(out, k)
			}
		}
		return resource.NewProperty(out), cut
	case v.IsObject():
		out, cut := resource.PropertyMap{}, false
		for key, e := range v.ObjectValue() {
			k, c := Known(e)
			cut = cut || c
			if !k.IsNull() {
				out[key] = k
			}
		}
		return resource.NewProperty(out), cut
	default:
		return v, false
	}
}

// IsUnknown says whether v itself is a value that a preview cannot know yet.
func IsUnknown(v resource.PropertyValue) bool {
	return v.IsComputed() || (v.IsOutput() && !v.OutputValue().Known)
}

// isSecret says whether v itself is marked secret.
func isSecret(v resource.PropertyValue) bool {
	_, secret := unwrap(v)
	return secret
}

// unwrap takes one secret mark off v.
func unwrap(v resource.PropertyValue) (resource.PropertyValue, bool) {
	switch {
	case v.IsSecret():
		return v.SecretValue().Element, true
	case v.IsOutput() && v.OutputValue().Secret:
		return v.OutputValue().Element, true
	default:
		return v, false
	}
}

// Bare takes every secret mark off v itself, but not off the values below it.
func Bare(v resource.PropertyValue) resource.PropertyValue {
	for {
		inner, secret := unwrap(v)
		if !secret {
			return v
		}
		v = inner
	}
}

// WrapAs marks v secret if old is.
func WrapAs(old, v resource.PropertyValue) resource.PropertyValue {
	if isSecret(old) {
		return resource.MakeSecret(v)
	}
	return v
}

// Covered cuts from a live object what the program never set, because the cloud filled it in.
func Covered(want, live resource.PropertyValue) resource.PropertyValue {
	want, bare := Bare(want), Bare(live)
	switch {
	case want.IsObject() && bare.IsObject():
		out := resource.PropertyMap{}
		for k, v := range bare.ObjectValue() {
			if w, ok := want.ObjectValue()[k]; ok {
				out[k] = Covered(w, v)
			}
		}
		return WrapAs(live, resource.NewProperty(out))
	case want.IsArray() && bare.IsArray() && len(want.ArrayValue()) == len(bare.ArrayValue()):
		out := make([]resource.PropertyValue, 0, len(bare.ArrayValue()))
		for i, v := range bare.ArrayValue() {
			out = append(out, Covered(want.ArrayValue()[i], v))
		}
		return WrapAs(live, resource.NewProperty(out))
	default:
		return live
	}
}

// Same says whether two values are equal, secret or not.
func Same(a, b resource.PropertyValue) bool { return Reveal(a).DeepEquals(Reveal(b)) }
