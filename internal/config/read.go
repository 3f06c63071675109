package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
	"github.com/slipway-eks/slipway/spec"
)

// stackKeys are the keys of a stack's file (workspace.ProjectStack in Pulumi's SDK). Pulumi drops any other in silence.
var stackKeys = []string{"config", "environment", "secretsprovider", "encryptedkey", "encryptionsalt"}

// stack is the `config` mapping of a stack's file.
type stack struct {
	keys   []string
	values map[string]*yaml.Node
}

// value returns nil for a key that is not there.
func (s stack) value(key string) *yaml.Node { return s.values[key] }

// readStack reads the stack's file. Where there is none, or it cannot be read as YAML, found is false.
func (l *loader) readStack() (s stack, found bool) {
	file := l.source.stackFile()
	s.values = map[string]*yaml.Node{}
	root, err := readYAML(l.source.Root, file)
	if errors.Is(err, os.ErrNotExist) {
		return s, false
	}
	if err != nil {
		l.report(file, "", err.Error())
		return s, true
	}
	d, at := &decoder{}, field.NewPath("config")
	d.entries(root, at, func(key string, value *yaml.Node) {
		switch {
		case !slices.Contains(stackKeys, key):
			d.errs = append(d.errs, unknownKey(field.NewPath(key), key, stackKeys))
		case key == "environment":
			l.note(file + ": what its environment sets is not seen here")
		case key == "config":
			d.entries(target(value), at, func(key string, value *yaml.Node) {
				s.keys = append(s.keys, key)
				s.values[key] = value
			})
		}
	})
	for _, err := range d.errs {
		err.Field = strings.TrimPrefix(err.Field, "config.")
		if section, ok := sectionOf(err.Field); ok {
			err.Field = section
		}
	}
	l.problems = append(l.problems, problemsOf(file, d.errs)...)
	return s, true
}

// readYAML reads the only document of a file, at its first node.
func readYAML(root, file string) (*yaml.Node, error) {
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return nil, err
	}
	return parse(text)
}

// parse refuses a second document: Pulumi reads the first one only, in silence.
func parse(text []byte) (*yaml.Node, error) {
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return &yaml.Node{Kind: yaml.MappingNode}, nil // an empty file
	case err != nil:
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("has a second document (a line of ---), which nothing reads")
	}
	return target(document.Content[0]), nil
}

// engineValue returns the value of a key as a node. The engine gives an object as JSON and all else as bare text, so
// that a namespace called 123 looks like a number: a section that is a string is taken as it stands.
func engineValue(key, text string) *yaml.Node {
	bare := &yaml.Node{Kind: yaml.ScalarNode, Tag: tagString, Value: text}
	section, _ := sectionOf(key)
	var compact bytes.Buffer
	if kind, ok := sections()[section]; !ok || kind == reflect.String || json.Compact(&compact, []byte(text)) != nil {
		return bare
	}
	if node, err := parse(escape(compact.String())); err == nil {
		return node
	}
	return bare
}

// escape makes YAML of JSON: it escapes what JSON may have in a string as it is, but YAML may not, or reads otherwise: a
// next line (U+0085) as a space, say.
func escape(json string) []byte {
	var b bytes.Buffer
	for _, r := range json {
		if r < 0x7f {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return b.Bytes()
}

// sections returns the kind of each section: the fields of spec.Platform, and where the rest comes from.
func sections() map[string]reflect.Kind {
	kinds := map[string]reflect.Kind{BootstrapSection: reflect.String}
	for sf := range reflect.TypeFor[spec.Platform]().Fields() {
		name, _ := fieldtags.Name(sf)
		kinds[name] = sf.Type.Kind()
	}
	return kinds
}

// sectionOf returns the section that a key such as slipway:network names.
func sectionOf(key string) (string, bool) {
	name, ours := strings.CutPrefix(key, Namespace+":")
	_, known := sections()[name]
	return name, ours && known
}
