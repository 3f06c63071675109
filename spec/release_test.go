package spec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// digest is an image's.
var digest = "sha256:" + strings.Repeat("0a", 32)

// A version that is a digest names the image by it, whatever the template's tag is.
func TestRegistry_imageOfDigest(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]string{
		"host.example/main:{service}_{version}":         "host.example/main@" + digest,
		"host.example:5000/shop/{service}:{version}":    "host.example:5000/shop/chat@" + digest,
		"host.example:5000/shop/{service}:v{version}-x": "host.example:5000/shop/chat@" + digest,
	} {
		registry := spec.Registry{Image: image}
		assert.Equal(t, want, registry.ImageOf("chat", digest))
		assert.Empty(t, spec.ValidateImage(field.NewPath("image"), registry.ImageOf("chat", digest)))
	}
}

func TestRelease_digests(t *testing.T) {
	t.Parallel()
	p := good()
	p.Release.Services = map[string]string{"chat": digest}
	assert.Empty(t, p.Validate(today))

	rejects{
		"a digest for all services": {
			func(p *spec.Platform) { p.Release.Version = digest },
			`release.version: Invalid value: "` + digest + `": is the digest of one service's image; give it under services`,
		},
		"a digest that is cut off": {
			func(p *spec.Platform) { p.Release.Services = map[string]string{"chat": digest[:70]} },
			"release.services.chat: Invalid value",
		},
		"a digest in capitals": {
			func(p *spec.Platform) {
				p.Release.Services = map[string]string{"chat": "sha256:" + strings.Repeat("0A", 32)}
			},
			"release.services.chat: Invalid value",
		},
	}.run(t)
}

func TestRunningTag(t *testing.T) {
	t.Parallel()
	got, err := spec.RunningTag("prod", "chat_5.3.25-5e15f0a")
	require.NoError(t, err)
	assert.Equal(t, "running-prod-chat_5.3.25-5e15f0a", got)
	_, err = spec.RunningTag("prod", strings.Repeat("v", 116))
	assert.ErrorContains(t, err, "1 more than a tag's 128")
}
