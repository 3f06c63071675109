// Package required says which arguments of a component are missing.
package required

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Fields returns an error for each argument that was not given, by name: a problem is found where it can be mended.
func Fields(given map[string]bool) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !given[name] {
			errs = append(errs, field.Required(field.NewPath(name), ""))
		}
	}
	return errs
}
