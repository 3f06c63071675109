package simaws

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// tagLimits hold for every resource that has tags.
var tagLimits = []limit{{"tags", "AWS, Tagging resources: tag naming limits", wrongTags}}

// maxTags is what a resource may have besides the tags of AWS itself.
const maxTags = 50

func wrongTags(v any) string {
	tags, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	if len(tags) > maxTags {
		return fmt.Sprintf("%d tags, at most %d are allowed", len(tags), maxTags)
	}
	for k, value := range tags {
		text, _ := value.(string)
		switch {
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return fmt.Sprintf("tag key %q: the prefix aws: is reserved", k)
		case utf8.RuneCountInString(k) > 128:
			return fmt.Sprintf("tag key %q is longer than 128 characters", k)
		case utf8.RuneCountInString(text) > 256:
			return fmt.Sprintf("tag %q: the value is longer than 256 characters", k)
		}
	}
	return ""
}

// oneOf permits the listed words.
func oneOf(list string) func(any) string {
	return func(v any) string {
		if s, ok := v.(string); ok && !slices.Contains(words(list), s) {
			return fmt.Sprintf("%q is none of: %s", s, strings.Join(words(list), ", "))
		}
		return ""
	}
}

// between permits whole numbers of a range.
func between(low, high int) func(any) string {
	return func(v any) string {
		if n, ok := v.(float64); ok && (int(n) < low || int(n) > high) {
			return fmt.Sprintf("%d is outside %d..%d", int(n), low, high)
		}
		return ""
	}
}

// among permits the listed numbers.
func among(list ...int) func(any) string {
	return func(v any) string {
		if n, ok := v.(float64); ok && !slices.Contains(list, int(n)) {
			return fmt.Sprintf("%d is none of: %s", int(n), strings.Trim(fmt.Sprint(list), "[]"))
		}
		return ""
	}
}

// shaped permits texts that match a pattern; hint says so in words.
func shaped(pattern, hint string) func(any) string {
	re := regexp.MustCompile(pattern)
	return func(v any) string {
		if s, ok := v.(string); ok && !re.MatchString(s) {
			return fmt.Sprintf("%q %s", s, hint)
		}
		return ""
	}
}

// atMost permits texts up to a length. The text is not repeated: it may be long.
func atMost(n int) func(any) string {
	return func(v any) string {
		if s, ok := v.(string); ok && utf8.RuneCountInString(s) > n {
			return fmt.Sprintf("%d characters, at most %d are allowed", utf8.RuneCountInString(s), n)
		}
		return ""
	}
}

// block permits IPv4 blocks in canonical form with a prefix length of a range.
func block(shortest, longest int) func(any) string {
	return func(v any) string {
		s, ok := v.(string)
		if !ok {
			return ""
		}
		p, err := netip.ParsePrefix(s)
		switch {
		case err != nil || !p.Addr().Is4():
			return fmt.Sprintf("%q is no IPv4 block", s)
		case p != p.Masked():
			return fmt.Sprintf("%q is not canonical, write %s", s, p.Masked())
		case p.Bits() < shortest || p.Bits() > longest:
			return fmt.Sprintf("%q must be between /%d and /%d", s, shortest, longest)
		}
		return ""
	}
}

// document permits JSON objects.
func document(v any) string {
	s, ok := v.(string)
	if !ok {
		return "must be a JSON text"
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(s), &object); err != nil {
		return "is no JSON object: " + err.Error()
	}
	return ""
}

// text permits strings where the SDK's type permits anything.
func text(v any) string {
	if _, ok := v.(string); !ok {
		return "must be a string"
	}
	return ""
}

func encoded(v any) string {
	if s, ok := v.(string); ok {
		if _, err := base64.StdEncoding.DecodeString(s); err != nil {
			return "is not encoded in base64"
		}
	}
	return ""
}
