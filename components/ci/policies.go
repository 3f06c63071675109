package ci

import (
	"maps"
	"slices"
	"strings"

	"github.com/slipway-eks/slipway/components/identity"
)

// The topics that a role's rights are split into, each a managed policy: together they are longer than IAM allows for one.
const (
	networkTopic = "network"
	clusterTopic = "cluster"
	rolesTopic   = "roles"
	recordsTopic = "records"
	stateTopic   = "state"
	imagesTopic  = "images"
)

// topics says which service's actions are in which policy; what is not named is in recordsTopic.
var topics = map[string]string{"ec2": networkTopic, "route53": networkTopic, "eks": clusterTopic, "iam": rolesTopic}

// platformPolicies returns the policies of the table's actions, by topic: those that read, and with write also those
// that change.
func (b bounds) platformPolicies(write bool) map[string]identity.Document {
	read, change := map[string][]string{}, map[string][]string{}
	for _, right := range Rights() {
		add(read, right.Read)
		add(change, right.Write)
	}
	all := map[string]identity.Document{}
	for topic, actions := range read {
		statements := b.statements(actions, reads)
		if write {
			statements = append(statements, b.statements(change[topic], writes)...)
		}
		all[topic] = identity.NewDocument(statements...)
	}
	return all
}

// add sorts actions into their topics.
func add(byTopic map[string][]string, actions []string) {
	for _, action := range actions {
		service, _, _ := strings.Cut(action, ":")
		topic, ok := topics[service]
		if !ok {
			topic = recordsTopic
		}
		byTopic[topic] = append(byTopic[topic], action)
	}
}

// previewBounds are those of all environments together: a pull request is previewed for each.
func (args *IdentityArgs) previewBounds() bounds {
	b := bounds{partition: args.Partition, region: args.Region, account: args.AccountID}
	for _, name := range slices.Sorted(maps.Keys(args.Environments)) {
		b.clusters = append(b.clusters, args.Environments[name].Clusters...)
	}
	slices.Sort(b.clusters)
	b.clusters = slices.Compact(b.clusters)
	return b
}

func (args *IdentityArgs) deployBounds(environment string) bounds {
	e := args.Environments[environment]
	return bounds{
		partition: args.Partition, region: args.Region, account: args.AccountID,
		clusters: slices.Sorted(slices.Values(e.Clusters)), stack: environment,
	}
}

// previewPolicies lets previews look at what there is.
func (args *IdentityArgs) previewPolicies() map[string]identity.Document {
	return args.previewBounds().platformPolicies(false)
}

// deployPolicies lets a deployment change one environment. A kubeconfig that assumes the deploy role does so also
// where the caller has it already, so the role may assume itself.
func (args *IdentityArgs) deployPolicies(name, environment string) map[string]identity.Document {
	all := args.deployBounds(environment).platformPolicies(true)
	roles := all[rolesTopic]
	roles.Statement = append(roles.Statement, identity.Statement{
		Effect: identity.Allow, Action: identity.Values{"sts:AssumeRole"},
		Resource: identity.Values{args.roleARN(deployRole(name, environment))},
	})
	all[rolesTopic] = roles
	return all
}

// releasePolicies lets a release push images and move the tags of what runs: such a tag is put on by its manifest, and
// taken off by its name, which a list of tags gives (ECR user guide, IAM permissions for pushing an image; ECR API
// reference, BatchDeleteImage).
func (args *IdentityArgs) releasePolicies() map[string]identity.Document {
	b := args.previewBounds()
	var repositories identity.Values
	for _, name := range slices.Sorted(slices.Values(args.Release.Repositories)) {
		repositories = append(repositories, b.arn("ecr", "repository/"+name))
	}
	return map[string]identity.Document{imagesTopic: identity.NewDocument(
		identity.Statement{
			Effect: identity.Allow, Action: identity.Values{"ecr:GetAuthorizationToken"},
			Resource: identity.Values{"*"}, Condition: b.here(),
		},
		identity.Statement{
			Effect: identity.Allow,
			Action: identity.Values{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchDeleteImage", "ecr:BatchGetImage",
				"ecr:CompleteLayerUpload", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer",
				"ecr:InitiateLayerUpload", "ecr:ListImages", "ecr:PutImage", "ecr:UploadLayerPart",
			},
			Resource: repositories,
		},
	)}
}
