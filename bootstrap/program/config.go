package program

// Config is the configuration of an account: each field is the key slipway-bootstrap:<name>.
type Config struct {
	// AccountID is the AWS account; with credentials of another one nothing is done.
	AccountID string `json:"accountId" jsonschema:"pattern=^[0-9]{12}$"`
	// Registry is where the images of all stacks are.
	Registry Registry `json:"registry"`
	// CI is who may preview, deploy and release.
	CI CI `json:"ci"`
	// State is a bucket for Pulumi's state. Default: none is made.
	State *State `json:"state,omitempty"`
	// Unprotected lets everything be deleted.
	Unprotected bool `json:"unprotected,omitempty"`

	region   string
	services []string
}

// Registry says how repositories are laid out: see components/registry.
type Registry struct {
	// Layout is one repository for all services, or one for each.
	Layout string `json:"layout" jsonschema:"enum=shared,enum=perService"`
	// RepositoryName is the repository's name, or what stands before the services'.
	RepositoryName string `json:"repositoryName"`
	// Keep is how many images of each service stay. Default: 20.
	Keep int `json:"keep,omitempty"`
	// UntaggedDays is after how many days an image without a tag goes. Default: 7.
	UntaggedDays int `json:"untaggedDays,omitempty"`
}

// CI says which runs get which role: see components/ci. With github, each role has the subjects that are usual there,
// unless it names its own.
type CI struct {
	// Name is what the roles' names begin with.
	Name string `json:"name,omitempty" jsonschema:"default=slipway,pattern=^[A-Za-z0-9_][A-Za-z0-9_-]*$"`
	// GitHub is the repository whose workflows deploy.
	GitHub *GitHub `json:"github,omitempty"`
	// Issuer is the URL of another CI's tokens. Default: GitHub's.
	Issuer string `json:"issuer,omitempty"`
	// Audience is whom tokens are for. Default: sts.amazonaws.com.
	Audience string `json:"audience,omitempty"`
	// ProviderARN is the issuer's OIDC provider, where the account has one. Default: one is made.
	ProviderARN string `json:"providerArn,omitempty"`
	// Preview and Release are those roles' runs, where they are not GitHub's usual ones.
	Preview Runs `json:"preview,omitempty"`
	Release Runs `json:"release,omitempty"`
	// Environments are the stacks to deploy, by name.
	Environments map[string]Environment `json:"environments"`
	// PermissionsBoundary is the ARN of a policy that bounds the roles. Default: none.
	PermissionsBoundary string `json:"permissionsBoundary,omitempty"`
	// Path is what stands before the roles' names. Default: /.
	Path string `json:"path,omitempty"`
	// MaxSessionSeconds bounds a session. Default: 3600.
	MaxSessionSeconds int `json:"maxSessionSeconds,omitempty"`
}

// GitHub is a repository: pull requests preview, environments deploy, and a branch releases.
type GitHub struct {
	// Repository is owner/name, as in the subjects of the repository's tokens.
	Repository string `json:"repository"`
	// Branch is the one whose runs release.
	Branch string `json:"branch,omitempty" jsonschema:"default=main"`
}

// Runs are runs of the CI.
type Runs struct {
	// Subjects are their tokens' claims sub.
	Subjects []string `json:"subjects,omitempty"`
}

// Environment is one stack.
type Environment struct {
	// Clusters are the names of its EKS clusters.
	Clusters []string `json:"clusters"`
	// Subjects are the claims sub of the runs that deploy it, where they are not GitHub's usual ones.
	Subjects []string `json:"subjects,omitempty"`
	// Operators are the ARNs of roles whose people may deploy by hand.
	Operators []string `json:"operators,omitempty"`
}

// State is an S3 bucket.
type State struct {
	// Bucket is its name, which no other bucket of AWS has.
	Bucket string `json:"bucket"`
}
