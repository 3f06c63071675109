package simprovider

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Model is one package of resources, before a program has configured it.
type Model interface {
	// Package is the name the engine knows the provider by, such as "aws".
	Package() string
	// Version is the version of the SDK that the model follows.
	Version() string
	// CheckConfig returns everything that is wrong with a provider's configuration. Unknown values are not wrong.
	CheckConfig(urn string, config resource.PropertyMap) []string
	// ReplacesConfig returns the configuration keys whose change makes the engine replace the provider, and so
	// all resources that it made.
	ReplacesConfig(olds, news resource.PropertyMap) []string
	// Configure makes a provider for one configuration.
	Configure(config resource.PropertyMap) (Provider, error)
	// Cancel ends calls that wait for something. There will be no others.
	Cancel()
}

// Provider is a configured package of resources. Its methods are called in parallel.
type Provider interface {
	// Check returns the inputs with defaults and generated names, or everything that is wrong with them.
	Check(r Request) (resource.PropertyMap, []string)
	// Normal returns inputs in the form in which two values that mean the same are equal.
	Normal(typ string, inputs resource.PropertyMap) resource.PropertyMap
	// Conceal marks what is secret by its nature, whether or not the program said so.
	Conceal(typ string, inputs resource.PropertyMap) resource.PropertyMap
	// Replaces says which of the changed paths cannot be changed in place.
	Replaces(r Request, changed []string) Replacement
	// Create makes the resource. In a preview it returns what is known before. A state with an id beside an error is
	// that of a resource which exists and is not as it should be.
	Create(r Request) (State, error)
	// Read returns the live resource, or a State without an id if there is none.
	Read(r Request) (State, error)
	// Update changes the resource in place. In a preview it returns what is known before. A state with an id beside an
	// error is that of a resource which was changed and is not as it should be.
	Update(r Request) (State, error)
	// Delete removes the resource. To delete what is already gone is no error.
	Delete(r Request) error
	// Invoke answers a function.
	Invoke(token string, args resource.PropertyMap) (resource.PropertyMap, error)
}

// Request is what the engine sends about one resource.
type Request struct {
	Type, Name, URN string
	// ID is empty in Check and Create.
	ID      string
	Preview bool
	// Seed makes generated names the same in the preview and the update that follows it.
	Seed []byte
	// Inputs are the new inputs, Olds the inputs of the last update.
	Inputs, Olds resource.PropertyMap
	// State holds the outputs of the last update.
	State resource.PropertyMap
	// Ignore lists the property paths of the resource option ignoreChanges.
	Ignore []string
	// Timeout is the resource option customTimeouts for the operation; 0 without it.
	Timeout time.Duration
}

// Subject names the resource in a message.
func (r Request) Subject() string { return fmt.Sprintf("%s %q", r.Type, r.Name) }

// State is a resource as its provider sees it.
type State struct {
	ID              string
	Inputs, Outputs resource.PropertyMap
}

// Replacement is a provider's answer to a change.
type Replacement struct {
	// Paths are the changed paths that force a new resource.
	Paths []string
	// DeleteFirst is set where old and new cannot exist together, because both carry the same name.
	DeleteFirst bool
}
