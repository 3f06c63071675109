package release_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/delivery/internal/release"
)

// project is the folder of the program; its stacks' files are ones that people edit.
const project = "../../.."

const (
	v24 = "5.3.24-5e15f0a"
	v25 = "5.3.25-0123456"
	v26 = "5.3.26-1e15f0a" // not a number, though 1e15 is one
)

var digest = "sha256:" + strings.Repeat("0a", 32)

func TestWrite_keepsTheForm(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		before, after string
		version       string
		services      map[string]string
	}{
		"another version": {
			"    # ours\n    version: 5.3.24-5e15f0a # since Monday\n",
			"    # ours\n    version: 5.3.25-0123456 # since Monday\n", v25, nil,
		},
		"quotes stay": {
			"    version: \"5.3.24-5e15f0a\"\n    services: {'a': '5.3.24-5e15f0a'}\n",
			"    version: \"5.3.25-0123456\"\n    services: {'a': '5.3.26-1e15f0a'}\n", v25,
			map[string]string{"a": v26},
		},
		"the first service": {
			"    version: 5.3.24-5e15f0a # since Monday\n    # the end\n",
			"    version: 5.3.24-5e15f0a # since Monday\n    services:\n      a: 5.3.25-0123456\n    # the end\n",
			v24,
			map[string]string{"a": v25},
		},
		"a service between two": {
			"    version: 5.3.24-5e15f0a\n    services:\n      a: 5.3.25-0123456\n      # slow\n      c: 5.3.25-0123456\n",
			"    version: 5.3.24-5e15f0a\n    services:\n      a: 5.3.25-0123456\n      b: 5.3.26-1e15f0a\n      # slow\n      c: 5.3.25-0123456\n",
			v24,
			map[string]string{"a": v25, "b": v26, "c": v25},
		},
		"a service in front": {
			"    services: # few\n        c: 5.3.25-0123456\n    version: 5.3.24-5e15f0a\n",
			"    services: # few\n        a: 5.3.26-1e15f0a\n        c: 5.3.25-0123456\n    version: 5.3.24-5e15f0a\n",
			v24,
			map[string]string{"a": v26, "c": v25},
		},
		"one goes": {
			"    version: 5.3.24-5e15f0a\n    services:\n      a: 5.3.25-0123456 # slow\n      c: 5.3.25-0123456\n",
			"    version: 5.3.24-5e15f0a\n    services:\n      c: 5.3.25-0123456\n", v24,
			map[string]string{"c": v25},
		},
		"all go": {
			"    services:\n      a: 5.3.25-0123456\n      c: 5.3.25-0123456 # slow\n    version: 5.3.24-5e15f0a\n",
			"    version: 5.3.24-5e15f0a\n", v24, nil,
		},
		"others take their place": {
			"    version: 5.3.24-5e15f0a\n    services:\n      a: 5.3.25-0123456\n",
			"    version: 5.3.24-5e15f0a\n    services:\n      b: 5.3.25-0123456\n", v24,
			map[string]string{"b": v25},
		},
		"no services in braces": {
			"    version: 5.3.24-5e15f0a\n    services: { }\n",
			"    version: 5.3.24-5e15f0a\n    services: {a: 5.3.25-0123456 }\n", v24,
			map[string]string{"a": v25},
		},
		"all goes in braces": {
			"    version: 5.3.24-5e15f0a\n    services: {a: 5.3.25-0123456, # {slow}\n      b: 5.3.25-0123456 # }\n    }\n    # end\n",
			"    version: 5.3.24-5e15f0a\n    # end\n", v24, nil,
		},
		"lines in braces": {
			"    version: 5.3.24-5e15f0a\n    services: {\n      a: 5.3.25-0123456, # slow\n      c: 5.3.25-0123456,\n    }\n",
			"    version: 5.3.24-5e15f0a\n    services: {\n      a: 5.3.25-0123456, b: 5.3.26-1e15f0a, # slow\n      c: 5.3.26-1e15f0a,\n    }\n",
			v24,
			map[string]string{"a": v25, "b": v26, "c": v26},
		},
		"a digest":             {"    version: 5.3.24-5e15f0a\n", "    version: 5.3.24-5e15f0a\n    services:\n      a: " + digest + "\n", v24, map[string]string{"a": digest}},
		"a name like a number": {"    version: 5.3.24-5e15f0a\n", "    version: 5.3.24-5e15f0a\n    services:\n      \"1\": 5.3.25-0123456\n", v24, map[string]string{"1": v25}},
		"lines of Windows": {
			"    version: 5.3.24-5e15f0a\r\n    services:\r\n      b: 5.3.25-0123456\r\n",
			"    version: 5.3.24-5e15f0a\r\n    services:\r\n      a: 5.3.25-0123456\r\n      b: 5.3.25-0123456\r\n",
			v24,
			map[string]string{"a": v25, "b": v25},
		},
		"no end of line": {
			"    version: 5.3.24-5e15f0a",
			"    version: 5.3.24-5e15f0a\n    services:\n      a: 5.3.25-0123456", v24,
			map[string]string{"a": v25},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const above = "config:\n  slipway:tags: {team: \"größer\"} # ä\n  slipway:release:\n"
			got, err := release.Write(above+tc.before, spec.Release{Version: tc.version, Services: tc.services})
			require.NoError(t, err)
			assert.Equal(t, above+tc.after, got)
		})
	}
}

