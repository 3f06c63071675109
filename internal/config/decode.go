package config

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// What one document may hold once its aliases are followed. A platform of a hundred services has about 5,000 values, ten
// deep; an alias that contains itself, or that is repeated by others over and over, ends here.
const (
	maxValues = 100_000
	maxDepth  = 50
)

// A type with one of these methods has several forms in YAML: besides a mapping also a scalar (bool, int, float64 or
// string) or a list of strings. Whatever form is given replaces the value as a whole.
type (
	scalarSetter interface{ SetScalar(value any) error }
	listSetter   interface{ SetList(items []string) error }
)

// Decode decodes node over the value that into points to and reports every problem, each led by its path. Mappings are
// merged key by key into what is there; lists are replaced. New structs start from their defaults.
func Decode(node *yaml.Node, path *field.Path, into any) field.ErrorList {
	d := &decoder{}
	d.value(node, path, reflect.ValueOf(into).Elem())
	return d.errs
}

// decoder collects problems, and counts what it decodes.
type decoder struct {
	errs          field.ErrorList
	values, depth int
	stopped       bool
}

// refuse reports a value without repeating it: a secret at the wrong place must not reach a log.
func (d *decoder) refuse(at *field.Path, why string) {
	d.errs = append(d.errs, field.Invalid(at, field.OmitValueType{}, why))
}

// tooLarge stops at a document that has too many values or too deep ones, and reports it once.
func (d *decoder) tooLarge(at *field.Path) bool {
	switch {
	case d.stopped:
	case d.depth > maxDepth:
		d.stopped = true
		d.refuse(at, fmt.Sprintf("is more than %d levels deep: does an alias contain itself?", maxDepth))
	case d.values > maxValues:
		d.stopped = true
		d.refuse(at, fmt.Sprintf("is one of more than %d values: do aliases repeat aliases?", maxValues))
	}
	return d.stopped
}

// target follows an alias to the node that it stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// isEmptyString is false for nothing at all, which is null.
func isEmptyString(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == tagString && n.Value == ""
}

func (d *decoder) value(n *yaml.Node, at *field.Path, v reflect.Value) {
	d.depth++
	defer func() { d.depth-- }()
	if d.tooLarge(at) {
		return
	}
	n = target(n)
	switch {
	case n.ShortTag() == tagNull:
		d.errs = append(d.errs, field.Required(at, "is empty"))
	case isEmptyString(n):
		d.errs = append(d.errs, field.Required(at, "is an empty string"))
	case !d.form(n, at, v):
		d.kind(n, at, v)
	}
}

// form decodes the forms that a type with SetScalar or SetList has besides a mapping.
func (d *decoder) form(n *yaml.Node, at *field.Path, v reflect.Value) bool {
	scalar, takesScalar := v.Addr().Interface().(scalarSetter)
	list, takesList := v.Addr().Interface().(listSetter)
	var err error
	switch {
	case takesScalar && n.Kind == yaml.ScalarNode:
		err = scalar.SetScalar(plain(n))
	case takesList && n.Kind == yaml.SequenceNode:
		var items []string
		before := len(d.errs)
		d.list(n, at, reflect.ValueOf(&items).Elem())
		if len(d.errs) == before {
			err = list.SetList(items)
		}
	default:
		if takesScalar || takesList {
			v.SetZero()
		}
		return false
	}
	if err != nil {
		d.refuse(at, err.Error())
	}
	return true
}

func (d *decoder) kind(n *yaml.Node, at *field.Path, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
			fieldtags.Default(v.Interface())
		}
		d.value(n, at, v.Elem())
	case reflect.Struct:
		d.structure(n, at, v)
	case reflect.Map:
		d.mapping(n, at, v)
	case reflect.Slice:
		d.list(n, at, v)
	default:
		d.scalar(n, at, v)
	}
}

func (d *decoder) structure(n *yaml.Node, at *field.Path, v reflect.Value) {
	fields := map[string]reflect.StructField{}
	var names []string
	for sf := range v.Type().Fields() {
		if name, _ := fieldtags.Name(sf); name != "" {
			fields[name] = sf
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		d.refuse(at, "cannot be "+describe(n))
		return
	}
	d.entries(n, at, func(key string, child *yaml.Node) {
		sf, ok := fields[key]
		if !ok {
			d.errs = append(d.errs, unknownKey(at.Child(key), key, names))
			return
		}
		d.field(child, at.Child(key), v.FieldByIndex(sf.Index), sf)
	})
}

// field decodes a field of a struct. A 0 that is given is judged here: later it looks like a field that is not set.
func (d *decoder) field(n *yaml.Node, at *field.Path, f reflect.Value, sf reflect.StructField) {
	before := len(d.errs)
	d.value(n, at, f)
	if len(d.errs) == before && f.Kind() == reflect.Int {
		d.errs = append(d.errs, fieldtags.CheckField(at, f, sf)...)
	}
}

func (d *decoder) mapping(n *yaml.Node, at *field.Path, v reflect.Value) {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	d.entries(n, at, func(key string, child *yaml.Node) {
		name := reflect.ValueOf(key).Convert(v.Type().Key())
		elem := reflect.New(v.Type().Elem()).Elem()
		if old := v.MapIndex(name); old.IsValid() {
			elem.Set(old)
		} else {
			fieldtags.Default(elem.Addr().Interface())
		}
		if elem.Kind() == reflect.String && isEmptyString(target(child)) {
			elem.SetString("") // a variable or a tag may be empty
		} else {
			d.value(child, at.Child(key), elem)
		}
		v.SetMapIndex(name, elem)
	})
}

// entries visits the keys and values of a mapping; those whose key is at fault are reported and left out.
func (d *decoder) entries(n *yaml.Node, at *field.Path, visit func(key string, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.refuse(at, "must be a mapping, not "+describe(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		d.values++
		key := target(n.Content[i])
		switch {
		case key.Kind != yaml.ScalarNode || key.Value == "":
			d.refuse(at, "has a key that is "+describe(key))
		case key.ShortTag() == tagMerge:
			d.refuse(at.Child(key.Value), "merge keys are not read: repeat the values, or use an alias for each")
		case key.ShortTag() != tagString:
			d.refuse(at.Child(key.Value), "the key is "+describe(key)+": quote it")
		case seen[key.Value]:
			d.errs = append(d.errs, field.Duplicate(at.Child(key.Value), field.OmitValueType{}))
		default:
			seen[key.Value] = true
			visit(key.Value, n.Content[i+1])
		}
	}
}

func (d *decoder) list(n *yaml.Node, at *field.Path, v reflect.Value) {
	if n.Kind != yaml.SequenceNode {
		d.refuse(at, "must be a list, not "+describe(n))
		return
	}
	items := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, child := range n.Content {
		d.values++
		fieldtags.Default(items.Index(i).Addr().Interface())
		d.value(child, at.Index(i), items.Index(i))
	}
	v.Set(items)
}
