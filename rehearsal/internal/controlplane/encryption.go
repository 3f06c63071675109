//go:build unix

package controlplane

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// encryptionConfig has the API server encrypt Secrets before it stores them, as EKS does: what a program wrote as a
// Secret then stands nowhere in the clear, and what it wrote elsewhere can be found.
func encryptionConfig(l layout) ([]byte, error) {
	key, err := encryptionKey(l.secret("secrets.key"))
	if err != nil {
		return nil, err
	}
	type object = map[string]any
	text, err := json.Marshal(object{
		"apiVersion": "apiserver.config.k8s.io/v1",
		"kind":       "EncryptionConfiguration",
		"resources": []object{{
			"resources": []string{"secrets"},
			"providers": []object{{"secretbox": object{"keys": []object{{"name": "rehearsal", "secret": key}}}}},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing how Secrets are encrypted: %w", err)
	}
	return text, nil
}

// encryptionKey returns the key of the folder in base64, and makes it at the first start.
func encryptionKey(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err == nil {
		return string(text), nil
	}
	key := make([]byte, 32)
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the key of Secrets: %w", err)
	}
	if _, err := rand.Read(key); err != nil {
		return "", fmt.Errorf("making the key of Secrets: %w", err)
	}
	made := base64.StdEncoding.EncodeToString(key)
	if err := os.WriteFile(file, []byte(made), 0o600); err != nil {
		return "", fmt.Errorf("keeping the key of Secrets: %w", err)
	}
	return made, nil
}
