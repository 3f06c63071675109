// Package ecrlifecycle writes and evaluates lifecycle policies of Amazon ECR: which images of a repository a policy
// deletes. It imports no SDK.
//
// The source of every rule here is the ECR user guide, "Automate the cleanup of images by using lifecycle policies"
// (its evaluation rules) and "Lifecycle policy properties", as of 2026. The storage class archive and the count types
// that belong to it are not known here, and refused.
package ecrlifecycle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a policy (ECR user guide, service quotas; API reference, PutLifecyclePolicy). None can be raised.
const (
	MaxRules     = 50
	maxLength    = 30720
	minLength    = 100
	maxWildcards = 4 // in one pattern
)

// Values of a selection.
const (
	Tagged   = "tagged"
	Untagged = "untagged"
	Any      = "any"

	ImageCountMoreThan = "imageCountMoreThan"
	SinceImagePushed   = "sinceImagePushed"
	Days               = "days"
)

// expire is the action that deletes.
const expire = "expire"

// Policy is a repository's lifecycle policy.
type Policy struct {
	Rules []Rule `json:"rules"`
}

// Rule expires some of the images that it selects. An image that one rule selects is out of reach of every rule behind
// it, whether the first expires it or not.
type Rule struct {
	// Priority orders the rules: 1 comes first.
	Priority int `json:"rulePriority"`
	// Description is shown in the console.
	Description string `json:"description,omitempty"`
	// Selection says which images.
	Selection Selection `json:"selection"`
	// Action is what happens to them.
	Action Action `json:"action"`
}

// Selection selects images by their tags, and of these the surplus or the old.
type Selection struct {
	// TagStatus is Tagged, Untagged or Any.
	TagStatus string `json:"tagStatus"`
	// TagPatternList are patterns with `*`. An image must have a tag for each of them: several mean "and".
	TagPatternList []string `json:"tagPatternList,omitempty"`
	// TagPrefixList are prefixes, in place of patterns; several mean "and" too.
	TagPrefixList []string `json:"tagPrefixList,omitempty"`
	// CountType is ImageCountMoreThan or SinceImagePushed.
	CountType string `json:"countType"`
	// CountUnit is Days, with SinceImagePushed only.
	CountUnit string `json:"countUnit,omitempty"`
	// CountNumber is how many images stay, or after how many days they go.
	CountNumber int `json:"countNumber"`
}

// Action is what happens to an image.
type Action struct {
	// Type is expire.
	Type string `json:"type"`
}

// KeepNewest is a rule that keeps the newest n images that have a tag of the pattern.
func KeepNewest(priority, n int, pattern, description string) Rule {
	return Rule{
		Priority: priority, Description: description, Action: Action{Type: expire},
		Selection: Selection{
			TagStatus: Tagged, TagPatternList: []string{pattern}, CountType: ImageCountMoreThan, CountNumber: n,
		},
	}
}

// ExpireUntagged is a rule that expires images without a tag some days after they were pushed.
func ExpireUntagged(priority, days int, description string) Rule {
	return Rule{
		Priority: priority, Description: description, Action: Action{Type: expire},
		Selection: Selection{TagStatus: Untagged, CountType: SinceImagePushed, CountUnit: Days, CountNumber: days},
	}
}

// Parse reads a policy and reports everything that ECR would refuse in it.
func Parse(text string) (Policy, error) {
	var p Policy
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Policy{}, fmt.Errorf("reading lifecycle policy: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Policy{}, errors.New("reading lifecycle policy: there is something behind its end")
	}
	return p, errors.Join(p.Validate(), checkLength(text))
}

// JSON returns the policy's text, or every reason why ECR would refuse it.
func (p Policy) JSON() (string, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(p); err != nil {
		return "", fmt.Errorf("writing lifecycle policy: %w", err)
	}
	text := strings.TrimSpace(buffer.String())
	return text, errors.Join(p.Validate(), checkLength(text))
}

func checkLength(text string) error {
	if n := utf8.RuneCountInString(text); n < minLength || n > maxLength {
		return fmt.Errorf("lifecycle policy has %d characters; ECR takes %d to %d", n, minLength, maxLength)
	}
	return nil
}

// Validate reports everything that ECR would refuse in p, and rules out of order: ECR puts them in order, which
// pulumi-aws would see as a change in every run.
func (p Policy) Validate() error {
	var errs []error
	if n := len(p.Rules); n == 0 || n > MaxRules {
		errs = append(errs, fmt.Errorf("lifecycle policy has %d rules; ECR takes 1 to %d", n, MaxRules))
	}
	untagged, seen := 0, map[string]bool{}
	for i, r := range p.Rules {
		if r.Priority < 1 || (i > 0 && r.Priority <= p.Rules[i-1].Priority) {
			errs = append(errs, r.problem("priorities start at 1, each above the one before it"))
		}
		if r.Action.Type != expire {
			errs = append(errs, r.problem("the action must be expire"))
		}
		if r.Selection.TagStatus == Any && i < len(p.Rules)-1 {
			errs = append(errs, r.problem("a rule for any image must be the last"))
		}
		if r.Selection.TagStatus == Untagged {
			untagged++
		}
		for _, wrong := range append(r.Selection.tagProblems(), r.Selection.countProblems()...) {
			errs = append(errs, r.problem(wrong))
		}
		if key := r.Selection.key(); key != "" && seen[key] {
			errs = append(errs, r.problem("another rule selects by the same tags"))
		} else {
			seen[key] = true
		}
	}
	if untagged > 1 {
		errs = append(errs, fmt.Errorf("lifecycle policy has %d rules for untagged images; ECR takes one", untagged))
	}
	return errors.Join(errs...)
}

func (r Rule) problem(text string) error {
	return fmt.Errorf("lifecycle rule %d: %s", r.Priority, text)
}

// key identifies what a selection selects by; "" where it names no tags.
func (s Selection) key() string {
	tags := slices.Sorted(slices.Values(append(slices.Clone(s.TagPatternList), s.TagPrefixList...)))
	return strings.Join(tags, ",")
}

func (s Selection) tagProblems() []string {
	var all []string
	lists := min(len(s.TagPatternList), 1) + min(len(s.TagPrefixList), 1)
	switch s.TagStatus {
	case Tagged:
		if lists != 1 {
			all = append(all, "tagStatus tagged needs tagPatternList or tagPrefixList, and not both")
		}
	case Untagged, Any:
		if lists != 0 {
			all = append(all, "only tagStatus tagged takes tagPatternList or tagPrefixList")
		}
	default:
		all = append(all, "tagStatus must be tagged, untagged or any")
	}
	for _, pattern := range s.TagPatternList {
		if strings.Count(pattern, "*") > maxWildcards {
			all = append(all, fmt.Sprintf("pattern %s has more than %d wildcards", pattern, maxWildcards))
		}
	}
	return all
}

func (s Selection) countProblems() []string {
	var all []string
	switch {
	case s.CountType == SinceImagePushed && s.CountUnit != Days:
		all = append(all, "sinceImagePushed needs countUnit days")
	case s.CountType == ImageCountMoreThan && s.CountUnit != "":
		all = append(all, "imageCountMoreThan takes no countUnit")
	case s.CountType != SinceImagePushed && s.CountType != ImageCountMoreThan:
		all = append(all, "countType must be imageCountMoreThan or sinceImagePushed")
	}
	if s.CountNumber < 1 {
		all = append(all, "countNumber must be above zero")
	}
	return all
}
