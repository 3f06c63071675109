package simaws_test

import "testing"

// Tokens of a bucket and its settings.
const (
	bucketType     = "aws:s3/bucketV2:BucketV2"
	versioningType = "aws:s3/bucketVersioningV2:BucketVersioningV2"
	encryptionType = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	publicType     = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
)

// makeBucket makes a bucket and all its settings.
func makeBucket(t *testing.T, p *parts) {
	t.Helper()
	bucket := p.make(t, bucketType, "states", m{"bucket": "example-states"})
	p.make(t, versioningType, "states", m{"bucket": bucket.ID, "versioningConfiguration": m{"status": "Enabled"}})
	p.make(t, encryptionType, "states", m{"bucket": bucket.ID, "rules": list{m{
		"applyServerSideEncryptionByDefault": m{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:aws:kms:x"},
		"bucketKeyEnabled":                   true,
	}}})
	p.make(t, publicType, "states", m{"bucket": bucket.ID, "blockPublicAcls": true})
}

var bucketRefusals = map[string]refused{
	"a bucket of a name that is taken": {bucketType, "BucketAlreadyOwnedByYou: main", func(p *parts) error {
		return several(p, 2, bucketType, func(int) m { return m{"bucket": "main"} })
	}},
	"versions of a bucket that does not exist": {versioningType, "NoSuchBucket: main", try(versioningType, func(*parts) m {
		return m{"bucket": "main", "versioningConfiguration": m{"status": "Enabled"}}
	})},
	"encryption of a bucket that does not exist": {encryptionType, "NoSuchBucket: main", try(encryptionType, func(*parts) m {
		return m{"bucket": "main", "rules": list{m{"bucketKeyEnabled": true}}}
	})},
	"a bucket that does not exist is closed": {publicType, "NoSuchBucket: main", try(publicType, func(*parts) m {
		return m{"bucket": "main"}
	})},
}

func TestAccount_refusesBuckets(t *testing.T) {
	t.Parallel()
	runRefusals(t, network, bucketRefusals)
}
