package spec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/spec"
)

func TestService_rejects(t *testing.T) {
	t.Parallel()
	chat := func(change func(*spec.Service)) func(*spec.Platform) {
		return func(p *spec.Platform) {
			s := p.Services["chat"]
			change(&s)
			p.Services["chat"] = s
		}
	}
	named := func(name string) func(*spec.Platform) {
		return func(p *spec.Platform) { p.Services[name] = p.Services["chat"] }
	}
	resources := func(r spec.Resources) func(*spec.Platform) {
		return chat(func(s *spec.Service) { s.Resources = r })
	}
	secret := func(name, key string) func(*spec.Platform) {
		return chat(func(s *spec.Service) { s.SecretEnv = map[string]string{name: key} })
	}
	rejects{
		"name that is no label":      {named("Chat_Server"), "services.Chat_Server: Invalid value"},
		"long name":                  {named(strings.Repeat("a", 51)), "services." + strings.Repeat("a", 51) + ": Too long"},
		"port out of range":          {chat(func(s *spec.Service) { s.Port = 65536 }), "services.chat.port: Invalid value"},
		"service port out of range":  {chat(func(s *spec.Service) { s.ServicePort = -1 }), "services.chat.servicePort: Invalid value"},
		"no health":                  {chat(func(s *spec.Service) { s.Health = spec.Health{} }), "services.chat.health: Required value"},
		"two ways of health":         {chat(func(s *spec.Service) { s.Health.TCP = true }), "services.chat.health: Forbidden"},
		"health's path":              {chat(func(s *spec.Service) { s.Health = spec.Health{HTTP: &spec.HTTPHealth{Path: "up"}} }), "services.chat.health.http.path: Invalid value"},
		"health's port":              {chat(func(s *spec.Service) { s.Health = spec.Health{HTTP: &spec.HTTPHealth{Path: "/", Port: -1}} }), "services.chat.health.http.port: Invalid value"},
		"no path of health":          {chat(func(s *spec.Service) { s.Health = spec.Health{HTTP: &spec.HTTPHealth{Port: 1}} }), "services.chat.health.http.path: Required value"},
		"management on the own port": {chat(func(s *spec.Service) { s.Health.Spring = &spec.SpringHealth{ManagementPort: 8030} }), "services.chat.health.spring.managementPort: Invalid value"},
		"start in no time":           {chat(func(s *spec.Service) { s.Startup.Seconds = -1 }), "services.chat.startup.seconds: Invalid value"},
		"no resources":               {resources(spec.Resources{}), "services.chat.resources: Required value"},
		"no memory limit":            {resources(spec.Resources{CPU: "1", Memory: "1Gi"}), "services.chat.resources.memoryLimit: Required value"},
		"no quantity":                {resources(spec.Resources{CPU: "lots", Memory: "1Gi", MemoryLimit: "1Gi"}), "services.chat.resources.cpu: Invalid value"},
		"no CPU":                     {resources(spec.Resources{CPU: "0", Memory: "1Gi", MemoryLimit: "1Gi"}), "services.chat.resources.cpu: Invalid value"},
		"less than no memory":        {resources(spec.Resources{CPU: "1", Memory: "-1Gi", MemoryLimit: "1Gi"}), "services.chat.resources.memory: Invalid value"},
		"CPU limit below request":    {resources(spec.Resources{CPU: "1", Memory: "1Gi", MemoryLimit: "1Gi", CPULimit: "500m"}), "services.chat.resources.cpuLimit: Invalid value"},
		"memory limit below request": {resources(spec.Resources{CPU: "1", Memory: "1Gi", MemoryLimit: "512Mi"}), "services.chat.resources.memoryLimit: Invalid value"},
		"too little for a JVM":       {resources(spec.Resources{CPU: "1", Memory: "100Mi", MemoryLimit: "100Mi"}), "services.chat.resources.memoryLimit: Invalid value"},
		"no minimum":                 {chat(func(s *spec.Service) { s.Scale.Min = 0 }), "services.chat.scale.min: Invalid value"},
		"no maximum":                 {chat(func(s *spec.Service) { s.Scale.Max = 0 }), "services.chat.scale.max: Invalid value"},
		"maximum below minimum":      {chat(func(s *spec.Service) { s.Scale.Max = 1 }), "services.chat.scale.max: Invalid value: 1: is below min, 2"},
		"target above the whole":     {chat(func(s *spec.Service) { s.Scale.CPUPercent = 101 }), "services.chat.scale.cpuPercent: Invalid value"},
		"window above an hour":       {chat(func(s *spec.Service) { s.Scale.ScaleDownSeconds = 3601 }), "services.chat.scale.scaleDownSeconds: Invalid value"},
		"variable's name":            {chat(func(s *spec.Service) { s.Env = map[string]string{"A-B": "c"} }), "services.chat.env.A-B: Invalid value"},
		"variable of the preset":     {chat(func(s *spec.Service) { s.Env = map[string]string{"MANAGEMENT_SERVER_PORT": "1"} }), "services.chat.env.MANAGEMENT_SERVER_PORT: Forbidden"},
		"secret variable's name":     {secret("1A", "key"), "services.chat.secretEnv.1A: Invalid value"},
		"secret in place of a key":   {secret("A", "p4ss word!"), `services.chat.secretEnv.A: Invalid value: "(not shown)"`},
		"variable in clear and secret": {chat(func(s *spec.Service) {
			s.Env = map[string]string{"A": "b"}
			s.SecretEnv = map[string]string{"A": "key"}
		}), "services.chat.secretEnv.A: Forbidden"},
	}.run(t)
}

func TestZones_forms(t *testing.T) {
	t.Parallel()
	var z spec.Zones
	require.NoError(t, z.SetScalar(3))
	assertJSON(t, "3", z)
	require.NoError(t, z.SetList([]string{"eu-west-1a", "eu-west-1b"}))
	assertJSON(t, `["eu-west-1a","eu-west-1b"]`, z)
	for _, wrong := range []any{1, 7, "3", 3.0, true} {
		require.Error(t, z.SetScalar(wrong), "%v", wrong)
	}
	assert.Error(t, z.SetList(nil), "no zones are not the same as zones that are not given")
}

func TestHealth_forms(t *testing.T) {
	t.Parallel()
	var h spec.Health
	require.NoError(t, h.SetScalar("tcp"))
	assertJSON(t, `"tcp"`, h)
	require.NoError(t, h.SetScalar("spring"))
	assertJSON(t, `{"spring":{"managementPort":8081}}`, h)
	for _, wrong := range []any{"http", 3, true} {
		assert.Error(t, h.SetScalar(wrong), "%v", wrong)
	}
}

func assertJSON(t *testing.T, want string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	assert.JSONEq(t, want, string(text))
}
