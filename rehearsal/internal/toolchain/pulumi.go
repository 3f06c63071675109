package toolchain

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

const (
	pulumiModule  = "github.com/pulumi/pulumi/pkg/v3"
	pulumiCommand = pulumiModule + "/cmd/pulumi"
	// pulumiVersionVariable is set by the linker in releases. A CLI without a version is refused by the Automation API.
	pulumiVersionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
	pulumiFolder          = "pulumicli"
)

var pulumiPin = regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(pulumiModule) + ` (v\S+)`)

// pulumiTool is the Pulumi CLI of the version that the go.mod beside us pins.
type pulumiTool struct {
	tool
	version string
}

// pulumi prefers an installed CLI of the pinned version over building one.
func (t *Toolchain) pulumi(ctx context.Context) (pulumiTool, error) {
	version, err := t.pulumiVersion()
	if err != nil {
		return pulumiTool{}, err
	}
	if installed, ok := installedPulumi(ctx, version); ok {
		folder, proof := filepath.Split(installed)
		return pulumiTool{tool: tool{name: "Pulumi CLI", folder: folder, proof: proof}, version: version}, nil
	}
	folder, err := t.keyed(
		"pulumi-"+version,
		[]string{pulumiFolder + "/go.mod", pulumiFolder + "/go.sum"},
		[]string{runtime.Version(), runtime.GOOS, runtime.GOARCH},
	)
	if err != nil {
		return pulumiTool{}, err
	}
	return pulumiTool{version: version, tool: tool{
		name:   "Pulumi CLI",
		title:  "compiling the Pulumi CLI " + version + " (first time: several minutes)",
		folder: folder,
		proof:  filepath.Join("bin", "pulumi"),
		fill: func(ctx context.Context, folder string) error {
			cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false",
				"-ldflags", "-X "+pulumiVersionVariable+"="+version,
				"-o", filepath.Join(folder, "bin", "pulumi"), pulumiCommand)
			cmd.Dir = filepath.Join(t.source, pulumiFolder)
			return run(cmd)
		},
	}}, nil
}

func (t *Toolchain) pulumiVersion() (string, error) {
	file := filepath.Join(t.source, pulumiFolder, "go.mod")
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading the version of the Pulumi CLI: %w", err)
	}
	found := pulumiPin.FindSubmatch(data)
	if found == nil {
		return "", fmt.Errorf("%s does not require %s", file, pulumiModule)
	}
	return string(found[1]), nil
}

func installedPulumi(ctx context.Context, version string) (string, bool) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", false
	}
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil || strings.TrimSpace(string(out)) != version {
		return "", false
	}
	path, err = filepath.Abs(path)
	return path, err == nil
}
