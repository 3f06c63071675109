package kubeprovider

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// normal returns inputs as the API server would give them back: a quantity "1000m" is "1", what is empty is left out.
// Like Pulumi's provider it does nothing as long as something is unknown.
func (k kind) normal(in resource.PropertyMap) resource.PropertyMap {
	if k.chart || in.ContainsUnknowns() {
		return in
	}
	data, err := json.Marshal(plain(in))
	if err != nil {
		return in
	}
	typed := k.object()
	if err := json.Unmarshal(data, typed); err != nil {
		return in
	}
	canonical, err := properties(typed)
	if err != nil {
		return in
	}
	out := covered(resource.NewProperty(in), resource.NewProperty(canonical)).ObjectValue()
	if !k.clusterWide {
		space, _ := split(k.id(in))
		meta := simprovider.Merge(metadata(out), resource.PropertyMap{"namespace": resource.NewProperty(space)})
		out["metadata"] = resource.NewProperty(meta)
	}
	return out
}

// properties turns anything that JSON can hold into properties.
func properties(v any) (resource.PropertyMap, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	return resource.NewPropertyMapFromMap(m), nil
}

// covered cuts from a live object what the program never set: the server, its admission and other writers fill in a
// lot. In a list of named elements, such as containers or volumes, it also cuts the elements that are not the program's.
func covered(want, live resource.PropertyValue) resource.PropertyValue {
	want, live = simprovider.Bare(want), simprovider.Bare(live)
	switch {
	case want.IsObject() && live.IsObject():
		out := resource.PropertyMap{}
		for k, v := range live.ObjectValue() {
			if w, ok := want.ObjectValue()[k]; ok {
				out[k] = covered(w, v)
			}
		}
		return resource.NewProperty(out)
	case want.IsArray() && live.IsArray():
		return resource.NewProperty(coveredList(want.ArrayValue(), live.ArrayValue()))
	default:
		return live
	}
}

func coveredList(want, live []resource.PropertyValue) []resource.PropertyValue {
	out := make([]resource.PropertyValue, 0, len(live))
	if len(want) == len(live) {
		for i, v := range live {
			out = append(out, covered(want[i], v))
		}
		return out
	}
	known := map[string]resource.PropertyValue{}
	for _, w := range want {
		name, ok := nameOf(w)
		if !ok {
			return live
		}
		known[name] = w
	}
	for _, v := range live {
		name, ok := nameOf(v)
		if !ok {
			return live
		}
		if w, ours := known[name]; ours {
			out = append(out, covered(w, v))
		}
	}
	return out
}

func nameOf(v resource.PropertyValue) (string, bool) {
	v = simprovider.Bare(v)
	if !v.IsObject() {
		return "", false
	}
	name := simprovider.Bare(v.ObjectValue()["name"])
	if !name.IsString() {
		return "", false
	}
	return name.StringValue(), true
}

// veiled marks as secret in a live object what is secret in the inputs that made it.
func veiled(source, live resource.PropertyValue) resource.PropertyValue {
	bare := simprovider.Bare(source)
	out := live
	switch {
	case bare.IsObject() && live.IsObject():
		m := resource.PropertyMap{}
		for k, v := range live.ObjectValue() {
			m[k] = v
			if s, ok := bare.ObjectValue()[k]; ok {
				m[k] = veiled(s, v)
			}
		}
		out = resource.NewProperty(m)
	case bare.IsArray() && live.IsArray() && len(bare.ArrayValue()) == len(live.ArrayValue()):
		list := make([]resource.PropertyValue, 0, len(live.ArrayValue()))
		for i, v := range live.ArrayValue() {
			list = append(list, veiled(bare.ArrayValue()[i], v))
		}
		out = resource.NewProperty(list)
	case bare.ContainsSecrets():
		// Which part of it is the secret cannot be said, so all of it is.
		return resource.MakeSecret(live)
	}
	return simprovider.WrapAs(source, out)
}

// drifted returns the inputs that would make the live object: those of the program as far as they still hold, in the
// program's own words, and else what is live.
func (k kind) drifted(olds, live resource.PropertyMap) resource.PropertyMap {
	live = readable(olds, live)
	now := covered(resource.NewProperty(olds), resource.NewProperty(live)).ObjectValue()
	was, is := k.normal(olds), k.normal(now)
	out := resource.PropertyMap{}
	for key, old := range olds {
		if resource.IsInternalPropertyKey(key) || simprovider.Same(was[key], is[key]) {
			out[key] = old
		} else if v, alive := now[key]; alive {
			out[key] = veiled(old, v)
			if slices.Contains(strings.Fields(k.conceals), string(key)) {
				out[key] = resource.MakeSecret(simprovider.Reveal(v))
			}
		}
	}
	return out
}

// readable adds stringData to a live Secret whose inputs have it: the server keeps it in data, encoded.
func readable(olds, live resource.PropertyMap) resource.PropertyMap {
	wanted, data := simprovider.Bare(olds["stringData"]), simprovider.Bare(live["data"])
	if !wanted.IsObject() || !data.IsObject() {
		return live
	}
	clear := resource.PropertyMap{}
	for key := range wanted.ObjectValue() {
		v := simprovider.Bare(data.ObjectValue()[key])
		if !v.IsString() {
			continue
		}
		if text, err := base64.StdEncoding.DecodeString(v.StringValue()); err == nil {
			clear[key] = resource.NewProperty(string(text))
		}
	}
	return simprovider.Merge(live, resource.PropertyMap{"stringData": resource.NewProperty(clear)})
}
