package simaws

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// props is a plain view of properties, for rules to read by dotted path.
type props map[string]any

func plain(m resource.PropertyMap) props { return simprovider.RevealMap(m).Mappable() }

// all returns every value at the path; a list on the way gives its elements.
func (p props) all(path string) []any {
	values := []any{map[string]any(p)}
	for step := range strings.SplitSeq(path, ".") {
		var next []any
		for _, v := range values {
			if m, ok := v.(map[string]any); ok {
				next = append(next, spread(m[step])...)
			}
		}
		values = next
	}
	return values
}

func spread(v any) []any {
	switch t := v.(type) {
	case nil:
		return nil
	case []any:
		return t
	default:
		return []any{t}
	}
}

func (p props) str(path string) string {
	for _, v := range p.all(path) {
		if s, ok := v.(string); ok {
			return s
		}
	}
	return ""
}

func (p props) strs(path string) []string {
	var out []string
	for _, v := range p.all(path) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (p props) num(path string) int {
	for _, v := range p.all(path) {
		if n, ok := v.(float64); ok {
			return int(n)
		}
	}
	return 0
}

func (p props) flag(path string) bool {
	for _, v := range p.all(path) {
		if b, ok := v.(bool); ok {
			return b
		}
	}
	return false
}

func (p props) has(path string) bool { return len(p.all(path)) > 0 }

// edit rewrites the values at a dotted path. It leaves alone what is unknown.
func edit(v resource.PropertyValue, path []string, f func(resource.PropertyValue) resource.PropertyValue,
) resource.PropertyValue {
	bare := simprovider.Bare(v)
	switch {
	case simprovider.IsUnknown(bare):
		return v
	case len(path) == 0:
		return simprovider.WrapAs(v, f(bare))
	case bare.IsArray():
		out := make([]resource.PropertyValue, 0, len(bare.ArrayValue()))
		for _, e := range bare.ArrayValue() {
			out = append(out, edit(e, path, f))
		}
		return simprovider.WrapAs(v, resource.NewProperty(out))
	case bare.IsObject():
		key := resource.PropertyKey(path[0])
		child, ok := bare.ObjectValue()[key]
		if !ok {
			return v
		}
		out := simprovider.Merge(bare.ObjectValue(), resource.PropertyMap{key: edit(child, path[1:], f)})
		return simprovider.WrapAs(v, resource.NewProperty(out))
	default:
		return v
	}
}

// normalised returns inputs in the form in which AWS returns them.
func (k *kind) normalised(inputs resource.PropertyMap) resource.PropertyMap {
	v := resource.NewProperty(inputs)
	for _, path := range words(k.documents) {
		v = edit(v, strings.Split(path, "."), onString(compact))
	}
	for path, f := range k.normal {
		v = edit(v, strings.Split(path, "."), onString(f))
	}
	for _, path := range words(k.sets) {
		v = edit(v, strings.Split(path, "."), sorted)
	}
	return v.ObjectValue()
}

func onString(f func(string) string) func(resource.PropertyValue) resource.PropertyValue {
	return func(v resource.PropertyValue) resource.PropertyValue {
		if v.IsString() {
			return resource.NewProperty(f(v.StringValue()))
		}
		return v
	}
}

// compact returns JSON without white space and with sorted keys, or the text itself.
func compact(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return encode(v)
}

// encode returns compact JSON with sorted keys, and with "<" and "&" as they are.
func encode(v any) string {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSpace(out.String())
}

// sorted orders a list by the text of its elements, unless one of them is not known yet.
func sorted(v resource.PropertyValue) resource.PropertyValue {
	if !v.IsArray() || v.ContainsUnknowns() {
		return v
	}
	out := slices.Clone(v.ArrayValue())
	text := func(e resource.PropertyValue) string { return encode(simprovider.Reveal(e).Mappable()) }
	slices.SortStableFunc(out, func(a, b resource.PropertyValue) int { return strings.Compare(text(a), text(b)) })
	return resource.NewProperty(out)
}
