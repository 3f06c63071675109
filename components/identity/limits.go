package identity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of IAM, in characters (IAM user guide, IAM and AWS STS quotas). White space between a document's elements
// does not count.
const (
	// MaxManagedPolicy is the length of a managed policy.
	MaxManagedPolicy = 6144
	// MaxInlinePolicies is the length of a role's inline policies together.
	MaxInlinePolicies = 10240
	// MaxTrustPolicy is the length of a role's trust policy. AWS raises it to 4,096 on request; do not plan with that.
	MaxTrustPolicy = 2048
	// MaxRoleName is the length of a role's name.
	MaxRoleName = 64
	// MaxPolicyName is the length of a policy's name.
	MaxPolicyName = 128
)

// CheckManagedPolicy reports by how much a managed policy is too long.
func CheckManagedPolicy(name, text string) error {
	return tooLong("managed policy "+name, length(text), MaxManagedPolicy, "split it into two policies")
}

// CheckInlinePolicies reports by how much a role's inline policies, by name, are too long together.
func CheckInlinePolicies(role string, texts map[string]string) error {
	total := 0
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		n := length(texts[name])
		total += n
		parts = append(parts, fmt.Sprintf("%s %d", name, n))
	}
	return tooLong("the inline policies of role "+role+" together", total, MaxInlinePolicies,
		strings.Join(parts, ", ")+"; move one to a managed policy")
}

// CheckTrustPolicy reports by how much a role's trust policy is too long.
func CheckTrustPolicy(role, text string) error {
	return tooLong("the trust policy of role "+role, length(text), MaxTrustPolicy, "name fewer principals")
}

// CheckRoleName reports by how much a role's name is too long.
func CheckRoleName(name string) error {
	return tooLong("role name "+name, utf8.RuneCountInString(name), MaxRoleName, "shorten it")
}

// CheckPolicyName reports by how much a policy's name is too long.
func CheckPolicyName(name string) error {
	return tooLong("policy name "+name, utf8.RuneCountInString(name), MaxPolicyName, "shorten it")
}

func tooLong(what string, n, limit int, advice string) error {
	if n <= limit {
		return nil
	}
	return fmt.Errorf("%s: %d characters, %d more than IAM's %d: %s", what, n, n-limit, limit, advice)
}

// length counts a document's characters as IAM does. White space inside a string counts here, where IAM's guide does
// not say: so this is never less than what IAM counts.
func length(text string) int {
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(text)); err != nil {
		return utf8.RuneCountInString(text)
	}
	return utf8.RuneCount(compact.Bytes())
}
