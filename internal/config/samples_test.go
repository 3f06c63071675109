package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/config"
)

// samples is how many valid configurations are made.
const samples = 400

// oddText are strings that JSON and YAML write differently.
var oddText = []string{"", "plain", "a: b # c", "<&>\u2028\u2029", "next\u0085line", "\ufeffmark", "😀", "tab\tnewline\n", `"'\`, "\u007f"}

// goodWords are values of fields whose rules the schema does not know, by its name of the field.
var goodWords = map[string][]string{
	"Network.cidr":                 {"10.20.0.0/16", "172.16.0.0/18", "192.168.0.0/20", "100.64.0.0/16"},
	"Network.zones[]":              {"eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1f"},
	"Network.elasticIps.*":         {"eipalloc-0a1b2c3d"},
	"Network.endpoints[]":          {"sts", "ecr.api", "ecr.dkr", "ec2"},
	"Cluster.name":                 {"main", "Main-2", strings.Repeat("a", 38)},
	"Cluster.version":              {"1.34", "1.35", "1.36"},
	"Cluster.deployRoleArn":        {"arn:aws:iam::123456789012:role/deploy", "arn:aws-cn:iam::123456789012:role/ci/deploy"},
	"Cluster.previewRoleArn":       {"arn:aws:iam::123456789012:role/preview"},
	"Cluster.admins.*":             {"arn:aws:iam::123456789012:role/Admin"},
	"Cluster.publicAccessCidrs[]":  {"203.0.113.0/24", "198.51.100.7/32", "192.0.2.0/28", "10.0.0.0/8"},
	"Cluster.secretsKeyArn":        {"arn:aws:kms:eu-west-1:123456789012:key/1234"},
	"Cluster.addonVersions.*":      {"v1.20.4-eksbuild.1"},
	"NodeGroup.instanceTypes[]":    {"m5.large", "t3.large", "m6i.large", "c5.large"},
	"NodeGroup.labels.*":           {"", "web", "a.b_c-d"},
	"NodeGroup.noHeadRoom":         {"a stack to try things in"},
	"NodeGroup.imageId":            {"ami-0123456789abcdef0", "ami-01234567"},
	"Taint.value":                  {"web", "a.b_c-d"},
	"Alerts.emails[]":              {"a@example.com", "b.c@example.com"},
	"Registry.image":               {"host.example/main:{service}_{version}", "host.example:5000/a/{service}:{version}"},
	"Release.version":              {"1.0.0", "5.3.25-5e15f0a", "v2", "_"},
	"Release.services.*":           {"1.0.1", strings.Repeat("9", 60)},
	"Database.cidrs[]":             {"10.0.0.0/8", "192.0.2.1/32"},
	"Endpoint.cidrs[]":             {"10.0.0.0/8", "0.0.0.0/0"},
	"Addons.versions.*":            {"v4.1.0-eksbuild.1"},
	"ExternalDNS.hostedZones[]":    {"Z0123456789ABC", "ZA"},
	"ACM.certificateArns[]":        {"arn:aws:acm:eu-west-1:123456789012:certificate/1234abcd"},
	"ACM.policy":                   {"ELBSecurityPolicy-TLS13-1-3-2021-06"},
	"CertManager.issuer":           {"letsencrypt"},
	"IngressTLS.none":              {"only reached from inside"},
	"Ingress.elasticIps.*":         {"eipalloc-0a1b2c3d"},
	"Ingress.loadBalancerName":     {"shop", "Shop-2"},
	"Ingress.image":                {"registry.example.com/controller:v1.15.1"},
	"Ingress.tags.*":               {"shop", ""},
	"IngressResources.cpu":         {"100m", "1"},
	"IngressResources.memory":      {"128Mi", "256Mi"},
	"IngressResources.memoryLimit": {"512Mi", "1Gi"},
	"IngressAccessLogs.bucket":     {"shop-logs"},
	"IngressAccessLogs.prefix":     {"nlb", "nlb/shop"},
	".bootstrap":                   {"organization/slipway-bootstrap/account", "acme/slipway-bootstrap/eu"},
	".namespace":                   {"apps", "a", "123", "shop-2"},
	".tags.*":                      oddText,
	"Resources.cpu":                {"100m", "250m", "1"},
	"Resources.memory":             {"64Mi", "256Mi", "384Mi"},
	"Resources.memoryLimit":        {"384Mi", "512Mi", "1Gi", "2Gi"},
	"Resources.cpuLimit":           {"1", "1500m", "4"},
	"Service.env.*":                oddText,
	"Service.secretEnv.*":          {"token", "databasePassword", "my_key-2"},
	"Startup.cpu":                  {"100m", "1.5"},
	"Service.image":                {"host.example/web:1.0.0", "host.example:5000/a/web@sha256:" + strings.Repeat("0a", 32)},
	"Service.command[]":            {"/bin/server", "run it"},
	"Service.args[]":               {"--verbose", "a", "b c"},
	"Service.adminPaths[]":         {"/block", "/turnoff", "/a.b/c_d"},
	"Service.uses[]":               {"redis", "kafka", "a"},
	"Service.files.*":              oddText,
	"Service.secretFiles.*":        {"token", "my_key-2"},
	"Route.host":                   {"www.example.com", "a.b-c.example"},
	"Route.path":                   {"/", "/api", "/a.b/~c"},
	"Route.rewrite":                {"/", "/v2", "/v2/"},
	"Route.bodySize":               {"1Mi", "512Ki", "1Gi"},
	"Schedule.cron":                {"* * * * *", "30 3 * * *", "*/5 0-8/2 1,15 jan-MAR sun"},
	"Schedule.timeZone":            {"Etc/UTC", "Asia/Seoul"},
	"Placement.group":              {"general"},
	"Exceptions.writableRoot":      {"it writes to its own folder"},
	"Exceptions.kubernetesToken":   {"it elects a leader"},
	"Health.none":                  {"it only writes to a queue"},
	"HTTPHealth.path":              {"/", "/live?deep=1", "/actuator/health"},
}

// goodKeys are keys of maps; others get the keys a, b and c.
var goodKeys = map[string][]string{
	"Network.elasticIps":    {"eu-west-1a"},
	"Cluster.admins":        {"platform"},
	"Cluster.addonVersions": {"vpc-cni", "kube-proxy", "eks-pod-identity-agent"},
	"NodeGroup.labels":      {"tier", "example.com/tier"},
	"NodeGroup.taints":      {"dedicated", "example.com/dedicated"},
	"Service.env":           {"MODE", "lower_case", "_X"},
	"Service.secretEnv":     {"TOKEN", "PASSWORD"},
	"Service.files":         {"/etc/app/app.conf", "/etc/app/my_rules.d/1"},
	"Service.secretFiles":   {"/etc/app/app.key", "/run/token"},
	"Release.services":      {"a"},
	"Addons.versions":       {"coredns", "aws-ebs-csi-driver", "metrics-server"},
	"Ingress.elasticIps":    {"eu-west-1a"},
	"Ingress.tags":          {"cost"},
	".nodes":                {"general", "spot-2"},
}

func TestFromFiles_everyGoodValueIsAccepted(t *testing.T) {
	t.Parallel()
	accepted := 0
	for seed := range uint64(samples) {
		s := sampler{t: t, rng: rand.New(rand.NewPCG(seed, 1))}
		stack, services := s.project()
		dir := t.TempDir()
		writeJSON(t, filepath.Join(dir, "Pulumi.dev.yaml"), stack)
		writeJSON(t, filepath.Join(dir, "services.yaml"), services)
		source := config.Source{Root: dir, Project: "slipway", Stack: "dev"}
		fromFiles, err := source.FromFiles(today)
		require.NoError(t, err, "seed %d\n%s", seed, readText(t, filepath.Join(dir, "Pulumi.dev.yaml")))
		fromEngine, err := source.FromEngine(engine(t, stack), today)
		require.NoError(t, err)
		assert.Equal(t, fromFiles.Platform, fromEngine.Platform, "seed %d: the engine's values mean the same", seed)
		assert.NoError(t, compile(t, stackSchemaFile).Validate(plain(t, stack)), "seed %d", seed)
		assert.NoError(t, compile(t, servicesSchemaFile).Validate(plain(t, services)), "seed %d", seed)
		accepted++
	}
	t.Logf("%d valid configurations, %d accepted", samples, accepted)
	assert.Equal(t, samples, accepted)
}

// engine answers as the Pulumi engine does: objects as JSON, anything else as bare text; every secret has a value.
func engine(t *testing.T, stack map[string]any) func(string) (string, bool) {
	t.Helper()
	values := stack["config"].(map[string]any)
	return func(key string) (string, bool) {
		value, ok := values[key]
		if object, isObject := value.(map[string]any); isObject && object["secure"] != nil {
			return "secret", true
		}
		if text, isText := value.(string); isText {
			return text, ok
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		return string(text), ok
	}
}

func writeJSON(t *testing.T, file string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	// YAML reads JSON, but for what it does not allow in clear.
	ascii := strconv.QuoteToASCII(string(text))
	ascii = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\x7f`, `\u007f`).Replace(ascii[1 : len(ascii)-1])
	require.NoError(t, os.WriteFile(file, []byte(ascii), 0o600))
}

