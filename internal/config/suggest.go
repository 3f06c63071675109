package config

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// nearEdits is how many letters a key may be off to be taken for a slip of the finger.
const nearEdits = 2

// unknownKey refuses a key that nothing reads, and names the known ones: those that look like it, or else all.
func unknownKey(at *field.Path, key string, known []string) *field.Error {
	var near []string
	for _, name := range known {
		if edits(strings.ToLower(key), strings.ToLower(name)) <= nearEdits {
			near = append(near, name)
		}
	}
	if len(near) > 0 {
		return field.Forbidden(at, "unknown key; did you mean "+strings.Join(near, " or ")+"?")
	}
	return field.Forbidden(at, "unknown key; known are "+strings.Join(known, ", "))
}

// edits counts the letters to insert, delete or replace to make b from a (the Levenshtein distance).
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
