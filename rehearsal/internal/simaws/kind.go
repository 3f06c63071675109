package simaws

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// kind is one row: what the account knows of one resource type. Lists of property paths are words in one string;
// a dot steps into an object, and into each object of a list.
type kind struct {
	token string
	// args and state are the SDK's argument and resource structs.
	args, state any
	// global is set for what exists once an account, not once a region.
	global bool

	// models lists the inputs that the rehearsal follows. Every other input is refused.
	models string
	// required adds to the properties that the SDK's types require: lists, maps and values of any type.
	required string
	// forceNew lists the properties that AWS cannot change.
	forceNew string
	// forceNewIfRemoved lists properties that AWS can add, but not take away.
	forceNewIfRemoved string
	// volatile lists the outputs that an update changes, so that its preview does not know them.
	volatile string
	// sets lists the properties whose order AWS does not keep.
	sets string
	// documents lists the properties that hold a JSON document.
	documents string
	// normal gives, for a property, the form in which AWS returns it.
	normal map[string]func(string) string
	// name says how an unnamed resource is named.
	name simprovider.AutoName
	// limits are checked before anything is made.
	limits []limit

	// defaults are filled in by the provider, fills by AWS.
	defaults, fills map[string]any
	// id and computed are templates; idOf makes an id that no template can give.
	id       string
	idOf     func(c *call) string
	computed map[string]string
	// derive sets outputs that no template can give, and makes what AWS makes besides.
	derive func(c *call)
	// start and stop are what a thing does besides being recorded, when it is made and when it goes.
	start, stop func(c *call) error
	// exists is what AWS says if the id is taken.
	exists string
	// keepIf names a flag with which the provider leaves the thing in AWS when the resource is deleted.
	keepIf string

	refs  []ref
	rules []rule
}

// ref is a property that must name something that exists.
type ref struct {
	path string
	// to is the type token, by the property that is compared; by defaults to the id.
	to, by string
	// missing is AWS's answer if it does not exist; %s is the value.
	missing string
	// holds is AWS's answer to deleting the thing while this reference lives; empty if AWS permits it.
	holds string
	// source is the document that says so.
	source string
}

// moment says when a rule is enforced.
type moment int

const (
	onCreate moment = 1 << iota
	onUpdate
	onDelete
	onWrite = onCreate | onUpdate
)

// rule is one thing that AWS enforces with the account in view.
type rule struct {
	on moment
	// code is AWS's error code.
	code string
	// source is the document that states the rule.
	source string
	// broken returns what is wrong, or nothing.
	broken func(c *call) string
}

// limit is one thing about a value alone.
type limit struct {
	path   string
	source string
	// wrong returns what is wrong with the value, or nothing.
	wrong func(v any) string
}

// apiError is AWS's refusal.
type apiError struct{ code, message, source string }

func (e apiError) Error() string {
	return fmt.Sprintf("api error %s: %s (source: %s)", e.code, e.message, e.source)
}

// refusal splits "Code: message %s" and fills in the value.
func refusal(text, value, source string) apiError {
	code, message, _ := strings.Cut(text, ": ")
	return apiError{code: code, message: strings.ReplaceAll(message, "%s", value), source: source}
}

// table returns all rows by token.
func table() map[string]*kind {
	out := map[string]*kind{}
	for _, rows := range [][]kind{
		ec2Kinds, routingKinds, endpointKinds, securityKinds, templateKinds, iamKinds, logsKinds, kmsKinds,
		clusterKinds, accessKinds, addonKinds, nodeKinds, scalingKinds, ecrKinds, s3Kinds,
	} {
		for i := range rows {
			out[rows[i].token] = &rows[i]
		}
	}
	return out
}

func words(s string) []string { return strings.Fields(s) }

func properties(m map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(m)
}
