package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	eksFolder = "ekshost"
	eksProof  = "node_modules/@pulumi/eks/cmd/provider/index.js"
	// leastNode is what @pulumi/pulumi, below the provider, asks for.
	leastNode = 20
)

// eksTool is the pulumi-eks provider with the node that runs it.
type eksTool struct {
	tool
	node string
}

func (t *Toolchain) eks(ctx context.Context) (eksTool, error) {
	node, major, err := findNode(ctx)
	if err != nil {
		return eksTool{}, err
	}
	lock := filepath.Join(eksFolder, "package-lock.json")
	folder, err := t.keyed("ekshost", []string{lock}, []string{"node " + strconv.Itoa(major)})
	if err != nil {
		return eksTool{}, err
	}
	return eksTool{node: node, tool: tool{
		name:   "pulumi-eks provider",
		title:  "fetching the pulumi-eks provider from npm",
		folder: folder,
		proof:  filepath.FromSlash(eksProof),
		fill: func(ctx context.Context, folder string) error {
			for _, name := range []string{"package.json", "package-lock.json"} {
				if err := copyFile(filepath.Join(t.source, eksFolder, name), filepath.Join(folder, name)); err != nil {
					return err
				}
			}
			// The provider needs no install script, and what is not run cannot do harm.
			cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
			cmd.Dir = folder
			return run(cmd)
		},
	}}, nil
}

// findNode returns the node on the path and its major version.
func findNode(ctx context.Context) (string, int, error) {
	need := fmt.Sprintf("node %d or newer is needed, because the pulumi-eks provider runs on it", leastNode)
	path, err := exec.LookPath("node")
	if err != nil {
		return "", 0, errors.New(need + "; no node is on the PATH")
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", 0, fmt.Errorf("asking %s for its version: %w", path, err)
	}
	version := strings.TrimSpace(string(out))
	major, err := nodeMajor(version)
	if err != nil {
		return "", 0, err
	}
	if major < leastNode {
		return "", 0, fmt.Errorf("%s; %s is %s", need, path, version)
	}
	return path, major, nil
}

// nodeMajor reads 20 out of v20.11.1.
func nodeMajor(version string) (int, error) {
	digits, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	major, err := strconv.Atoi(digits)
	if err != nil {
		return 0, fmt.Errorf("reading node's version %q: %w", version, err)
	}
	return major, nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	if err := os.WriteFile(to, data, 0o644); err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	return nil
}
