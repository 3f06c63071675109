package ecrlifecycle_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/internal/ecrlifecycle"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// image returns an image that was pushed some days ago.
func image(digest string, days int, tags ...string) ecrlifecycle.Image {
	return ecrlifecycle.Image{Digest: digest, Tags: tags, Pushed: now.AddDate(0, 0, -days)}
}

// index returns an index of images that was pushed 30 days ago.
func index(digest, tag string, children ...string) ecrlifecycle.Image {
	i := image(digest, 30)
	if tag != "" {
		i.Tags = []string{tag}
	}
	i.Children = children
	return i
}

// byPrefix returns a rule that keeps the newest of those that have a tag of each prefix.
func byPrefix(priority int, prefixes ...string) ecrlifecycle.Rule {
	r := ecrlifecycle.KeepNewest(priority, 1, "", "")
	r.Selection.TagPatternList, r.Selection.TagPrefixList = nil, prefixes
	return r
}

// byAge makes a rule one that goes by days.
func byAge(r ecrlifecycle.Rule, days int) ecrlifecycle.Rule {
	r.Selection.CountType, r.Selection.CountUnit, r.Selection.CountNumber = ecrlifecycle.SinceImagePushed, ecrlifecycle.Days, days
	return r
}

func digests(images []ecrlifecycle.Image) string {
	var all []string
	for _, i := range images {
		all = append(all, i.Digest)
	}
	return strings.Join(all, " ")
}

// Those with a letter are the worked examples of the ECR user guide, "Examples of lifecycle policies".
func TestEvaluate(t *testing.T) {
	t.Parallel()
	promoted := []ecrlifecycle.Image{image("A", 10, "beta-1", "prod-1"), image("B", 9, "beta-2", "prod-2"), image("C", 8, "beta-3")}
	anyButOne := ecrlifecycle.Rule{Priority: 9, Selection: ecrlifecycle.Selection{
		TagStatus: ecrlifecycle.Any, CountType: ecrlifecycle.ImageCountMoreThan, CountNumber: 1,
	}}
	week := ecrlifecycle.ExpireUntagged(9, 7, "")
	tests := map[string]struct {
		rules  []ecrlifecycle.Rule
		images []ecrlifecycle.Image
		want   string
	}{
		"guide, multiple rules, example A": {[]ecrlifecycle.Rule{byPrefix(1, "prod"), byPrefix(2, "beta")}, promoted, "A"},
		"guide, multiple rules, example B": {[]ecrlifecycle.Rule{byPrefix(1, "beta"), byPrefix(2, "prod")}, promoted, "A B"},
		"guide, multiple tags, example A": {[]ecrlifecycle.Rule{byAge(byPrefix(1, "alpha", "beta"), 5)}, []ecrlifecycle.Image{
			image("A", 12, "alpha-1"), image("B", 11, "beta-1"), image("C", 10, "alpha-2", "beta-2"),
			image("D", 4, "alpha-3"), image("E", 3, "beta-3"), image("F", 2, "alpha-4", "beta-4"),
		}, "C"},
		"guide, multiple tags, example B": {[]ecrlifecycle.Rule{byPrefix(1, "alpha", "beta")}, []ecrlifecycle.Image{
			image("A", 10, "alpha-1", "beta-1", "gamma-1"), image("B", 9, "alpha-2", "beta-2"),
			image("C", 8, "alpha-3", "beta-3", "gamma-2"),
		}, "A B"},
		"guide, all images": {[]ecrlifecycle.Rule{anyButOne}, []ecrlifecycle.Image{image("A", 3, "v1"), image("B", 2), image("C", 1)}, "A B"},

		"priority decides and not the order in the text": {[]ecrlifecycle.Rule{byPrefix(2, "beta"), byPrefix(1, "prod")}, promoted, "A"},
		"a rule counts what an earlier one selected": {
			[]ecrlifecycle.Rule{ecrlifecycle.KeepNewest(1, 9, "keep", ""), byPrefix(2, "v")},
			[]ecrlifecycle.Image{image("new", 1, "v2", "keep"), image("old", 2, "v1")},
			"old",
		},
		"a pattern matches the whole tag": {
			[]ecrlifecycle.Rule{ecrlifecycle.KeepNewest(1, 1, "a*z", "")},
			[]ecrlifecycle.Image{image("1", 4, "az"), image("2", 3, "a.b.z"), image("3", 2, "za*z"), image("4", 1, "azz2")},
			"1",
		},
		"a dot in a pattern is a dot": {
			[]ecrlifecycle.Rule{ecrlifecycle.KeepNewest(1, 1, "1.*", "")},
			[]ecrlifecycle.Image{image("1", 3, "1.0"), image("2", 2, "100"), image("3", 1, "1.1")},
			"1",
		},
		"a tag that no rule selects stays":        {[]ecrlifecycle.Rule{byPrefix(1, "prod"), week}, []ecrlifecycle.Image{image("A", 900, "v1")}, ""},
		"untagged on its last day":                {[]ecrlifecycle.Rule{week}, []ecrlifecycle.Image{image("A", 7), image("B", 8)}, "B"},
		"children of an index that is there":      {[]ecrlifecycle.Rule{week}, []ecrlifecycle.Image{index("I", "v1", "X", "Y"), image("X", 30), image("Y", 30), image("Z", 30)}, "Z"},
		"an index goes before its children":       {[]ecrlifecycle.Rule{week}, []ecrlifecycle.Image{index("I", "", "X"), image("X", 31)}, "I"},
		"a child goes when its index is gone":     {[]ecrlifecycle.Rule{week}, []ecrlifecycle.Image{image("X", 31)}, "X"},
		"a child of two indexes, of which one is": {[]ecrlifecycle.Rule{week}, []ecrlifecycle.Image{index("I", "", "X"), index("J", "v2", "X"), image("X", 31)}, "I"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tt.want, digests(ecrlifecycle.Evaluate(ecrlifecycle.Policy{Rules: tt.rules}, tt.images, now)))
		})
	}
}

