package simprovider

import (
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// masked stands for a secret value in an event.
const masked = "[secret]"

// Event is one call that the engine made.
type Event struct {
	// Method is the name of the RPC, such as "Create".
	Method string
	// Type is the resource's type token, or the function's token for Invoke.
	Type, Name, URN, ID string
	Preview             bool
	// Inputs are the new inputs, with every secret masked.
	Inputs resource.PropertyMap
	// Failed is set if the call was refused.
	Failed bool
}

// recorder keeps the events of a server.
type recorder struct {
	mu     sync.Mutex
	events []Event
}

func (r *recorder) add(e Event) {
	e.Inputs = mask(resource.NewProperty(e.Inputs)).ObjectValue()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) list() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}

func (r *recorder) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

// mask replaces every secret below v.
func mask(v resource.PropertyValue) resource.PropertyValue {
	return Rewrite(v, func(leaf resource.PropertyValue) resource.PropertyValue {
		if isSecret(leaf) {
			return resource.NewProperty(masked)
		}
		return leaf
	})
}
