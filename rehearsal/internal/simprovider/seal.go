package simprovider

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// sealKey is the only key of the object that stands in a store for a secret.
const sealKey = resource.PropertyKey("__sealed")

// changedOutside stands for a secret that is no longer the one which the engine knows.
const changedOutside = "[changed outside]"

// seal puts a hash in the place of every secret.
func (s *Store) seal(m resource.PropertyMap) resource.PropertyMap {
	return Rewrite(resource.NewProperty(m), func(leaf resource.PropertyValue) resource.PropertyValue {
		if inner, secret := unwrap(leaf); secret {
			return resource.NewProperty(resource.PropertyMap{sealKey: resource.NewProperty(s.hash(inner))})
		}
		return leaf
	}).ObjectValue()
}

// hash is salted, so that two stores do not show that they hold the same secret.
func (s *Store) hash(v resource.PropertyValue) string {
	data, err := json.Marshal(Reveal(v).Mappable())
	if err != nil {
		data = []byte(Reveal(v).String()) // not JSON, such as an asset: any stable text does
	}
	mac := hmac.New(sha256.New, s.salt)
	mac.Write(data)
	return hex.EncodeToString(mac.Sum(nil))
}

// open puts secrets back from the sources, which are what the engine knows.
func (s *Store) open(live resource.PropertyMap, sources []resource.PropertyMap) resource.PropertyMap {
	values := make([]resource.PropertyValue, 0, len(sources))
	for _, m := range sources {
		values = append(values, resource.NewProperty(m))
	}
	return s.openValue(resource.NewProperty(live), values).ObjectValue()
}

func (s *Store) openValue(v resource.PropertyValue, sources []resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsObject():
		if sum, ok := v.ObjectValue()[sealKey]; ok {
			return s.match(sum, sources)
		}
		out := resource.PropertyMap{}
		for k, e := range v.ObjectValue() {
			out[k] = s.openValue(e, below(sources, func(src resource.PropertyValue) (resource.PropertyValue, bool) {
				if !src.IsObject() {
					return src, false
				}
				e, ok := src.ObjectValue()[k]
				return e, ok
			}))
		}
		return resource.NewProperty(out)
	case v.IsArray():
		out := make([]resource.PropertyValue, 0, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			out = append(out, s.openValue(e, below(sources, func(src resource.PropertyValue) (resource.PropertyValue, bool) {
				if !src.IsArray() || i >= len(src.ArrayValue()) {
					return src, false
				}
				return src.ArrayValue()[i], true
			})))
		}
		return resource.NewProperty(out)
	default:
		return v
	}
}

// match returns the source that has the hash.
func (s *Store) match(sum resource.PropertyValue, sources []resource.PropertyValue) resource.PropertyValue {
	for _, src := range sources {
		if sum.IsString() && hmac.Equal([]byte(sum.StringValue()), []byte(s.hash(src))) {
			return resource.MakeSecret(Reveal(src))
		}
	}
	return resource.MakeSecret(resource.NewProperty(changedOutside))
}

// below steps into each source that goes on, past a secret mark.
func below(
	sources []resource.PropertyValue, step func(resource.PropertyValue) (resource.PropertyValue, bool),
) []resource.PropertyValue {
	var out []resource.PropertyValue
	for _, src := range sources {
		if next, ok := step(Bare(src)); ok {
			out = append(out, next)
		}
	}
	return out
}
