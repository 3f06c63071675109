package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	validate "github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/slipway-eks/slipway/internal/config"
)

// today is the day on which the tests judge versions.
var today = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// full is a project whose files set every field there is.
var full = config.Source{Root: "testdata/full", Project: "slipway", Stack: "full"}

// spoilable are the files of full, with the schema of each, and where to look for things to spoil.
var spoilable = []struct{ file, schema string }{
	{"Pulumi.full.yaml", stackSchemaFile}, {"services.yaml", servicesSchemaFile},
}

// overridden are the services of full that its stack overrides.
var overridden = []string{"overridden", "bare", "quiet", "plain"}

// wrongForm are values that break a rule that the schema does not know, by the schema's name of a field.
var wrongForm = map[string][]string{
	"Network.cidr":                {"10.20.0.0", "8.8.0.0/16", "10.20.0.0/28", "10.20.0.1/16", "fd00::/16"},
	"Network.zones":               {"1", "7", "[]", "[eu-west-1a]", "[eu-west-1a, eu-west-2b]", "[eu-west-1a, Nowhere]", "[us-east-1a, us-east-1b]"},
	"Network.elasticIps.*":        {"ip-1"},
	"FlowLogs.retentionDays":      {"2"},
	"Cluster.version":             {`"1.3"`, `"9.9"`},
	"Cluster.deployRoleArn":       {"arn:aws:s3:::bucket"},
	"Cluster.admins.*":            {"platform", "arn:aws:iam::123456789012:role/deploy"},
	"Cluster.publicAccessCidrs[]": {"everyone", "10.0.0.1/8", "0.0.0.0/0", "::/0"},
	"Cluster.secretsKeyArn":       {"alias/main"},
	"Cluster.logRetentionDays":    {"2"},
	"Cluster.addonVersions.*":     {"1.20.4"},
	"NodeGroup.instanceTypes[]":   {"t9.huge"},
	"NodeGroup.labels.*":          {"not a label!"},
	"Registry.image":              {"main:{version}", "main:{service}", "host.example/{version}:{service}", "Host/{service}:{version}"},
	"Release.services.*":          {"not a tag!"},
	".namespace":                  {"kube-system", "Not_DNS"},
	".tags.*":                     {strings.Repeat("a", 257)},
	"Resources.cpu":               {"lots", `"-1"`, `"0"`},
	"Resources.memory":            {"lots", `"-1"`, `"0"`},
	"Resources.memoryLimit":       {"lots", "1Mi"},
	"Resources.cpuLimit":          {"lots", "1m"},
	"Service.secretEnv.*":         {"not a key!", `""`, "network"},
}

// wrongType are values of a type that a field of the schema's type does not take.
var wrongType = map[string][]string{
	"string":  {"7", "1.5", "true", "2026-01-01", "[a]", "{a: b}"},
	"integer": {`"7"`, "seven", "1.5", "1e3", "0x10", "1_000", "99999999999999999999", "true", "[1]", "{a: 1}"},
	"boolean": {`"true"`, "yes", "1", "[true]", "{a: true}"},
	"array":   {"a", "3.5", "true", "{a: b}"},
	"object":  {"a", "3.5", "true", "[1.5]"},
	"":        {"nonsense", "3.5", "true", "[1.5]", "{noSuchKey: 1}"}, // one of several
}

// wrong is one configuration that must be refused.
type wrong struct {
	name, path string // what was spoiled, and the path that must be reported
	file, text string
	inSchema   bool // the schema alone must refuse it too
}

func TestFromFiles_everyWrongValueIsRefused(t *testing.T) {
	t.Parallel()
	var all []wrong
	for _, f := range spoilable {
		s := spoiler{t: t, file: f.file, seen: map[string]bool{}}
		s.defs, s.doc = readSchema(t, f.schema)
		s.text = readText(t, filepath.Join(full.Root, f.file))
		if f.file == "services.yaml" {
			s.walk(place{path: "services"}, s.doc)
		} else {
			s.walkStack()
		}
		s.everyFieldSeen()
		all = append(all, s.wrongs...)
	}
	refused, bySchema, inSchema := 0, 0, 0
	schemas := map[string]*validate.Schema{}
	for _, f := range spoilable {
		schemas[f.file] = compile(t, f.schema)
	}
	for _, w := range all {
		if assertRefused(t, w) {
			refused++
		}
		if w.inSchema {
			inSchema++
			if assert.Error(t, schemas[w.file].Validate(document(t, []byte(w.text))), "the schema takes %s", w.name) {
				bySchema++
			}
		}
	}
	t.Logf("%d wrong configurations, %d refused; %d of %d by the schema alone", len(all), refused, bySchema, inSchema)
	assert.Equal(t, len(all), refused)
	assert.Equal(t, inSchema, bySchema)
	assert.Greater(t, len(all), 1000, "the generator has lost its grip")
}

func assertRefused(t *testing.T, w wrong) bool {
	t.Helper()
	dir := copyProject(t, full.Root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, w.file), []byte(w.text), 0o600))
	_, err := config.Source{Root: dir, Project: "slipway", Stack: "full"}.FromFiles(today)
	return assertProblem(t, err, w.file, w.path, w.name)
}

// assertProblem asserts that err reports path, or a part of what is there, in file.
func assertProblem(t *testing.T, err error, file, path, name string) bool {
	t.Helper()
	var problems config.Problems
	if !assert.ErrorAs(t, err, &problems, name) {
		return false
	}
	ok := slices.ContainsFunc(problems, func(p config.Problem) bool {
		rest, found := strings.CutPrefix(p.Path, path)
		return p.File == file && found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
	return assert.True(t, ok, "%s: want %s: %s in\n%s", name, file, path, err)
}

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

func (s *spoiler) walkStack() {
	sections := s.doc["properties"].(schema)["config"].(schema)["properties"].(schema)
	for _, key := range slices.Sorted(maps.Keys(sections)) {
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
const catalogTypes = "Service Resources Scale Startup"

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

func readSchema(t *testing.T, file string) (defs, doc schema) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(readText(t, filepath.Join(root, file))), &doc))
	return doc["$defs"].(schema), doc
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// copyProject copies the YAML files of a folder into a new one.
func copyProject(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := os.ReadDir(from)
	require.NoError(t, err)
	for _, entry := range entries {
		if regexp.MustCompile(`\.yaml$`).MatchString(entry.Name()) {
			text := readText(t, filepath.Join(from, entry.Name()))
			require.NoError(t, os.WriteFile(filepath.Join(dir, entry.Name()), []byte(text), 0o600))
		}
	}
	return dir
}
