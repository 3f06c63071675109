package images_test

import (
	"strings"
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/images"
)

const account = "123456789012"

func TestOf(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("0a", 32)
	for name, tc := range map[string]struct {
		template, version string
		want              images.Repository
		tag, digest       string
	}{
		"one repository": {
			account + ".dkr.ecr.eu-west-1.amazonaws.com/main:{service}_{version}", "1.0.0-5e15f0a",
			images.Repository{Account: account, Region: "eu-west-1", Name: "main"},
			"chat_1.0.0-5e15f0a", "",
		},
		"one a service": {
			account + ".dkr.ecr.eu-west-1.amazonaws.com/shop/{service}:{version}", "1.0.0-5e15f0a",
			images.Repository{Account: account, Region: "eu-west-1", Name: "shop/chat"},
			"1.0.0-5e15f0a", "",
		},
		"by digest": {
			account + ".dkr.ecr.eu-west-1.amazonaws.com/main:{service}_{version}", digest,
			images.Repository{Account: account, Region: "eu-west-1", Name: "main"},
			"", digest,
		},
		"China": {
			account + ".dkr.ecr.cn-north-1.amazonaws.com.cn/main:{service}_{version}", "1.0.0",
			images.Repository{Account: account, Region: "cn-north-1", Name: "main"},
			"chat_1.0.0", "",
		},
		"FIPS": {
			account + ".dkr.ecr-fips.us-gov-west-1.amazonaws.com/main:{service}_{version}", "1.0.0",
			images.Repository{Account: account, Region: "us-gov-west-1", Name: "main"},
			"chat_1.0.0", "",
		},
		"both kinds of addresses": {
			account + ".dkr-ecr.eu-west-1.on.aws/main:{service}_{version}", "1.0.0",
			images.Repository{Account: account, Region: "eu-west-1", Name: "main"},
			"chat_1.0.0", "",
		},
	} {
		got, err := images.Of(&spec.Registry{Image: tc.template}, []string{"chat"}, func(string) string { return tc.version })
		require.NoError(t, err, name)
		require.Len(t, got, 1)
		assert.Equal(t, tc.want, got[0].Repository, name)
		assert.Equal(t, tc.tag, got[0].Tag, name)
		assert.Equal(t, tc.digest, got[0].Digest, name)
	}
}

func TestOf_refusesAllThatIsNotInECR(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"public.ecr.aws/a1b2c3d4", "ghcr.io/shop", "localhost:5000", "12345.dkr.ecr.eu-west-1.amazonaws.com",
		account + ".dkr.ecr.eu-west-1.amazonaws.com.example.com",
	} {
		registry := &spec.Registry{Image: host + "/{service}:{version}"}
		_, err := images.Of(registry, []string{"chat", "user"}, func(string) string { return "1.0.0" })
		require.ErrorContains(t, err, "image of chat, "+host+"/chat:1.0.0: ")
		require.ErrorContains(t, err, "is no registry in Amazon ECR")
		assert.ErrorContains(t, err, "image of user", "all at once")
	}
}
