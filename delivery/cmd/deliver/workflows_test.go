package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const repository = "../../.."

// workflow is a file of .github/workflows, or an action of the repository's own.
type workflow struct {
	On          yaml.Node
	Permissions map[string]string
	Env         map[string]string
	Jobs        map[string]job
	Runs        struct{ Steps []step } // of an action
	text        string
}

type job struct {
	If          string
	Uses        string
	Environment string
	Permissions map[string]string
	Env         map[string]string
	Secrets     any
	Concurrency struct {
		Group  string
		Cancel bool `yaml:"cancel-in-progress"`
	}
	Steps []step
}

type step struct {
	If, Uses, Run string
	With          map[string]string
	Env           map[string]string
}

// workflows are all workflows and actions by their path in the repository.
func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	var files []string
	for _, pattern := range []string{"workflows/*.yml", "actions/*/action.yml"} {
		found, err := filepath.Glob(filepath.Join(repository, ".github", pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	out := map[string]workflow{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		one := workflow{text: string(text)}
		require.NoError(t, yaml.Unmarshal(text, &one), file)
		out[strings.TrimPrefix(filepath.ToSlash(file), repository+"/")] = one
	}
	return out
}

// each calls check for every job of every workflow.
func each(t *testing.T, check func(t *testing.T, w workflow, j job)) {
	t.Helper()
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			t.Run(file+" "+name, func(t *testing.T) {
				t.Parallel()
				check(t, w, j)
			})
		}
	}
}

// run is all that a job runs.
func (j job) run() string {
	var lines []string
	for _, s := range j.Steps {
		lines = append(lines, s.Run)
	}
	return strings.Join(lines, "\n")
}

func (j job) uses(action string) bool {
	return slices.ContainsFunc(j.Steps, func(s step) bool { return strings.HasPrefix(s.Uses, action+"@") })
}

