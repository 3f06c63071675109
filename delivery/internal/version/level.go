package version

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Level says which number of X.Y.Z a change raises.
type Level string

// Levels of a change.
const (
	// Major is a change that others must follow.
	Major Level = "major"
	// Minor is something new.
	Minor Level = "minor"
	// Patch is anything else.
	Patch Level = "patch"
)

var levels = []Level{Major, Minor, Patch}

var inBrackets = regexp.MustCompile(`\[([^\[\]]*)\]`)

// LevelOf reads the level from the title of a pull request: [major], [minor] or [patch], in upper or lower case and
// anywhere in it. Without one it is Patch. Two different ones are refused, and so is what looks like a slip of the finger,
// as [majr]: it would release less than was meant. Other words in brackets, such as [JIRA-12], say nothing.
func LevelOf(title string) (Level, error) {
	var found []Level
	for _, match := range inBrackets.FindAllStringSubmatch(title, -1) {
		word := strings.ToLower(match[1])
		for _, level := range levels {
			switch {
			case word == string(level) && !slices.Contains(found, level):
				found = append(found, level)
			case word != string(level) && near(strings.TrimSpace(word), string(level)):
				return "", fmt.Errorf("title %q: %s is not a level; did you mean [%s]?", title, match[0], level)
			}
		}
	}
	switch len(found) {
	case 0:
		return Patch, nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("title %q: has both [%s] and [%s]; want one", title, found[0], found[1])
}

// near tells whether one letter that is missing, too much or another one makes b of a.
func near(a, b string) bool {
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	a, b = a[start:], b[start:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1
}
