package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/config"
)

// A small project that is valid.
const (
	smallStack = `config:
  aws:region: eu-west-1
  slipway:network: {cidr: 10.20.0.0/16, zones: [eu-west-1a, eu-west-1b]}
  slipway:cluster: {deployRoleArn: "arn:aws:iam::123456789012:role/deploy"}
  slipway:nodes: {general: {instanceTypes: [t3.large], max: 4}}
  slipway:registry: {image: "host.example/main:{service}_{version}"}
  slipway:release: {version: 1.0.0}
`
	smallServices = `chat:
  port: 8030
  health: spring
  resources: {cpu: 500m, memory: 512Mi, memoryLimit: 1Gi}
  scale: {max: 4}
  env: {A: "1", B: "2"}
  secretEnv: {TOKEN: chatToken}
`
)

// project writes a project of one stack.
func project(t *testing.T, stack, services string) config.Source {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: shop\nruntime: go\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dev.yaml"), []byte(stack), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "services.yaml"), []byte(services), 0o600))
	return config.Source{Root: dir, Project: "shop", Stack: "dev"}
}

func TestFromFiles_shippedStacks(t *testing.T) {
	t.Parallel()
	stacks, err := config.Stacks(root)
	require.NoError(t, err)
	names := make([]string, len(stacks))
	for i, stack := range stacks {
		names[i] = stack.Stack
		cfg, err := stack.FromFiles(today)
		require.NoError(t, err, stack.Stack)
		assert.Len(t, cfg.Platform.Services, 6)
		assert.Equal(t, "ap-northeast-2", cfg.Region)
		assert.Equal(t, "slipway-"+stack.Stack, cfg.Platform.Cluster.Name)
		assert.Len(t, cfg.Secrets, 7)
		require.Len(t, cfg.Notes, 1)
		assert.Contains(t, cfg.Notes[0], "organization/slipway-bootstrap/account, which is not read")
	}
	assert.Equal(t, []string{"dev", "prod"}, names)
}

func TestFromFiles_overridesAreMerged(t *testing.T) {
	t.Parallel()
	s := project(t, smallStack+"  slipway:services: {chat: {scale: {min: 3}, env: {B: '3', C: ''}, health: {http: {path: /up}}}}", smallServices)
	cfg, err := s.FromFiles(today)
	require.NoError(t, err)
	chat := cfg.Platform.Services["chat"]
	assert.Equal(t, 3, chat.Scale.Min, "the stack's value")
	assert.Equal(t, 4, chat.Scale.Max, "the catalogue's value")
	assert.Equal(t, 30, chat.Scale.CPUPercent, "the default")
	assert.Equal(t, map[string]string{"A": "1", "B": "3", "C": ""}, chat.Env)
	assert.Nil(t, chat.Health.Spring, "one way of health replaces the other")
	assert.Equal(t, "/up", chat.Health.HTTP.Path)
	assert.Equal(t, "shop-dev", cfg.Platform.Cluster.Name)
	assert.Equal(t, "apps", cfg.Platform.Namespace)
}

func TestFromFiles_secrets(t *testing.T) {
	t.Parallel()
	cfg, err := project(t, smallStack, smallServices).FromFiles(today)
	require.NoError(t, err)
	want := config.Secret{
		Key: "chatToken", NeededBy: []string{"services.chat.secretEnv.TOKEN"},
		Command: "pulumi config set --secret slipway:chatToken --stack dev",
	}
	assert.Equal(t, []config.Secret{want}, cfg.Secrets)
	cfg, err = project(t, smallStack+"  slipway:chatToken: {secure: Y2lwaGVy}", smallServices).FromFiles(today)
	require.NoError(t, err)
	assert.True(t, cfg.Secrets[0].InFile)
}

