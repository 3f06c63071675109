// Package tests holds what must be true of a whole stack, whatever component it comes from.
package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/stacks"
)

// root is the project's root directory.
const root = ".."

// asOf is a day on which the stacks' Kubernetes versions are supported.
var asOf = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// marker is the value of every secret in these tests.
const marker = "marker-of-a-secret"

// zones answers the look-up of availability zones.
var zones = ptest.Answers{"aws:index/getAvailabilityZones:getAvailabilityZones": {
	"id": resource.NewProperty("ap-northeast-2"),
	"names": resource.NewProperty([]resource.PropertyValue{
		resource.NewProperty("ap-northeast-2c"), resource.NewProperty("ap-northeast-2a"),
		resource.NewProperty("ap-northeast-2b"), resource.NewProperty("ap-northeast-2d"),
	}),
}}

// configOf returns a stack's configuration as the engine hands it over, with values for its secrets, changed by more.
func configOf(t *testing.T, stack string, more map[string]string) ptest.Option {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "Pulumi."+stack+".yaml"))
	require.NoError(t, err)
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	config := map[string]string{}
	for key, value := range file.Config {
		config[key] = asText(t, value)
	}
	secrets := secretKeys(t)
	for _, key := range secrets {
		config[key] = marker
	}
	maps.Copy(config, more)
	return ptest.WithConfig(config, secrets...)
}

// asText is how the engine passes a value: bare text for scalars, JSON for the rest.
func asText(t *testing.T, value any) string {
	t.Helper()
	switch value.(type) {
	case map[string]any, []any:
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return string(text)
	default:
		return fmt.Sprint(value)
	}
}

// secretKeys returns the secret keys that the catalogue names.
func secretKeys(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "services.yaml"))
	require.NoError(t, err)
	var catalogue map[string]struct {
		SecretEnv map[string]string `yaml:"secretEnv"`
	}
	require.NoError(t, yaml.Unmarshal(text, &catalogue))
	var keys []string
	for _, service := range catalogue {
		for _, key := range service.SecretEnv {
			keys = append(keys, "slipway:"+key)
		}
	}
	require.NotEmpty(t, keys)
	return keys
}

// engineOf answers a stack's program as the engine does, with what the bootstrap stack exports.
func engineOf(t *testing.T, stack string, more map[string]string) []ptest.Option {
	t.Helper()
	return []ptest.Option{
		ptest.WithStack(stack), ptest.WithAnswers(zones), configOf(t, stack, more),
		ptest.WithStackOutputs(bootstrapStack, resource.NewPropertyMapFromMap(sharedOutputs)),
	}
}

// deploy runs the program of a stack from the files that users edit.
func deploy(t *testing.T, stack string, more map[string]string) *ptest.Result {
	t.Helper()
	return ptest.Run(t, stacks.DeployAsOf(root, asOf), engineOf(t, stack, more)...)
}

func forEachStack(t *testing.T, check func(t *testing.T, got *ptest.Result)) {
	t.Helper()
	for _, stack := range []string{"dev", "prod"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			check(t, deploy(t, stack, nil))
		})
	}
}

// pulumi:disable-default-providers makes the real engine refuse what this test would find; here it is found earlier.
func TestStacks_everyResourceHasAnExplicitProvider(t *testing.T) {
	t.Parallel()
	forEachStack(t, func(t *testing.T, got *ptest.Result) {
		t.Helper()
		for _, r := range got.All() {
			if r.Custom && !strings.HasPrefix(r.Type, "pulumi:") {
				assert.NotEmpty(t, r.Provider, r.URN)
			}
		}
	})
}

func TestStacks_providerTagsEverything(t *testing.T) {
	t.Parallel()
	forEachStack(t, func(t *testing.T, got *ptest.Result) {
		t.Helper()
		tags, ok := got.Only(t, "pulumi:providers:aws").Value(t, "defaultTags.tags").(map[string]any)
		require.True(t, ok)
		assert.Equal(t, "slipway", tags["slipway:project"])
		assert.Contains(t, []any{"dev", "prod"}, tags["slipway:stack"])
	})
}

func TestStacks_nothingIsOpenToTheWorld(t *testing.T) {
	t.Parallel()
	forEachStack(t, func(t *testing.T, got *ptest.Result) {
		t.Helper()
		for _, r := range got.All() {
			if strings.Contains(r.Type, "securityGroup") {
				assert.NotContains(t, fmt.Sprint(r.Inputs.Mappable()), "0.0.0.0/0", r.URN)
			}
		}
		for _, cluster := range got.OfType("eks:index:Cluster") {
			assert.NotContains(t, fmt.Sprint(cluster.Value(t, "publicAccessCidrs")), "0.0.0.0/0", cluster.URN)
		}
	})
}

func TestStacks_secretsStayInSecrets(t *testing.T) {
	t.Parallel()
	forEachStack(t, func(t *testing.T, got *ptest.Result) {
		t.Helper()
		holders := 0
		for _, r := range got.All() {
			if !strings.Contains(fmt.Sprint(r.Inputs.MapRepl(nil, reveal)), marker) {
				continue
			}
			holders++
			assert.Equal(t, "kubernetes:core/v1:Secret", r.Type, r.URN)
			assert.True(t, r.IsSecret(t, "stringData"), r.URN)
		}
		assert.Positive(t, holders, "the marker reached the Secrets it is for")
	})
}

// reveal shows what a secret hides.
func reveal(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() {
		return v.SecretValue().Element.MapRepl(nil, reveal), true
	}
	return nil, false
}

