package ci

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/components/identity"
)

// Limits (IAM API reference, CreateRole; IAM user guide, IAM and AWS STS quotas).
const (
	minSessionSeconds = 3600
	maxSessionSeconds = 43200
	maxPolicies       = 10
	// longestKeyARN is as long as the ARN of a KMS key can be.
	longestKeyARN = "arn:aws-us-gov:kms:ap-southeast-99:123456789012:key/mrk-12345678901234567890123456789012345"
)

// Forms of names and ARNs (IAM user guide, IAM identifiers; EKS and ECR and S3 API references).
var (
	accountID       = regexp.MustCompile(`^\d{12}$`)
	regionName      = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$`)
	rolePath        = regexp.MustCompile(`^/([\w+=,.@-]+/)*$`)
	environmentName = regexp.MustCompile(`^[\w][\w.-]*$`)
	clusterName     = regexp.MustCompile(`^[0-9A-Za-z][\w-]{0,99}$`)
	repositoryName  = regexp.MustCompile(`^[a-z0-9][a-z0-9._/-]*(/\*)?$`)
	bucketName      = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	sharedStack     = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)
	boundaryARN     = regexp.MustCompile(`^arn:aws[a-z-]*:iam::(aws|\d{12}):policy/[\w+=,.@/-]+$`)
)

// completeArgs are arguments with all defaults, and without a mistake.
type completeArgs struct {
	IdentityArgs
	makesProvider bool
}

// Validate returns every problem of args, for an identity of that name, each led by its path.
func (args *IdentityArgs) Validate(path *field.Path, name string) field.ErrorList {
	_, errs := args.completed(name)
	for _, err := range errs {
		err.Field = path.Child(err.Field).String()
	}
	return errs
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *IdentityArgs) complete(name string) (completeArgs, error) {
	a, errs := args.completed(name)
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

func (args *IdentityArgs) completed(name string) (completeArgs, field.ErrorList) {
	if args == nil {
		args = &IdentityArgs{}
	}
	a := completeArgs{IdentityArgs: *args, makesProvider: args.ProviderARN == ""}
	a.Partition = cmp.Or(a.Partition, "aws")
	a.Issuer = strings.TrimSuffix(cmp.Or(a.Issuer, gitHubIssuer), "/")
	a.Audience = cmp.Or(a.Audience, defaultAudience)
	a.Path = cmp.Or(a.Path, "/")
	a.MaxSessionSeconds = cmp.Or(a.MaxSessionSeconds, minSessionSeconds)
	a.ProviderARN = cmp.Or(a.ProviderARN, a.expectedProvider())
	errs := a.validateAccount(name)
	errs = append(errs, a.validateIssuer()...)
	errs = append(errs, a.validateSubjects()...)
	errs = append(errs, a.validateEnvironments(name)...)
	errs = append(errs, a.validateRelease()...)
	errs = append(errs, a.validateState()...)
	if len(errs) == 0 { // lengths say something of policies that are sound
		errs = a.validateLengths(name)
	}
	return a, errs
}

// expectedProvider is the ARN of the issuer's provider in the account.
func (args *IdentityArgs) expectedProvider() string {
	return "arn:" + args.Partition + ":iam::" + args.AccountID + ":oidc-provider/" + strings.TrimPrefix(args.Issuer, "https://")
}

func (args *IdentityArgs) validateAccount(name string) field.ErrorList {
	var errs field.ErrorList
	if name == "" {
		errs = append(errs, field.Required(field.NewPath("name"), "the roles' names begin with it"))
	}
	for _, part := range []struct {
		name, value, want string
		form              *regexp.Regexp
	}{
		{"accountId", args.AccountID, "must be the 12 digits of an AWS account", accountID},
		{"region", args.Region, "must be a region such as eu-west-1", regionName},
		{"path", args.Path, "must begin and end with a slash", rolePath},
		{"permissionsBoundary", args.PermissionsBoundary, "must be the ARN of an IAM policy", boundaryARN},
	} {
		if !part.form.MatchString(part.value) && (part.value != "" || part.name != "permissionsBoundary") {
			errs = append(errs, field.Invalid(field.NewPath(part.name), part.value, part.want))
		}
	}
	if args.MaxSessionSeconds < minSessionSeconds || args.MaxSessionSeconds > maxSessionSeconds {
		errs = append(errs, field.Invalid(field.NewPath("maxSessionSeconds"), args.MaxSessionSeconds,
			fmt.Sprintf("must be from %d to %d", minSessionSeconds, maxSessionSeconds)))
	}
	return errs
}

func (args *IdentityArgs) validateIssuer() field.ErrorList {
	var errs field.ErrorList
	u, err := url.Parse(args.Issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, field.Invalid(field.NewPath("issuer"), args.Issuer,
			"must begin with https:// and a host: AWS fetches the keys that check tokens from there"))
	}
	if strings.TrimSpace(args.Audience) != args.Audience || strings.ContainsAny(args.Audience, "*?") {
		errs = append(errs, field.Invalid(field.NewPath("audience"), args.Audience, "must be one audience, as in the claim aud"))
	}
	if want := args.expectedProvider(); args.ProviderARN != want {
		errs = append(errs, field.Invalid(field.NewPath("providerArn"), args.ProviderARN,
			"is not the provider of the issuer in this account, "+want))
	}
	return errs
}

// validateSubjects refuses what is not one run, and a run that would get the roles of two: which of them it takes would
// be its own choice.
func (args *IdentityArgs) validateSubjects() field.ErrorList {
	var errs field.ErrorList
	taken := map[Subject]string{}
	check := func(at *field.Path, subjects []Subject) {
		if len(subjects) == 0 {
			errs = append(errs, field.Required(at, "say which runs of the CI get the role"))
		}
		for i, s := range subjects {
			errs = append(errs, s.validate(at.Index(i), args.Issuer)...)
			if other, twice := taken[s]; twice {
				errs = append(errs, field.Invalid(at.Index(i), string(s), "has the role of "+other+" already"))
			}
			taken[s] = at.Index(i).String()
		}
	}
	check(field.NewPath("preview", "subjects"), args.Preview.Subjects)
	for _, name := range slices.Sorted(maps.Keys(args.Environments)) {
		check(field.NewPath("environments").Key(name).Child("subjects"), args.Environments[name].Subjects)
	}
	check(field.NewPath("release", "subjects"), args.Release.Subjects)
	return errs
}

func (args *IdentityArgs) validateRelease() field.ErrorList {
	at := field.NewPath("release", "repositories")
	if len(args.Release.Repositories) == 0 {
		return field.ErrorList{field.Required(at, "name the repositories that images are pushed to")}
	}
	var errs field.ErrorList
	for i, name := range args.Release.Repositories {
		if !repositoryName.MatchString(name) {
			errs = append(errs, field.Invalid(at.Index(i), name, "must be the name of a repository, or one with /* behind it"))
		}
	}
	return errs
}

func (args *IdentityArgs) validateState() field.ErrorList {
	if args.State == nil {
		return nil
	}
	var errs field.ErrorList
	if !bucketName.MatchString(args.State.Bucket) {
		errs = append(errs, field.Invalid(field.NewPath("state", "bucket"), args.State.Bucket, "must be the name of an S3 bucket"))
	}
	for i, stack := range args.State.Shared {
		if !sharedStack.MatchString(stack) {
			errs = append(errs, field.Invalid(field.NewPath("state", "shared").Index(i), stack,
				"must be a project, a slash and a stack"))
		}
	}
	return errs
}

// validateLengths measures what IAM limits.
func (args *completeArgs) validateLengths(name string) field.ErrorList {
	var errs field.ErrorList
	refuse := func(err error) {
		if err != nil {
			errs = append(errs, field.Invalid(field.NewPath("environments"), len(args.Environments), err.Error()))
		}
	}
	for _, r := range args.roles(name) {
		refuse(identity.CheckRoleName(r.name))
		refuse(identity.CheckTrustPolicy(r.name, r.trust.MustJSON()))
		if r.state != nil {
			r.policies[stateTopic] = r.state(longestKeyARN)
		}
		if len(r.policies) > maxPolicies {
			refuse(fmt.Errorf("role %s has %d policies, of IAM's %d", r.name, len(r.policies), maxPolicies))
		}
		for _, topic := range slices.Sorted(maps.Keys(r.policies)) {
			refuse(identity.CheckManagedPolicy(r.name+"-"+topic, r.policies[topic].MustJSON()))
		}
	}
	return errs
}