// A tag can be moved to other code, a commit cannot.
func TestWorkflows_pinEveryActionToACommit(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.*)$`)
	pinned := regexp.MustCompile(`^([\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/(workflows|actions)/[\w.-]+)$`)
	for file, w := range workflows(t) {
		for _, found := range line.FindAllStringSubmatch(w.text, -1) {
			assert.Regexp(t, pinned, found[1], file)
		}
	}
}

// sameRepository is false for a fork, whose pull requests anybody opens.
const sameRepository = "github.event.pull_request.head.repo.full_name == github.repository"

func TestS18_aForkGetsNoCredentials(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w workflow, j job) {
		t.Helper()
		var on map[string]any
		require.NoError(t, w.On.Decode(&on))
		// It runs a fork's code with the repository's own secrets.
		assert.NotContains(t, on, "pull_request_target")
		if _, forks := on["pull_request"]; !forks || strings.Contains(j.If, sameRepository) {
			return
		}
		assert.Empty(t, j.Permissions, "it has those of the workflow")
		text, err := yaml.Marshal(j)
		require.NoError(t, err)
		for _, secret := range []string{"secrets.", "secrets: inherit", "configure-aws-credentials", "github.token"} {
			assert.NotContains(t, string(text), secret)
		}
	})
}

// Each permission is there for one thing, and is not there without it.
func TestWorkflows_haveNoPermissionsThatTheyDoNotUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w workflow, j job) {
		t.Helper()
		assert.Equal(t, map[string]string{"contents": "read"}, w.Permissions)
		if j.Uses != "" { // the jobs of the workflow that it calls say what they need of these
			return
		}
		want := map[string]string{}
		if j.uses("aws-actions/configure-aws-credentials") {
			want["id-token"] = "write"
		}
		switch run := j.run(); {
		case strings.Contains(run, "deliver comment"):
			want["pull-requests"] = "write"
		case strings.Contains(run, "deliver pull-request"):
			want["pull-requests"] = "read"
		case strings.Contains(run, "deliver notify"):
			want["actions"] = "read"
		case strings.Contains(run, "--push origin"):
			want["contents"] = "write"
		}
		got := maps.Clone(j.Permissions)
		if got["contents"] == "read" {
			delete(got, "contents")
		}
		if got == nil {
			got = map[string]string{}
		}
		assert.Equal(t, want, got)
	})
}

// AWS tells a role's kind of run by the token's subject: a pull request, an environment, or the main branch with none.
func TestS18_eachRoleIsTakenInItsKindOfRun(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w workflow, j job) {
		t.Helper()
		for _, key := range []string{"aws-access-key-id", "AWS_SECRET_ACCESS_KEY"} {
			assert.NotContains(t, w.text, key, "a key that lasts can leak")
		}
		for _, s := range j.Steps {
			if !strings.HasPrefix(s.Uses, "aws-actions/configure-aws-credentials@") {
				continue
			}
			switch s.With["role-to-assume"] {
			case "${{ vars.AWS_PREVIEW_ROLE_ARN }}":
				assert.Contains(t, j.If, sameRepository)
				assert.Empty(t, j.Environment)
			case "${{ vars.AWS_DEPLOY_ROLE_ARN }}":
				assert.NotEmpty(t, j.Environment)
			case "${{ vars.AWS_RELEASE_ROLE_ARN }}":
				assert.Empty(t, j.Environment)
				assert.NotContains(t, w.text, "pull_request:")
			default:
				assert.Fail(t, "no role of the bootstrap's", s.With["role-to-assume"])
			}
		}
	})
}

// The role of releases cannot read the state in which the template of images is.
func TestWorkflows_sayWhereImagesAre(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w workflow, j job) {
		t.Helper()
		if regexp.MustCompile(`bin/deliver (build|keep|unkeep)`).MatchString(j.run()) {
			env := map[string]string{}
			maps.Copy(env, w.Env)
			maps.Copy(env, j.Env)
			assert.Equal(t, "${{ vars.SLIPWAY_IMAGE }}", env[imageVariable])
		}
	})
}

// What people wrote reaches a shell as a variable: put into the command's text it would be run.
func TestWorkflows_putNoExpressionIntoACommand(t *testing.T) {
	t.Parallel()
	for file, w := range workflows(t) {
		steps := w.Runs.Steps
		for _, j := range w.Jobs {
			steps = append(steps, j.Steps...)
		}
		for _, s := range steps {
			assert.NotContains(t, s.Run, "${{", file)
		}
	}
}

func TestS16_jobsOfAStackNeverRunSideBySideNorAreBrokenOff(t *testing.T) {
	t.Parallel()
	found := 0
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			if !strings.Contains(j.run(), "bin/deliver up ") {
				continue
			}
			found++
			assert.Equal(t, "up-${{ inputs.stack }}", j.Concurrency.Group, "%s %s", file, name)
			assert.False(t, j.Concurrency.Cancel, "%s %s", file, name)
			assert.Equal(t, "${{ inputs.stack }}", j.Environment, "%s %s: its approval and its role", file, name)
		}
	}
	assert.Positive(t, found)
}

// Tagging, building, deploying and telling are jobs of their own. A second attempt of one finds the artifacts of the first.
func TestS16_eachPartIsAJobThatCanBeRunAgain(t *testing.T) {
	t.Parallel()
	places := map[string]string{}
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			for _, command := range commands(j.run()) {
				if filepath.Base(file) != "rollback.yml" {
					places[command] += filepath.Base(file) + " " + name + ";"
				}
			}
			for _, s := range j.Steps {
				if strings.HasPrefix(s.Uses, "actions/upload-artifact@") {
					assert.Equal(t, "true", s.With["overwrite"], "%s %s: an artifact's name is taken by the first attempt", file, name)
				}
			}
		}
	}
	for command, want := range map[string]string{
		"deliver tag":    "release.yml version;",
		"deliver build":  "release.yml images;",
		"deliver set":    "release.yml record;",
		"deliver up":     "deploy.yml up;",
		"deliver unkeep": "deploy.yml unkeep;",
	} {
		assert.Equal(t, want, places[command], command)
	}
	assert.Contains(t, places["deliver notify"], "release.yml notify-dev;")
}

// commandLine is a step's command: a target of make, or a command of bin/deliver.
var (
	makeLine    = regexp.MustCompile(`\bmake ((?:[a-z-]+ ?)+)`)
	deliverLine = regexp.MustCompile(`\bbin/(deliver [a-z-]+)`)
)

func commands(text string) []string {
	found := map[string]bool{}
	for _, one := range deliverLine.FindAllStringSubmatch(text, -1) {
		found[one[1]] = true
	}
	for _, one := range makeLine.FindAllStringSubmatch(text, -1) {
		for target := range strings.FieldsSeq(one[1]) {
			found["make "+target] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// jenkinsfile is the Jenkinsfile without its comments.
func jenkinsfile(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "Jenkinsfile"))
	require.NoError(t, err)
	return regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAllString(string(text), "")
}

// The pipeline is its commands. What surrounds them in a workflow only fetches, unpacks and hands over.
func TestS34_jenkinsRunsTheCommandsOfTheWorkflows(t *testing.T) {
	t.Parallel()
	var all []string
	setup := regexp.MustCompile(`^tar -[cx]f program\.tar( bin/deliver bin/program)?$`)
	for file, w := range workflows(t) {
		for name, j := range w.Jobs {
			for _, s := range j.Steps {
				if s.Run == "" || setup.MatchString(s.Run) {
					continue
				}
				assert.Len(t, commands(s.Run), len(strings.Split(s.Run, "&&"))+strings.Count(s.Run, "make deliver program"),
					"%s %s: %s is no command of make or bin/deliver", file, name, s.Run)
				all = append(all, commands(s.Run)...)
			}
		}
	}
	slices.Sort(all)
	assert.Equal(t, slices.Compact(all), commands(jenkinsfile(t)))
}

// A command line with a flag that the command does not have, or without one that it must have, fails only when it is run.
func TestS34_commandsHaveTheFlagsThatTheyAreGiven(t *testing.T) {
	t.Parallel()
	lines := regexp.MustCompile(`bin/deliver [^'\n]+`).FindAllString(jenkinsfile(t), -1)
	for _, w := range workflows(t) {
		for _, j := range w.Jobs {
			lines = append(lines, regexp.MustCompile(`(?m)^bin/deliver .*$`).FindAllString(j.run(), -1)...)
		}
	}
	guide, err := os.ReadFile(filepath.Join(repository, "docs", "ci.md"))
	require.NoError(t, err)
	lines = append(lines, regexp.MustCompile("(?m)bin/deliver [a-z-]+ --[^`\n#|]*").FindAllString(string(guide), -1)...)
	require.Greater(t, len(lines), 20)
	flag := regexp.MustCompile(`--([a-z-]+)`)
	for _, line := range lines {
		name := strings.Fields(line)[1]
		command, _, err := rootCommand().Find([]string{name})
		require.NoError(t, err, line)
		given := map[string]bool{}
		for _, found := range flag.FindAllStringSubmatch(line, -1) {
			given[found[1]] = true
			assert.NotNil(t, command.Flag(found[1]), "%s: has no flag --%s", line, found[1])
		}
		command.Flags().VisitAll(func(f *pflag.Flag) {
			if len(f.Annotations[cobra.BashCompOneRequiredFlag]) > 0 {
				assert.True(t, given[f.Name], "%s: must have --%s", line, f.Name)
			}
		})
	}
}
