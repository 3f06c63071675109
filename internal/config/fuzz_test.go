package config_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/spec"
)

// FuzzDecode decodes any document: it never panics or hangs, says where a refused document is wrong, and what it
// accepts means the same when written and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		"services: {a: {port: 1, health: {http: {path: /}}, scale: {max: 2}, env: {A: ''}, secretEnv: {B: c}}}",
		"services: {a: &a {health: spring, resources: {cpu: 1, memory: 1Mi}}, b: *a, c: {health: tcp}, d: {health: {none: x}}}",
		"network: {cidr: 10.0.0.0/16, zones: 3}", "network: {zones: [eu-west-1a, eu-west-1b]}", "nodes: {a: {max: 0, min: 1e9}}",
		"services: &a {x: *a}", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "<<: {network: 1}", "tags: {a: ''}", "protect: yes",
		"cluster: {version: 1.30}", "cluster: {version: !!binary aGk=}", "? [a]\n: b", "network: !x {}", "tags: {? : 1}", "~",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var node yaml.Node
		if yaml.Unmarshal(text, &node) != nil || len(node.Content) == 0 {
			return // not YAML, or nothing
		}
		platform, errs := decode(&node)
		for _, err := range errs {
			assert.NotEmpty(t, err.Field)
			assert.NotEmpty(t, err.ErrorBody())
		}
		if len(errs) > 0 {
			return
		}
		again := writeAndRead(t, platform)
		assert.Equal(t, asJSON(t, platform), asJSON(t, again))
	})
}

func decode(document *yaml.Node) (*spec.Platform, field.ErrorList) {
	platform := &spec.Platform{}
	platform.Default()
	return platform, config.Decode(document.Content[0], field.NewPath("platform"), platform)
}

func writeAndRead(t *testing.T, platform *spec.Platform) *spec.Platform {
	t.Helper()
	var node yaml.Node
	generic := map[string]any{}
	require.NoError(t, json.Unmarshal(asJSON(t, platform), &generic))
	prune(generic)
	text, err := yaml.Marshal(generic)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &node))
	again, errs := decode(&node)
	require.Empty(t, errs, string(text))
	return again
}

// prune drops what stands for a field that is not set, which a file leaves out.
func prune(object map[string]any) {
	for key, value := range object {
		switch v := value.(type) {
		case nil:
			delete(object, key)
		case float64:
			if v == 0 {
				delete(object, key)
			}
		case string:
			if v == "" {
				delete(object, key)
			}
		case map[string]any:
			if key != "env" && key != "tags" && key != "labels" {
				prune(v)
			}
			if len(v) == 0 {
				delete(object, key)
			}
		}
	}
}

func asJSON(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return text
}
