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
		assert.Equal(t, written(t, platform), written(t, writeAndRead(t, platform)))
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
	text, err := yaml.Marshal(written(t, platform))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &node))
	again, errs := decode(&node)
	require.Empty(t, errs, string(text))
	return again
}

// written is a platform as a file has it: without what stands for a field that is not set.
func written(t *testing.T, platform *spec.Platform) map[string]any {
	t.Helper()
	text, err := json.Marshal(platform)
	require.NoError(t, err)
	object := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &object))
	prune(object)
	return object
}

func prune(object map[string]any) {
	for key, value := range object {
		if inner, ok := value.(map[string]any); ok {
			if !isTexts(inner) {
				prune(inner)
			}
			if len(inner) == 0 {
				delete(object, key)
			}
		} else if value == nil || value == "" || value == 0.0 {
			delete(object, key)
		}
	}
}

// isTexts says that a mapping is one of strings, which may be empty.
func isTexts(object map[string]any) bool {
	for key, value := range object {
		_, isText := value.(string)
		if !isText || key == "image" || key == "cpu" || key == "path" || key == "version" {
			return false // a struct that has strings only
		}
	}
	return true
}
