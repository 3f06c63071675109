package kubeprovider

import (
	"context"
	"errors"
	"maps"
	"slices"

	"k8s.io/client-go/rest"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

var _ rest.WarningHandlerWithContext = (*Cluster)(nil)

// warningCode is that of a warning by an API server (RFC 7234, 299 Miscellaneous Persistent Warning).
const warningCode = 299

// Warnings returns what the API servers warned of since New, such as deprecated fields or pods that break a Pod Security
// standard, each once and in order. Those about an object that is written begin with its type and the resource's name.
func (c *Cluster) Warnings() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.warnings))
}

// HandleWarningHeaderWithContext keeps one warning.
func (c *Cluster) HandleWarningHeaderWithContext(ctx context.Context, code int, _, text string) {
	if code != warningCode || text == "" {
		return
	}
	if about, ok := ctx.Value(aboutKey{}).(func(string) string); ok {
		text = about(text)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warnings[text] = true
}

// aboutKey is where a call's context has what makes a message of a warning.
type aboutKey struct{}

// about has the warnings of a call name the object that it writes, and none of its secrets.
func (p *provider) about(ctx context.Context, r simprovider.Request) context.Context {
	inputs := p.Conceal(r.Type, r.Inputs)
	return context.WithValue(ctx, aboutKey{}, func(text string) string {
		return r.Subject() + ": " + scrub(errors.New(text), inputs).Error()
	})
}
