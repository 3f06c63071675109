package registry

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/ecrlifecycle"
	"github.com/slipway-eks/slipway/spec"
)

// Limits of the arguments. An image for each of three years' days is more than anyone goes back.
const (
	maxKeep         = 1000
	maxUntaggedDays = 365
	// ownRules are the rules of a lifecycle policy that belong to no service: what runs, and what has no tag.
	ownRules          = 2
	maxSharedServices = ecrlifecycle.MaxRules - ownRules
)

// repositoryName is the form of a repository's name (ECR API reference, CreateRepository), and the limits its length.
var repositoryName = regexp.MustCompile(`^([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*$`)

const (
	minRepositoryName = 2
	maxRepositoryName = 256
)

// repositoryPlan is one repository: its name in ECR and the services in it.
type repositoryPlan struct {
	name   string
	groups []group
}

func (p repositoryPlan) services() []string {
	var all []string
	for _, g := range p.groups {
		all = append(all, g.service)
	}
	return all
}

// repositories returns the repositories to register, by the names of their resources.
func (args *RegistryArgs) repositories(name string) map[string]repositoryPlan {
	all := map[string]repositoryPlan{}
	var groups []group
	for _, service := range args.Services {
		g := group{service: service, prefix: tagPrefix(args.TagTemplate, service)}
		groups = append(groups, g)
		if args.Layout == PerService {
			all[name+"-"+service] = repositoryPlan{name: args.RepositoryName + "/" + service, groups: []group{g}}
		}
	}
	if args.Layout == Shared {
		all[name] = repositoryPlan{name: args.RepositoryName, groups: groups}
	}
	return all
}

// tagPrefix is what all tags of a service start with.
func tagPrefix(template, service string) string {
	before, _, _ := strings.Cut(template, versionPart)
	return strings.ReplaceAll(before, servicePart, service)
}

// complete returns a copy of args with defaults set and services in order, or every problem found in it.
func (args *RegistryArgs) complete() (RegistryArgs, error) {
	if args == nil {
		args = &RegistryArgs{}
	}
	a := *args
	a.Services = slices.Sorted(slices.Values(args.Services))
	if a.TagTemplate == "" {
		a.TagTemplate = defaultTag
		if a.Layout == Shared {
			a.TagTemplate = defaultSharedTag
		}
	}
	if a.Keep == 0 {
		a.Keep = defaultKeep
	}
	if a.UntaggedDays == 0 {
		a.UntaggedDays = defaultUntaggedDays
	}

	errs := a.validateServices()
	errs = append(errs, inRange("keep", a.Keep, maxKeep)...)
	errs = append(errs, inRange("untaggedDays", a.UntaggedDays, maxUntaggedDays)...)
	switch a.Layout {
	case Shared, PerService:
		errs = append(errs, a.validateNames()...)
		errs = append(errs, a.validateTags()...)
	case "":
		errs = append(errs, field.Required(field.NewPath("layout"), "shared or perService"))
	default:
		errs = append(errs, field.NotSupported(field.NewPath("layout"), a.Layout, []Layout{Shared, PerService}))
	}
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *RegistryArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"layout":         pulumi.String(args.Layout),
		"repositoryName": pulumi.String(args.RepositoryName),
		"services":       pulumi.ToStringArray(args.Services),
		"tagTemplate":    pulumi.String(args.TagTemplate),
	}
}

func inRange(name string, n, most int) field.ErrorList {
	if n >= 1 && n <= most {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath(name), n, fmt.Sprintf("must be from 1 to %d", most))}
}

func (args *RegistryArgs) validateServices() field.ErrorList {
	at := field.NewPath("services")
	var errs field.ErrorList
	if len(args.Services) == 0 {
		errs = append(errs, field.Required(at, "name the services that have images"))
	}
	for i, service := range args.Services {
		errs = append(errs, spec.ValidateServiceName(at.Key(service), service)...)
		if i > 0 && args.Services[i-1] == service {
			errs = append(errs, field.Duplicate(at.Key(service), service))
		}
	}
	if n := len(args.Services); args.Layout == Shared && n > maxSharedServices {
		errs = append(errs, field.Invalid(at, n, fmt.Sprintf(
			"one repository takes %d services, %d fewer: ECR has %d rules a lifecycle policy, one a service and %d of ours; "+
				"take layout perService", maxSharedServices, n-maxSharedServices, ecrlifecycle.MaxRules, ownRules)))
	}
	return errs
}

func (args *RegistryArgs) validateNames() field.ErrorList {
	at := field.NewPath("repositoryName")
	if args.RepositoryName == "" {
		return field.ErrorList{field.Required(at, "")}
	}
	var errs field.ErrorList
	longest := args.RepositoryName
	if args.Layout == PerService {
		for _, service := range args.Services {
			if name := args.RepositoryName + "/" + service; len(name) > len(longest) {
				longest = name
			}
		}
	}
	if !repositoryName.MatchString(args.RepositoryName) {
		errs = append(errs, field.Invalid(at, args.RepositoryName,
			"must be lower-case words with dots, dashes or underscores between them, and slashes between such names"))
	}
	if n := len(longest); n < minRepositoryName || n > maxRepositoryName {
		errs = append(errs, field.Invalid(at, args.RepositoryName, fmt.Sprintf(
			"makes the name %s of %d characters; ECR takes %d to %d", longest, n, minRepositoryName, maxRepositoryName)))
	}
	return errs
}

// validateTags refuses templates of which ECR could not tell the services apart.
func (args *RegistryArgs) validateTags() field.ErrorList {
	at := field.NewPath("tagTemplate")
	service, version := strings.Index(args.TagTemplate, servicePart), strings.Index(args.TagTemplate, versionPart)
	switch {
	case args.Layout == PerService && service >= 0:
		return field.ErrorList{field.Invalid(at, args.TagTemplate, "the service is in the repository's name; leave {service} out")}
	case args.Layout == Shared && (service < 0 || service > version):
		return field.ErrorList{field.Invalid(at, args.TagTemplate,
			"must have {service} before {version}: ECR counts the images of a service by what their tags start with")}
	}
	image := "registry.example/name:" + args.TagTemplate
	if args.Layout == PerService {
		image = "registry.example/" + servicePart + ":" + args.TagTemplate
	}
	registry := spec.Registry{Image: image}
	if errs := registry.Validate(at); len(errs) > 0 {
		return field.ErrorList{field.Invalid(at, args.TagTemplate, errs[0].Detail)}
	}
	return args.validatePrefixes(at)
}

// validatePrefixes refuses services whose images another rule would select too: `user-` also starts the tags of
// user-admin, whose images would then be counted, and deleted, as those of user.
func (args *RegistryArgs) validatePrefixes(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, a := range args.Services {
		own := tagPrefix(args.TagTemplate, a)
		if own != "" && (strings.HasPrefix(own, RunningPrefix) || strings.HasPrefix(RunningPrefix, own)) {
			errs = append(errs, field.Invalid(at, args.TagTemplate, fmt.Sprintf(
				"tags of %s start with %s, which cannot be told from %s, the tags of what runs", a, own, RunningPrefix)))
		}
		if args.Layout == PerService {
			return errs // one service a repository: all have the same prefix, and no other beside it
		}
		for _, b := range args.Services {
			if other := tagPrefix(args.TagTemplate, b); a != b && strings.HasPrefix(other, own) {
				errs = append(errs, field.Invalid(at, args.TagTemplate, fmt.Sprintf(
					"tags of %s start with %s, and so do those of %s; put an underscore behind {service}", a, own, b)))
			}
		}
	}
	return errs
}