// plain is value as the schema's validator wants it.
func plain(t *testing.T, value any) any {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	return document(t, []byte(strings.ReplaceAll(string(text), "\u007f", "")))
}

// sampler makes valid configurations by the schemas.
type sampler struct {
	t    *testing.T
	rng  *rand.Rand
	defs schema
}

func (s *sampler) project() (stack, services map[string]any) {
	var doc schema
	s.defs, doc = readSchema(s.t, servicesSchemaFile)
	services = s.value("services", doc).(map[string]any)
	for _, service := range services {
		fixService(service.(map[string]any))
	}
	s.defs, doc = readSchema(s.t, stackSchemaFile)
	sections := doc["properties"].(schema)["config"].(schema)
	config := s.object("", sections, map[string]bool{"slipway:services": true})
	config["aws:region"] = "eu-west-1"
	fixStack(config)
	for _, service := range services {
		for _, field := range []string{"secretEnv", "secretFiles"} {
			for _, key := range asMap(service.(map[string]any)[field]) {
				config["slipway:"+key.(string)] = map[string]any{"secure": "Y2lwaGVy"}
			}
		}
	}
	config["slipway:services"] = map[string]any{"a": map[string]any{"startup": map[string]any{"seconds": 1 + s.rng.IntN(900)}}}
	return map[string]any{"config": config}, services
}

