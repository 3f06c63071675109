package ci

import (
	"maps"
	"slices"

	"github.com/slipway-eks/slipway/components/identity"
)

// Where Pulumi keeps what in a bucket (its DIY backend): a stack's checkpoint and its copies, its history, its backups
// and its locks, each under the name of the project.
var (
	checkpoints = []string{".pulumi/stacks/*/"}
	records     = []string{".pulumi/history/*/", ".pulumi/backups/*/", ".pulumi/locks/*/"}
)

// metaFile says which layout the bucket has.
const metaFile = ".pulumi/meta.yaml"

// objects returns the ARNs of what belongs to a stack.
func (s *State) objects(partition, stack string) identity.Values {
	var all identity.Values
	for _, folder := range checkpoints {
		all = append(all, s.object(partition, folder+stack+".*"))
	}
	for _, folder := range records {
		all = append(all, s.object(partition, folder+stack+"/*"))
	}
	return all
}

func (s *State) object(partition, key string) string {
	return "arn:" + partition + ":s3:::" + s.Bucket + "/" + key
}

// readable are the states that every role may read besides its own.
func (s *State) readable(partition string) identity.Values {
	all := identity.Values{s.object(partition, metaFile)}
	for _, stack := range slices.Sorted(slices.Values(s.Shared)) {
		all = append(all, s.object(partition, ".pulumi/stacks/"+stack+".*"))
	}
	return all
}

// previewState lets previews read the states of all environments. A preview takes no lock and writes nothing.
func (args *IdentityArgs) previewState(keyARN string) identity.Document {
	s := args.State
	objects := s.readable(args.Partition)
	for _, name := range slices.Sorted(maps.Keys(args.Environments)) {
		objects = append(objects, s.objects(args.Partition, name)...)
	}
	return s.document(args.Partition, objects, nil, keyARN)
}

// deployState lets a deployment keep the state of its own environment, and read what all share.
func (args *IdentityArgs) deployState(environment, keyARN string) identity.Document {
	s := args.State
	own := s.objects(args.Partition, environment)
	return s.document(args.Partition, slices.Concat(s.readable(args.Partition), own), own, keyARN)
}

// document allows to list the bucket, to read objects, to write and delete others, and to use the key for both: "" is
// no key. Without the right to list, S3 answers that an object which is not there is forbidden.
func (s *State) document(partition string, read, write identity.Values, keyARN string) identity.Document {
	all := []identity.Statement{
		{
			Effect: identity.Allow, Action: identity.Values{"s3:ListBucket"},
			Resource: identity.Values{"arn:" + partition + ":s3:::" + s.Bucket},
		},
		{Effect: identity.Allow, Action: identity.Values{"s3:GetObject"}, Resource: read},
	}
	keyActions := identity.Values{"kms:Decrypt"}
	if len(write) > 0 {
		all = append(all, identity.Statement{
			Effect: identity.Allow, Action: identity.Values{"s3:PutObject", "s3:DeleteObject"}, Resource: write,
		})
		keyActions = identity.Values{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"}
	}
	if keyARN != "" {
		all = append(all, identity.Statement{
			Effect: identity.Allow, Action: keyActions, Resource: identity.Values{keyARN},
		})
	}
	return identity.NewDocument(all...)
}
