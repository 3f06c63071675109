package release

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slipway-eks/slipway/internal/config"
	"github.com/slipway-eks/slipway/spec"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// document is the text of a stack's file, and where its release is.
type document struct {
	text    string
	release *yaml.Node
}

// Read returns the release that the text of a stack's file has.
func Read(text string) (spec.Release, error) {
	var r spec.Release
	d, err := parse(text)
	if err != nil {
		return r, err
	}
	if errs := config.Decode(d.release, field.NewPath(path), &r); len(errs) > 0 {
		return spec.Release{}, errs.ToAggregate()
	}
	return r, nil
}

func parse(text string) (document, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return document{}, fmt.Errorf("reading the stack's file: %w", err)
	}
	if len(root.Content) == 0 {
		return document{}, errors.New("config: Required value")
	}
	_, settings := lookUp(root.Content[0], "config")
	_, release := lookUp(settings, section)
	switch {
	case release == nil:
		return document{}, fmt.Errorf("%s: Required value: the stack's file has no %s", path, section)
	case release.Kind != yaml.MappingNode:
		return document{}, refused(release, "is no mapping")
	}
	return document{text: text, release: release}, nil
}

// services is the mapping of single services, or nil.
func (d document) services() *yaml.Node {
	_, services := lookUp(d.release, servicesKey)
	return services
}

// replace writes another value for a key, in the quotes of the old one.
func (d document) replace(mapping *yaml.Node, key, value string) (string, error) {
	_, old := lookUp(mapping, key)
	start, end, err := d.word(old)
	if err != nil {
		return "", err
	}
	if end-start > len(old.Value) { // it is in quotes, and a version needs no escape
		return d.text[:start+1] + value + d.text[end-1:], nil
	}
	word, err := scalar(value)
	return d.text[:start] + word + d.text[end:], err
}

// remove takes a key and its value out: in a block their lines, otherwise the comma too.
func (d document) remove(mapping *yaml.Node, key string) (string, error) {
	name, value := lookUp(mapping, key)
	start := d.offset(name)
	end, err := d.end(value)
	if err != nil {
		return "", err
	}
	if mapping.Style&yaml.FlowStyle == 0 {
		return d.text[:d.offset(&yaml.Node{Line: name.Line, Column: 1})] + d.text[d.nextLine(end):], nil
	}
	i := slices.Index(mapping.Content, name)
	switch {
	case i+2 < len(mapping.Content):
		end = d.offset(mapping.Content[i+2])
	case i > 0:
		if start, err = d.end(mapping.Content[i-1]); err != nil {
			return "", err
		}
	}
	return d.text[:start] + d.text[end:], nil
}

// insertServices adds the mapping of single services with its first entry, behind the version.
func (d document) insertServices(entry string) (string, error) {
	version, _ := lookUp(d.release, versionKey)
	at := slices.Index(d.release.Content, version) + 2
	if d.release.Style&yaml.FlowStyle != 0 {
		return d.insert(d.release, at, servicesKey+": {"+entry+"}")
	}
	return d.insert(d.release, at, servicesKey+":", "  "+entry)
}

// insert adds lines in front of the key at an index of a mapping's content. Braces take one line.
func (d document) insert(mapping *yaml.Node, index int, lines ...string) (string, error) {
	if mapping.Kind != yaml.MappingNode {
		return "", refused(mapping, "is no mapping")
	}
	if mapping.Style&yaml.FlowStyle != 0 {
		return d.insertInBraces(mapping, index, lines[0])
	}
	// Behind the line before it, so that a comment above the next key stays with that.
	last, _ := lookUp(d.release, servicesKey)
	if index > 0 {
		last = mapping.Content[index-1]
	}
	end := d.offset(last)
	if index > 0 {
		var err error
		if end, err = d.end(last); err != nil {
			return "", err
		}
	}
	at, ending := d.nextLine(end), d.lineEnding()
	indent := strings.Repeat(" ", mapping.Content[0].Column-1)
	added := indent + strings.Join(lines, ending+indent) + ending
	if !strings.HasSuffix(d.text[:at], "\n") {
		added = ending + strings.TrimSuffix(added, ending)
	}
	return d.text[:at] + added + d.text[at:], nil
}

func (d document) insertInBraces(mapping *yaml.Node, index int, entry string) (string, error) {
	if index > 0 {
		end, err := d.end(mapping.Content[index-1])
		return d.text[:end] + ", " + entry + d.text[end:], err
	}
	at := d.offset(mapping) + 1
	if len(mapping.Content) > 0 {
		at, entry = d.offset(mapping.Content[0]), entry+", "
	}
	return d.text[:at] + entry + d.text[at:], nil
}

// offset is where a node starts. YAML counts characters, not bytes.
func (d document) offset(node *yaml.Node) int {
	at := 0
	for range node.Line - 1 {
		at = d.nextLine(at)
	}
	for range node.Column - 1 {
		_, size := utf8.DecodeRuneInString(d.text[at:])
		at += size
	}
	return at
}

// nextLine is where the line behind the one at a place starts.
func (d document) nextLine(at int) int {
	if i := strings.IndexByte(d.text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(d.text)
}

func (d document) lineEnding() string {
	if strings.Contains(d.text, "\r\n") {
		return "\r\n"
	}
	return "\n"
}

// quotes are those of a scalar, by its style.
var quotes = map[yaml.Style]string{yaml.DoubleQuotedStyle: `"`, yaml.SingleQuotedStyle: `'`}

// word is where a scalar starts and ends, with its quotes. One with an anchor, a tag, an escape or on several lines is
// refused.
func (d document) word(node *yaml.Node) (start, end int, err error) {
	start = d.offset(node)
	word := quotes[node.Style] + node.Value + quotes[node.Style]
	if node.Kind != yaml.ScalarNode || !strings.HasPrefix(d.text[start:], word) {
		return 0, 0, refused(node, "is no plain or quoted word")
	}
	return start, start + len(word), nil
}

// end is where a value ends.
func (d document) end(node *yaml.Node) (int, error) {
	if node.Kind == yaml.ScalarNode {
		_, end, err := d.word(node)
		return end, err
	}
	if node.Kind != yaml.MappingNode {
		return 0, refused(node, "is no mapping")
	}
	at := d.offset(node) + 1
	if n := len(node.Content); n > 0 {
		var err error
		if at, err = d.end(node.Content[n-1]); err != nil {
			return 0, err
		}
	}
	if node.Style&yaml.FlowStyle == 0 {
		return at, nil
	}
	for at < len(d.text) && d.text[at] != '}' {
		if d.text[at] == '#' { // a comment may have a brace in it
			at = d.nextLine(at)
			continue
		}
		at++
	}
	return at + 1, nil
}

// refused says where a value is that cannot be edited.
func refused(node *yaml.Node, why string) error {
	return fmt.Errorf("%s: line %d: %s, which cannot be edited without touching more; edit it by hand", path, node.Line, why)
}

// lookUp returns a key of a mapping and its value, or nil.
func lookUp(mapping *yaml.Node, key string) (name, value *yaml.Node) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// line writes a key and a value.
func line(key, value string) (string, error) {
	k, err := scalar(key)
	if err != nil {
		return "", err
	}
	v, err := scalar(value)
	return k + ": " + v, err
}

// scalar writes a word as YAML, in quotes where YAML would read something else.
func scalar(word string) (string, error) {
	out, err := yaml.Marshal(word)
	if err != nil {
		return "", fmt.Errorf("writing %q: %w", word, err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}
