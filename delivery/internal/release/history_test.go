package release_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/release"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	text := func(r string) string { return "config:\n  slipway:protect: true\n  slipway:release: " + r + "\n" }
	const base = "{version: 1.0.0, services: {b: 1.1.0}}"
	for name, tc := range map[string]struct{ theirs, ours, want string }{
		"two services": {
			"{version: 1.0.0, services: {a: 1.2.0, b: 1.1.0}}", "{version: 1.0.0, services: {b: 1.1.0, c: 1.2.0}}",
			"{version: 1.0.0, services: {a: 1.2.0, b: 1.1.0, c: 1.2.0}}",
		},
		"the same twice": {
			"{version: 1.0.0, services: {b: 1.2.0}}", "{version: 1.0.0, services: {b: 1.2.0}}",
			"{version: 1.0.0, services: {b: 1.2.0}}",
		},
		"theirs alone": {"{version: 2.0.0}", base, "{version: 2.0.0}"},
		"ours alone":   {base, "{version: 2.0.0}", "{version: 2.0.0}"},
		"ours is back at the release's version": {
			"{version: 1.0.0, services: {a: 1.2.0, b: 1.1.0}}", "{version: 1.0.0}", "{version: 1.0.0, services: {a: 1.2.0}}",
		},
	} {
		got, err := release.Merge(text(base), text(tc.theirs), text(tc.ours))
		require.NoError(t, err, name)
		assert.Equal(t, text(tc.want), got, name)
	}
}

func TestMerge_refuses(t *testing.T) {
	t.Parallel()
	text := func(r string) string { return "config:\n  slipway:release: " + r + "\n" }
	const base = "{version: 1.0.0, services: {b: 1.1.0}}"
	for name, tc := range map[string]struct{ theirs, ours, want string }{
		"two versions of one service": {
			"{version: 1.0.0, services: {b: 1.2.0}}", "{version: 1.0.0, services: {b: 1.3.0}}",
			"release.services.b: is 1.2.0 now, and was to be 1.3.0 instead of 1.1.0",
		},
		"two versions of all": {"{version: 1.5.0, services: {b: 1.1.0}}", "{version: 2.0.0, services: {b: 1.1.0}}", "release.version: is 1.5.0 now"},
		"all, and one of them": {
			"{version: 1.0.0, services: {a: 1.2.0, b: 1.1.0}}", "{version: 2.0.0}",
			"release.services.a: is 1.2.0 now, and was to be 2.0.0 instead of 1.0.0",
		},
		"more than the release": {base, base + "\n  slipway:protect: true", "more than the release was changed"},
		"no release":            {"1.0.0", base, "release: line 2: is no mapping"},
	} {
		_, err := release.Merge(text(base), text(tc.theirs), text(tc.ours))
		assert.ErrorContains(t, err, tc.want, name)
	}
}
