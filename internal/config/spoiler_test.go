package config_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// schema is a JSON Schema as data.
type schema = map[string]any

// place leads to a value of a file.
type place struct {
	path  string   // as it is reported
	id    string   // the schema's name of the field
	steps []string // keys, and indexes as #0
}

func (p place) key(key, id string) place {
	path := key
	if p.path != "" {
		path = p.path + "." + key
	}
	return place{path, id, append(slices.Clone(p.steps), key)}
}

// spoiler makes wrong configurations of one file by its schema.
type spoiler struct {
	t      *testing.T
	file   string
	text   string
	defs   schema
	doc    schema
	seen   map[string]bool
	wrongs []wrong
}

func (s *spoiler) walkStack(only ...string) {
	sections := s.doc["properties"].(schema)["config"].(schema)["properties"].(schema)
	for _, key := range slices.Sorted(maps.Keys(sections)) {
		if len(only) > 0 && !slices.Contains(only, key) {
			continue
		}
		name := strings.TrimPrefix(key, "slipway:")
		at := place{path: name, id: "." + name, steps: []string{"config", key}}
		s.walk(at, sections[key].(schema))
	}
}

// walk spoils the value at a place, and whatever is inside it.
func (s *spoiler) walk(at place, sch schema) {
	sch = s.resolve(sch)
	node := s.find(s.parse(), at.steps)
	require.NotNil(s.t, node, "testdata has no %s", at.path)
	s.spoil(at, sch, node)
	if choices, ok := sch["oneOf"].([]any); ok {
		s.walkChoice(at, choices, node)
		return
	}
	switch sch["type"] {
	case "object":
		s.walkObject(at, sch, node)
	case "array":
		items := sch["items"].(schema)
		for i := range node.Content {
			s.walk(place{fmt.Sprintf("%s[%d]", at.path, i), at.id + "[]", append(slices.Clone(at.steps), fmt.Sprint("#", i))}, items)
		}
	}
}

func (s *spoiler) walkObject(at place, sch schema, node *yaml.Node) {
	properties, _ := sch["properties"].(schema)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i].Value
		if at.path == "services" && slices.Contains(overridden, key) && s.file == "services.yaml" {
			continue // the stack's values take the place of these
		}
		if property, ok := properties[key].(schema); ok {
			id := idOf(sch) + "." + key
			s.seen[id] = true
			s.walk(at.key(key, id), property)
		} else if more, ok := sch["additionalProperties"].(schema); ok {
			s.walk(at.key(key, at.id+".*"), more)
		}
	}
	if properties != nil {
		s.add("unknown key", at.path+".noSuchKey", true, func(root *yaml.Node) {
			n := s.find(root, at.steps)
			n.Content = append(n.Content, snippet(s.t, "noSuchKey"), snippet(s.t, "1"))
		})
	}
}

// walkChoice goes on with that form of several that the file has.
func (s *spoiler) walkChoice(at place, choices []any, node *yaml.Node) {
	for _, choice := range choices {
		c := choice.(schema)
		required, _ := c["required"].([]any)
		isObject := node.Kind == yaml.MappingNode && len(required) == 1 && node.Content[0].Value == required[0]
		isList := node.Kind == yaml.SequenceNode && c["type"] == "array"
		if isObject || isList {
			s.walk(at, c)
		}
	}
}

// spoil makes one wrong configuration for each way in which the value at a place can be wrong.
func (s *spoiler) spoil(at place, sch schema, node *yaml.Node) {
	typeName, _ := sch["type"].(string)
	isMapValue := strings.HasSuffix(at.id, ".*")
	for _, value := range wrongType[typeName] {
		notation := typeName == "integer" && (value == "0x10" || value == "1_000" || value == "1e3") || value == "2026-01-01"
		s.replace("wrong type "+value, at, value, !notation)
	}
	for _, value := range outOfRange(sch, node) {
		s.replace("out of range "+value, at, value, true)
	}
	for _, value := range wrongForm[strings.Replace(at.id, "Override.", ".", 1)] {
		s.replace("wrong form "+value, at, value, false)
	}
	s.replace("null", at, "null", true)
	if typeName == "string" && !isMapValue {
		s.replace("empty string", at, `""`, true)
	}
	last := ""
	if len(at.steps) > 0 {
		last = at.steps[len(at.steps)-1]
	}
	if last != "" && last[0] != '#' {
		s.add("repeated key", at.path, false, func(root *yaml.Node) {
			parent := s.find(root, at.steps[:len(at.steps)-1])
			parent.Content = append(parent.Content, snippet(s.t, `"`+last+`"`), s.find(root, at.steps))
		})
	}
}

