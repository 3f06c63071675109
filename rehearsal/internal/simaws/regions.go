package simaws

import "fmt"

// region is what the rehearsal knows of an AWS region.
type region struct {
	name, description, partition, suffix string
	zones                                []zone
}

// zone is an availability zone. Its id is the same in every account; its name is the account's own.
type zone struct{ name, id string }

// regions holds the regions with data: the zones and ids that each has (AWS, "Regions and zones"). Which name has
// which id differs between accounts; this account has the pairs below.
var regions = map[string]region{
	"ap-northeast-2": commercial("ap-northeast-2", "Asia Pacific (Seoul)", "apne2", 1, 2, 3, 4),
	"ap-northeast-1": commercial("ap-northeast-1", "Asia Pacific (Tokyo)", "apne1", 4, 0, 1, 2),
	"us-east-1":      commercial("us-east-1", "US East (N. Virginia)", "use1", 1, 2, 4, 6, 3, 5),
	"us-west-2":      commercial("us-west-2", "US West (Oregon)", "usw2", 2, 1, 3, 4),
	"eu-west-1":      commercial("eu-west-1", "Europe (Ireland)", "euw1", 1, 2, 3),
	"eu-central-1":   commercial("eu-central-1", "Europe (Frankfurt)", "euc1", 2, 3, 1),
}

// commercial makes a region of the partition "aws". The numbers are the zone ids of the zones a, b, c and so on;
// 0 leaves out a letter that new accounts do not have.
func commercial(name, description, prefix string, ids ...int) region {
	r := region{name: name, description: description, partition: "aws", suffix: "amazonaws.com"}
	for i, id := range ids {
		if id != 0 {
			r.zones = append(r.zones, zone{
				name: name + string(rune('a'+i)), id: fmt.Sprintf("%s-az%d", prefix, id),
			})
		}
	}
	return r
}

// zone returns the zone with a name or id.
func (r region) zone(nameOrID string) (zone, bool) {
	for _, z := range r.zones {
		if z.name == nameOrID || z.id == nameOrID {
			return z, true
		}
	}
	return zone{}, false
}

func (r region) zoneNames() []any {
	var out []any
	for _, z := range r.zones {
		out = append(out, z.name)
	}
	return out
}

func (r region) zoneIDs() []any {
	var out []any
	for _, z := range r.zones {
		out = append(out, z.id)
	}
	return out
}
