package leak_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/leak"
)

func TestText_findsTheSecretInEveryForm(t *testing.T) {
	t.Parallel()
	marker := leak.Marker()
	quoted, err := json.Marshal(map[string]string{"password": marker})
	require.NoError(t, err)
	texts := map[string]string{
		"plain":               "password=" + marker,
		"in JSON":             string(quoted),
		"in hex":              "0a" + hex.EncodeToString([]byte("x"+marker)),
		"base64, unpadded":    base64.RawStdEncoding.EncodeToString([]byte(marker)),
		"base64 of base64url": base64.URLEncoding.EncodeToString(quoted),
	}
	for shift := range 7 {
		before := strings.Repeat("\xff", shift)
		texts["base64 after "+before] = base64.StdEncoding.EncodeToString([]byte(before + marker + "\xff\xfe"))
	}
	for name, text := range texts {
		found := leak.Text("log", []byte(text), map[string]string{"token": marker})
		if assert.Len(t, found, 1, name) {
			assert.NotContains(t, found[0].String(), marker)
		}
	}
}

func TestText_findsNothingElse(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{"token": leak.Marker()}
	for range 100 {
		other := leak.Marker()
		text := other + base64.StdEncoding.EncodeToString([]byte(other)) + hex.EncodeToString([]byte(other))
		assert.Empty(t, leak.Text("log", []byte(text), secrets))
	}
}

func TestFolder_namesTheFile(t *testing.T) {
	t.Parallel()
	dir, marker := t.TempDir(), leak.Marker()
	file := filepath.Join(dir, "a", "b.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(`{"v":"`+marker+`"}`), 0o600))

	found, err := leak.Folder(dir, map[string]string{"token": marker, "other": leak.Marker()})
	require.NoError(t, err)
	assert.Equal(t, []leak.Finding{{Name: "token", Place: file, Form: "plain"}}, found)
}
