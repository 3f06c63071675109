//go:build unix

package engine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"

	"github.com/slipway-eks/slipway/rehearsal/internal/kubeprovider"
)

// KubernetesPluginVariable is the environment variable that is read where Options.KubernetesPlugin is empty.
const KubernetesPluginVariable = "REHEARSE_KUBERNETES_PLUGIN"

// RealPlugin asks for Pulumi's own Kubernetes plugin in the place of the rehearsal's provider.
const RealPlugin = "real"

// kubernetesPlugin is the name of the plugin's executable.
const kubernetesPlugin = "pulumi-resource-kubernetes"

// findPlugin returns the folder of the Kubernetes plugin that a choice asks for: "" for none.
//
// The plugin cache comes first, since it says which version it holds; what is on PATH is taken as it is.
func findPlugin(choice string) (string, error) {
	switch choice {
	case "":
		return "", nil
	case RealPlugin:
	default:
		return "", fmt.Errorf("%s is %q: only %q is known, or nothing for the rehearsal's own provider",
			KubernetesPluginVariable, choice, RealPlugin)
	}
	home, err := workspace.GetPulumiHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding Pulumi's plugin cache: %w", err)
	}
	folder := filepath.Join(home, workspace.PluginDir, "resource-kubernetes-v"+kubeprovider.Version)
	cached, err := exec.LookPath(filepath.Join(folder, kubernetesPlugin))
	if err == nil {
		return filepath.Dir(cached), nil
	}
	onPath, err := exec.LookPath(kubernetesPlugin)
	if err != nil {
		return "", fmt.Errorf("%s is %q and there is no %s, neither in %s nor on PATH (%s); get it with: "+
			"pulumi plugin install resource kubernetes v%s", KubernetesPluginVariable, RealPlugin, kubernetesPlugin,
			folder, os.Getenv("PATH"), kubeprovider.Version)
	}
	if onPath, err = filepath.Abs(onPath); err != nil {
		return "", fmt.Errorf("finding %s: %w", kubernetesPlugin, err)
	}
	return filepath.Dir(onPath), nil
}

// chosenPlugin is what the options ask for, or else the environment.
func chosenPlugin(o Options) string {
	if o.KubernetesPlugin != "" {
		return o.KubernetesPlugin
	}
	return os.Getenv(KubernetesPluginVariable)
}
