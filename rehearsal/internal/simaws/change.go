package simaws

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Read returns the live resource. Its inputs are the old ones, except where the account says otherwise.
func (p *provider) Read(r simprovider.Request) (simprovider.State, error) {
	row, err := p.known(r)
	if err != nil {
		return simprovider.State{}, err
	}
	state := simprovider.State{}
	err = p.store.Do(func(tx *simprovider.Tx) error {
		c := &call{provider: p, tx: tx, row: row, id: r.ID}
		record, ok := tx.Get(c.key())
		if !ok {
			return nil
		}
		live := tx.Open(record.Live, r.State, row.normalised(r.Olds))
		state = simprovider.State{ID: r.ID, Outputs: live, Inputs: row.inputs(r.Olds, live)}
		return nil
	})
	return state, err
}

// inputs returns the old inputs with what has drifted. Without old inputs, as in an import, every modelled
// property that is alive becomes one.
func (k *kind) inputs(olds, live resource.PropertyMap) resource.PropertyMap {
	if len(olds) == 0 {
		out := resource.PropertyMap{}
		for name := range fields(plainArgs(k.args)) {
			key := resource.PropertyKey(name)
			if v, ok := live[key]; ok && (&schema{models: words(k.models)}).modelled(name) {
				out[key] = v
			}
		}
		return out
	}
	out := resource.PropertyMap{}
	normal := k.normalised(olds)
	for key, old := range olds {
		v, alive := live[key]
		switch {
		case resource.IsInternalPropertyKey(key):
			out[key] = old
		case !alive:
			// gone from the live thing
		default:
			if !k.isMap(key) {
				v = simprovider.Covered(normal[key], v)
			}
			if simprovider.Same(v, normal[key]) {
				v = old
			}
			out[key] = v
		}
	}
	return out
}

// Update changes a resource in place, or refuses the change as AWS would.
func (p *provider) Update(r simprovider.Request) (simprovider.State, error) {
	row, err := p.known(r)
	if err != nil {
		return simprovider.State{}, err
	}
	if r.Preview {
		live := withAllTags(row, row.changed(r, r.State))
		for _, name := range words(row.volatile) {
			delete(live, resource.PropertyKey(name))
		}
		return simprovider.State{Outputs: live}, nil
	}
	var state simprovider.State
	err = p.store.Do(func(tx *simprovider.Tx) error {
		c := &call{provider: p, tx: tx, row: row, id: r.ID, urn: r.URN}
		record, ok := tx.Get(c.key())
		if !ok {
			return fmt.Errorf("api error ResourceNotFound: %s no longer exists", r.ID)
		}
		live := tx.Open(record.Live, r.State, row.normalised(r.Olds))
		c.was = plain(live)
		c.live = withAllTags(row, row.changed(r, live))
		c.in = plain(c.live)
		c.seed = fmt.Sprintf("%s|%s|%s|%s", p.options.AccountID, p.region.name, r.URN, r.ID)
		for k, v := range row.fills {
			c.fill(k, v)
		}
		if err := c.enforce(onUpdate); err != nil {
			return err
		}
		c.amend()
		state = simprovider.State{ID: c.id, Outputs: c.live}
		return nil
	})
	return state, err
}

// amend stores an update. What AWS computed at creation stays, unless the row derives it again.
func (c *call) amend() {
	if c.row.derive != nil {
		c.row.derive(c)
	}
	c.live = c.row.normalised(c.live)
	record, _ := c.tx.Get(c.key())
	record.Live, record.URN = c.live, c.urn
	c.tx.Put(record)
}

// changed returns the live properties with the changes of the program: an input that did not change keeps its live
// value, and so does what the program ignores.
func (k *kind) changed(r simprovider.Request, live resource.PropertyMap) resource.PropertyMap {
	olds, news := k.normalised(outputs(r.Olds)), k.normalised(outputs(r.Inputs))
	out := simprovider.Merge(live)
	for key := range olds {
		if _, kept := news[key]; !kept {
			delete(out, key)
		}
	}
	for key, v := range news {
		if old, had := olds[key]; !had || !simprovider.Same(old, v) {
			if !k.isMap(key) {
				v = overlay(live[key], old, v)
			}
			out[key] = v
		}
	}
	return simprovider.Reset(r.Ignore, live, out)
}

// overlay keeps, in an object, what only the live value has: AWS filled it in. What the program took out goes.
func overlay(live, old, v resource.PropertyValue) resource.PropertyValue {
	bare, want := simprovider.Bare(live), simprovider.Bare(v)
	if !bare.IsObject() || !want.IsObject() {
		return v
	}
	was := resource.PropertyMap{}
	if o := simprovider.Bare(old); o.IsObject() {
		was = o.ObjectValue()
	}
	out := simprovider.Merge(bare.ObjectValue())
	for k := range was {
		delete(out, k)
	}
	for k, e := range want.ObjectValue() {
		out[k] = overlay(bare.ObjectValue()[k], was[k], e)
	}
	return simprovider.WrapAs(v, resource.NewProperty(out))
}

// isMap says whether the program chooses the keys of a property, as it does for tags.
func (k *kind) isMap(key resource.PropertyKey) bool {
	t, ok := fields(plainArgs(k.args))[string(key)]
	return ok && t.Kind() == reflect.Map
}

// Delete removes a resource, or refuses while others need it.
func (p *provider) Delete(r simprovider.Request) error {
	row, err := p.known(r)
	if err != nil {
		return err
	}
	return p.store.Do(func(tx *simprovider.Tx) error {
		c := &call{provider: p, tx: tx, row: row, id: r.ID, urn: r.URN}
		record, ok := tx.Get(c.key())
		if !ok {
			return nil // gone already, which is what was wanted
		}
		c.live, c.in = record.Live, plain(record.Live)
		if err := errors.Join(c.held(), c.enforce(onDelete)); err != nil {
			return err
		}
		if row.keepIf != "" && c.in.flag(row.keepIf) {
			record.URN = ""
			tx.Put(record)
			return nil
		}
		if row.stop != nil {
			if err := row.stop(c); err != nil {
				return err
			}
		}
		tx.Remove(c.key())
		return nil
	})
}
