package simaws

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecr"
)

const (
	repositoryType = "aws:ecr/repository:Repository"
	lifecycleType  = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
	ecrAPI         = "ECR API reference"
	ecrQuotas      = "ECR user guide, service quotas"
)

// maxLifecycleRules is the quota of rules in a lifecycle policy.
const maxLifecycleRules = 50

var ecrKinds = []kind{
	{
		token: repositoryType, args: ecr.RepositoryArgs{}, state: ecr.Repository{},
		models: "encryptionConfigurations.encryptionType encryptionConfigurations.kmsKey forceDelete " +
			"imageScanningConfiguration.scanOnPush imageTagMutability name tags",
		forceNew: "encryptionConfigurations name",
		defaults: map[string]any{"imageTagMutability": "MUTABLE"},
		limits: []limit{
			{"name", ecrAPI + ", CreateRepository", shaped(`^[a-z0-9]+([._/-]+[a-z0-9]+)*$`, "is no name of a repository")},
			{"name", ecrAPI + ", CreateRepository", atMost(256)},
			{"imageTagMutability", ecrAPI + ", CreateRepository", oneOf("MUTABLE IMMUTABLE")},
			{"encryptionConfigurations.encryptionType", ecrAPI + ", EncryptionConfiguration", oneOf("AES256 KMS KMS_DSSE")},
		},
		id: "{name}",
		computed: map[string]string{
			"arn": "arn:{partition}:ecr:{region}:{account}:repository/{name}", "registryId": "{account}",
			"repositoryUrl": "{account}.dkr.ecr.{region}.{suffix}/{name}",
		},
		exists: "RepositoryAlreadyExistsException: The repository with name '%s' already exists",
	},
	{
		token: lifecycleType, args: ecr.LifecyclePolicyArgs{}, state: ecr.LifecyclePolicy{},
		models: "policy repository", required: "policy", forceNew: "repository", documents: "policy", id: "{repository}",
		computed: map[string]string{"registryId": "{account}"},
		refs: []ref{{
			path: "repository", to: repositoryType, by: "name", source: ecrAPI + ", PutLifecyclePolicy",
			missing: "RepositoryNotFoundException: The repository with name '%s' does not exist",
		}},
		rules: []rule{{onWrite, "InvalidParameterException", ecrQuotas, lifecycleFits}},
	},
}

// lifecycleFits refuses more rules than a policy may have, and two of one priority.
func lifecycleFits(c *call) string {
	var policy struct {
		Rules []struct {
			Priority int `json:"rulePriority"`
		} `json:"rules"`
	}
	if err := json.Unmarshal([]byte(c.in.str("policy")), &policy); err != nil {
		return "Lifecycle policy validation failure: " + err.Error()
	}
	if len(policy.Rules) == 0 || len(policy.Rules) > maxLifecycleRules {
		return fmt.Sprintf("Lifecycle policy validation failure: %d rules, of 1 to %d", len(policy.Rules), maxLifecycleRules)
	}
	seen := map[int]bool{}
	for _, r := range policy.Rules {
		if r.Priority < 1 || seen[r.Priority] {
			return fmt.Sprintf("Lifecycle policy validation failure: priority %d is not unique", r.Priority)
		}
		seen[r.Priority] = true
	}
	return ""
}
