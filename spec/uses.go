package spec

import (
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// databasePrefix marks a database among what a service uses: database.chat.
const databasePrefix = "database."

// LinkLocal has the instance metadata service, which gives away the node's credentials, and the Pod Identity agent.
const LinkLocal = "169.254.0.0/16"

// Database is a database that services share.
type Database struct {
	// MaxConnections is what the database accepts at once, its max_connections.
	MaxConnections int `json:"maxConnections" jsonschema:"minimum=1,maximum=100000"`
	// ReservedConnections are kept for people, migrations and monitoring. Default: 20.
	ReservedConnections int `json:"reservedConnections,omitempty" jsonschema:"default=20,minimum=1,maximum=1000"`
	// Port is the database's TCP port. Default: 5432, PostgreSQL's.
	Port int `json:"port,omitempty" jsonschema:"default=5432,minimum=1,maximum=65535"`
	// CIDRs are the address ranges of the database. Default: the VPC's.
	CIDRs []string `json:"cidrs,omitempty" jsonschema:"uniqueItems=true"`
}

// Endpoint is something outside the cluster that services use: a cache, a broker, a third party's API.
type Endpoint struct {
	// CIDRs are its address ranges. Default: the VPC's.
	CIDRs []string `json:"cidrs,omitempty" jsonschema:"uniqueItems=true"`
	// Ports are its TCP ports, 24 at most: more the VPC CNI does not enforce for one range.
	Ports []int `json:"ports" jsonschema:"uniqueItems=true,minItems=1,maxItems=24,minimum=1,maximum=65535"`
}

// DatabaseUse is what a service takes of a database.
type DatabaseUse struct {
	// ConnectionsPerPod is the size of a pod's connection pool.
	ConnectionsPerPod int `json:"connectionsPerPod" jsonschema:"minimum=1,maximum=10000"`
}

// Placement says on which nodes a service runs.
type Placement struct {
	// Group is the node group. Default: any that does not keep pods off.
	Group string `json:"group,omitempty"`
	// Spot allows spot nodes, which go at two minutes' notice. Default: no.
	Spot bool `json:"spot,omitempty"`
}

// Schedule makes a service a job that runs at certain times.
type Schedule struct {
	// Cron is when, in five fields: minute, hour, day, month and day of the week.
	Cron string `json:"cron"`
	// TimeZone is the zone that cron is meant in, such as Asia/Seoul. Default: UTC.
	TimeZone string `json:"timeZone,omitempty" jsonschema:"default=Etc/UTC"`
	// Overlap says what happens when a run is due and the last one is not done: Forbid skips it, Replace ends the old
	// one, Allow runs both. Default: Forbid.
	Overlap string `json:"overlap,omitempty" jsonschema:"enum=Forbid,enum=Replace,enum=Allow,default=Forbid"`
	// TimeoutSeconds ends a run that takes longer, with its retries. Default: 3600.
	TimeoutSeconds int `json:"timeoutSeconds,omitempty" jsonschema:"default=3600,minimum=1,maximum=86400"`
	// Attempts is how often a run is tried before it has failed. 1 is for what must not happen twice. Default: 3.
	Attempts int `json:"attempts,omitempty" jsonschema:"default=3,minimum=1,maximum=11"`
}

// Exceptions are rules that a service cannot keep, each with the reason.
type Exceptions struct {
	// WritableRoot has a root file system that can be written to.
	WritableRoot string `json:"writableRoot,omitempty"`
	// KubernetesToken mounts a token for the Kubernetes API.
	KubernetesToken string `json:"kubernetesToken,omitempty"`
}

// Validate reports every problem of d.
func (d *Database) Validate(path *field.Path) field.ErrorList {
	errs := fieldtags.Check(path, d)
	if d.MaxConnections > 0 && d.ReservedConnections >= d.MaxConnections {
		errs = append(errs, field.Invalid(path.Child("reservedConnections"), d.ReservedConnections, "leaves no connection to services"))
	}
	return append(errs, validateRanges(path.Child("cidrs"), d.CIDRs)...)
}

// Validate reports every problem of e.
func (e *Endpoint) Validate(path *field.Path) field.ErrorList {
	return append(fieldtags.Check(path, e), validateRanges(path.Child("cidrs"), e.CIDRs)...)
}

// validateRanges refuses what is no range, and ranges of what no pod may reach.
func validateRanges(path *field.Path, cidrs []string) field.ErrorList {
	var errs field.ErrorList
	for i, cidr := range cidrs {
		p, err := netip.ParsePrefix(cidr)
		switch {
		case err != nil || !p.Addr().Is4() || p != p.Masked():
			errs = append(errs, field.Invalid(path.Index(i), cidr, "must be an IPv4 range such as 203.0.113.0/24"))
		case p.Bits() > 0 && p.Overlaps(netip.MustParsePrefix(LinkLocal)):
			errs = append(errs, field.Invalid(path.Index(i), cidr,
				"overlaps "+LinkLocal+", where the instance metadata service is, which no pod may reach"))
		}
	}
	return errs
}

// UsedDatabase returns the name of the database that an entry of uses names.
func UsedDatabase(use string) (string, bool) { return strings.CutPrefix(use, databasePrefix) }

// validateUses checks what a service says of itself; whether what it names exists is judged for the whole platform.
func (s *Service) validateUses(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	named := map[string]bool{}
	for _, use := range s.Uses {
		if name, ok := UsedDatabase(use); ok {
			named[name] = true
		}
	}
	for _, name := range sortedKeys(s.Database) {
		if !named[name] {
			errs = append(errs, field.Forbidden(path.Child("database", name), "uses does not name "+databasePrefix+name))
		}
	}
	for i, use := range s.Uses {
		at := path.Child("uses").Index(i)
		if name, ok := UsedDatabase(use); ok {
			errs = append(errs, validateLabel(at, name)...)
			if _, told := s.Database[name]; !told {
				errs = append(errs, field.Required(path.Child("database", name), "say how many connections a pod takes"))
			}
		} else {
			errs = append(errs, validateLabel(at, use)...)
		}
	}
	return errs
}