func TestStacks_lookUpZonesByNumber(t *testing.T) {
	t.Parallel()
	got := deploy(t, "dev", map[string]string{"slipway:network": `{"cidr":"10.20.0.0/16","zones":2,"nat":"single"}`})
	var found []string
	for _, r := range got.OfType("aws:ec2/subnet:Subnet") {
		if strings.Contains(r.Name, "-private-") {
			found = append(found, fmt.Sprint(r.Value(t, "availabilityZone")))
		}
	}
	assert.Equal(t, []string{"ap-northeast-2a", "ap-northeast-2b"}, found, "the first by name")
}

func TestStacks_refuseMoreZonesThanThereAre(t *testing.T) {
	t.Parallel()
	_, err := ptest.Err(t, stacks.DeployAsOf(root, asOf),
		engineOf(t, "dev", map[string]string{"slipway:network": `{"cidr":"10.20.0.0/16","zones":5}`})...)
	require.ErrorContains(t, err, "network.zones: 5 zones are asked for and the region has 4")
}

func TestStacks_reportEverythingBeforeAnythingIsRegistered(t *testing.T) {
	t.Parallel()
	got, err := ptest.Err(t, stacks.DeployAsOf(root, asOf), engineOf(t, "dev", map[string]string{
		"slipway:network":  `{"cidr":"10.0.0.0/8","zones":3}`,
		"slipway:services": `{"chatting-server":{"resources":{"memoryLimit":"1Mi"}},"chat":{}}`,
		"slipway:nodes":    `{"general":{"instanceTypes":["t9.huge"],"max":2}}`,
	})...)
	for _, path := range []string{
		"network.cidr:", "services.chatting-server.resources.memoryLimit:", "services.chat:", "nodes.general.instanceTypes[0]:",
	} {
		require.ErrorContains(t, err, path)
	}
	for _, r := range got.All() {
		assert.Equal(t, "pulumi:pulumi:StackReference", r.Type, "%s: another stack is read, and nothing made", r.URN)
	}
}

// TestS13_releaseIsConfiguration: image tags in manifests were edited by sed. The release is one version, or one for
// each service whose image was built, and every Deployment's image follows from it.
func TestS13_releaseIsConfiguration(t *testing.T) {
	t.Parallel()
	images := func(release string) map[string]string {
		got := deploy(t, "dev", map[string]string{
			"slipway:release":  release,
			"slipway:registry": `{"image":"registry.example.com/main:{service}_{version}"}`,
		})
		found := map[string]string{}
		for _, d := range got.OfType("kubernetes:apps/v1:Deployment") {
			if d.Value(t, "metadata.namespace") != "apps" {
				continue // not a service of the catalogue
			}
			name := fmt.Sprint(d.Value(t, "metadata.name"))
			found[name] = fmt.Sprint(d.Value(t, "spec.template.spec.containers[0].image"))
		}
		return found
	}
	before := images(`{"version":"5.3.25-5e15f0a"}`)
	require.Len(t, before, 6)
	for service, image := range before {
		assert.Equal(t, "registry.example.com/main:"+service+"_5.3.25-5e15f0a", image)
	}
	after := images(`{"version":"5.3.25-5e15f0a","services":{"user-server":"5.3.26-0a1b2c3"}}`)
	for service, image := range after {
		if service == "user-server" {
			assert.Equal(t, "registry.example.com/main:user-server_5.3.26-0a1b2c3", image)
			continue
		}
		assert.Equal(t, before[service], image, "a release of one service leaves the others alone")
	}
}

// TestS06_noRegistryTokens: registry tokens ended every 12 hours, and a cron job renewed them. Nodes pull by their role,
// and no pod and no service account names a secret for it.
func TestS06_noRegistryTokens(t *testing.T) {
	t.Parallel()
	forEachStack(t, func(t *testing.T, got *ptest.Result) {
		t.Helper()
		for _, r := range got.All() {
			assert.NotContains(t, fmt.Sprint(r.Inputs.Mappable()), "imagePullSecrets", r.URN)
			assert.NotEqual(t, "kubernetes.io/dockerconfigjson", r.Inputs.Mappable()["type"], r.URN)
		}
	})
}

// TestS25_oneEntryIsAService: five small services had a machine, a network and rules each. A new one is an entry with an
// image and a port, and what it asks for.
func TestS25_oneEntryIsAService(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, file := range []string{"Pulumi.yaml", "Pulumi.dev.yaml", "services.yaml"} {
		text, err := os.ReadFile(filepath.Join(root, file))
		require.NoError(t, err)
		if file == "services.yaml" {
			text = append(text, `
hello:
  image: registry.example.com/hello:1.2.3
  port: 8080
  health: tcp
  resources: {cpu: 50m, memory: 64Mi, memoryLimit: 64Mi}
  scale: {max: 2}
`...)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), text, 0o600))
	}
	before := deploy(t, "dev", nil)
	after := ptest.Run(t, stacks.DeployAsOf(dir, asOf), engineOf(t, "dev", nil)...)
	var added []string
	for _, r := range after.All() {
		if !slices.ContainsFunc(before.All(), func(b ptest.Resource) bool { return b.URN == r.URN }) && r.Custom {
			added = append(added, strings.TrimPrefix(r.Type, "kubernetes:"))
		}
	}
	assert.ElementsMatch(t, []string{
		"apps/v1:Deployment", "autoscaling/v2:HorizontalPodAutoscaler", "core/v1:Service", "core/v1:ServiceAccount",
		"networking.k8s.io/v1:NetworkPolicy", "policy/v1:PodDisruptionBudget",
	}, added)
	d := after.Named(t, "kubernetes:apps/v1:Deployment", "slipway-dev-hello")
	assert.Equal(t, "registry.example.com/hello:1.2.3", d.Value(t, "spec.template.spec.containers[0].image"))
}
