package spec

import (
	"net/mail"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Alerts says who is told when nodes come and go.
type Alerts struct {
	// Emails are addresses. Each gets a mail from AWS with a link that confirms it.
	Emails []string `json:"emails" jsonschema:"uniqueItems=true,minItems=1,maxItems=20"`
}

// Validate reports every problem of a.
func (a *Alerts) Validate(path *field.Path) field.ErrorList {
	errs := fieldtags.Check(path, a)
	for i, email := range a.Emails {
		if parsed, err := mail.ParseAddress(email); err != nil || parsed.Address != email {
			errs = append(errs, field.Invalid(path.Child("emails").Index(i), email, "must be a mail address such as me@example.com"))
		}
	}
	return errs
}
