package spec

import (
	"maps"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// roleARN is the form of an IAM role's ARN in any partition (IAM user guide, IAM identifiers).
var roleARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}$`)

func validateRoleARN(path *field.Path, arn string) field.ErrorList {
	if roleARN.MatchString(arn) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, arn, "must be the ARN of an IAM role, arn:aws:iam::123456789012:role/name")}
}

// validateLabel reports why name cannot be the name of a Kubernetes object that is also a host name.
func validateLabel(path *field.Path, name string) field.ErrorList {
	var errs field.ErrorList
	for _, problem := range validation.IsDNS1123Label(name) {
		errs = append(errs, field.Invalid(path, name, problem))
	}
	return errs
}

// quantity parses a Kubernetes quantity that must be above zero.
func quantity(path *field.Path, text string) (resource.Quantity, field.ErrorList) {
	q, err := resource.ParseQuantity(text)
	switch {
	case err != nil:
		return q, field.ErrorList{field.Invalid(path, text, "must be a Kubernetes quantity such as 500m or 512Mi")}
	case q.Sign() <= 0:
		return q, field.ErrorList{field.Invalid(path, text, "must be above zero")}
	}
	return q, nil
}

// sortedKeys gives reports a fixed order.
func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
