package config_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	generate "github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/internal/fieldtags"
	"github.com/slipway-eks/slipway/spec"
)

var update = flag.Bool("update", false, "rewrite the schemas")

// root is the project's folder, from this package's.
const root = "../.."

const (
	stackSchemaFile    = "schemas/stack.schema.json"
	servicesSchemaFile = "schemas/services.schema.json"
)

// draft is what editors know: yaml-language-server reads draft 7 in every version.
const draft = "http://json-schema.org/draft-07/schema#"

// notOurs matches what does not start with `slipway:`. Go's regular expressions cannot look ahead.
const notOurs = "^([^s]|s[^l]|sl[^i]|sli[^p]|slip[^w]|slipw[^a]|slipwa[^y]|slipway[^:])"

func TestSchemas_current(t *testing.T) {
	t.Parallel()
	for file, schema := range map[string]*generate.Schema{
		stackSchemaFile: stackSchema(t), servicesSchemaFile: servicesSchema(t),
	} {
		text, err := json.MarshalIndent(schema, "", "  ")
		require.NoError(t, err)
		want := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(text)) + "\n"
		if *update {
			require.NoError(t, os.WriteFile(filepath.Join(root, file), []byte(want), 0o644))
		}
		got, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		assert.Equal(t, want, string(got), "%s is not what the types say; run this test with -update", file)
	}
}

func TestSchemas_acceptFiles(t *testing.T) {
	t.Parallel()
	for file, schema := range map[string]string{
		"Pulumi.dev.yaml": stackSchemaFile, "Pulumi.prod.yaml": stackSchemaFile, "services.yaml": servicesSchemaFile,
		"internal/config/testdata/full/Pulumi.full.yaml": stackSchemaFile,
		"internal/config/testdata/full/services.yaml":    servicesSchemaFile,
	} {
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		assert.Contains(t, string(text), "$schema=", "%s names its schema for editors", file)
		assert.NoError(t, compile(t, schema).Validate(document(t, text)), file)
	}
}

func TestSchemas_refuse(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no sections":            `{"config": {"aws:region": "eu-west-1"}}`,
		"unknown top-level key":  `{"confg": {}}`,
		"unknown section":        `{"config": {"slipway:netwrk": {"cidr": "10.0.0.0/16"}}}`,
		"secret in clear":        `{"config": {"slipway:token": "abc"}}`,
		"key without a namesace": `{"config": {"network": {}}}`,
	} {
		assert.Error(t, compile(t, stackSchemaFile).Validate(document(t, []byte(text))), name)
	}
}

// document reads YAML as the validator wants it.
func document(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	require.NoError(t, yaml.Unmarshal(text, &value))
	return value
}

func compile(t *testing.T, file string) *validate.Schema {
	t.Helper()
	schema, err := validate.Compile(filepath.Join(root, file))
	require.NoError(t, err)
	return schema
}