// fixService makes fields agree with each other.
func fixService(service map[string]any) {
	fixKind(service)
	fixRoutes(service)
	fixUses(service)
	if scale, ok := service["scale"].(map[string]any); ok {
		fixMax(scale, 2)
	}
	health, _ := service["health"].(map[string]any)
	if spring, ok := health["spring"].(map[string]any); ok && spring["managementPort"] == service["port"] {
		delete(spring, "managementPort")
	}
	if service["port"] == 8081 {
		service["port"] = 8080
	}
	if limit := service["resources"].(map[string]any); limit["memoryLimit"] == "384Mi" {
		limit["memory"] = "128Mi"
	}
}

// fixKind leaves a service what its kind may have, and gives it what its kind must have.
func fixKind(service map[string]any) {
	if service["schedule"] != nil {
		for _, key := range []string{"port", "servicePort", "scale", "health", "routes"} {
			delete(service, key)
		}
		return
	}
	if service["scale"] == nil {
		service["scale"] = map[string]any{"max": 3}
	}
	http, isHTTP := asMap(service["health"])["http"].(map[string]any)
	switch {
	case service["port"] == nil:
		delete(service, "servicePort")
		delete(service, "routes")
		if service["health"] == "tcp" {
			delete(service, "health")
		}
		if isHTTP {
			http["port"] = 9002
		}
	case service["health"] == nil:
		service["health"] = "tcp"
	}
}

// fixRoutes removes routes that are there twice, and what they would publish.
func fixRoutes(service map[string]any) {
	routes, _ := service["routes"].([]any)
	if len(routes) == 0 {
		return
	}
	delete(service, "adminPaths")
	if asMap(service["health"])["http"] != nil {
		service["health"] = "tcp"
	}
	seen := map[string]bool{}
	service["routes"] = slices.DeleteFunc(routes, func(route any) bool {
		r := route.(map[string]any)
		if r["path"] == nil {
			r["path"] = "/"
		}
		key := fmt.Sprint(r["host"], r["path"], r["match"] == "exact")
		twice := seen[key]
		seen[key] = true
		return twice
	})
}

// fixUses names the databases of which a service takes connections.
func fixUses(service map[string]any) {
	uses, _ := service["uses"].([]any)
	for _, database := range slices.Sorted(maps.Keys(asMap(service["database"]))) {
		uses = append(uses, "database."+database)
	}
	if uses != nil {
		service["uses"] = uses
	}
}

func fixStack(config map[string]any) {
	network := config["slipway:network"].(map[string]any)
	zones, _ := network["zones"].([]any)
	if zones != nil && zones[0] != "eu-west-1a" || network["nat"] == "none" {
		delete(network, "elasticIps")
	}
	for _, database := range asMap(config["slipway:databases"]) {
		d := database.(map[string]any)
		d["maxConnections"] = 1001 // more than any reserve
	}
	cluster := config["slipway:cluster"].(map[string]any)
	if cluster["publicAccessFromAnywhere"] == true {
		delete(cluster, "publicAccessCidrs")
	}
	if cluster["createSecretsKey"] == true {
		delete(cluster, "secretsKeyArn")
	}
	for _, group := range config["slipway:nodes"].(map[string]any) {
		fixMax(group.(map[string]any), 2)
		if group.(map[string]any)["imageId"] == nil {
			delete(group.(map[string]any), "maxPods")
		}
	}
	fixIngress(asMap(config["slipway:ingress"]))
	for _, days := range []map[string]any{cluster, asMap(network["flowLogs"]), asMap(asMap(config["slipway:addons"])["logs"])} {
		for _, key := range []string{"logRetentionDays", "retentionDays"} {
			if days[key] != nil {
				days[key] = 365
			}
		}
	}
}

