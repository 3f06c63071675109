package pulumicli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// UseProgram lets Pulumi run a program that is compiled already. Pulumi learns of it from Pulumi.yaml alone, so the
// file's runtime becomes {name: go, options: {binary: ...}} until restore is called, which puts the file back.
func UseProgram(root, binary string) (restore func() error, err error) {
	binary, err = filepath.Abs(binary)
	if err != nil {
		return nil, fmt.Errorf("finding the program: %w", err)
	}
	if info, err := os.Stat(binary); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		return nil, fmt.Errorf("program %s: is no executable file", binary)
	}
	path := filepath.Join(root, "Pulumi.yaml")
	before, err := os.ReadFile(path) //nolint:gosec // the project that was asked for
	if err != nil {
		return nil, fmt.Errorf("reading the project: %w", err)
	}
	after, err := withBinary(before, binary)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := os.WriteFile(path, after, 0o644); err != nil { //nolint:gosec // a file of the repository
		return nil, fmt.Errorf("writing the project: %w", err)
	}
	return func() error {
		if err := os.WriteFile(path, before, 0o644); err != nil { //nolint:gosec // a file of the repository
			return fmt.Errorf("putting the project back: %w", err)
		}
		return nil
	}, nil
}

// withBinary sets the runtime of a project file. The rest stays as it is written.
func withBinary(project []byte, binary string) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(project, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it is no project")
	}
	fields := document.Content[0].Content
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i].Value != "runtime" {
			continue
		}
		runtime := map[string]any{"name": "go", "options": map[string]string{"binary": binary}}
		if err := fields[i+1].Encode(runtime); err != nil {
			return nil, err
		}
		var out bytes.Buffer
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		err := encoder.Encode(&document)
		return out.Bytes(), err
	}
	return nil, errors.New("it has no runtime")
}
