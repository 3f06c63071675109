package toolchain

import (
	"fmt"
	"strings"
)

const (
	kubernetesModule = "k8s.io/kubernetes"
	kubernetesFolder = "kubernetes"
	// kubernetesVersionPackage holds what a release's linker sets. Without it /version says v0.0.0, which clients that
	// choose by version take for a very old cluster.
	kubernetesVersionPackage = "k8s.io/component-base/version"
	kwokModule               = "sigs.k8s.io/kwok"
	kwokFolder               = "kwok"
	// small drops the symbol tables, which are a third of these executables; stack traces stay.
	small = "-s -w"
)

// kubernetesTool is the control plane of the version that the go.mod beside us pins.
type kubernetesTool struct {
	tool
	version string
}

func (t *Toolchain) kubernetes() (kubernetesTool, error) {
	version, err := t.pinned(kubernetesFolder, kubernetesModule)
	if err != nil {
		return kubernetesTool{}, err
	}
	linker, err := kubernetesLinker(version)
	if err != nil {
		return kubernetesTool{}, err
	}
	made, err := t.goTool(goTool{
		name:    "Kubernetes control plane",
		title:   "compiling the Kubernetes control plane " + version + " (first time: several minutes)",
		binary:  "kubernetes",
		folder:  "kubernetes-" + version,
		source:  kubernetesFolder,
		files:   []string{"go.mod", "go.sum", "main.go"},
		command: ".",
		linker:  linker,
	})
	return kubernetesTool{tool: made, version: version}, err
}

// kubernetesLinker returns the flags that make the control plane say its version.
func kubernetesLinker(version string) (string, error) {
	numbers := strings.Split(strings.TrimPrefix(version, "v"), ".")
	if len(numbers) != 3 {
		return "", fmt.Errorf("the version of Kubernetes %q is not like v1.2.3", version)
	}
	return fmt.Sprintf("%[1]s -X %[2]s.gitVersion=%[3]s -X %[2]s.gitMajor=%[4]s -X %[2]s.gitMinor=%[5]s",
		small, kubernetesVersionPackage, version, numbers[0], numbers[1]), nil
}

// kwok is what plays the kubelets.
func (t *Toolchain) kwok() (tool, error) {
	version, err := t.pinned(kwokFolder, kwokModule)
	if err != nil {
		return tool{}, err
	}
	return t.goTool(goTool{
		name:    "KWOK",
		title:   "compiling KWOK " + version + " (first time: a minute or two)",
		binary:  "kwok",
		folder:  "kwok-" + version,
		source:  kwokFolder,
		files:   []string{"go.mod", "go.sum", "main.go"},
		command: ".",
		linker:  small,
	})
}
