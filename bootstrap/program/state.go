package program

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/gate"
)

// stateName names the bucket and the key in Pulumi's state.
const stateName = "state"

// keyDeletionDays is how long AWS keeps a key that was deleted: the longest, as every state goes with it.
const keyDeletionDays = 30

// state is the bucket and the key of Pulumi's state.
type state struct {
	// bucket is the bucket's name, once it is versioned, encrypted and closed.
	bucket pulumi.StringOutput
	keyARN pulumi.StringOutput
	// alias is the key's name, by which Pulumi finds it.
	alias string
}

// newState registers the bucket and the key, where they are asked for; nil without.
func newState(ctx *pulumi.Context, c *Config, provider pulumi.ResourceOption) (*state, error) {
	if c.State == nil {
		return nil, nil
	}
	protect := pulumi.Protect(!c.Unprotected)
	key, err := kms.NewKey(ctx, stateName, &kms.KeyArgs{
		Description:          pulumi.String("Encrypts Pulumi's state in " + c.State.Bucket + ", and the secrets in it"),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(keyDeletionDays),
	}, provider, protect)
	if err != nil {
		return nil, fmt.Errorf("creating key of the state: %w", err)
	}
	s := &state{keyARN: key.Arn, alias: "alias/" + c.State.Bucket}
	if _, err := kms.NewAlias(ctx, stateName, &kms.AliasArgs{
		Name: pulumi.String(s.alias), TargetKeyId: key.KeyId,
	}, provider, protect); err != nil {
		return nil, fmt.Errorf("naming the key of the state: %w", err)
	}
	bucket, err := s3.NewBucketV2(ctx, stateName, &s3.BucketV2Args{Bucket: pulumi.String(c.State.Bucket)}, provider, protect)
	if err != nil {
		return nil, fmt.Errorf("creating bucket of the state: %w", err)
	}
	settings, err := newSettings(ctx, bucket, key, provider)
	if err != nil {
		return nil, fmt.Errorf("setting the bucket of the state up: %w", err)
	}
	s.bucket = gate.String(bucket.Bucket, settings...)
	return s, nil
}

// newSettings keeps every version of a state, so that one which was overwritten can be had back; encrypts with the key;
// and lets nobody make the bucket public.
func newSettings(
	ctx *pulumi.Context, bucket *s3.BucketV2, key *kms.Key, provider pulumi.ResourceOption,
) ([]pulumi.Resource, error) {
	versions, err := s3.NewBucketVersioningV2(ctx, stateName, &s3.BucketVersioningV2Args{
		Bucket:                  bucket.Bucket,
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, provider)
	if err != nil {
		return nil, err
	}
	byDefault := s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
		SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key.Arn,
	}
	encryption, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, stateName,
		&s3.BucketServerSideEncryptionConfigurationV2Args{
			Bucket: bucket.Bucket,
			Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{
				s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
					ApplyServerSideEncryptionByDefault: byDefault,
					BucketKeyEnabled:                   pulumi.Bool(true), // fewer requests to KMS, which cost
				},
			},
		}, provider)
	if err != nil {
		return nil, err
	}
	closed, err := s3.NewBucketPublicAccessBlock(ctx, stateName, &s3.BucketPublicAccessBlockArgs{
		Bucket: bucket.Bucket, BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, provider)
	if err != nil {
		return nil, err
	}
	return []pulumi.Resource{versions, encryption, closed}, nil
}