func TestFromFiles_refuses(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-do-not-print"
	for name, c := range map[string]struct{ stack, services, want string }{
		"unknown slipway key": {
			smallStack + "  slipway:netwrk: {}", smallServices,
			"Pulumi.dev.yaml: slipway:netwrk: Forbidden: unknown key; did you mean network?",
		},
		"secret that no service names": {
			smallStack + "  slipway:old: {secure: abc}", smallServices, "Pulumi.dev.yaml: slipway:old: Forbidden: unknown key",
		},
		"secret in clear": {
			smallStack + "  slipway:chatToken: " + secret, smallServices,
			"slipway:chatToken: Forbidden: is in clear text; take it as known to others, and set a new one: pulumi config set --secret slipway:chatToken",
		},
		"secret in a mapping": {
			smallStack + "  slipway:chatToken: {value: " + secret + "}", smallServices, "slipway:chatToken: Forbidden: is in clear text",
		},
		"secret under a name of no service": {
			smallStack + "  slipway:chatTokn: " + secret, smallServices, "slipway:chatTokn: Forbidden: unknown key; did you mean chatToken?",
		},
		"secret in the catalogue": {
			smallStack, strings.Replace(smallServices, "chatToken", `"`+secret+`!"`, 1), "services.yaml: services.chat.secretEnv.TOKEN: ",
		},
		"secret named like a section": {
			smallStack, strings.Replace(smallServices, "chatToken", "tags", 1),
			"services.yaml: services.chat.secretEnv.TOKEN: Invalid value: \"tags\": is a section",
		},
		"key without a namespace": {smallStack + "  network: {}", smallServices, "network: Forbidden: has no namespace; write slipway:network"},
		"section that stands twice": {
			smallStack + "  slipway:release: {version: 2.0.0}", smallServices, "Pulumi.dev.yaml: release: Duplicate value",
		},
		"unknown top-level key":  {"confg: {}\n" + smallStack, smallServices, "Pulumi.dev.yaml: confg: Forbidden: unknown key; did you mean config?"},
		"no config":              {"", smallServices, "Pulumi.dev.yaml: network.cidr: Required value"},
		"empty config":           {"config:", smallServices, "Pulumi.dev.yaml: config: Invalid value: must be a mapping, not empty"},
		"two documents":          {smallStack + "---\n{}", smallServices, "Pulumi.dev.yaml: has a second document"},
		"no YAML":                {"config: [", smallServices, "Pulumi.dev.yaml: cannot be read: yaml:"},
		"catalogue is no YAML":   {smallStack, "chat: [", "services.yaml: services: cannot be read: yaml:"},
		"empty catalogue":        {smallStack, "", "services.yaml: services: Required value: give at least one service"},
		"unknown service":        {smallStack + "  slipway:services: {chta: {port: 1}}", smallServices, "Pulumi.dev.yaml: services.chta: Forbidden: no such service in services.yaml: unknown key; did you mean chat?"},
		"no region":              {strings.Replace(smallStack, "aws:region", "aws:profile", 1), smallServices, "Pulumi.dev.yaml: aws:region: Required value"},
		"region that is a zone":  {strings.Replace(smallStack, "region: eu-west-1", "region: eu-west-1a", 1), smallServices, "aws:region: Invalid value: \"eu-west-1a\""},
		"zone in another region": {strings.Replace(smallStack, "region: eu-west-1", "region: eu-west-2", 1), smallServices, "network.zones[0]: Invalid value: \"eu-west-1a\": is not a zone of aws:region"},
		"address in another region": {
			strings.Replace(smallStack, "[eu-west-1a, eu-west-1b]", "3, elasticIps: {eu-west-2a: eipalloc-1}", 1), smallServices,
			"network.elasticIps.eu-west-2a: Invalid value",
		},
		"mistake of the stack in a part of the catalogue": {
			smallStack + "  slipway:services: {chat: {resources: {memory: 2Gi}}}", smallServices,
			"Pulumi.dev.yaml: services.chat.resources.memoryLimit: Invalid value",
		},
		"mistake of the catalogue": {
			smallStack + "  slipway:services: {chat: {scale: {max: 9}}}", strings.Replace(smallServices, "512Mi", "2Gi", 1),
			"services.yaml: services.chat.resources.memoryLimit: Invalid value",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := project(t, c.stack, c.services).FromFiles(today)
			require.Error(t, err)
			assert.Nil(t, cfg)
			assert.Contains(t, err.Error(), c.want)
			assert.NotContains(t, err.Error(), secret)
		})
	}
}

func TestFromFiles_saysEachThingOnce(t *testing.T) {
	t.Parallel()
	stack := strings.Replace(smallStack, "cidr: 10.20.0.0/16", "cidr: 5", 1)
	_, err := project(t, stack, strings.Replace(smallServices, "port: 8030", "port: x", 1)).FromFiles(today)
	assert.EqualError(t, err, strings.Join([]string{
		"services.yaml: services.chat.port: Invalid value: must be a whole number, not a string",
		"Pulumi.dev.yaml: network.cidr: Invalid value: must be a string, not a number: quote it",
	}, "\n"))
}

func TestFromFiles_catalogueMissing(t *testing.T) {
	t.Parallel()
	s := project(t, smallStack+"  slipway:chatToken: {secure: abc}\n  slipway:services: {chat: {port: 1}}", smallServices)
	require.NoError(t, os.Remove(filepath.Join(s.Root, "services.yaml")))
	_, err := s.FromFiles(today)
	var problems config.Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 1, "what follows from it is not reported")
	assert.Equal(t, "services.yaml", problems[0].File)
}

func TestFromFiles_stackMissing(t *testing.T) {
	t.Parallel()
	s := project(t, smallStack, smallServices)
	s.Stack = "prod"
	_, err := s.FromFiles(today)
	assert.ErrorContains(t, err, "Pulumi.prod.yaml: there is no such file")
}

func TestFromFiles_versionIsJudgedByTheDay(t *testing.T) {
	t.Parallel()
	s := project(t, strings.Replace(smallStack, "{deployRoleArn", "{version: '1.34', deployRoleArn", 1), smallServices)
	_, err := s.FromFiles(today)
	require.NoError(t, err)
	_, err = s.FromFiles(today.AddDate(0, 1, 0))
	assert.ErrorContains(t, err, "cluster.version: Invalid value: \"1.34\": its standard support ended on 2026-12-02")
}

