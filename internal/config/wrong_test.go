package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	validate "github.com/santhosh-tekuri/jsonschema/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/config"
)

// today is the day on which the tests judge versions.
var today = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// full is a project whose files set every field there is.
var full = config.Source{Root: "testdata/full", Project: "slipway", Stack: "full"}

// spoilable are the files of full, with the schema of each, and where to look for things to spoil.
var spoilable = []struct{ file, schema string }{
	{"Pulumi.full.yaml", stackSchemaFile}, {"services.yaml", servicesSchemaFile},
}

// overridden are the services of full that its stack overrides.
var overridden = []string{"overridden", "bare", "quiet", "plain", "nightly"}

// wrongForm are values that break a rule that the schema does not know, by the schema's name of a field.
var wrongForm = map[string][]string{
	"Network.cidr":                 {"10.20.0.0", "8.8.0.0/16", "10.20.0.0/28", "10.20.0.1/16", "fd00::/16"},
	"Network.zones":                {"1", "7", "[]", "[eu-west-1a]", "[eu-west-1a, eu-west-2b]", "[eu-west-1a, Nowhere]", "[us-east-1a, us-east-1b]"},
	"Network.elasticIps.*":         {"ip-1"},
	"FlowLogs.retentionDays":       {"2"},
	"Cluster.version":              {`"1.3"`, `"9.9"`},
	"Cluster.deployRoleArn":        {"arn:aws:s3:::bucket"},
	"Cluster.admins.*":             {"platform", "arn:aws:iam::123456789012:role/deploy"},
	"Cluster.publicAccessCidrs[]":  {"everyone", "10.0.0.1/8", "0.0.0.0/0", "::/0"},
	"Cluster.secretsKeyArn":        {"alias/main"},
	"Cluster.logRetentionDays":     {"2"},
	"Cluster.addonVersions.*":      {"1.20.4"},
	"NodeGroup.instanceTypes[]":    {"t9.huge"},
	"NodeGroup.labels.*":           {"not a label!"},
	"Registry.image":               {"main:{version}", "main:{service}", "host.example/{version}:{service}", "Host/{service}:{version}"},
	"Release.services.*":           {"not a tag!"},
	"Database.cidrs[]":             {"db.example.com", "10.0.0.1/8", "fd00::/16", "169.254.169.254/32", "128.0.0.0/1"},
	"Database.reservedConnections": {"500"},
	"Endpoint.cidrs[]":             {"redis.example.com", "10.0.0.1/8", "fd00::/16", "169.254.169.254/32", "128.0.0.0/1"},
	".namespace":                   {"kube-system", "Not_DNS"},
	".tags.*":                      {strings.Repeat("a", 257)},
	"Resources.cpu":                {"lots", `"-1"`, `"0"`},
	"Resources.memory":             {"lots", `"-1"`, `"0"`},
	"Resources.memoryLimit":        {"lots", "1Mi"},
	"Resources.cpuLimit":           {"lots", "1m"},
	"Startup.cpu":                  {"lots", `"-1"`, `"0"`},
	"Schedule.cron":                {"daily", `"* * * *"`, `"60 * * * *"`, `"* * * * 7"`},
	"Schedule.timeZone":            {"Mars/Olympus", "Local"},
	"Route.host":                   {"example", "http://example.com", `"*.example.com"`},
	"Route.path":                   {"/a//b", "/../a", "/a/./b"},
	"Route.rewrite":                {"/a//b", "/../a"},
	"Route.bodySize":               {"lots", "2Gi", `"0"`},
	"Service.image":                {"host.example/web", "host.example/web:latest", "host.example/web@sha256:1"},
	"Service.uses[]":               {"Not_DNS", "database.Not_DNS"},
	"Service.secretFiles.*":        {"not a key!", `""`, "network"},
	"Service.secretEnv.*":          {"not a key!", `""`, "network"},
}

