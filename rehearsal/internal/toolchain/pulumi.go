package toolchain

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	pulumiModule  = "github.com/pulumi/pulumi/pkg/v3"
	pulumiCommand = pulumiModule + "/cmd/pulumi"
	// pulumiVersionVariable is set by the linker in releases. A CLI without a version is refused by the Automation API.
	pulumiVersionVariable = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
	pulumiFolder          = "pulumicli"
)

// pulumiTool is the Pulumi CLI of the version that the go.mod beside us pins.
type pulumiTool struct {
	tool
	version string
}

// pulumi prefers an installed CLI of the pinned version over building one.
func (t *Toolchain) pulumi(ctx context.Context) (pulumiTool, error) {
	version, err := t.pinned(pulumiFolder, pulumiModule)
	if err != nil {
		return pulumiTool{}, err
	}
	if installed, ok := installedPulumi(ctx, version); ok {
		folder, proof := filepath.Split(installed)
		return pulumiTool{tool: tool{name: "Pulumi CLI", folder: folder, proof: proof}, version: version}, nil
	}
	made, err := t.goTool(goTool{
		name:   "Pulumi CLI",
		title:  "compiling the Pulumi CLI " + version + " (first time: several minutes)",
		binary: "pulumi",
		// The version is part of the name for people who look into the cache; the key holds it anyway.
		folder:  "pulumi-" + version,
		source:  pulumiFolder,
		files:   []string{"go.mod", "go.sum"},
		command: pulumiCommand,
		linker:  "-X " + pulumiVersionVariable + "=" + version,
	})
	if err != nil {
		return pulumiTool{}, err
	}
	return pulumiTool{version: version, tool: made}, nil
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
