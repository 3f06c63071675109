package simaws

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

const (
	bucketType       = "aws:s3/bucketV2:BucketV2"
	versioningType   = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	encryptionType   = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	publicAccessType = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	s3API            = "S3 API reference"
	s3Names          = "S3 user guide, bucket naming rules"
	noBucket         = "NoSuchBucket: The specified bucket does not exist: %s"
)

// longestBucket is the length of a bucket's name.
const longestBucket = 63

// bucketRef is the bucket that a setting belongs to, which may go before its settings do.
var bucketRef = []ref{{path: "bucket", to: bucketType, by: "bucket", missing: noBucket, source: s3API + ", error responses"}}

var s3Kinds = []kind{
	{
		token: bucketType, args: s3.BucketV2Args{}, state: s3.BucketV2{},
		models: "bucket forceDestroy tags", forceNew: "bucket",
		name:     simprovider.AutoName{Property: "bucket", Hex: 7, Max: longestBucket},
		defaults: map[string]any{"forceDestroy": false},
		fills:    map[string]any{"objectLockEnabled": false, "requestPayer": "BucketOwner"},
		limits: []limit{
			{"bucket", s3Names, shaped(`^.{3,63}$`, "must have 3 to 63 characters")},
			{"bucket", s3Names, shaped(`^[a-z0-9]([a-z0-9-]|\.[a-z0-9])*[a-z0-9]$`,
				"must be lower-case letters, digits, dashes and single dots, and begin and end with a letter or digit")},
		},
		id: "{bucket}",
		computed: map[string]string{
			"arn": "arn:{partition}:s3:::{bucket}", "region": "{region}",
			"bucketDomainName":         "{bucket}.s3.{suffix}",
			"bucketRegionalDomainName": "{bucket}.s3.{region}.{suffix}",
		},
		exists: "BucketAlreadyOwnedByYou: Your previous request to create the named bucket succeeded and you already own it: %s",
	},
	{
		token: versioningType, args: s3.BucketVersioningV2Args{}, state: s3.BucketVersioningV2{},
		models: "bucket versioningConfiguration.status", forceNew: "bucket", id: "{bucket}",
		limits: []limit{{
			"versioningConfiguration.status", s3API + ", PutBucketVersioning", oneOf("Enabled Suspended Disabled"),
		}},
		refs: bucketRef,
	},
	{
		token: encryptionType, args: s3.BucketServerSideEncryptionConfigurationV2Args{},
		state: s3.BucketServerSideEncryptionConfigurationV2{},
		models: "bucket rules.applyServerSideEncryptionByDefault.kmsMasterKeyId " +
			"rules.applyServerSideEncryptionByDefault.sseAlgorithm rules.bucketKeyEnabled",
		required: "rules", forceNew: "bucket", id: "{bucket}",
		limits: []limit{{
			"rules.applyServerSideEncryptionByDefault.sseAlgorithm", s3API + ", ServerSideEncryptionByDefault",
			oneOf("AES256 aws:kms aws:kms:dsse"),
		}},
		// S3 does not look whether the key exists: what is written later fails.
		refs: bucketRef,
	},
	{
		token: publicAccessType, args: s3.BucketPublicAccessBlockArgs{},
		state:  s3.BucketPublicAccessBlock{},
		models: "blockPublicAcls blockPublicPolicy bucket ignorePublicAcls restrictPublicBuckets",
		defaults: map[string]any{
			"blockPublicAcls": false, "blockPublicPolicy": false, "ignorePublicAcls": false, "restrictPublicBuckets": false,
		},
		forceNew: "bucket", id: "{bucket}", refs: bucketRef,
	},
}
