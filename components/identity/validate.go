package identity

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Limits of a role (IAM API reference, CreateRole; IAM user guide, IAM and AWS STS quotas).
const (
	minSessionSeconds  = 3600
	maxSessionSeconds  = 43200
	maxDescription     = 1000
	maxManagedPolicies = 20 // the highest that AWS raises the quota of 10 to
	// autoNameSuffix is the dash and the 7 digits that Pulumi puts behind a name.
	autoNameSuffix = 8
)

// Forms of ARNs and names (IAM user guide, IAM identifiers; IAM API reference, PutRolePolicy).
var (
	policyARN        = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(aws|\d{12}):policy/([!-.0-~]+/)*[\w+=,.@-]{1,128}$`)
	inlinePolicyName = regexp.MustCompile(`^[\w+=,.@-]+$`)
	description      = regexp.MustCompile(`^[\t\n\r -~¡-ÿ]*$`)
)

// administrator is AWS's policy of every action on every resource.
const administrator = "AdministratorAccess"

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *ServiceAccountRoleArgs) complete(name string) (ServiceAccountRoleArgs, error) {
	if args == nil {
		args = &ServiceAccountRoleArgs{}
	}
	a := *args
	a.Policies, a.PolicyInputs = maps.Clone(a.Policies), maps.Clone(a.PolicyInputs)
	a.ManagedPolicyARNs = slices.Clone(a.ManagedPolicyARNs)
	if a.MaxSessionSeconds == 0 {
		a.MaxSessionSeconds = minSessionSeconds
	}
	if a.Description == "" {
		a.Description = fmt.Sprintf("Role of the Kubernetes service account %s/%s", a.Namespace, a.ServiceAccount)
	}
	errs := validateName(name)
	errs = append(errs, a.validateAccount()...)
	errs = append(errs, a.validateMethod()...)
	errs = append(errs, a.validateInline(name)...)
	errs = append(errs, a.validateManaged()...)
	errs = append(errs, a.validateRole()...)
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *ServiceAccountRoleArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"namespace":      pulumi.String(args.Namespace),
		"serviceAccount": pulumi.String(args.ServiceAccount),
		"method":         pulumi.String(args.Method),
	}
}

func validateName(name string) field.ErrorList {
	at := field.NewPath("name")
	switch {
	case name == "":
		return field.ErrorList{field.Required(at, "")}
	case len(name) > MaxRoleName-autoNameSuffix:
		return field.ErrorList{field.Invalid(at, name, fmt.Sprintf(
			"has %d characters, %d more than leave room for Pulumi's suffix in IAM's %d",
			len(name), len(name)-(MaxRoleName-autoNameSuffix), MaxRoleName))}
	}
	return nil
}

// validateAccount refuses what is not the name of one service account: IAM would take a `*` for any.
func (args *ServiceAccountRoleArgs) validateAccount() field.ErrorList {
	var errs field.ErrorList
	for _, part := range []struct {
		name, value string
		check       func(string) []string
	}{
		{"namespace", args.Namespace, validation.IsDNS1123Label},
		{"serviceAccount", args.ServiceAccount, validation.IsDNS1123Subdomain},
	} {
		at := field.NewPath(part.name)
		switch {
		case part.value == "":
			errs = append(errs, field.Required(at, "the role is for one service account"))
		case strings.ContainsAny(part.value, "*?"):
			errs = append(errs, field.Invalid(at, part.value, "the role is for one service account; wildcards would let others in"))
		default:
			for _, problem := range part.check(part.value) {
				errs = append(errs, field.Invalid(at, part.value, problem))
			}
		}
	}
	return errs
}

// validateMethod requires the inputs of the method, and no others: they would be ignored in silence.
func (args *ServiceAccountRoleArgs) validateMethod() field.ErrorList {
	at := field.NewPath("method")
	switch args.Method {
	case IRSA, PodIdentity:
	case "":
		return field.ErrorList{field.Required(at, "IRSA or PodIdentity")}
	default:
		return field.ErrorList{field.NotSupported(at, args.Method, []Method{IRSA, PodIdentity})}
	}
	var errs field.ErrorList
	for _, input := range []struct {
		name  string
		value pulumi.StringInput
		of    Method
	}{
		{"oidcProviderArn", args.OIDCProviderARN, IRSA},
		{"issuer", args.Issuer, IRSA},
		{"clusterName", args.ClusterName, PodIdentity},
	} {
		switch {
		case input.of == args.Method && input.value == nil:
			errs = append(errs, field.Required(field.NewPath(input.name), "method "+string(args.Method)+" needs it"))
		case input.of != args.Method && input.value != nil:
			errs = append(errs, field.Forbidden(field.NewPath(input.name), "method "+string(args.Method)+" does not use it"))
		}
	}
	return errs
}

func (args *ServiceAccountRoleArgs) validateInline(role string) field.ErrorList {
	var errs field.ErrorList
	if len(args.Policies)+len(args.PolicyInputs)+len(args.ManagedPolicyARNs) == 0 {
		errs = append(errs, field.Required(field.NewPath("policies"), "a role without a policy can do nothing"))
	}
	texts := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(args.Policies)) {
		at := field.NewPath("policies").Key(name)
		errs = append(errs, validatePolicyName(at, role, name)...)
		errs = append(errs, args.Policies[name].ValidatePermissions(at)...)
		texts[name] = args.Policies[name].MustJSON()
	}
	if err := CheckInlinePolicies(role, texts); err != nil {
		errs = append(errs, field.Invalid(field.NewPath("policies"), len(texts), err.Error()))
	}
	for _, name := range slices.Sorted(maps.Keys(args.PolicyInputs)) {
		at := field.NewPath("policyInputs").Key(name)
		errs = append(errs, validatePolicyName(at, role, name)...)
		if args.PolicyInputs[name] == nil {
			errs = append(errs, field.Required(at, ""))
		}
		if _, twice := args.Policies[name]; twice {
			errs = append(errs, field.Duplicate(at, name))
		}
	}
	return errs
}

func validatePolicyName(at *field.Path, role, name string) field.ErrorList {
	if !inlinePolicyName.MatchString(name) {
		return field.ErrorList{field.Invalid(at, name, "must be letters, digits and +=,.@_-")}
	}
	if most := MaxPolicyName - autoNameSuffix - len(role) - 1; len(name) > most {
		return field.ErrorList{field.TooLong(at, name, most)}
	}
	return nil
}

func (args *ServiceAccountRoleArgs) validateManaged() field.ErrorList {
	var errs field.ErrorList
	at := field.NewPath("managedPolicyArns")
	if len(args.ManagedPolicyARNs) > maxManagedPolicies {
		errs = append(errs, field.TooMany(at, len(args.ManagedPolicyARNs), maxManagedPolicies))
	}
	taken := map[string]bool{}
	for i, arn := range args.ManagedPolicyARNs {
		switch name := policyName(arn); {
		case !policyARN.MatchString(arn):
			errs = append(errs, field.Invalid(at.Index(i), arn,
				"must be the ARN of an IAM policy, such as arn:aws:iam::aws:policy/ReadOnlyAccess"))
		case name == administrator:
			errs = append(errs, field.Invalid(at.Index(i), arn, "allows every action on every resource; name what is needed"))
		case taken[name]:
			errs = append(errs, field.Duplicate(at.Index(i), arn)) // children are named by their policy
		default:
			taken[name] = true
		}
	}
	return errs
}

func (args *ServiceAccountRoleArgs) validateRole() field.ErrorList {
	var errs field.ErrorList
	if args.PermissionsBoundary != "" && !policyARN.MatchString(args.PermissionsBoundary) {
		errs = append(errs, field.Invalid(field.NewPath("permissionsBoundary"), args.PermissionsBoundary,
			"must be the ARN of an IAM policy"))
	}
	if args.MaxSessionSeconds < minSessionSeconds || args.MaxSessionSeconds > maxSessionSeconds {
		errs = append(errs, field.Invalid(field.NewPath("maxSessionSeconds"), args.MaxSessionSeconds,
			fmt.Sprintf("must be from %d to %d", minSessionSeconds, maxSessionSeconds)))
	}
	at := field.NewPath("description")
	if utf8.RuneCountInString(args.Description) > maxDescription {
		errs = append(errs, field.TooLong(at, args.Description, maxDescription))
	}
	if !description.MatchString(args.Description) {
		errs = append(errs, field.Invalid(at, args.Description, "must be of Latin-1 characters"))
	}
	return errs
}

// checkInputs checks the policies that are inputs, once they are known, together with the fixed ones.
func checkInputs(role string, fixed, texts map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		at := field.NewPath("policyInputs").Key(name)
		d, err := ParseDocument(texts[name])
		if err != nil {
			errs = append(errs, fmt.Errorf("role %q: %s: %w", role, at, err))
			continue
		}
		if err := d.ValidatePermissions(at).ToAggregate(); err != nil {
			errs = append(errs, fmt.Errorf("role %q: %w", role, errors.Join(err.Errors()...)))
		}
	}
	all := maps.Clone(fixed)
	maps.Copy(all, texts)
	return errors.Join(append(errs, CheckInlinePolicies(role, all))...)
}

// policyName returns the name at the end of a policy's ARN.
func policyName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
