package spec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/spec"
)

// chat changes the service of good.
func chat(change func(*spec.Service)) func(*spec.Platform) {
	return func(p *spec.Platform) {
		s := p.Services["chat"]
		change(&s)
		s.Default()
		p.Services["chat"] = s
	}
}

// worker and job make chat another kind of service, and then change it.
func worker(change func(*spec.Service)) func(*spec.Platform) {
	return chat(func(s *spec.Service) {
		s.Port, s.Health = 0, spec.Health{}
		change(s)
	})
}

func job(change func(*spec.Service)) func(*spec.Platform) {
	return worker(func(s *spec.Service) {
		s.Scale, s.Schedule = nil, &spec.Schedule{Cron: "30 3 * * *"}
		change(s)
	})
}

func TestService_kinds(t *testing.T) {
	t.Parallel()
	none := func(*spec.Service) {}
	for want, change := range map[spec.Kind]func(*spec.Platform){
		spec.KindWeb: chat(none), spec.KindWorker: worker(none), spec.KindJob: job(none),
	} {
		p := good()
		change(p)
		s := p.Services["chat"]
		assert.Equal(t, want, s.Kind())
		assert.Empty(t, p.Validate(today), want)
	}
}

func TestService_rejectsByKind(t *testing.T) {
	t.Parallel()
	at := "services.chat."
	rejects{
		"web without health":           {chat(func(s *spec.Service) { s.Health = spec.Health{} }), at + "health: Required value"},
		"web without a scale":          {chat(func(s *spec.Service) { s.Scale = nil }), at + "scale: Required value"},
		"worker without a scale":       {worker(func(s *spec.Service) { s.Scale = nil }), at + "scale: Required value"},
		"worker with a service port":   {worker(func(s *spec.Service) { s.ServicePort = 80 }), at + "servicePort: Forbidden"},
		"worker that is connected to":  {worker(func(s *spec.Service) { s.Health.TCP = true }), at + "health: Forbidden"},
		"worker asked on no port":      {worker(func(s *spec.Service) { s.Health.HTTP = &spec.HTTPHealth{Path: "/up"} }), at + "health.http.port: Required value"},
		"worker with routes":           {worker(func(s *spec.Service) { s.Routes = []spec.Route{{Host: "www.example.com"}} }), at + "routes: Forbidden"},
		"job with a port":              {job(func(s *spec.Service) { s.Port = 80 }), at + "port: Forbidden"},
		"job with a service port":      {job(func(s *spec.Service) { s.ServicePort = 80 }), at + "servicePort: Forbidden"},
		"job with a scale":             {job(func(s *spec.Service) { s.Scale = &spec.Scale{Max: 2} }), at + "scale: Forbidden"},
		"job with health":              {job(func(s *spec.Service) { s.Health.None = "it ends" }), at + "health: Forbidden"},
		"job with routes":              {job(func(s *spec.Service) { s.Routes = []spec.Route{{Host: "www.example.com"}} }), at + "routes: Forbidden"},
		"start that takes no CPU":      {chat(func(s *spec.Service) { s.Startup.CPU = "0" }), at + "startup.cpu: Invalid value"},
		"image that may be any":        {chat(func(s *spec.Service) { s.Image = "host.example/chat:latest" }), at + "image: Invalid value"},
		"connections of no database":   {chat(func(s *spec.Service) { s.Database = map[string]spec.DatabaseUse{"chat": {ConnectionsPerPod: 1}} }), at + "database.chat: Forbidden"},
		"database without connections": {chat(func(s *spec.Service) { s.Uses = []string{"database.chat"} }), at + "database.chat: Required value"},
		"no connection a pod": {chat(func(s *spec.Service) {
			s.Uses, s.Database = []string{"database.chat"}, map[string]spec.DatabaseUse{"chat": {}}
		}), at + "database.chat.connectionsPerPod: Invalid value"},
		"use that is no name":        {chat(func(s *spec.Service) { s.Uses = []string{"User"} }), at + "uses[0]: Invalid value"},
		"database that is no name":   {chat(func(s *spec.Service) { s.Uses = []string{"database.Chat"} }), at + "uses[0]: Invalid value"},
		"use twice":                  {chat(func(s *spec.Service) { s.Uses = []string{"user", "user"} }), at + "uses[1]: Duplicate value"},
		"schedule without a time":    {job(func(s *spec.Service) { s.Schedule.Cron = "" }), at + "schedule.cron: Required value"},
		"unknown time zone":          {job(func(s *spec.Service) { s.Schedule.TimeZone = "Asia/Soul" }), at + "schedule.timeZone: Invalid value"},
		"the machine's time zone":    {job(func(s *spec.Service) { s.Schedule.TimeZone = "local" }), at + "schedule.timeZone: Invalid value"},
		"unknown overlap":            {job(func(s *spec.Service) { s.Schedule.Overlap = "Wait" }), at + "schedule.overlap: Unsupported value"},
		"run longer than a day":      {job(func(s *spec.Service) { s.Schedule.TimeoutSeconds = 86401 }), at + "schedule.timeoutSeconds: Invalid value"},
		"run without an attempt":     {job(func(s *spec.Service) { s.Schedule.Attempts = -1 }), at + "schedule.attempts: Invalid value"},
		"administrative path's form": {chat(func(s *spec.Service) { s.AdminPaths = []string{"/block/"} }), at + "adminPaths[0]: Invalid value"},
		"administrative path twice":  {chat(func(s *spec.Service) { s.AdminPaths = []string{"/block", "/block"} }), at + "adminPaths[1]: Duplicate value"},
	}.run(t)
}

