// Package stackfile copies the settings of a stack to where a rehearsal may change them.
//
// Values that are encrypted in the original stay there: only the stack's own secrets provider could read them.
package stackfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Settings are the plain configuration values of a stack, by their keys.
type Settings struct {
	values map[string]*yaml.Node
	// Encrypted lists the keys whose values only the stack's own secrets provider can read.
	Encrypted []string
}

// file is as much of Pulumi.<stack>.yaml as survives the copy.
type file struct {
	Salt   string               `yaml:"encryptionsalt,omitempty"`
	Config map[string]yaml.Node `yaml:"config,omitempty"`
}

// Read returns the settings in a file named Pulumi.<stack>.yaml.
func Read(path string) (Settings, error) {
	f, err := load(path)
	if err != nil {
		return Settings{}, err
	}
	s := Settings{values: map[string]*yaml.Node{}}
	for key, value := range f.Config {
		switch {
		case encrypted(&value):
			s.Encrypted = append(s.Encrypted, key)
		case holdsEncrypted(&value):
			return Settings{}, fmt.Errorf("reading %s: config.%s: a secret inside a value; secrets are keys of their own", path, key)
		default:
			s.values[key] = &value
		}
	}
	slices.Sort(s.Encrypted)
	return s, nil
}

// With returns settings in which over's values stand in the place of s's. Maps are merged, all else is replaced.
func (s Settings) With(over map[string]any) (Settings, error) {
	merged := Settings{values: map[string]*yaml.Node{}, Encrypted: s.Encrypted}
	for key, value := range s.values {
		merged.values[key] = clone(value)
	}
	for key, value := range over {
		node := &yaml.Node{}
		if err := node.Encode(value); err != nil {
			return Settings{}, fmt.Errorf("encoding %s: %w", key, err)
		}
		merged.values[key] = merge(merged.values[key], node)
	}
	return merged, nil
}

// Write writes the settings to path. If a file is there already, its salt and its encrypted values of the keys in keep
// stay, so that the secrets of a kept rehearsal do not change.
func (s Settings) Write(path string, keep []string) error {
	old, err := load(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f := file{Salt: old.Salt, Config: map[string]yaml.Node{}}
	for _, key := range keep {
		if value := old.Config[key]; encrypted(&value) {
			f.Config[key] = value
		}
	}
	for key, value := range s.values {
		f.Config[key] = *value
	}
	data, err := yaml.Marshal(f)
	if err != nil {
		return fmt.Errorf("encoding stack settings: %w", err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("writing stack settings: %w", err)
	}
	return nil
}

func load(path string) (file, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return file{}, fmt.Errorf("reading stack settings: %w", err)
	}
	var f file
	if err := yaml.Unmarshal(data, &f); err != nil {
		return file{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return f, nil
}

// encrypted says whether node is what `pulumi config set --secret` writes.
func encrypted(node *yaml.Node) bool {
	return node.Kind == yaml.MappingNode && len(node.Content) == 2 && node.Content[0].Value == "secure"
}

func holdsEncrypted(node *yaml.Node) bool {
	return encrypted(node) || slices.ContainsFunc(node.Content, holdsEncrypted)
}

// merge lays over on base and returns the result.
func merge(base, over *yaml.Node) *yaml.Node {
	if base == nil || base.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode {
		return over
	}
	for i := 0; i < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		at := find(base, key.Value)
		if at < 0 {
			base.Content = append(base.Content, key, value)
			continue
		}
		base.Content[at+1] = merge(base.Content[at+1], value)
	}
	return base
}

// find returns where in a mapping's content the key stands, or -1.
func find(mapping *yaml.Node, key string) int {
	for i := 0; i < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func clone(node *yaml.Node) *yaml.Node {
	copied := *node
	copied.Content = make([]*yaml.Node, len(node.Content))
	for i, child := range node.Content {
		copied.Content[i] = clone(child)
	}
	return &copied
}