// stackSchema describes Pulumi.<stack>.yaml.
func stackSchema(t *testing.T) *generate.Schema {
	t.Helper()
	platform := platformSchema(t)
	keys := &generate.Schema{
		Type: "object", Properties: generate.NewProperties(), Required: []string{"aws:region"},
		PropertyNames:     &generate.Schema{Pattern: ":"},
		PatternProperties: map[string]*generate.Schema{notOurs: generate.TrueSchema},
		AdditionalProperties: &generate.Schema{
			Type: "object", Properties: generate.NewProperties(), Required: []string{"secure"},
			AdditionalProperties: generate.FalseSchema,
			Description:          "A secret that a service names in secretEnv: pulumi config set --secret NAME.",
		},
	}
	keys.AdditionalProperties.Properties.Set("secure", &generate.Schema{Type: "string", MinLength: number(1)})
	keys.Properties.Set("aws:region", &generate.Schema{
		Type: "string", Pattern: config.RegionPattern, Description: "The region that everything is made in.",
	})
	for pair := platform.Properties.Oldest(); pair != nil; pair = pair.Next() {
		keys.Properties.Set("slipway:"+pair.Key, pair.Value)
	}
	for _, name := range platform.Required {
		if name != "services" && name != "registry" {
			keys.Required = append(keys.Required, "slipway:"+name)
		}
	}
	bootstrap(keys, platform.Definitions["Cluster"])
	services := *platform.Properties.Value("services")
	services.Description = "Overrides of the catalogue, services.yaml, by service name."
	services.AdditionalProperties = override(t, platform.Definitions, services.AdditionalProperties)
	keys.Properties.Set("slipway:services", &services)
	schema := &generate.Schema{
		Version: draft, Title: "Slipway stack configuration: Pulumi.<stack>.yaml", Type: "object",
		Properties: generate.NewProperties(), Required: []string{"config"}, AdditionalProperties: generate.FalseSchema,
		Definitions: platform.Definitions,
	}
	schema.Properties.Set("config", keys)
	schema.Properties.Set("environment", &generate.Schema{Description: "Pulumi ESC environments."})
	for _, name := range []string{"secretsprovider", "encryptedkey", "encryptionsalt"} {
		schema.Properties.Set(name, &generate.Schema{Type: "string", Description: "Written by Pulumi."})
	}
	return schema
}

// bootstrap lets a stack leave out what it reads from another one, when it names that.
func bootstrap(keys, cluster *generate.Schema) {
	const deployer = "deployRoleArn"
	keys.Properties.Set("slipway:bootstrap", &generate.Schema{
		Type: "string", MinLength: number(1), Examples: []any{"organization/slipway-bootstrap/account"},
		Description: "The stack that the registry and the roles of CI are read from, where they are not given here.",
	})
	cluster.Required = slices.DeleteFunc(cluster.Required, func(name string) bool { return name == deployer })
	keys.If = &generate.Schema{Not: &generate.Schema{Required: []string{"slipway:bootstrap"}}}
	keys.Then = &generate.Schema{Required: []string{"slipway:registry"}, Properties: generate.NewProperties()}
	keys.Then.Properties.Set("slipway:cluster", &generate.Schema{Required: []string{deployer}})
}

// servicesSchema describes services.yaml.
func servicesSchema(t *testing.T) *generate.Schema {
	t.Helper()
	schema := *platformSchema(t).Properties.Value("services")
	definitions := generate.Definitions{}
	collect(platformSchema(t).Definitions, definitions, schema.AdditionalProperties)
	schema.Version, schema.Definitions = draft, definitions
	schema.Title = "Slipway service catalogue: services.yaml"
	schema.Description = "The services to run, by name."
	return &schema
}

// platformSchema is generated from the Go types and their comments.
func platformSchema(t *testing.T) *generate.Schema {
	t.Helper()
	r := &generate.Reflector{Anonymous: true, ExpandedStruct: true}
	require.NoError(t, r.AddGoComments("github.com/slipway-eks/slipway/internal/config", root+"/spec"))
	for name, text := range r.CommentMap {
		r.CommentMap[name] = strings.ReplaceAll(text, "\n", " ")
	}
	definitions := generate.Definitions{}
	for _, v := range []any{spec.SpringHealth{}, spec.HTTPHealth{}, spec.CPUScaling{}, spec.ACM{}, spec.CertManager{}} {
		definitions[reflect.TypeOf(v).Name()] = r.Reflect(v)
	}
	r.Mapper = func(goType reflect.Type) *generate.Schema {
		switch goType {
		case reflect.TypeFor[spec.Zones]():
			return zonesSchema()
		case reflect.TypeFor[spec.Health]():
			return unionSchema(r.CommentMap, goType, "spring", "tcp")
		case reflect.TypeFor[spec.Scaling]():
			return unionSchema(r.CommentMap, goType, "pendingPods", "cpu", "none")
		case reflect.TypeFor[spec.IngressTLS]():
			return unionSchema(r.CommentMap, goType)
		}
		return nil
	}
	schema := r.Reflect(spec.Platform{})
	for name, definition := range definitions {
		definition.Version = ""
		schema.Definitions[name] = definition
	}
	for _, definition := range schema.Definitions {
		requireText(definition)
	}
	requireText(schema)
	return schema
}

