// Package fieldtags applies the `jsonschema` struct tags of a type to its values: the defaults, ranges, enumerations
// and patterns that the generated JSON Schema shows to an editor are the ones that the program enforces.
package fieldtags

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Default sets every field of the struct that v points to, and of the structs inside it, that is zero and whose tag
// has `default=`. What lies behind pointers, in maps and in slices is replaced by a completed copy: it may be shared
// with whoever made the struct, and is not ours to change.
func Default(v any) {
	setDefaults(reflect.ValueOf(v).Elem())
}

// setDefaults completes v, which can be set.
func setDefaults(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			setDefaults(own.Elem())
			v.Set(own)
		}
	case reflect.Slice:
		if !v.IsNil() {
			own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			for i := range v.Len() {
				own.Index(i).Set(v.Index(i))
				setDefaults(own.Index(i))
			}
			v.Set(own)
		}
	case reflect.Map:
		if !v.IsNil() {
			own := reflect.MakeMapWithSize(v.Type(), v.Len())
			for _, key := range v.MapKeys() {
				elem := reflect.New(v.Type().Elem()).Elem()
				elem.Set(v.MapIndex(key))
				setDefaults(elem)
				own.SetMapIndex(key, elem)
			}
			v.Set(own)
		}
	case reflect.Struct:
		for sf, f := range v.Fields() {
			if !sf.IsExported() {
				continue
			}
			if text, ok := parse(sf).one("default"); ok && f.IsZero() {
				setScalar(f, text)
			}
			setDefaults(f)
		}
	default: // a value without fields
	}
}

// setScalar panics on a default that does not fit its field: that is a mistake in a tag, found by any test.
func setScalar(f reflect.Value, text string) {
	switch f.Kind() {
	case reflect.String:
		f.SetString(text)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			panic(fmt.Sprintf("fieldtags: default %q of an int field", text))
		}
		f.SetInt(int64(n))
	default:
		panic("fieldtags: default on a field of kind " + f.Kind().String())
	}
}

// Check reports every value in v, a struct or a pointer to one, that its field's tag forbids.
func Check(path *field.Path, v any) field.ErrorList {
	return check(path, reflect.ValueOf(v), tag{})
}

// CheckField reports what the tag of the field sf forbids of v, its value. It judges a 0 that Check would take for a
// field that is not set.
func CheckField(path *field.Path, v reflect.Value, sf reflect.StructField) field.ErrorList {
	return check(path, v, parse(sf))
}

func check(path *field.Path, v reflect.Value, t tag) field.ErrorList {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return check(path, v.Elem(), t)
	case reflect.Struct:
		return checkStruct(path, v)
	case reflect.Map:
		return checkMap(path, v)
	case reflect.Slice:
		return checkSlice(path, v, t)
	case reflect.Int:
		return checkInt(path, int(v.Int()), t)
	case reflect.String:
		return checkString(path, v.String(), t)
	default:
		return nil
	}
}

func checkStruct(path *field.Path, v reflect.Value) field.ErrorList {
	var errs field.ErrorList
	for sf, f := range v.Fields() {
		name, optional := Name(sf)
		if name == "" {
			continue
		}
		at := path.Child(name)
		if isEmpty(f) && f.Kind() != reflect.Int {
			if !optional {
				errs = append(errs, field.Required(at, ""))
			}
			continue
		}
		t := parse(sf)
		if f.Kind() == reflect.Int && f.IsZero() && optional && !t.has("default") {
			continue
		}
		errs = append(errs, check(at, f, t)...)
	}
	return errs
}

// isEmpty says that a value is zero, or a slice or map that has nothing in it.
func isEmpty(v reflect.Value) bool {
	if v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}

// checkMap visits keys in order, so that the same input gives the same report. A map field's own tag says nothing
// of its values: their rules are in the Validate method of the type that holds the map.
func checkMap(path *field.Path, v reflect.Value) field.ErrorList {
	var errs field.ErrorList
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		errs = append(errs, check(path.Child(key.String()), v.MapIndex(key), tag{})...)
	}
	return errs
}