// outOfRange are values that break what the schema says of numbers, words and lists.
func outOfRange(sch schema, node *yaml.Node) []string {
	var values []string
	if low, ok := sch["minimum"].(float64); ok {
		values = append(values, fmt.Sprint(int(low)-1), "-1")
	}
	if high, ok := sch["maximum"].(float64); ok {
		values = append(values, fmt.Sprint(int(high)+1), "2147483648")
	}
	if sch["enum"] != nil || sch["pattern"] != nil {
		values = append(values, `"!! no"`)
	}
	if high, ok := sch["maxLength"].(float64); ok {
		values = append(values, "/"+strings.Repeat("a", int(high)))
	}
	if low, ok := sch["minItems"].(float64); ok && low > 0 {
		values = append(values, "[]")
	}
	if sch["uniqueItems"] == true {
		values = append(values, fmt.Sprintf("[%s, %[1]s]", node.Content[0].Value))
	}
	if high, ok := sch["maxItems"].(float64); ok {
		values = append(values, "["+strings.Repeat(node.Content[0].Value+", ", int(high)+1)+"]")
	}
	return values
}

func (s *spoiler) replace(name string, at place, value string, inSchema bool) {
	s.add(name, at.path, inSchema, func(root *yaml.Node) {
		*s.find(root, at.steps) = *snippet(s.t, value)
	})
}

// add makes the file's text with one change.
func (s *spoiler) add(name, path string, inSchema bool, change func(root *yaml.Node)) {
	root := s.parse()
	change(root)
	text, err := yaml.Marshal(root)
	require.NoError(s.t, err)
	s.wrongs = append(s.wrongs, wrong{
		name: fmt.Sprintf("%s at %s in %s", name, path, s.file), path: path, file: s.file, text: string(text), inSchema: inSchema,
	})
}

// everyFieldSeen fails where testdata lacks a field, so that a new field cannot be forgotten.
func (s *spoiler) everyFieldSeen() {
	for name, definition := range s.defs {
		properties, _ := definition.(schema)["properties"].(schema)
		for property := range properties {
			if strings.HasSuffix(name, "Override") || s.file == "services.yaml" || !strings.Contains(catalogTypes, name) {
				assert.True(s.t, s.seen[name+"."+property], "testdata does not set %s.%s in %s", name, property, s.file)
			}
		}
	}
}

// catalogTypes are the types that a stack's file only has as overrides.
const catalogTypes = "Service Resources Scale Startup Schedule Placement Exceptions"

// resolve follows a reference, and keeps the name of the definition.
func (s *spoiler) resolve(sch schema) schema {
	ref, ok := sch["$ref"].(string)
	if !ok {
		return sch
	}
	name := strings.TrimPrefix(ref, "#/$defs/")
	resolved := maps.Clone(s.defs[name].(schema))
	resolved["$id"] = name
	return resolved
}

func idOf(sch schema) string {
	id, _ := sch["$id"].(string)
	return id
}

func (s *spoiler) parse() *yaml.Node { return snippet(s.t, s.text) }

// find returns the node that steps lead to, or nil.
func (s *spoiler) find(n *yaml.Node, steps []string) *yaml.Node {
	for _, step := range steps {
		var next *yaml.Node
		for i := 0; i < len(n.Content); i++ {
			if step == fmt.Sprint("#", i) && n.Kind == yaml.SequenceNode {
				next = n.Content[i]
			} else if n.Kind == yaml.MappingNode && i%2 == 0 && n.Content[i].Value == step {
				next = n.Content[i+1]
			}
		}
		if next == nil {
			return nil
		}
		if n = next; n.Kind == yaml.AliasNode {
			n = n.Alias
		}
	}
	return n
}

// snippet parses YAML to its first node.
func snippet(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var n yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &n), text)
	return n.Content[0]
}