func TestSchedule_cron(t *testing.T) {
	t.Parallel()
	right := []string{
		"* * * * *", "? ? ? ? ?", "0 0 1 1 0", "59 23 31 12 6", "*/5 0-8/2 1,15 jan-MAR sun", "30 3 * * mon-fri", "5/10 * * * *",
	}
	wrong := map[string]string{
		"@daily": "five fields", "": "", "* * * *": "five fields", "* * * * * *": "five fields",
		"60 * * * *": "minute", "-1 * * * *": "minute", "+1 * * * *": "minute", "* 24 * * *": "hour", "* * 0 * *": "day of month",
		"* * * 13 *": "month", "* * * * 7": "day of week", "*/0 * * * *": "minute", "*/x * * * *": "minute", "5-1 * * * *": "minute",
		"1,,2 * * * *": "minute", "1-2-3 * * * *": "minute", "* * * mon *": "month", "* * L * *": "day of month", "*-5 * * * *": "minute",
	}
	check := func(cron string) []string {
		p := good()
		job(func(s *spec.Service) { s.Schedule.Cron = cron })(p)
		var all []string
		for _, err := range p.Validate(today) {
			all = append(all, err.Error())
		}
		return all
	}
	for _, cron := range right {
		assert.Empty(t, check(cron), cron)
	}
	for cron, want := range wrong {
		problems := check(cron)
		require.Len(t, problems, 1, cron)
		assert.True(t, strings.HasPrefix(problems[0], "services.chat.schedule.cron: "), problems[0])
		assert.Contains(t, problems[0], want, cron)
	}
}

