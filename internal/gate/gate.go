// Package gate makes outputs wait. A consumer of a gated output is ordered behind resources whose values it does not
// use, such as the route that gives a subnet its way out.
package gate

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// String returns value once every resource of after exists. In a preview it is known as soon as value is: it waits for
// the resources' URNs, which a preview knows, and not for their ids, which it does not.
func String(value pulumi.StringInput, after ...pulumi.Resource) pulumi.StringOutput {
	return pulumi.All(behind(value, after)...).ApplyT(func(all []any) string {
		s, _ := all[0].(string)
		return s
	}).(pulumi.StringOutput)
}

// IDs returns the ids of resources once every resource of after exists.
func IDs[R pulumi.CustomResource](resources []R, after ...pulumi.Resource) pulumi.StringArrayOutput {
	ids := make(pulumi.StringArray, len(resources))
	for i, r := range resources {
		ids[i] = r.ID()
	}
	return pulumi.All(behind(ids, after)...).ApplyT(func(all []any) []string {
		s, _ := all[0].([]string)
		return s
	}).(pulumi.StringArrayOutput)
}

func behind(value any, after []pulumi.Resource) []any {
	all := make([]any, 0, len(after)+1)
	all = append(all, value)
	for _, r := range after {
		all = append(all, r.URN())
	}
	return all
}

// Behind returns value once the outputs of after are known, whatever they are.
func Behind(value pulumi.StringInput, after ...pulumi.StringOutput) pulumi.StringOutput {
	all := make([]any, 0, len(after)+1)
	all = append(all, value)
	for _, o := range after {
		all = append(all, o)
	}
	return pulumi.All(all...).ApplyT(func(all []any) string {
		s, _ := all[0].(string)
		return s
	}).(pulumi.StringOutput)
}