// fixIngress makes what depends on the way of TLS, and the times of draining, agree.
func fixIngress(ingress map[string]any) {
	if ingress == nil {
		return
	}
	delete(ingress, "drain")
	fixMax(asMap(ingress["scale"]), 2)
	if ingress["scheme"] == "internal" {
		delete(ingress, "elasticIps")
	}
	if asMap(ingress["tls"])["acm"] != nil {
		ingress["proxyProtocol"] = true
		delete(ingress, "idleTimeoutSeconds")
	} else {
		delete(ingress, "accessLogs")
	}
}

func asMap(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

// fixMax raises max to min.
func fixMax(scale map[string]any, defaultMin int) {
	low, ok := scale["min"].(int)
	if !ok {
		low = defaultMin
	}
	if high, ok := scale["max"].(int); ok || scale["min"] != nil {
		scale["max"] = max(low, high)
	}
}

// value makes a value that a schema allows.
func (s *sampler) value(id string, sch schema) any {
	if ref, ok := sch["$ref"].(string); ok {
		id = strings.TrimPrefix(ref, "#/$defs/")
		sch = s.defs[id].(schema)
	}
	if choices, ok := sch["oneOf"].([]any); ok {
		if strings.HasSuffix(id, ".health") {
			id = "Health"
		}
		if strings.HasSuffix(id, ".tls") {
			id = "IngressTLS"
		}
		return s.value(id, choices[s.rng.IntN(len(choices))].(schema))
	}
	if enum, ok := sch["enum"].([]any); ok {
		return enum[s.rng.IntN(len(enum))]
	}
	switch sch["type"] {
	case "boolean":
		return s.rng.IntN(2) == 0
	case "integer":
		low, high := int(sch["minimum"].(float64)), int(sch["maximum"].(float64))
		return []int{low, high, low + s.rng.IntN(high-low+1)}[s.rng.IntN(3)]
	case "array":
		return s.list(id, sch)
	case "object":
		return s.object(id, sch, nil)
	default:
		words := goodWords[id]
		require.NotEmpty(s.t, words, "the test knows no good value of %s", id)
		return words[s.rng.IntN(len(words))]
	}
}

func (s *sampler) list(id string, sch schema) []any {
	if item := sch["items"].(schema); item["type"] != "string" {
		return s.listOf(id, item)
	}
	words := slices.Clone(goodWords[id+"[]"])
	require.NotEmpty(s.t, words, "the test knows no good items of %s", id)
	s.rng.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	low, _ := sch["minItems"].(float64)
	items := []any{}
	for _, word := range words[:max(int(low), s.rng.IntN(len(words)+1))] {
		items = append(items, word)
	}
	return items
}

// listOf makes up to three items that are no words, of which none stands twice.
func (s *sampler) listOf(id string, item schema) []any {
	items, seen := []any{}, map[string]bool{}
	for range 1 + s.rng.IntN(3) {
		value := s.value(id+"[]", item)
		if text := fmt.Sprint(value); !seen[text] {
			seen[text] = true
			items = append(items, value)
		}
	}
	return items
}

// unlessShared are required of a stack that names no bootstrap stack.
var unlessShared = []string{"slipway:registry", "deployRoleArn"}

func (s *sampler) object(id string, sch schema, without map[string]bool) map[string]any {
	object := map[string]any{}
	required := fmt.Sprint(sch["required"])
	properties, _ := sch["properties"].(schema)
	for _, key := range slices.Sorted(maps.Keys(properties)) {
		must := strings.Contains(required, key) || slices.Contains(unlessShared, key)
		if without[key] || key == "aws:region" || !must && s.rng.IntN(2) == 0 {
			continue
		}
		object[key] = s.value(id+"."+strings.TrimPrefix(key, "slipway:"), properties[key].(schema))
	}
	more, isMap := sch["additionalProperties"].(schema)
	if !isMap || properties != nil {
		return object
	}
	keys := goodKeys[id]
	if keys == nil {
		keys = []string{"a", "b", "c"}
	}
	for _, key := range keys[:1+s.rng.IntN(len(keys))] {
		object[key] = s.value(id+".*", more)
	}
	return object
}
