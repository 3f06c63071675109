// Package gate makes outputs wait. A consumer of a gated output is ordered behind resources whose values it does not
// use, such as the route that gives a subnet its way out.
package gate

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// String returns value once every resource of after exists. In a preview it is known as soon as value is: it waits for
// the resources' URNs, which a preview knows, and not for their ids, which it does not.
func String(value pulumi.StringInput, after ...pulumi.Resource) pulumi.StringOutput {
	return first[string](value, urns(after)).(pulumi.StringOutput)
}

// IDs returns the ids of resources once every resource of after exists.
func IDs[R pulumi.CustomResource](resources []R, after ...pulumi.Resource) pulumi.StringArrayOutput {
	ids := make(pulumi.StringArray, len(resources))
	for i, r := range resources {
		ids[i] = r.ID()
	}
	return first[[]string](ids, urns(after)).(pulumi.StringArrayOutput)
}

// Behind returns value once the outputs of after are known, whatever they are.
func Behind(value pulumi.StringInput, after ...pulumi.StringOutput) pulumi.StringOutput {
	all := make([]any, len(after))
	for i, o := range after {
		all[i] = o
	}
	return first[string](value, all).(pulumi.StringOutput)
}

// first returns value, of type T, once everything in after is known.
func first[T any](value any, after []any) pulumi.Output {
	return pulumi.All(append([]any{value}, after...)...).ApplyT(func(all []any) T {
		v, _ := all[0].(T)
		return v
	})
}

func urns(resources []pulumi.Resource) []any {
	all := make([]any, len(resources))
	for i, r := range resources {
		all[i] = r.URN()
	}
	return all
}