func TestPolicy_JSON(t *testing.T) {
	t.Parallel()
	p := ecrlifecycle.Policy{Rules: []ecrlifecycle.Rule{
		ecrlifecycle.KeepNewest(1, 20, "user_*", "keep 20"), ecrlifecycle.ExpireUntagged(2, 7, ""),
	}}
	text, err := p.JSON()
	require.NoError(t, err)
	assert.JSONEq(t, `{"rules": [
		{"rulePriority": 1, "description": "keep 20", "action": {"type": "expire"}, "selection": {
			"tagStatus": "tagged", "tagPatternList": ["user_*"], "countType": "imageCountMoreThan", "countNumber": 20
		}},
		{"rulePriority": 2, "action": {"type": "expire"}, "selection": {
			"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7
		}}
	]}`, text)
	parsed, err := ecrlifecycle.Parse(text)
	require.NoError(t, err)
	assert.Equal(t, p, parsed)
}

func TestParse_rejects(t *testing.T) {
	t.Parallel()
	rules := func(rules ...ecrlifecycle.Rule) ecrlifecycle.Policy { return ecrlifecycle.Policy{Rules: rules} }
	with := func(change func(*ecrlifecycle.Rule)) ecrlifecycle.Policy {
		r := ecrlifecycle.KeepNewest(1, 1, "v*", "")
		change(&r)
		return rules(r, ecrlifecycle.ExpireUntagged(50, 7, ""))
	}
	many := ecrlifecycle.Policy{}
	long := ecrlifecycle.Policy{}
	for i := range 51 {
		many.Rules = append(many.Rules, byPrefix(i+1, fmt.Sprint("v", i)))
		if i < 50 {
			long.Rules = append(long.Rules, byPrefix(i+1, strings.Repeat("v", 600+i)))
		}
	}
	type rule = ecrlifecycle.Rule
	tests := map[string]struct {
		policy ecrlifecycle.Policy
		want   string
	}{
		"no rules":           {rules(), "lifecycle policy has 0 rules; ECR takes 1 to 50"},
		"too many rules":     {many, "lifecycle policy has 51 rules"},
		"too long":           {long, "characters; ECR takes 100 to 30720"},
		"priority zero":      {with(func(r *rule) { r.Priority = 0 }), "lifecycle rule 0: priorities start at 1"},
		"a priority twice":   {rules(byPrefix(1, "a"), byPrefix(1, "b")), "lifecycle rule 1: priorities start at 1, each above"},
		"rules out of order": {rules(byPrefix(2, "a"), byPrefix(1, "b")), "lifecycle rule 1: priorities start at 1, each above"},
		"another action":     {with(func(r *rule) { r.Action.Type = "transition" }), "the action must be expire"},
		"any before others": {with(func(r *rule) {
			r.Selection.TagStatus, r.Selection.TagPatternList = ecrlifecycle.Any, nil
		}), "a rule for any image must be the last"},
		"untagged twice":      {rules(ecrlifecycle.ExpireUntagged(1, 7, ""), ecrlifecycle.ExpireUntagged(2, 9, "")), "has 2 rules for untagged images"},
		"tags twice":          {rules(byPrefix(1, "a", "b"), byPrefix(2, "b", "a")), "lifecycle rule 2: another rule selects by the same tags"},
		"no tags":             {with(func(r *rule) { r.Selection.TagPatternList = nil }), "needs tagPatternList or tagPrefixList"},
		"both kinds of tags":  {with(func(r *rule) { r.Selection.TagPrefixList = []string{"v"} }), "and not both"},
		"tags of an untagged": {with(func(r *rule) { r.Selection.TagStatus = ecrlifecycle.Any }), "only tagStatus tagged takes"},
		"an unknown status":   {with(func(r *rule) { r.Selection.TagStatus = "some" }), "tagStatus must be"},
		"five wildcards":      {with(func(r *rule) { r.Selection.TagPatternList = []string{"*a*b*c*d*"} }), "more than 4 wildcards"},
		"a unit of a count":   {with(func(r *rule) { r.Selection.CountUnit = "days" }), "imageCountMoreThan takes no countUnit"},
		"an age without unit": {with(func(r *rule) { r.Selection.CountType = ecrlifecycle.SinceImagePushed }), "sinceImagePushed needs countUnit days"},
		"an unknown count":    {with(func(r *rule) { r.Selection.CountType = "sinceImagePulled" }), "countType must be"},
		"keep none":           {with(func(r *rule) { r.Selection.CountNumber = 0 }), "countNumber must be above zero"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := tt.policy.JSON()
			require.ErrorContains(t, err, tt.want)
			_, err = ecrlifecycle.Parse(text)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	for text, want := range map[string]string{
		"rules":                       "reading lifecycle policy: invalid character",
		`{"rules": [{"actoin": {}}]}`: `unknown field "actoin"`,
		`{"rules": []} {}`:            "there is something behind its end",
	} {
		_, err := ecrlifecycle.Parse(text)
		assert.ErrorContains(t, err, want)
	}
}
