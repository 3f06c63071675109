package pulumicli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/failure"
	"github.com/slipway-eks/slipway/delivery/internal/preview"
	"github.com/slipway-eks/slipway/delivery/internal/pulumicli"
)

// standIn is a command that does what a script says. "$log" is the file after --event-log.
func standIn(t *testing.T, name, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	head := "#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/calls\"\n" +
		"while [ $# -gt 0 ]; do [ \"$1\" = --event-log ] && log=$2; shift; done\n"
	require.NoError(t, os.WriteFile(path, []byte(head+script), 0o700))
	return path
}

func calls(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "calls"))
	require.NoError(t, err)
	return string(text)
}

func TestPreview(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script string
		code   int
		want   string
	}{
		"what it planned": {`echo '{"changeSummary": {"same": 2}}'`, 0, `{"changeSummary": {"same": 2}}`},
		"what it planned until it failed": {
			`echo '{"diagnostics": [{"message": "no", "severity": "error"}]}'; exit 255`, 255,
			`{"diagnostics": [{"message": "no", "severity": "error"}]}`,
		},
		"what it said where it could not begin": {
			`echo "error: no stack named 'dev' found" >&2; exit 6`, 6,
			`{"diagnostics": [{"message": "error: no stack named 'dev' found", "severity": "error"}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pulumi := standIn(t, "pulumi", tt.script)
			cli := pulumicli.CLI{Path: pulumi, Root: t.TempDir(), Err: &bytes.Buffer{}}
			got, err := cli.Preview(t.Context(), "dev", "--refresh")
			assert.JSONEq(t, tt.want, string(got))
			assert.Equal(t, "--non-interactive preview --stack dev --json --refresh\n", calls(t, pulumi))
			if tt.code == 0 {
				require.NoError(t, err)
				return
			}
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			assert.Equal(t, tt.code, exit.ExitCode())
		})
	}
}

func TestUp_returnsWhatWasSaidOfEachResource(t *testing.T) {
	t.Parallel()
	pulumi := standIn(t, "pulumi", `echo streamed
cat > "$log" <<'END'
{"sequence": 1, "diagnosticEvent": {"urn": "urn:pulumi:dev::p::t::a", "message": "<{%fg 1%}>error: <{%reset%}>no\n", "severity": "error"}}
{"sequence": 2, "diagnosticEvent": {"message": "on its way", "severity": "info", "ephemeral": true}}
{"sequence": 3, "summaryEvent": {}}
{"sequence": 4, "diagnosticEv
END
exit 255`)
	var out bytes.Buffer
	cli := pulumicli.CLI{Path: pulumi, Root: t.TempDir(), Out: &out, Err: &out}
	said, err := cli.Up(t.Context(), "dev")
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, []preview.Diagnostic{{URN: "urn:pulumi:dev::p::t::a", Message: "error: no\n", Severity: "error"}}, said)
	assert.Equal(t, "streamed\n", out.String())
	assert.Contains(t, calls(t, pulumi), "--non-interactive up --stack dev --yes --skip-preview --event-log ")
}

func TestUp_ofACommandThatIsNotThere(t *testing.T) {
	t.Parallel()
	cli := pulumicli.CLI{Path: filepath.Join(t.TempDir(), "pulumi"), Root: t.TempDir(), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
	_, err := cli.Up(t.Context(), "dev")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// It sets PATH, and so does not run beside other tests.
func TestWarnings_asksTheClusterOfTheStack(t *testing.T) {
	kubectl := standIn(t, "kubectl", `cat <<'END'
{"items": [
{"reason": "Unhealthy", "message": "Readiness probe failed: HTTP probe\n failed with statuscode: 503"},
{"reason": "Unhealthy", "message": "Readiness probe failed: HTTP probe failed with statuscode: 503"}]}
END`)
	t.Setenv("PATH", filepath.Dir(kubectl)+":"+os.Getenv("PATH"))
	pulumi := standIn(t, "pulumi", `echo '{"clusters": []}'`)
	cli := pulumicli.CLI{Path: pulumi, Root: t.TempDir(), Err: &bytes.Buffer{}}
	got, err := cli.Warnings(t.Context(), "dev", []failure.Pod{{Namespace: "shop", Name: "chat-1"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"Pod shop/chat-1: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503"}, got)
	assert.Contains(t, calls(t, pulumi), "stack output kubeconfig --stack dev --show-secrets")
	assert.Contains(t, calls(t, kubectl), "--namespace shop get events --field-selector involvedObject.name=chat-1,type=Warning")
}

func TestUseProgram_untilItIsRestored(t *testing.T) {
	t.Parallel()
	const project = "name: shop\nruntime: go # compiled\n# why\nconfig:\n  network: {type: object}\n"
	root, program := t.TempDir(), standIn(t, "program", "")
	path := filepath.Join(root, "Pulumi.yaml")
	require.NoError(t, os.WriteFile(path, []byte(project), 0o600))

	restore, err := pulumicli.UseProgram(root, program)
	require.NoError(t, err)
	during, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(during), "runtime:\n  name: go\n  options:\n    binary: "+program+"\n")
	assert.Contains(t, string(during), "name: shop\n")
	assert.Contains(t, string(during), "network: {type: object}")

	require.NoError(t, restore())
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, project, string(after))
}

func TestUseProgram_rejects(t *testing.T) {
	t.Parallel()
	program := standIn(t, "program", "")
	for name, tt := range map[string]struct{ project, program, says string }{
		"no program":            {"name: a\nruntime: go\n", filepath.Join(t.TempDir(), "none"), "is no executable file"},
		"a folder":              {"name: a\nruntime: go\n", t.TempDir(), "is no executable file"},
		"a project without one": {"name: a\n", program, "it has no runtime"},
		"a list":                {"[]\n", program, "it is no project"},
		"no YAML":               {"a: [", program, "Pulumi.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(root, "Pulumi.yaml"), []byte(tt.project), 0o600))
			_, err := pulumicli.UseProgram(root, tt.program)
			assert.ErrorContains(t, err, tt.says)
		})
	}
}
