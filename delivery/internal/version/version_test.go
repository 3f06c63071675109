package version_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/version"
)

const head = "0123456789abcdef0123456789abcdef01234567"

// TestS15_titleDecides: version tags were made by hand. The title of the pull request says which number is raised, and
// the version carries the commit.
func TestS15_titleDecides(t *testing.T) {
	t.Parallel()
	latest, err := version.ParseTag("v5.3.24-5e15f0a")
	require.NoError(t, err)
	for title, want := range map[string]string{
		"[major] New rooms":               "v6.0.0-0123456",
		"New rooms [minor]":               "v5.4.0-0123456",
		"[patch] Fix rooms":               "v5.3.25-0123456",
		"Fix rooms":                       "v5.3.25-0123456",
		"[MINOR] Rooms":                   "v5.4.0-0123456",
		"[JIRA-12] [Major] Rooms":         "v6.0.0-0123456",
		"[JIRA-12] Rooms":                 "v5.3.25-0123456",
		"[minor] Rooms, [minor]":          "v5.4.0-0123456",
		"major minor (major) {minor}":     "v5.3.25-0123456",
		"[[minor]] Rooms":                 "v5.4.0-0123456",
		"":                                "v5.3.25-0123456",
		"[] Rooms [majority] [miniature]": "v5.3.25-0123456",
	} {
		level, err := version.LevelOf(title)
		require.NoError(t, err, title)
		next, err := latest.Next(level, head)
		require.NoError(t, err, title)
		assert.Equal(t, want, next.Tag(), title)
	}
}

func TestS15_twoLevelsAreRefused(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"[major] [minor] Rooms": "has both [major] and [minor]",
		"[Patch] x [MAJOR]":     "has both [patch] and [major]",
	} {
		_, err := version.LevelOf(title)
		assert.ErrorContains(t, err, want, title)
	}
}

// A level that is misspelt would release less than was meant.
func TestS15_slipsAreRefused(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"[majr] Rooms":     "[majr] is not a level; did you mean [major]?",
		"[Minor ] Rooms":   "[Minor ] is not a level; did you mean [minor]?",
		"[ patch] Rooms":   "[ patch] is not a level; did you mean [patch]?",
		"[minors] Rooms":   "did you mean [minor]?",
		"[mimor] Rooms":    "did you mean [minor]?",
		"[minor] [pach] x": "did you mean [patch]?",
	} {
		_, err := version.LevelOf(title)
		assert.ErrorContains(t, err, want, title)
	}
}

// TestS15_latestIsByVersion: the tag that was made last need not be the highest, and tags may be of other things.
func TestS15_latestIsByVersion(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tags []string
		want string
	}{
		"no tag at all":              {nil, "0.0.0"},
		"no release":                 {[]string{"v1", "latest", "v9.9.9", "9.9.9-5e15f0a", "v9.9.9-rc.1", "v9.9.9-5e15f"}, "0.0.0"},
		"numbers are not text":       {[]string{"v5.10.0-5e15f0a", "v5.9.9-5e15f0a", "v5.2.30-5e15f0a"}, "5.10.0-5e15f0a"},
		"the last is not the newest": {[]string{"v6.0.0-aaaaaaa", "v5.9.9-bbbbbbb"}, "6.0.0-aaaaaaa"},
		"a commit of digits only":    {[]string{"v5.3.24-0123456", "v5.3.23-fffffff"}, "5.3.24-0123456"},
		"made side by side":          {[]string{"v5.3.24-bbbbbbb", "v5.3.24-aaaaaaa"}, "5.3.24-bbbbbbb"},
		"side by side, other order":  {[]string{"v5.3.24-aaaaaaa", "v5.3.24-bbbbbbb"}, "5.3.24-bbbbbbb"},
	} {
		assert.Equal(t, tc.want, version.Latest(tc.tags).String(), name)
	}
}

func TestNext_ofTheFirst(t *testing.T) {
	t.Parallel()
	for level, want := range map[version.Level]string{
		version.Major: "1.0.0-0123456", version.Minor: "0.1.0-0123456", version.Patch: "0.0.1-0123456",
	} {
		next, err := version.Version{}.Next(level, head)
		require.NoError(t, err)
		assert.Equal(t, want, next.String())
	}
}

func TestNext_refuses(t *testing.T) {
	t.Parallel()
	_, err := version.Version{}.Next(version.Patch, "012345")
	require.ErrorContains(t, err, `commit "012345" has fewer than 7 digits`)
	last, err := version.Parse("1.0.18446744073709551615-012345")
	require.NoError(t, err)
	_, err = last.Next(version.Patch, head)
	assert.ErrorContains(t, err, "has the highest number there is")
}

func TestParseTag_refuses(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"5.3.24-5e15f0a":                    "the tag of a release starts with v",
		"vv5.3.24-5e15f0a":                  "only tags in git start with v",
		"v5.3.24":                           "want the commit behind a dash",
		"v5.3.24-5e15f":                     `"5e15f" is no commit: want 6 to 40`,
		"v5.3.24-5E15F0A":                   `"5E15F0A" is no commit`,
		"v5.3.24-5e15f0g":                   `"5e15f0g" is no commit`,
		"v5.3.24-5e15f0a-1":                 `"5e15f0a-1" is no commit`,
		"v5.3.24-" + head + "0":             "want 6 to 40",
		"v05.3.24-5e15f0a":                  "is not X.Y.Z",
		"v5.03.24-5e15f0a":                  "is not X.Y.Z",
		"v5.3.00-5e15f0a":                   "is not X.Y.Z",
		"v5.3-5e15f0a":                      "is not X.Y.Z",
		"v5.3.24.1-5e15f0a":                 "is not X.Y.Z",
		"v5.3.24+build.1-5e15f0a":           "has more than X.Y.Z",
		"v5.3.x-5e15f0a":                    "is not X.Y.Z",
		"v-5e15f0a":                         "is not X.Y.Z",
		"\tv5.3.24-5e15f0a":                 "starts with v",
		"v5.3.24-5e15f0a\n":                 "is no commit",
		"v5.3.99999999999999999999-" + head: "is not X.Y.Z",
	} {
		_, err := version.ParseTag(tag)
		assert.ErrorContains(t, err, want, tag)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"5.3.24-5e15f0a", "0.0.0-000000", "1.0.0-0123456", "v1.0.0-5e15f0a", "1.0.0", "1.0.0+1-5e15f0a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := version.Parse(text)
		if err != nil {
			return
		}
		assert.Equal(t, text, v.String(), "what is read is written the same")
		for _, level := range []version.Level{version.Major, version.Minor, version.Patch} {
			next, err := v.Next(level, head)
			if err != nil {
				assert.Contains(t, err.Error(), "highest number")
				continue
			}
			assert.Positive(t, next.Compare(v), "%s of %s", level, v)
			assert.Negative(t, v.Compare(next))
			assert.True(t, strings.HasSuffix(next.String(), "-0123456"))
		}
	})
}
