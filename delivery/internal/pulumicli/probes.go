package pulumicli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-eks/slipway/delivery/internal/failure"
)

// askFor bounds the questions to the cluster: they only add to what Pulumi said.
const askFor = time.Minute

// kubeconfigOutput is the stack's output that reaches its cluster.
const kubeconfigOutput = "kubeconfig"

// Warnings asks the cluster of a stack what its kubelets warned of about pods, such as which probe failed: Pulumi says of
// a pod only that it is not ready. It needs kubectl. Each line names its pod.
func (c CLI) Warnings(ctx context.Context, stack string, pods []failure.Pod) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	kubeconfig, err := c.Output(ctx, stack, kubeconfigOutput)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "deliver-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the kubeconfig: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "kubeconfig")
	if err := os.WriteFile(file, []byte(kubeconfig), 0o600); err != nil {
		return nil, fmt.Errorf("writing the kubeconfig: %w", err)
	}
	var lines []string
	for _, pod := range pods {
		found, err := warningsOf(ctx, file, pod)
		if err != nil {
			return lines, err
		}
		lines = append(lines, found...)
	}
	return lines, nil
}

// warningsOf returns the warnings about one pod, each once.
func warningsOf(ctx context.Context, kubeconfig string, pod failure.Pod) ([]string, error) {
	args := []string{
		"--kubeconfig", kubeconfig, "--namespace", pod.Namespace, "get", "events",
		"--field-selector", "involvedObject.name=" + pod.Name + ",type=Warning", "--output", "json",
	}
	out, err := exec.CommandContext(ctx, "kubectl", args...).Output() //nolint:gosec // a pod's name, not through a shell
	if err != nil {
		return nil, fmt.Errorf("asking kubectl for the events of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	var list struct {
		Items []struct{ Reason, Message string } `json:"items"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("reading the events of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	var lines []string
	for _, event := range list.Items {
		message := strings.Join(strings.Fields(event.Message), " ")
		line := "Pod " + pod.Namespace + "/" + pod.Name + ": " + event.Reason + ": " + message
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
