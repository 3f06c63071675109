package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// languageVersion is the policy language's; the only one that has all its elements (IAM user guide, Version).
const languageVersion = "2012-10-17"

// The effects of a statement.
const (
	Allow = "Allow"
	Deny  = "Deny"
)

// Document is an IAM policy.
type Document struct {
	// Version of the policy language.
	Version string `json:"Version"`
	// Statement is what the policy says.
	Statement []Statement `json:"Statement"`
}

// Statement is one permission, or, in a trust policy, who may assume the role.
type Statement struct {
	// Sid names the statement. Optional.
	Sid string `json:"Sid,omitempty"`
	// Effect is Allow or Deny.
	Effect string `json:"Effect"`
	// Principal is who, in a trust policy: by kind, such as Service.
	Principal map[string]Values `json:"Principal,omitempty"`
	// Action is what may be done.
	Action Values `json:"Action"`
	// Resource is on what, as ARNs. Absent from a trust policy.
	Resource Values `json:"Resource,omitempty"`
	// Condition narrows the statement.
	Condition Conditions `json:"Condition,omitempty"`
}

// Conditions are values to compare with, by operator (such as StringEquals) and key. Of several values of one key any
// will do; several keys and several operators must all hold.
type Conditions map[string]map[string]Values

// Values is a list of strings. One alone is written as a plain string, which every part of IAM accepts and which is
// shorter; both forms are read.
type Values []string

// MarshalJSON writes one value as a string and several as a list.
func (v Values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return marshal(v[0])
	}
	return marshal([]string(v))
}

// UnmarshalJSON reads a string or a list.
func (v *Values) UnmarshalJSON(text []byte) error {
	var one string
	if err := json.Unmarshal(text, &one); err == nil {
		*v = Values{one}
		return nil
	}
	var list []string
	if err := json.Unmarshal(text, &list); err != nil {
		return errors.New("must be a string or a list of strings")
	}
	*v = list
	return nil
}

// NewDocument returns a policy of the statements.
func NewDocument(statements ...Statement) Document {
	return Document{Version: languageVersion, Statement: statements}
}

// ParseDocument reads a policy from JSON, for policies that others publish, such as a controller's. It refuses
// elements that Statement does not have (NotAction, NotResource, NotPrincipal), so that nothing is lost in silence.
func ParseDocument(text string) (Document, error) {
	var d Document
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return Document{}, fmt.Errorf("reading IAM policy: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Document{}, errors.New("reading IAM policy: there is something behind its end")
	}
	return d, nil
}

// JSON returns the document's text, without white space.
func (d Document) JSON() (string, error) {
	text, err := marshal(d)
	if err != nil {
		return "", fmt.Errorf("writing IAM policy: %w", err)
	}
	return string(text), nil
}

// MustJSON returns the document's text, for documents made of constants alone.
func (d Document) MustJSON() string {
	text, err := d.JSON()
	if err != nil {
		panic(err) // strings always marshal
	}
	return text
}

// marshal writes JSON as IAM shows it: <, > and & stand for themselves and not for six characters each.
func marshal(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(buffer.Bytes()), nil
}

// ValidatePermissions reports why d cannot be a role's permissions: what IAM refuses, and an Allow of every action on
// every resource.
func (d Document) ValidatePermissions(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if d.Version != languageVersion {
		errs = append(errs, field.NotSupported(path.Child("Version"), d.Version, []string{languageVersion}))
	}
	if len(d.Statement) == 0 {
		errs = append(errs, field.Required(path.Child("Statement"), "a policy says at least one thing"))
	}
	for i, s := range d.Statement {
		errs = append(errs, s.validatePermission(path.Child("Statement").Index(i))...)
	}
	return errs
}

func (s Statement) validatePermission(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if s.Effect != Allow && s.Effect != Deny {
		errs = append(errs, field.NotSupported(path.Child("Effect"), s.Effect, []string{Allow, Deny}))
	}
	if len(s.Principal) > 0 {
		errs = append(errs, field.Forbidden(path.Child("Principal"), "who gets the permission is whoever has the role"))
	}
	for _, list := range []struct {
		name   string
		values Values
	}{{"Action", s.Action}, {"Resource", s.Resource}} {
		if len(list.values) == 0 || slices.Contains(list.values, "") {
			errs = append(errs, field.Required(path.Child(list.name), "give at least one, and none that is empty"))
		}
	}
	if s.Effect == Allow && isEverything(s.Action) && slices.Contains(s.Resource, "*") {
		errs = append(errs, field.Invalid(path, "*", "allows every action on every resource; name what is needed"))
	}
	return errs
}

// isEverything says that a list of actions has one that stands for all.
func isEverything(actions Values) bool {
	return slices.ContainsFunc(actions, func(a string) bool { return strings.Trim(a, "*:") == "" && a != "" })
}
