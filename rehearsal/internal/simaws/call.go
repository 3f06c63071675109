package simaws

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// call is one create, update or delete while it runs.
type call struct {
	*provider
	tx  *simprovider.Tx
	row *kind
	// id and urn identify the thing; seed is different for every thing that was ever made.
	id, urn, seed string
	// live are the properties as they will be; in is a plain view of them.
	live resource.PropertyMap
	in   props
	// was is a plain view of the properties before an update.
	was props
}

// set changes a property that is to live.
func (c *call) set(name string, value any) {
	c.live = simprovider.Merge(c.live, properties(map[string]any{name: value}))
	c.in = plain(c.live)
}

// fill sets a property unless it is there.
func (c *call) fill(name string, value any) {
	if _, there := c.live[resource.PropertyKey(name)]; !there {
		c.set(name, value)
	}
}

// within sets a property of an object unless it is there.
func (c *call) within(name, key string, value any) {
	object, ok := c.in[name].(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	if _, given := object[key]; given {
		return
	}
	v := edit(resource.NewProperty(c.live), []string{name}, func(v resource.PropertyValue) resource.PropertyValue {
		return resource.NewProperty(simprovider.Merge(v.ObjectValue(), properties(map[string]any{key: value})))
	})
	c.live = v.ObjectValue()
	if len(object) == 0 {
		c.live = simprovider.Merge(c.live, properties(map[string]any{name: map[string]any{key: value}}))
	}
	c.in = plain(c.live)
}

// hex returns digits that belong to this thing alone; the label makes several of them.
func (c *call) hex(label string, n int) string {
	sum := sha256.Sum256([]byte(c.seed + "|" + label))
	return hex.EncodeToString(sum[:])[:n]
}

// now is the time of the call, as AWS writes it.
func (c *call) now() string { return c.options.Clock().UTC().Format("2006-01-02T15:04:05Z") }

// placeholder is a name in braces.
var placeholder = regexp.MustCompile(`\{[A-Za-z0-9.]+\}`)

// expand fills a template: {id}, {account}, {region}, {partition}, {suffix}, {hex8}, {hex17}, {HEX16} or a property.
func (c *call) expand(template string) string {
	return placeholder.ReplaceAllStringFunc(template, func(m string) string {
		name := strings.Trim(m, "{}")
		var n int
		if _, err := fmt.Sscanf(name, "hex%d", &n); err == nil {
			return c.hex("", n)
		}
		if _, err := fmt.Sscanf(name, "HEX%d", &n); err == nil {
			return strings.ToUpper(c.hex("", n))
		}
		switch name {
		case "id":
			return c.id
		case "account":
			return c.options.AccountID
		case "region":
			return c.region.name
		case "partition":
			return c.region.partition
		case "suffix":
			return c.region.suffix
		case "now":
			return c.now()
		default:
			return c.in.str(name)
		}
	})
}

// regionOf is where records of a row live.
func (c *call) regionOf(row *kind) string {
	if row.global {
		return ""
	}
	return c.region.name
}

// others returns the live things of a type in reach of this call, without the one that it is about.
func (c *call) others(token string) []thing {
	row := c.kinds[token]
	var out []thing
	for _, r := range c.tx.All() {
		if r.Type == token && r.Region == c.regionOf(row) && (token != c.row.token || r.ID != c.id) {
			out = append(out, thing{props: plain(r.Live), id: r.ID, key: r.Key()})
		}
	}
	return out
}

// thing is a plain view of a live record.
type thing struct {
	props
	id, key string
}

// find returns the thing of a type whose property has the value; an empty property means the id.
func (c *call) find(token, by, value string) (thing, bool) {
	for _, t := range c.others(token) {
		if by == "" && t.id == value || by != "" && t.str(by) == value {
			return t, true
		}
	}
	return thing{}, false
}

// where returns the things of a type whose property has the value.
func (c *call) where(token, path, value string) []thing {
	var out []thing
	for _, t := range c.others(token) {
		if slices.Contains(t.strs(path), value) {
			out = append(out, t)
		}
	}
	return out
}

// make adds something that AWS makes by itself; the owner takes it along when it goes. Without an owner it stays.
func (c *call) make(token, id, owner string, live map[string]any) {
	row := c.kinds[token]
	c.tx.Put(simprovider.Record{Type: token, ID: id, Region: c.regionOf(row), Owner: owner, Live: properties(live)})
}

func (c *call) key() string {
	return simprovider.Record{Type: c.row.token, ID: c.id, Region: c.regionOf(c.row)}.Key()
}

// enforce checks references and rules, and returns all that AWS would refuse.
func (c *call) enforce(on moment) error {
	if on != onDelete {
		if err := c.references(); err != nil {
			return err // most rules read what is referred to
		}
	}
	var errs []error
	for _, r := range c.row.rules {
		if r.on&on == 0 {
			continue
		}
		if message := r.broken(c); message != "" {
			errs = append(errs, apiError{code: r.code, message: message, source: r.source})
		}
	}
	return errors.Join(errs...)
}

// references checks that whatever the properties name exists.
func (c *call) references() error {
	var errs []error
	for _, ref := range c.row.refs {
		if ref.missing == "" {
			continue
		}
		for _, value := range c.in.strs(ref.path) {
			if _, ok := c.find(ref.to, ref.by, value); !ok {
				errs = append(errs, refusal(ref.missing, value, ref.source))
			}
		}
	}
	return errors.Join(errs...)
}

// held returns AWS's refusal to delete what others still refer to.
func (c *call) held() error {
	var errs []error
	for _, row := range c.kinds {
		for _, ref := range row.refs {
			if ref.to != c.row.token || ref.holds == "" {
				continue
			}
			value := c.id
			if ref.by != "" {
				value = c.in.str(ref.by)
			}
			for _, t := range c.where(row.token, ref.path, value) {
				if r, ok := c.tx.Get(t.key); ok && r.Owner == c.key() {
					continue // goes with it
				}
				e := refusal(ref.holds, value, ref.source)
				e.message += fmt.Sprintf(" (%s %s)", row.token, t.id)
				errs = append(errs, e)
			}
		}
	}
	return errors.Join(errs...)
}
