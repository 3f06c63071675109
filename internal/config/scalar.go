package config

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The tags of YAML's core schema, as yaml.Node.ShortTag names them.
const (
	tagNull      = "!!null"
	tagString    = "!!str"
	tagInt       = "!!int"
	tagFloat     = "!!float"
	tagBool      = "!!bool"
	tagTimestamp = "!!timestamp"
	tagMerge     = "!!merge"
)

func (d *decoder) scalar(n *yaml.Node, at *field.Path, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		d.text(n, at, v)
	case reflect.Int:
		d.integer(n, at, v)
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.ShortTag() != tagBool {
			d.refuse(at, "must be true or false, not "+describe(n))
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	default:
		panic("config: a field of kind " + v.Kind().String()) // a mistake in package spec, found by any test
	}
}

func (d *decoder) text(n *yaml.Node, at *field.Path, v reflect.Value) {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == tagString:
		v.SetString(n.Value)
	case n.Kind == yaml.ScalarNode:
		d.refuse(at, "must be a string, not "+describe(n)+": quote it")
	default:
		d.refuse(at, "must be a string, not "+describe(n))
	}
}

// decimal is how a whole number is written: not in base 8 or 16, nor with underscores, as YAML would have it.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

func (d *decoder) integer(n *yaml.Node, at *field.Path, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == tagString || !decimal.MatchString(n.Value) {
		d.refuse(at, "must be a whole number, not "+describe(n))
		return
	}
	i, err := strconv.Atoi(n.Value)
	if err != nil || v.OverflowInt(int64(i)) {
		d.refuse(at, "is too large a number")
		return
	}
	v.SetInt(int64(i))
}

// plain returns the value of a scalar as a bool, int, float64 or string.
func plain(n *yaml.Node) any {
	switch n.ShortTag() {
	case tagBool:
		return strings.EqualFold(n.Value, "true")
	case tagInt, tagFloat:
		if i, err := strconv.Atoi(n.Value); err == nil && decimal.MatchString(n.Value) {
			return i
		}
		f, _ := strconv.ParseFloat(n.Value, 64)
		return f
	default:
		return n.Value
	}
}

// describe says what a node is, for messages.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return describeScalar(n)
	}
}

func describeScalar(n *yaml.Node) string {
	switch n.ShortTag() {
	case tagInt:
		if !decimal.MatchString(n.Value) {
			return "a number in another notation"
		}
		return "a number"
	case tagFloat:
		return "a number with a fraction or exponent"
	case tagBool:
		return "true or false"
	case tagTimestamp:
		return "a date"
	case tagNull:
		return "empty"
	case tagString:
		if n.Value == "" {
			return "an empty string"
		}
		return "a string"
	default:
		return "of the type " + n.ShortTag()
	}
}