func zonesSchema() *generate.Schema {
	low, high := number(2), number(6)
	return &generate.Schema{OneOf: []*generate.Schema{
		{Type: "integer", Minimum: "2", Maximum: "6"},
		{
			Type: "array", MinItems: low, MaxItems: high, UniqueItems: true,
			Items: &generate.Schema{Type: "string", Pattern: strings.TrimSuffix(config.RegionPattern, "$") + "[a-f]$"},
		},
	}}
}

// unionSchema is one of words, where there are any, or a mapping of one of the type's keys.
func unionSchema(comments map[string]string, goType reflect.Type, words ...any) *generate.Schema {
	schema := &generate.Schema{}
	if len(words) > 0 {
		schema.OneOf = append(schema.OneOf, &generate.Schema{Type: "string", Enum: words})
	}
	for sf := range goType.Fields() {
		name, _ := fieldtags.Name(sf)
		if name == "" {
			continue
		}
		way := &generate.Schema{Type: "string", MinLength: number(1)}
		if sf.Type.Kind() == reflect.Pointer {
			way = &generate.Schema{Ref: "#/$defs/" + sf.Type.Elem().Name()}
		}
		way.Description = comments["github.com/slipway-eks/slipway/spec."+goType.Name()+"."+sf.Name]
		choice := &generate.Schema{
			Type: "object", Properties: generate.NewProperties(), Required: []string{name},
			AdditionalProperties: generate.FalseSchema,
		}
		choice.Properties.Set(name, way)
		schema.OneOf = append(schema.OneOf, choice)
	}
	return schema
}

// requireText refuses empty strings, as the decoder does, in fields and lists; values of maps may be empty.
func requireText(schema *generate.Schema) {
	for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
		for _, s := range []*generate.Schema{pair.Value, pair.Value.Items} {
			if s != nil && s.Type == "string" {
				s.MinLength = number(1)
			}
		}
	}
}

// override adds definitions of what schema refers to in which nothing is required, and returns a reference to them.
// What lies behind oneOf is replaced as a whole, so it stays as it is.
func override(t *testing.T, definitions generate.Definitions, schema *generate.Schema) *generate.Schema {
	t.Helper()
	name, ok := definitionOf(schema)
	if !ok {
		return schema
	}
	text, err := json.Marshal(definitions[name])
	require.NoError(t, err)
	var definition generate.Schema
	require.NoError(t, json.Unmarshal(text, &definition))
	definition.Required = nil
	for pair := definition.Properties.Oldest(); pair != nil; pair = pair.Next() {
		description := pair.Value.Description
		pair.Value = override(t, definitions, pair.Value)
		pair.Value.Description = description
		definition.Properties.Set(pair.Key, pair.Value)
	}
	definitions[name+"Override"] = &definition
	return &generate.Schema{Ref: "#/$defs/" + name + "Override"}
}

// collect copies the definitions that schema refers to, and those that they refer to.
func collect(from, to generate.Definitions, schema *generate.Schema) {
	if schema == nil {
		return
	}
	if name, ok := definitionOf(schema); ok && to[name] == nil {
		to[name] = from[name]
		collect(from, to, from[name])
	}
	for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
		collect(from, to, pair.Value)
	}
	for _, inside := range append(schema.OneOf, schema.Items, schema.AdditionalProperties) {
		collect(from, to, inside)
	}
}

// definitionOf returns the name of the definition that schema refers to.
func definitionOf(schema *generate.Schema) (string, bool) {
	const prefix = "#/$defs/"
	if len(schema.Ref) <= len(prefix) {
		return "", false
	}
	return schema.Ref[len(prefix):], true
}

func number(n uint64) *uint64 { return &n }