func TestWrite_inOneLine(t *testing.T) {
	t.Parallel()
	const line = "config: {\"slipway:tags\": {team: ä}, 'slipway:release': {version: 5.3.24-5e15f0a}, slipway:protect: true}\n"
	for name, tc := range map[string]struct {
		services map[string]string
		want     string
	}{
		"one":  {map[string]string{"a": v25}, "{version: 5.3.24-5e15f0a, services: {a: 5.3.25-0123456}}"},
		"two":  {map[string]string{"b": v26, "a": v25}, "{version: 5.3.24-5e15f0a, services: {a: 5.3.25-0123456, b: 5.3.26-1e15f0a}}"},
		"none": {nil, "{version: 5.3.24-5e15f0a}"},
	} {
		got, err := release.Write(line, spec.Release{Version: v24, Services: tc.services})
		require.NoError(t, err, name)
		assert.Equal(t, strings.Replace(line, "{version: 5.3.24-5e15f0a}", tc.want, 1), got, name)
		back, err := release.Write(got, spec.Release{Version: v24})
		require.NoError(t, err, name)
		assert.Equal(t, line, back, name)
	}
}

func TestWrite_refuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"no file at all":             {"", "config: Required value"},
		"no release":                 {"config:\n  aws:region: eu-west-1\n", "release: Required value: the stack's file has no slipway:release"},
		"a release of text":          {"config:\n  slipway:release: 5.3.24-5e15f0a\n", "release: line 2: is no mapping"},
		"an alias":                   {"config:\n  a: &a {version: 1.0.0}\n  slipway:release: *a\n", "release: line 3: is no mapping"},
		"an aliased version":         {"config:\n  a: &a 1.0.0\n  slipway:release: {version: *a}\n", "line 3: is no plain or quoted word"},
		"a version on lines":         {"config:\n  slipway:release:\n    version: >-\n      1.0.0\n", "line 3: is no plain or quoted word"},
		"a version with a tag":       {"config:\n  slipway:release:\n    version: !!str 1.0.0\n", "line 3: is no plain or quoted word"},
		"a version that escapes":     {"config:\n  slipway:release:\n    version: \"1.0\\x2e0\"\n", "line 3: is no plain or quoted word"},
		"an anchor that others need": {"config:\n  slipway:release:\n    version: 1.0.0\n    services: &s {a: 1.0.0}\n  x: *s\n", "cannot be edited safely"},
		"an unknown key":             {"config:\n  slipway:release: {version: 1.0.0, service: {}}\n", "release.service: Forbidden: unknown key; did you mean services"},
		"no YAML":                    {"config: [\n", "reading the stack's file"},
	} {
		_, err := release.Write(tc.text, spec.Release{Version: v25, Services: map[string]string{"a": v25}})
		assert.ErrorContains(t, err, tc.want, name)
	}
}

// TestS13_textStays: image tags were edited by sed, which knows nothing of what it edits. Whatever is released on the
// stacks that we have, the lines outside of the release stay the same to the byte.
func TestS13_textStays(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"Pulumi.dev.yaml", "Pulumi.prod.yaml", "examples/campus/Pulumi.campus.yaml"} {
		text, err := os.ReadFile(filepath.Join(project, filepath.FromSlash(file)))
		require.NoError(t, err)
		for name, ending := range map[string]string{"LF": "\n", "CRLF": "\r\n"} {
			before := strings.ReplaceAll(string(text), "\n", ending)
			above, below := around(before)
			random := rand.New(rand.NewPCG(13, 13)) // the same in each run
			now := before
			for range 200 {
				to := anyRelease(random)
				after, err := release.Write(now, to)
				require.NoError(t, err, now)
				got, err := release.Read(after)
				require.NoError(t, err)
				assert.Equal(t, to.Version, got.Version)
				assert.True(t, maps.Equal(to.Services, got.Services), after)
				a, b := around(after)
				require.Equal(t, above, a, "%s with %s", file, name)
				require.Equal(t, below, b, "%s with %s", file, name)
				now = after
			}
			start, err := release.Read(before)
			require.NoError(t, err)
			back, err := release.Write(now, start)
			require.NoError(t, err)
			assert.Equal(t, before, back, "and back again")
		}
	}
}

// around is what stands above and below the release in a stack's file.
func around(text string) (above, below string) {
	const release = "  slipway:release:"
	i := strings.Index(text, release)
	lines := strings.SplitAfter(text[i:], "\n")
	end := slices.IndexFunc(lines[1:], func(line string) bool { return !strings.HasPrefix(line, "    ") })
	return text[:i], strings.Join(lines[1+end:], "")
}

func anyRelease(random *rand.Rand) spec.Release {
	versions := []string{v24, v25, v26, "1.4.0", digest}
	r := spec.Release{Version: versions[random.IntN(4)], Services: map[string]string{}}
	for _, name := range []string{"a", "user-server", "z-1", "null", "7", "true"} {
		if random.IntN(2) == 0 {
			r.Services[name] = versions[random.IntN(len(versions))]
		}
	}
	return r
}
