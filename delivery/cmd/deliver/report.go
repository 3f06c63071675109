package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/slipway-eks/slipway/delivery/internal/failure"
	"github.com/slipway-eks/slipway/delivery/internal/hub"
)

// Variables that GitHub Actions sets, and the two secrets, which never are arguments: those are seen by other processes.
const (
	githubTokenVariable  = "GITHUB_TOKEN"   //nolint:gosec // a name
	githubAPIVariable    = "GITHUB_API_URL" //nolint:gosec // a name
	githubOutputVariable = "GITHUB_OUTPUT"
	webhookVariable      = "SLACK_WEBHOOK_URL"
)

// reporter is the world of the commands that report.
type reporter struct {
	// variable reads the environment.
	variable func(string) string
	// transport carries requests to Slack. Nil is the network.
	transport http.RoundTripper
}

// reportCommands are those that run Pulumi and say what came of it.
func reportCommands() []*cobra.Command {
	r := reporter{variable: environment}
	return []*cobra.Command{r.previewCommand(), r.upCommand(), r.commentCommand(), r.pullRequestCommand(), r.notifyCommand()}
}

// repository opens a repository on GitHub with what the environment knows of it.
func (r reporter) repository(name string) (*hub.Repository, error) {
	return hub.Open(hub.Place{
		Repository: name, Token: r.variable(githubTokenVariable), API: r.variable(githubAPIVariable),
	})
}

// giveOut prints a value, and with a name also makes it an output of the job where GitHub Actions runs.
func (r reporter) giveOut(out io.Writer, name, value string) error {
	fmt.Fprintln(out, value)
	path := r.variable(githubOutputVariable)
	if name == "" || path == "" {
		return nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // GitHub Actions names it
	if err != nil {
		return fmt.Errorf("writing the job's output %s: %w", name, err)
	}
	// The line that ends a value of several lines must not be in the value, and nobody can guess this one.
	end := rand.Text()
	_, err = fmt.Fprintf(file, "%s<<%s\n%s\n%s\n", name, end, value, end)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing the job's output %s: %w", name, err)
	}
	return nil
}

// explain prints what is known about a failure.
func explain(out io.Writer, reasons []failure.Reason) {
	for _, reason := range reasons {
		fmt.Fprintf(out, "\n%s\n", reason.Title)
		for _, line := range reason.Details {
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
}

// mustHave marks flags without which a command makes no sense.
func mustHave(cmd *cobra.Command, flags ...string) *cobra.Command {
	for _, flag := range flags {
		if err := cmd.MarkFlagRequired(flag); err != nil {
			panic(err) // a flag that the command does not have: a mistake in this program
		}
	}
	return cmd
}

// exitCode is that of the command that failed, such as Pulumi, and else 1.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return exit.ExitCode()
	}
	return 1
}
