package simaws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// function is one row: a data source of the provider.
type function struct {
	// args lists the arguments that the rehearsal follows.
	args   string
	answer func(p *provider, args props) (map[string]any, error)
}

var functions = map[string]function{
	"aws:index/getPartition:getPartition":                 {"", getPartition},
	"aws:index/getRegion:getRegion":                       {"name", getRegion},
	"aws:index/getCallerIdentity:getCallerIdentity":       {"", getCallerIdentity},
	"aws:index/getAvailabilityZones:getAvailabilityZones": {"state filters.name filters.values excludeZoneIds", getZones},
}

// Invoke answers a function, or refuses it or an argument by name.
func (p *provider) Invoke(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	f, ok := functions[token]
	if !ok {
		return nil, fmt.Errorf("function %q is not known to the rehearsal", token)
	}
	var unknown []string
	for k := range args {
		known := slices.ContainsFunc(words(f.args), func(a string) bool {
			return a == string(k) || strings.HasPrefix(a, string(k)+".")
		})
		if !known {
			unknown = append(unknown, string(k))
		}
	}
	slices.Sort(unknown)
	if len(unknown) > 0 {
		return nil, fmt.Errorf("function %q: argument %q is not known to the rehearsal",
			token, strings.Join(unknown, ", "))
	}
	out, err := f.answer(p, plain(args))
	if err != nil {
		return nil, fmt.Errorf("function %q: %w", token, err)
	}
	return properties(out), nil
}

func getPartition(p *provider, _ props) (map[string]any, error) {
	return map[string]any{
		"id": p.region.partition, "partition": p.region.partition, "dnsSuffix": p.region.suffix,
		"reverseDnsPrefix": "com.amazonaws",
	}, nil
}

func getRegion(p *provider, args props) (map[string]any, error) {
	r := p.region
	if name := args.str("name"); name != "" {
		var ok bool
		if r, ok = regions[name]; !ok {
			return nil, fmt.Errorf("region %q is not known to the rehearsal", name)
		}
	}
	return map[string]any{
		"id": r.name, "name": r.name, "description": r.description, "endpoint": "ec2." + r.name + "." + r.suffix,
	}, nil
}

func getCallerIdentity(p *provider, _ props) (map[string]any, error) {
	// The caller of a role is the role's session.
	arn := p.options.CallerARN
	if prefix, role, ok := strings.Cut(arn, ":role/"); ok {
		name := role[strings.LastIndex(role, "/")+1:]
		arn = strings.Replace(prefix, ":iam:", ":sts:", 1) + ":assumed-role/" + name + "/rehearsal"
	}
	return map[string]any{
		"id": p.options.AccountID, "accountId": p.options.AccountID, "arn": arn, "userId": "AROAREHEARSAL:rehearsal",
	}, nil
}

func getZones(p *provider, args props) (map[string]any, error) {
	if state := args.str("state"); state != "" && state != "available" {
		return nil, fmt.Errorf("state %q is not known to the rehearsal, in which every zone is available", state)
	}
	for _, name := range args.strs("filters.name") {
		if name != "opt-in-status" {
			return nil, fmt.Errorf("filter %q is not known to the rehearsal", name)
		}
	}
	names, ids := []any{}, []any{}
	excluded := args.strs("excludeZoneIds")
	for i, id := range p.region.zoneIDs() {
		if !slices.Contains(excluded, fmt.Sprint(id)) {
			names, ids = append(names, p.region.zoneNames()[i]), append(ids, id)
		}
	}
	return map[string]any{
		"id": p.region.name, "state": "available", "names": names, "zoneIds": ids,
		"groupNames": []any{p.region.name},
	}, nil
}
