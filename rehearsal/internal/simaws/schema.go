package simaws

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// elementer is what the SDK's argument structs have in common: they name the struct of plain values that they
// stand for, whose fields carry the names and kinds of the properties.
type elementer interface{ ElementType() reflect.Type }

// plainArgs returns the struct type behind an SDK's argument struct.
func plainArgs(args any) reflect.Type {
	e, ok := args.(elementer)
	if !ok {
		return nil
	}
	return e.ElementType()
}

// fields returns the properties of a struct type by name.
func fields(t reflect.Type) map[string]reflect.Type {
	out := map[string]reflect.Type{}
	for f := range t.Fields() {
		if tag := f.Tag.Get("pulumi"); tag != "" {
			name, _, _ := strings.Cut(tag, ",")
			out[name] = f.Type
		}
	}
	return out
}

// schema checks inputs against the SDK's types and the list of what is modelled.
type schema struct {
	models   []string
	required []string
	problems []string
}

func (s *schema) refuse(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// object checks an object value against a struct type.
func (s *schema) object(path string, t reflect.Type, v resource.PropertyMap) {
	known := fields(t)
	for _, k := range v.StableKeys() {
		child := join(path, string(k))
		ft, inSDK := known[string(k)]
		switch {
		case resource.IsInternalPropertyKey(k):
		case !inSDK:
			s.refuse("property %q is not known to the rehearsal: the SDK has none of this name", child)
		case !s.modelled(child):
			s.refuse("property %q is not known to the rehearsal: the SDK has it, but no rule covers it yet", child)
		default:
			s.value(child, ft, v[k])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		child := join(path, name)
		if _, given := v[resource.PropertyKey(name)]; !given && s.needs(child, known[name]) {
			s.refuse("property %q is required", child)
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// modelled says whether the path is listed, or leads to one that is.
func (s *schema) modelled(path string) bool {
	return slices.ContainsFunc(s.models, func(m string) bool { return m == path || strings.HasPrefix(m, path+".") })
}

// needs says whether a property must be there. The SDK's plain structs have pointers for what is optional.
func (s *schema) needs(path string, t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return slices.Contains(s.required, path)
	default:
		return true
	}
}

// value checks one value against the kind that the SDK gives it.
func (s *schema) value(path string, t reflect.Type, v resource.PropertyValue) {
	v = simprovider.Bare(v)
	if simprovider.IsUnknown(v) || v.IsNull() {
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.Struct:
		s.nested(path, t, v)
	case reflect.String:
		s.is(path, "a string", v.IsString())
	case reflect.Bool:
		s.is(path, "a boolean", v.IsBool())
	case reflect.Int:
		s.is(path, "a whole number", v.IsNumber() && v.NumberValue() == math.Trunc(v.NumberValue()))
	case reflect.Float64:
		s.is(path, "a number", v.IsNumber())
	default: // any: a document or a name, which the row's limits look at
	}
}

// nested checks a list, a map or an object, and what is in it.
func (s *schema) nested(path string, t reflect.Type, v resource.PropertyValue) {
	switch t.Kind() {
	case reflect.Slice:
		if s.is(path, "a list", v.IsArray()) {
			for _, e := range v.ArrayValue() {
				s.value(path, t.Elem(), e)
			}
		}
	case reflect.Map:
		if s.is(path, "a map", v.IsObject()) {
			for _, k := range v.ObjectValue().StableKeys() {
				s.value(path+"["+string(k)+"]", t.Elem(), v.ObjectValue()[k])
			}
		}
	default:
		if s.is(path, "an object", v.IsObject()) {
			s.object(path, t, v.ObjectValue())
		}
	}
}

func (s *schema) is(path, want string, ok bool) bool {
	if !ok {
		s.refuse("property %q must be %s", path, want)
	}
	return ok
}
