package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-eks/slipway/spec"
)

// Namespace is that of the platform's configuration keys, whatever the project is called.
const Namespace = "slipway"

// CatalogFile is the service catalogue, at the project's root.
const CatalogFile = "services.yaml"

// projectFile names the project.
const projectFile = "Pulumi.yaml"

// Source says where a stack's configuration is.
type Source struct {
	// Root is the folder of Pulumi.yaml, services.yaml and the stacks' files.
	Root string
	// Project is the project's name; with the stack's it makes the default name of the cluster.
	Project string
	// Stack is the stack's name: its file is Pulumi.<stack>.yaml.
	Stack string
	// Bootstrap reads what a stack such as organization/slipway-bootstrap/account shares with this one. Without it, a
	// stack that names one is checked with values that stand for it, and a note says so.
	Bootstrap func(reference string) (Shared, error)
}

// Config is a stack's configuration: complete and without problems.
type Config struct {
	// Platform is what the stack consists of, defaults filled in and overrides applied.
	Platform spec.Platform
	// Region is the AWS region, from aws:region.
	Region string
	// Secrets are the secret keys that services name, by key.
	Secrets []Secret
	// Notes say what was not checked, and why.
	Notes []string
}

// Secret is a configuration key whose value only the services that name it may see.
type Secret struct {
	// Key is the name behind `slipway:`.
	Key string
	// NeededBy are the paths in the catalogue that name the key.
	NeededBy []string
	// InFile says that the stack's file has the key; it then is encrypted, since a value in clear is refused.
	InFile bool
	// Command sets the key.
	Command string
}

// FromFiles reads a stack's configuration from its file and the catalogue, as of now. Secrets that the file does not
// have are listed, not refused. The error is of type Problems.
func (s Source) FromFiles(now time.Time) (*Config, error) {
	l := &loader{source: s, now: now}
	stack, found := l.readStack()
	if !found {
		l.report(s.stackFile(), "", "there is no such file in "+s.Root)
		return nil, l.problems
	}
	l.load(stack.value)
	l.checkKeys(stack)
	return l.result()
}

// FromEngine reads a stack's configuration from the values that the engine has, as of now: lookup takes a key with its
// namespace and returns the value as text, an object as JSON. Every secret must have a value.
//
// The engine accepts keys that nothing reads, so the stack's file is searched for them where there is one; otherwise
// a note says so. The error is of type Problems.
func (s Source) FromEngine(lookup func(key string) (string, bool), now time.Time) (*Config, error) {
	l := &loader{source: s, now: now}
	stack, found := l.readStack()
	l.load(func(key string) *yaml.Node {
		text, ok := lookup(key)
		if !ok {
			return nil
		}
		return engineValue(key, text)
	})
	if found {
		l.checkKeys(stack)
	} else {
		l.note(fmt.Sprintf("unknown %s: keys were not looked for: %s is not in %s", Namespace, s.stackFile(), s.Root))
	}
	l.checkSecretsSet(lookup)
	return l.result()
}

// Stacks lists the stacks that have a file in root, by name.
func Stacks(root string) ([]Source, error) {
	text, err := os.ReadFile(filepath.Join(root, projectFile))
	if err != nil {
		return nil, fmt.Errorf("reading the project: %w", err)
	}
	var project struct{ Name string }
	if err := yaml.Unmarshal(text, &project); err != nil {
		return nil, fmt.Errorf("reading %s: %w", projectFile, err)
	}
	entries, err := os.ReadDir(root) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("listing the stacks: %w", err)
	}
	var stacks []Source
	for _, entry := range entries {
		name, isStack := strings.CutPrefix(entry.Name(), "Pulumi.")
		name, isYAML := strings.CutSuffix(name, ".yaml")
		if isStack && isYAML && name != "" {
			stacks = append(stacks, Source{Root: root, Project: project.Name, Stack: name})
		}
	}
	return stacks, nil
}

// stackFile returns the name of the stack's file.
func (s Source) stackFile() string { return "Pulumi." + s.Stack + ".yaml" }
