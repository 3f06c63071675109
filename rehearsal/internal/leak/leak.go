// Package leak finds secrets where they must not be: it makes values that occur nowhere by chance, and searches for them.
//
//	marker := leak.Marker()
//	...
//	found, err := leak.Folder(dir, map[string]string{"slipway:tokenSecret": marker})
package leak

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Finding is a secret in a place.
type Finding struct {
	// Name is the secret's.
	Name string
	// Place is a file, or what the caller called the text.
	Place string
	// Form is how the secret was written there: plain, base64 or hex.
	Form string
}

// String says what was found where, and never the secret.
func (f Finding) String() string {
	return fmt.Sprintf("the secret %s is in %s, %s", f.Name, f.Place, f.Form)
}

// Marker returns a secret value of letters and digits, so that no encoder of JSON, YAML or URLs changes it.
func Marker() string {
	return "m" + rand.Text()
}

// Folder searches all files below dir for secrets, given by name.
func Folder(dir string, secrets map[string]string) ([]Finding, error) {
	var found []Finding
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found = append(found, Text(path, data, secrets)...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("searching for secrets: %w", err)
	}
	return found, nil
}

// Text searches data, which is called place, for secrets, given by name.
func Text(place string, data []byte, secrets map[string]string) []Finding {
	var found []Finding
	for name, secret := range secrets {
		for _, form := range forms(secret) {
			if bytes.Contains(data, form.text) {
				found = append(found, Finding{Name: name, Place: place, Form: form.name})
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b Finding) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	return found
}

type form struct {
	name string
	text []byte
}

// forms returns how a secret may be written.
func forms(secret string) []form {
	all := []form{
		{"plain", []byte(secret)},
		{"as hex", []byte(hex.EncodeToString([]byte(secret)))},
	}
	for shift := range 3 {
		all = append(all, form{"as base64", inside(secret, shift)})
	}
	return all
}

// inside returns what is always the same in the base64 of a longer text that holds the secret, if the secret begins
// shift bytes after a multiple of three: base64 turns three bytes into four characters, so the first and last
// characters also depend on the neighbours. The alphabets for files and URLs differ in characters that come from bytes
// above those of letters and digits, so one search serves both.
func inside(secret string, shift int) []byte {
	encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), secret...))
	first := (shift*8 + 5) / 6
	last := (shift + len(secret)) * 8 / 6
	return []byte(encoded[first:last])
}
