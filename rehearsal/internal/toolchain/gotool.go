package toolchain

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
)

// goTool says how a tool is compiled from a nested module of the rehearsal.
type goTool struct {
	// name and title are what progress calls the tool and the making of it.
	name, title string
	// folder begins the name of the tool's folder in the cache; binary is the executable's name there.
	folder, binary string
	// source is the nested module. files decide, with the compiler, what the executable is; they are below source.
	source string
	files  []string
	// command is the package to compile.
	command string
	// linker holds the linker's flags.
	linker string
}

func (t *Toolchain) goTool(wanted goTool) (tool, error) {
	files := make([]string, len(wanted.files))
	for i, file := range wanted.files {
		files[i] = filepath.Join(wanted.source, file)
	}
	folder, err := t.keyed(wanted.folder, files, []string{runtime.Version(), runtime.GOOS, runtime.GOARCH})
	if err != nil {
		return tool{}, err
	}
	return tool{
		name:   wanted.name,
		title:  wanted.title,
		folder: folder,
		proof:  filepath.Join("bin", wanted.binary),
		fill: func(ctx context.Context, folder string) error {
			cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags", wanted.linker,
				"-o", filepath.Join(folder, "bin", wanted.binary), wanted.command)
			cmd.Dir = filepath.Join(t.source, wanted.source)
			return run(cmd)
		},
	}, nil
}

// pinned reads the version of module that the go.mod in the folder requires, with the leading v.
func (t *Toolchain) pinned(folder, module string) (string, error) {
	file := filepath.Join(t.source, folder, "go.mod")
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the version of %s: %w", module, err)
	}
	found := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(data)
	if found == nil {
		return "", fmt.Errorf("%s does not require %s", file, module)
	}
	return string(found[1]), nil
}
