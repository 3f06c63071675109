package ci

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// validateEnvironments refuses environments that IAM could not keep apart.
func (args *IdentityArgs) validateEnvironments(name string) field.ErrorList {
	at := field.NewPath("environments")
	if len(args.Environments) == 0 {
		return field.ErrorList{field.Required(at, "name what is deployed")}
	}
	var errs field.ErrorList
	for _, key := range slices.Sorted(maps.Keys(args.Environments)) {
		e, at := args.Environments[key], at.Key(key)
		if !environmentName.MatchString(key) {
			errs = append(errs, field.Invalid(at, key,
				"must be the name of a Pulumi stack: letters, digits, dots, dashes and underscores"))
		}
		errs = append(errs, args.validateClusters(name, key)...)
		errs = append(errs, args.validateOperators(at.Child("operators"), e.Operators)...)
	}
	return errs
}

// validateClusters refuses names by which a deploy role would reach what is not its environment's: the names of what a
// platform makes begin with its cluster's name and a dash, and so must nothing else.
func (args *IdentityArgs) validateClusters(name, environment string) field.ErrorList {
	at := field.NewPath("environments").Key(environment).Child("clusters")
	clusters := args.Environments[environment].Clusters
	if len(clusters) == 0 {
		return field.ErrorList{field.Required(at, "name the EKS clusters")}
	}
	var errs field.ErrorList
	for i, cluster := range clusters {
		if !clusterName.MatchString(cluster) {
			errs = append(errs, field.Invalid(at.Index(i), cluster, "must be the name of an EKS cluster"))
		}
		if strings.HasPrefix(name+"-", cluster+"-") {
			errs = append(errs, field.Invalid(at.Index(i), cluster, fmt.Sprintf(
				"the CI's own roles, %s-..., begin with it: the deploy role could change what it is allowed", name)))
		}
		for _, other := range slices.Sorted(maps.Keys(args.Environments)) {
			if j := slices.IndexFunc(args.Environments[other].Clusters, func(c string) bool {
				return other != environment && strings.HasPrefix(c+"-", cluster+"-")
			}); j >= 0 {
				errs = append(errs, field.Invalid(at.Index(i), cluster, fmt.Sprintf(
					"names of %s, of the environment %s, begin with it: the deploy role could change what is there",
					args.Environments[other].Clusters[j], other)))
			}
		}
	}
	return errs
}

// validateOperators takes roles of the account alone: they are let in as principals of it.
func (args *IdentityArgs) validateOperators(at *field.Path, operators []string) field.ErrorList {
	var errs field.ErrorList
	own := regexp.MustCompile(`^arn:` + regexp.QuoteMeta(args.Partition) + `:iam::` +
		regexp.QuoteMeta(args.AccountID) + `:role/[\w+=,.@/-]+$`)
	for i, arn := range operators {
		if !own.MatchString(arn) {
			errs = append(errs, field.Invalid(at.Index(i), arn, "must be the ARN of a role in this account, without wildcards"))
		}
	}
	return errs
}