// wrongType are values of a type that a field of the schema's type does not take.
var wrongType = map[string][]string{
	"string":  {"7", "1.5", "true", "2026-01-01", "[a]", "{a: b}"},
	"integer": {`"7"`, "seven", "1.5", "1e3", "0x10", "1_000", "99999999999999999999", "true", "[1]", "{a: 1}"},
	"boolean": {`"true"`, "yes", "1", "[true]", "{a: true}"},
	"array":   {"a", "3.5", "true", "{a: b}"},
	"object":  {"a", "3.5", "true", "[1.5]"},
	"":        {"nonsense", "3.5", "true", "[1.5]", "{noSuchKey: 1}"}, // one of several
}

// wrong is one configuration that must be refused.
type wrong struct {
	name, path string // what was spoiled, and the path that must be reported
	file, text string
	inSchema   bool // the schema alone must refuse it too
}

func TestFromFiles_everyWrongValueIsRefused(t *testing.T) {
	t.Parallel()
	var all []wrong
	for _, f := range spoilable {
		s := spoiler{t: t, file: f.file, seen: map[string]bool{}}
		s.defs, s.doc = readSchema(t, f.schema)
		s.text = readText(t, filepath.Join(full.Root, f.file))
		if f.file == "services.yaml" {
			s.walk(place{path: "services"}, s.doc)
		} else {
			s.walkStack()
		}
		if f.file == "Pulumi.full.yaml" {
			s.text = withCertManager(t, s.text)
			s.walkStack("slipway:ingress")
		}
		s.everyFieldSeen()
		all = append(all, s.wrongs...)
	}
	refused, bySchema, inSchema := 0, 0, 0
	schemas := map[string]*validate.Schema{}
	for _, f := range spoilable {
		schemas[f.file] = compile(t, f.schema)
	}
	for _, w := range all {
		if assertRefused(t, w) {
			refused++
		}
		if w.inSchema {
			inSchema++
			if assert.Error(t, schemas[w.file].Validate(document(t, []byte(w.text))), "the schema takes %s", w.name) {
				bySchema++
			}
		}
	}
	t.Logf("%d wrong configurations, %d refused; %d of %d by the schema alone", len(all), refused, bySchema, inSchema)
	assert.Equal(t, len(all), refused)
	assert.Equal(t, inSchema, bySchema)
	assert.Greater(t, len(all), 1000, "the generator has lost its grip")
}

// withCertManager is the stack with the other way of TLS: one of several cannot stand beside the others.
func withCertManager(t *testing.T, text string) string {
	t.Helper()
	certificates := regexp.MustCompile(`(?m)^      acm:\n(        .*\n)+`)
	require.Regexp(t, certificates, text)
	text = certificates.ReplaceAllString(text, "      certManager: {issuer: letsencrypt, kind: Issuer}\n")
	return regexp.MustCompile(`(?m)^    accessLogs: .*\n`).ReplaceAllString(text, "")
}

func assertRefused(t *testing.T, w wrong) bool {
	t.Helper()
	dir := copyProject(t, full.Root)
	require.NoError(t, os.WriteFile(filepath.Join(dir, w.file), []byte(w.text), 0o600))
	_, err := config.Source{Root: dir, Project: "slipway", Stack: "full"}.FromFiles(today)
	return assertProblem(t, err, w.file, w.path, w.name)
}

// assertProblem asserts that err reports path, or a part of what is there, in file.
func assertProblem(t *testing.T, err error, file, path, name string) bool {
	t.Helper()
	var problems config.Problems
	require.ErrorAs(t, err, &problems, name)
	ok := slices.ContainsFunc(problems, func(p config.Problem) bool {
		rest, found := strings.CutPrefix(p.Path, path)
		return p.File == file && found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
	return assert.True(t, ok, "%s: want %s: %s in\n%s", name, file, path, err)
}

func readSchema(t *testing.T, file string) (defs, doc schema) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(readText(t, filepath.Join(root, file))), &doc))
	return doc["$defs"].(schema), doc
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// copyProject copies the YAML files of a folder into a new one.
func copyProject(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := os.ReadDir(from)
	require.NoError(t, err)
	for _, entry := range entries {
		if regexp.MustCompile(`\.yaml$`).MatchString(entry.Name()) {
			text := readText(t, filepath.Join(from, entry.Name()))
			require.NoError(t, os.WriteFile(filepath.Join(dir, entry.Name()), []byte(text), 0o600))
		}
	}
	return dir
}