func TestRoute_rejects(t *testing.T) {
	t.Parallel()
	at := "services.chat.routes[0]"
	route := func(r spec.Route) func(*spec.Platform) {
		if r.Host == "" {
			r.Host = "www.example.com"
		}
		return chat(func(s *spec.Service) { s.Routes = []spec.Route{r} })
	}
	admin := func(r spec.Route) func(*spec.Platform) {
		return func(p *spec.Platform) {
			route(r)(p)
			chat(func(s *spec.Service) { s.AdminPaths = []string{"/block"} })(p)
		}
	}
	actuator := func(port int) func(*spec.Platform) {
		return func(p *spec.Platform) {
			route(spec.Route{})(p)
			chat(func(s *spec.Service) {
				s.Health = spec.Health{HTTP: &spec.HTTPHealth{Path: "/actuator/health", Port: port}}
			})(p)
		}
	}
	two := func(a, b spec.Route) func(*spec.Platform) {
		return chat(func(s *spec.Service) { s.Routes = []spec.Route{a, b} })
	}
	rejects{
		"no host":                 {chat(func(s *spec.Service) { s.Routes = []spec.Route{{}} }), at},
		"host of one word":        {route(spec.Route{Host: "localhost"}), at + ".host: Invalid value"},
		"host with a port":        {route(spec.Route{Host: "www.example.com:80"}), at + ".host: Invalid value"},
		"long host":               {route(spec.Route{Host: strings.Repeat("a.", 94) + "com"}), at + ".host: Too long"},
		"relative path":           {route(spec.Route{Path: "api"}), at + ".path: Invalid value"},
		"expression for a path":   {route(spec.Route{Path: "/api(.*)"}), at + ".path: Invalid value"},
		"path with two slashes":   {route(spec.Route{Path: "/a//b"}), at + ".path: Invalid value"},
		"path that goes up":       {route(spec.Route{Path: "/a/.."}), at + ".path: Invalid value"},
		"path that stays":         {route(spec.Route{Path: "/./a"}), at + ".path: Invalid value"},
		"prefix with a slash":     {route(spec.Route{Path: "/api/"}), at + ".path: Invalid value"},
		"unknown match":           {route(spec.Route{Match: "regex"}), at + ".match: Unsupported value"},
		"relative rewrite":        {route(spec.Route{Rewrite: "v2"}), at + ".rewrite: Invalid value"},
		"rewrite with a group":    {route(spec.Route{Rewrite: "/$1"}), at + ".rewrite: Invalid value"},
		"rewrite that goes up":    {route(spec.Route{Rewrite: "/../x"}), at + ".rewrite: Invalid value"},
		"answer in two hours":     {route(spec.Route{TimeoutSeconds: 7200}), at + ".timeoutSeconds: Invalid value"},
		"body of no size":         {route(spec.Route{BodySize: "0"}), at + ".bodySize: Invalid value"},
		"body that is no size":    {route(spec.Route{BodySize: "10MB"}), at + ".bodySize: Invalid value"},
		"body above a GiB":        {route(spec.Route{BodySize: "1025Mi"}), at + ".bodySize: Invalid value"},
		"administrative path":     {admin(spec.Route{}), at + ": Forbidden"},
		"its own name":            {admin(spec.Route{Path: "/block", Match: "exact"}), at + ": Forbidden"},
		"what is below it":        {admin(spec.Route{Path: "/block/now"}), at + ": Forbidden"},
		"under another name":      {admin(spec.Route{Path: "/a", Rewrite: "/block/"}), at + ": Forbidden"},
		"actuator on the port":    {actuator(0), at + ": Forbidden"},
		"actuator on that number": {actuator(8030), at + ": Forbidden"},
		"route twice": {
			two(spec.Route{Host: "a.example.com", Path: "/a"}, spec.Route{Host: "a.example.com", Path: "/a", Rewrite: "/"}),
			"services.chat.routes[1]: Duplicate value",
		},
	}.run(t)

	for name, change := range map[string]func(*spec.Platform){
		"exact and prefix":           two(spec.Route{Host: "a.example.com", Path: "/a"}, spec.Route{Host: "a.example.com", Path: "/a", Match: "exact"}),
		"two hosts":                  two(spec.Route{Host: "a.example.com"}, spec.Route{Host: "b.example.com"}),
		"a name that starts alike":   admin(spec.Route{Path: "/blocked"}),
		"the root alone":             admin(spec.Route{Path: "/", Match: "exact"}),
		"actuator on another port":   actuator(9000),
		"an exact path's last slash": route(spec.Route{Path: "/api/", Match: "exact"}),
	} {
		p := good()
		change(p)
		assert.Empty(t, p.Validate(today), name)
	}
}

func TestRoute_timeout(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 30, (&spec.Route{TimeoutSeconds: 30}).Timeout())
	assert.Equal(t, 3600, (&spec.Route{TimeoutSeconds: 30, WebSocket: true}).Timeout())
}

