package ecrlifecycle

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Image is a manifest in a repository: an image, or an index (a manifest list) of one image for each architecture.
type Image struct {
	// Digest identifies it.
	Digest string
	// Tags are its tags; the images of an index normally have none.
	Tags []string
	// Pushed is when the manifest was pushed first. Another tag does not renew it (aws/containers-roadmap#2746).
	Pushed time.Time
	// Children are the digests that an index refers to.
	Children []string
}

// Evaluate returns the images that a valid policy expires at a time, oldest first.
//
// A rule sees every image that its tags select, also those that an earlier rule selected, when it counts; but it
// expires none of these. An image that an index refers to is not expired while the index is there: it goes in an
// evaluation after the one that expires the index. Artifacts that refer to an image (signatures by OCI referrers) are
// not modelled: ECR deletes them with their subject.
func Evaluate(p Policy, images []Image, now time.Time) []Image {
	inUse, selected, expired := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, index := range images {
		for _, child := range index.Children {
			inUse[child] = true
		}
	}
	newest := slices.Clone(images)
	slices.SortStableFunc(newest, func(a, b Image) int { return b.Pushed.Compare(a.Pushed) })

	rules := slices.Clone(p.Rules)
	slices.SortFunc(rules, func(a, b Rule) int { return a.Priority - b.Priority })
	for _, r := range rules {
		matching := slices.DeleteFunc(slices.Clone(newest), func(i Image) bool { return !r.Selection.matches(i.Tags) })
		for _, i := range r.Selection.surplus(matching, now) {
			if !selected[i.Digest] && !inUse[i.Digest] {
				expired[i.Digest] = true
			}
		}
		for _, i := range matching {
			selected[i.Digest] = true
		}
	}
	gone := slices.DeleteFunc(newest, func(i Image) bool { return !expired[i.Digest] })
	slices.Reverse(gone)
	return gone
}

// surplus returns those of the matching images, which are newest first, that are too many or too old.
func (s Selection) surplus(matching []Image, now time.Time) []Image {
	if s.CountType == ImageCountMoreThan {
		return matching[min(len(matching), s.CountNumber):]
	}
	oldest := now.AddDate(0, 0, -s.CountNumber)
	return slices.DeleteFunc(slices.Clone(matching), func(i Image) bool { return !i.Pushed.Before(oldest) })
}

// matches says whether an image with these tags is selected: each pattern must match one of its tags.
func (s Selection) matches(tags []string) bool {
	switch s.TagStatus {
	case Any:
		return true
	case Untagged:
		return len(tags) == 0
	}
	for _, pattern := range s.TagPatternList {
		if !slices.ContainsFunc(tags, glob(pattern).MatchString) {
			return false
		}
	}
	for _, prefix := range s.TagPrefixList {
		if !slices.ContainsFunc(tags, func(tag string) bool { return strings.HasPrefix(tag, prefix) }) {
			return false
		}
	}
	return len(s.TagPatternList)+len(s.TagPrefixList) > 0
}

// glob compiles a pattern in which `*` stands for any text.
func glob(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
}