// The working directory of a test is its package's: the files are found from Root alone.
func TestFromFiles_rootIsNotTheWorkingDirectory(t *testing.T) { //nolint:paralleltest // changes the working directory
	s := project(t, smallStack, smallServices)
	t.Chdir(t.TempDir())
	_, err := s.FromFiles(today)
	require.NoError(t, err)
	_, err = s.FromEngine(func(key string) (string, bool) {
		return map[string]string{"aws:region": "eu-west-1", "slipway:chatToken": "x"}[key], key == "aws:region"
	}, today)
	require.ErrorContains(t, err, "network.cidr: Required value")
	assert.NotContains(t, err.Error(), "services.yaml")
}

// values are those of smallStack as the engine gives them.
func values() map[string]string {
	return map[string]string{
		"aws:region":        "eu-west-1",
		"slipway:network":   `{"cidr":"10.20.0.0/16","zones":["eu-west-1a","eu-west-1b"]}`,
		"slipway:cluster":   `{"deployRoleArn":"arn:aws:iam::123456789012:role/deploy"}`,
		"slipway:nodes":     `{"general":{"instanceTypes":["t3.large"],"max":4}}`,
		"slipway:registry":  `{"image":"host.example/main:{service}_{version}"}`,
		"slipway:release":   `{"version":"1.0.0"}`,
		"slipway:chatToken": "s3cret",
	}
}

func lookup(values map[string]string) func(string) (string, bool) {
	return func(key string) (string, bool) {
		value, ok := values[key]
		return value, ok
	}
}

func TestFromEngine_readsBareTextByTheSection(t *testing.T) {
	t.Parallel()
	v := values()
	v["slipway:namespace"], v["slipway:protect"] = "123", "true"
	v["slipway:tags"] = "{\"odd\": \"\\u003c\\u2028\\\"\\\\ \u0085\ufeff😀\"}"
	cfg, err := project(t, smallStack, smallServices).FromEngine(lookup(v), today)
	require.NoError(t, err)
	assert.Equal(t, "123", cfg.Platform.Namespace)
	assert.True(t, cfg.Platform.Protect)
	assert.Equal(t, map[string]string{"odd": "<\u2028\"\\ \u0085\ufeff😀"}, cfg.Platform.Tags)
	assert.Equal(t, "eu-west-1", cfg.Region)
}

func TestFromEngine_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ key, value, want string }{
		"text for a section":          {"slipway:network", "cidr: 10.0.0.0/16", "network: Invalid value: must be a mapping, not a string"},
		"text for a bool":             {"slipway:protect", "yes", "protect: Invalid value: must be true or false, not a string"},
		"number for a bool":           {"slipway:protect", "1", "protect: Invalid value: must be true or false, not a number"},
		"empty namespace":             {"slipway:namespace", "", "namespace: Required value: is an empty string"},
		"unknown key in a section":    {"slipway:release", `{"version":"1","servces":{}}`, "release.servces: Forbidden: unknown key; did you mean services?"},
		"secret without a value":      {"slipway:chatToken", "", "slipway:chatToken: Required value: services.chat.secretEnv.TOKEN needs it; set it: pulumi config set --secret slipway:chatToken"},
		"number for a version":        {"slipway:cluster", `{"version":1.35,"deployRoleArn":"x"}`, "cluster.version: Invalid value: must be a string, not a number with a fraction or exponent: quote it"},
		"repeated key, if it has one": {"slipway:release", `{"version":"1","version":"2"}`, "release.version: Duplicate value"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := values()
			v[c.key] = c.value
			_, err := project(t, smallStack, smallServices).FromEngine(lookup(v), today)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestFromEngine_listsEveryMissingSecret(t *testing.T) {
	t.Parallel()
	v := values()
	delete(v, "slipway:chatToken")
	services := strings.Replace(smallServices, "{TOKEN: chatToken}", "{TOKEN: chatToken, OTHER: chatToken, PASSWORD: dbPassword}", 1)
	_, err := project(t, smallStack, services).FromEngine(lookup(v), today)
	var problems config.Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 2)
	assert.Contains(t, problems[0].Message, "services.chat.secretEnv.OTHER and services.chat.secretEnv.TOKEN")
	assert.Contains(t, problems[1].Message, "pulumi config set --secret slipway:dbPassword --stack dev")
}

// The engine does not say which keys a stack has: only the file does.
func TestFromEngine_searchesTheFileForUnknownKeys(t *testing.T) {
	t.Parallel()
	s := project(t, smallStack+"  slipway:netwrk: {}\n  slipway:chatToken: hunter2", smallServices)
	_, err := s.FromEngine(lookup(values()), today)
	require.ErrorContains(t, err, "Pulumi.dev.yaml: slipway:netwrk: Forbidden: unknown key")
	require.ErrorContains(t, err, "slipway:chatToken: Forbidden: is in clear text")
	require.NoError(t, os.Remove(filepath.Join(s.Root, "Pulumi.dev.yaml")))
	cfg, err := s.FromEngine(lookup(values()), today)
	require.NoError(t, err)
	require.Len(t, cfg.Notes, 1)
	assert.Contains(t, cfg.Notes[0], "unknown slipway: keys were not looked for: Pulumi.dev.yaml is not in ")
}
