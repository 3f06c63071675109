package ingress

import "time"

// What the tests look at directly: pure functions.
var (
	Annotations = annotations
	Placement   = placement
	Settings    = settings
)

// Warnings returns what the component warns of.
func (args *ControllerArgs) Warnings() []string {
	a, err := args.complete()
	if err != nil {
		return []string{err.Error()}
	}
	return a.warnings()
}

// NewCertificate returns the PEM of an authority, a certificate for hosts and its key.
func NewCertificate(hosts []string, now time.Time) (authority, serving, key []byte, err error) {
	c, err := newCertificate(hosts, now)
	if err != nil {
		return nil, nil, nil, err
	}
	return c.authority, c.serving, c.key, nil
}