func TestFiles_rejects(t *testing.T) {
	t.Parallel()
	file := func(path string) func(*spec.Platform) {
		return chat(func(s *spec.Service) { s.Files = map[string]string{path: ""} })
	}
	at := "services.chat.files."
	rejects{
		"relative":          {file("etc/a"), at + "etc/a: Invalid value"},
		"folder":            {file("/etc/"), at + "/etc/: Invalid value"},
		"that goes up":      {file("/etc/../a"), at + "/etc/../a: Invalid value"},
		"root":              {file("/"), at + "/: Invalid value"},
		"odd character":     {file("/etc/a b"), at + "/etc/a b: Invalid value"},
		"dots in front":     {file("/..a"), at + "/..a: Invalid value"},
		"temporary":         {file("/tmp/a"), at + "/tmp/a: Invalid value"},
		"the temporary one": {file("/tmp"), at + "/tmp: Invalid value"},
		"long":              {file("/" + strings.Repeat("a", 120)), at + "/" + strings.Repeat("a", 120) + ": Too long"},
		"in a file":         {chat(func(s *spec.Service) { s.Files = map[string]string{"/a": "", "/a/b": ""} }), at + "/a: Invalid value"},
		"in a secret file": {chat(func(s *spec.Service) {
			s.Files = map[string]string{"/a/b": ""}
			s.SecretFiles = map[string]string{"/a": "key"}
		}), "services.chat.secretFiles./a: Invalid value"},
		"in clear and secret": {chat(func(s *spec.Service) {
			s.Files = map[string]string{"/a": ""}
			s.SecretFiles = map[string]string{"/a": "key"}
		}), "services.chat.secretFiles./a: Forbidden"},
		"secret, not its key": {chat(func(s *spec.Service) { s.SecretFiles = map[string]string{"/a": "p4ss word!"} }), `services.chat.secretFiles./a: Invalid value: "(not shown)"`},
	}.run(t)
}

func TestDatabasesAndEndpoints_rejects(t *testing.T) {
	t.Parallel()
	database := func(name string, d spec.Database) func(*spec.Platform) {
		return func(p *spec.Platform) {
			p.Databases = map[string]spec.Database{name: d}
			p.Default()
		}
	}
	endpoint := func(name string, e spec.Endpoint) func(*spec.Platform) {
		return func(p *spec.Platform) { p.Endpoints = map[string]spec.Endpoint{name: e} }
	}
	rejects{
		"database's name":         {database("Main", spec.Database{MaxConnections: 500}), "databases.Main: Invalid value"},
		"database of no size":     {database("main", spec.Database{}), "databases.main.maxConnections: Invalid value"},
		"nothing but the reserve": {database("main", spec.Database{MaxConnections: 20}), "databases.main.reservedConnections: Invalid value"},
		"database's port":         {database("main", spec.Database{MaxConnections: 500, Port: 65536}), "databases.main.port: Invalid value"},
		"database's range":        {database("main", spec.Database{MaxConnections: 500, CIDRs: []string{"db"}}), "databases.main.cidrs[0]: Invalid value"},
		"endpoint's name":         {endpoint("Redis", spec.Endpoint{Ports: []int{1}}), "endpoints.Redis: Invalid value"},
		"no port":                 {endpoint("redis", spec.Endpoint{}), "endpoints.redis.ports: Required value"},
		"port out of range":       {endpoint("redis", spec.Endpoint{Ports: []int{0}}), "endpoints.redis.ports[0]: Invalid value"},
		"port twice":              {endpoint("redis", spec.Endpoint{Ports: []int{1, 1}}), "endpoints.redis.ports[1]: Duplicate value"},
		"more ports than enforced": {endpoint("redis", spec.Endpoint{Ports: []int{
			1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
		}}), "endpoints.redis.ports: Too many"},
		"name in place of a range": {endpoint("redis", spec.Endpoint{Ports: []int{1}, CIDRs: []string{"redis.example.com"}}), "endpoints.redis.cidrs[0]: Invalid value"},
		"bits behind the prefix":   {endpoint("redis", spec.Endpoint{Ports: []int{1}, CIDRs: []string{"10.0.0.1/8"}}), "endpoints.redis.cidrs[0]: Invalid value"},
		"IPv6":                     {endpoint("redis", spec.Endpoint{Ports: []int{1}, CIDRs: []string{"fd00::/8"}}), "endpoints.redis.cidrs[0]: Invalid value"},
		"metadata service":         {endpoint("redis", spec.Endpoint{Ports: []int{1}, CIDRs: []string{"169.254.169.254/32"}}), "endpoints.redis.cidrs[0]: Invalid value"},
		"half of everything":       {endpoint("redis", spec.Endpoint{Ports: []int{1}, CIDRs: []string{"128.0.0.0/1"}}), "endpoints.redis.cidrs[0]: Invalid value"},
	}.run(t)

	p := good()
	endpoint("world", spec.Endpoint{Ports: []int{443}, CIDRs: []string{"0.0.0.0/0"}})(p)
	assert.Empty(t, p.Validate(today), "everything is allowed: the network policy leaves out the metadata service")
}
