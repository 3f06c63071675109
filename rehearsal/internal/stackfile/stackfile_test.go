package stackfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/rehearsal/internal/stackfile"
)

const original = `secretsprovider: awskms://alias/slipway
encryptedkey: AQIDAHh
config:
  aws:region: ap-northeast-2
  slipway:cluster:
    version: "1.35"
    since: 2026-11-20
  slipway:tokenSecret:
    secure: AAABAPz
`

func TestRead_leavesOutWhatOnlyTheStackCanDecrypt(t *testing.T) {
	t.Parallel()
	settings, err := stackfile.Read(write(t, original))
	require.NoError(t, err)
	assert.Equal(t, []string{"slipway:tokenSecret"}, settings.Encrypted)

	copied := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	require.NoError(t, settings.Write(copied, nil))
	assert.Equal(t, `config:
    aws:region: ap-northeast-2
    slipway:cluster:
        version: "1.35"
        since: 2026-11-20
`, read(t, copied))
}

func TestRead_refusesASecretInsideAValue(t *testing.T) {
	t.Parallel()
	_, err := stackfile.Read(write(t, "config:\n  slipway:services:\n    api:\n      token: {secure: AAAB}\n"))
	assert.ErrorContains(t, err, "config.slipway:services")
}

func TestWith_mergesMapsAndReplacesTheRest(t *testing.T) {
	t.Parallel()
	settings, err := stackfile.Read(write(t, "config:\n  slipway:a: {b: c, c: {d: 1}, list: [1, 2]}\n"))
	require.NoError(t, err)
	changed, err := settings.With(map[string]any{
		"slipway:a": map[string]any{"c": map[string]any{"e": 2}, "list": []int{3}},
		"slipway:f": true,
	})
	require.NoError(t, err)

	assert.YAMLEq(t, "config: {'slipway:a': {b: c, c: {d: 1, e: 2}, list: [3]}, 'slipway:f': true}", written(t, changed))
	assert.YAMLEq(t, "config: {'slipway:a': {b: c, c: {d: 1}, list: [1, 2]}}", written(t, settings), "the original is as it was")
}

func TestWrite_keepsTheSaltAndTheSecretsOfAnEarlierCopy(t *testing.T) {
	t.Parallel()
	settings, err := stackfile.Read(write(t, "config: {a:b: new}\n"))
	require.NoError(t, err)
	path := write(t, "encryptionsalt: v1:x\nconfig: {a:b: old, a:gone: x, a:s: {secure: v1:y}, a:t: {secure: v1:z}}\n")

	require.NoError(t, settings.Write(path, []string{"a:s", "a:gone"}))
	assert.YAMLEq(t, "{encryptionsalt: 'v1:x', config: {'a:b': new, 'a:s': {secure: 'v1:y'}}}", read(t, path))
}

func written(t *testing.T, s stackfile.Settings) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	require.NoError(t, s.Write(path, nil))
	return read(t, path)
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}