// checkSlice checks the number of items, each item by the tag, and that none stands twice where `uniqueItems=true`.
func checkSlice(path *field.Path, v reflect.Value, t tag) field.ErrorList {
	var errs field.ErrorList
	if low, ok := t.number("minItems"); ok && v.Len() < low {
		errs = append(errs, field.Invalid(path, v.Len(), fmt.Sprintf("must have at least %d items", low)))
	}
	if high, ok := t.number("maxItems"); ok && v.Len() > high {
		errs = append(errs, field.TooMany(path, v.Len(), high))
	}
	seen := map[any]bool{}
	for i := range v.Len() {
		item := v.Index(i)
		errs = append(errs, check(path.Index(i), item, t)...)
		if t.has("uniqueItems") && item.Comparable() {
			if seen[item.Interface()] {
				errs = append(errs, field.Duplicate(path.Index(i), item.Interface()))
			}
			seen[item.Interface()] = true
		}
	}
	return errs
}

func checkInt(path *field.Path, n int, t tag) field.ErrorList {
	low, hasLow := t.number("minimum")
	high, hasHigh := t.number("maximum")
	switch {
	case hasLow && hasHigh && (n < low || n > high):
		return field.ErrorList{field.Invalid(path, n, fmt.Sprintf("must be from %d to %d", low, high))}
	case hasLow && n < low:
		return field.ErrorList{field.Invalid(path, n, fmt.Sprintf("must be at least %d", low))}
	case hasHigh && n > high:
		return field.ErrorList{field.Invalid(path, n, fmt.Sprintf("must be at most %d", high))}
	}
	if allowed := t["enum"]; len(allowed) > 0 && !slices.Contains(allowed, strconv.Itoa(n)) {
		return field.ErrorList{field.NotSupported(path, n, allowed)}
	}
	return nil
}

func checkString(path *field.Path, s string, t tag) field.ErrorList {
	if allowed := t["enum"]; len(allowed) > 0 && !slices.Contains(allowed, s) {
		return field.ErrorList{field.NotSupported(path, s, allowed)}
	}
	if high, ok := t.number("maxLength"); ok && len(s) > high {
		return field.ErrorList{field.TooLong(path, s, high)}
	}
	if pattern, ok := t.one("pattern"); ok && !regexp.MustCompile(pattern).MatchString(s) {
		return field.ErrorList{field.Invalid(path, s, "must match "+pattern)}
	}
	return nil
}

// Name returns the name of a field in YAML, and whether it may be left out; "" for a field that YAML does not show.
func Name(sf reflect.StructField) (name string, optional bool) {
	if !sf.IsExported() {
		return "", true
	}
	name, rest, _ := strings.Cut(sf.Tag.Get("json"), ",")
	if name == "-" {
		return "", true
	}
	return name, strings.Contains(rest, "omit")
}

// tag is a parsed `jsonschema` tag: the values of each keyword, in order.
type tag map[string][]string

// parse splits at commas that the schema generator splits at too: a comma in a pattern is escaped as \\,.
func parse(sf reflect.StructField) tag {
	t := tag{}
	text := strings.ReplaceAll(sf.Tag.Get("jsonschema"), `\,`, "\x00")
	for word := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(word, "=")
		t[key] = append(t[key], strings.ReplaceAll(value, "\x00", ","))
	}
	return t
}

func (t tag) has(key string) bool { return len(t[key]) > 0 }

func (t tag) one(key string) (string, bool) {
	if len(t[key]) == 0 {
		return "", false
	}
	return t[key][0], true
}

func (t tag) number(key string) (int, bool) {
	text, ok := t.one(key)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("fieldtags: %s=%q is no number", key, text))
	}
	return n, true
}
