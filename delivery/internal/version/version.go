// Package version knows the versions of releases, such as 5.3.24-5e15f0a: what the release is, and the commit that it was
// made of. Images and configuration have them as they are, git has them as tags with a v in front.
//
//	level, err := version.LevelOf("Rooms may have names [minor]")
//	next, err := latest.Next(level, commit) // 5.4.0-0123456
package version

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// commitDigits are the digits of a commit that a new version carries: as many as git shows.
const commitDigits = 7

// tagPrefix starts the tags of releases in git.
const tagPrefix = "v"

// commit is what stands behind the dash. Semantic versioning would refuse 0123456, a number with a leading zero, which a
// commit may well start with; so this part is ours, and only X.Y.Z is the library's.
var commit = regexp.MustCompile(`^[0-9a-f]{6,40}$`)

// Version is the version of a release. The zero value is what comes before the first one.
type Version struct {
	release semver.Version // X.Y.Z only
	commit  string
}

// Parse reads a version such as 5.3.24-5e15f0a.
func Parse(text string) (Version, error) {
	release, suffix, dash := strings.Cut(text, "-")
	if strings.HasPrefix(text, tagPrefix) {
		return Version{}, fmt.Errorf("version %q: only tags in git start with %s", text, tagPrefix)
	}
	if !dash {
		return Version{}, fmt.Errorf("version %q: want the commit behind a dash, as in 5.3.24-5e15f0a", text)
	}
	number, err := semver.StrictNewVersion(release)
	if err != nil {
		return Version{}, fmt.Errorf("version %q: %s is not X.Y.Z: %w", text, release, err)
	}
	if number.Metadata() != "" {
		return Version{}, fmt.Errorf("version %q: %s has more than X.Y.Z", text, release)
	}
	if !commit.MatchString(suffix) {
		return Version{}, fmt.Errorf("version %q: %q is no commit: want 6 to 40 of 0-9 and a-f", text, suffix)
	}
	return Version{release: *number, commit: suffix}, nil
}

// ParseTag reads a tag in git, such as v5.3.24-5e15f0a.
func ParseTag(tag string) (Version, error) {
	text, ok := strings.CutPrefix(tag, tagPrefix)
	if !ok {
		return Version{}, fmt.Errorf("tag %q: the tag of a release starts with %s", tag, tagPrefix)
	}
	v, err := Parse(text)
	if err != nil {
		return Version{}, fmt.Errorf("tag %q: %w", tag, err)
	}
	return v, nil
}

// String is the version as images and configuration have it.
func (v Version) String() string {
	if v.commit == "" {
		return v.release.String()
	}
	return v.release.String() + "-" + v.commit
}

// Tag is the version as git has it.
func (v Version) Tag() string { return TagOf(v.String()) }

// TagOf returns the tag that a version has in git, whatever its form.
func TagOf(version string) string { return tagPrefix + version }

// Compare orders versions by X.Y.Z; commits have no order.
func (v Version) Compare(other Version) int { return v.release.Compare(&other.release) }

// Latest returns the highest version among tags. Those that are no releases do not count; without any, it is the zero
// value.
func Latest(tags []string) Version {
	var latest Version
	for _, tag := range tags {
		v, err := ParseTag(tag)
		// Two tags of one X.Y.Z were made side by side. Which of them is taken must not depend on the order of tags.
		if err == nil && cmp.Or(v.Compare(latest), cmp.Compare(v.commit, latest.commit)) > 0 {
			latest = v
		}
	}
	return latest
}

// Next returns the version after v: the level's number one higher, those behind it 0, and the start of the commit that
// it is made of, given as hexadecimal digits.
func (v Version) Next(level Level, sha string) (Version, error) {
	if len(sha) < commitDigits {
		return Version{}, fmt.Errorf("commit %q has fewer than %d digits", sha, commitDigits)
	}
	var release semver.Version
	switch level {
	case Major:
		release = v.release.IncMajor()
	case Minor:
		release = v.release.IncMinor()
	case Patch:
		release = v.release.IncPatch()
	}
	if !release.GreaterThan(&v.release) {
		return Version{}, errors.New("version " + v.String() + " has the highest number there is")
	}
	return Parse(release.String() + "-" + sha[:commitDigits])
}

// Commit is the start of the hash of the commit that the version was made of.
func (v Version) Commit() string { return v.commit }
