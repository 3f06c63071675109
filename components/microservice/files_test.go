package microservice_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/microservice"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

func withFiles(a *microservice.ServiceArgs) {
	a.Service.Files = map[string]string{"/etc/chat/chat.conf": "a = b", "/etc/chat/more_of_it": "", "/opt/x": "y"}
	a.Service.SecretFiles = map[string]string{"/etc/chat/chat.key": "key"}
	a.Secrets = map[string]pulumi.StringInput{"key": pulumi.String("hush")}
}

func TestNewService_files(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(withFiles)))

	files := got.Only(t, configMapType)
	assert.Equal(t, map[string]any{"etc_.chat_.chat.conf": "a = b", "etc_.chat_.more__of__it": "", "opt_.x": "y"}, files.Value(t, "data"))
	secret := got.Only(t, secretType)
	assert.Equal(t, map[string]any{"etc_.chat_.chat.key": "hush"}, secret.Value(t, "stringData"))
	assert.True(t, secret.IsSecret(t, "stringData"))

	d := got.Only(t, deploymentType)
	assert.Equal(t, map[string]any{"name": "files", "projected": map[string]any{"defaultMode": 288.0, "sources": []any{
		map[string]any{"configMap": map[string]any{"name": "chat-files-generated"}},
		map[string]any{"secret": map[string]any{"name": "chat-secret-files-generated"}},
	}}}, d.Value(t, podSpec+".volumes[1]"))
	mounts, ok := d.Value(t, container+".volumeMounts").([]any)
	require.True(t, ok)
	require.Len(t, mounts, 5, "/tmp and four files")
	for _, mount := range mounts[1:] {
		m := mount.(map[string]any)
		assert.Equal(t, "files", m["name"])
		assert.Equal(t, true, m["readOnly"])
		key := strings.NewReplacer("_", "__", "/", "_.").Replace(strings.TrimPrefix(fmt.Sprint(m["mountPath"]), "/"))
		assert.Equal(t, key, m["subPath"], "one file, and nothing that the image has beside it is hidden")
	}
}

// TestS27_secretRollsItsUsers: a third party's secret changes every two weeks. A changed value is a new Secret, which
// the pods that use it name, so that they roll out; every other object stays as it is.
func TestS27_secretRollsItsUsers(t *testing.T) {
	t.Parallel()
	run := func(token string) *ptest.Result {
		return ptest.Run(t, func(ctx *pulumi.Context) error {
			for service, uses := range map[string]func(*spec.Service){
				"chat":     func(s *spec.Service) { s.SecretEnv = map[string]string{"TOKEN": "token"} },
				"user":     func(s *spec.Service) { s.SecretFiles = map[string]string{"/run/token": "token"} },
				"customer": func(s *spec.Service) { s.SecretEnv = map[string]string{"TOKEN": "other"} },
			} {
				a := args(func(a *microservice.ServiceArgs) {
					a.ServiceName = service
					a.Secrets = map[string]pulumi.StringInput{"token": pulumi.String(token), "other": pulumi.String("same")}
					uses(&a.Service)
				})
				if _, err := microservice.NewService(ctx, service, a); err != nil {
					return err
				}
			}
			return nil
		})
	}
	before, after := run("hush-1"), run("hush-2")
	changed := map[string]string{}
	for _, b := range before.All() {
		if a := after.Named(t, b.Type, b.Name); !a.Inputs.DeepEquals(b.Inputs) {
			changed[b.Name] = b.Type
		}
	}
	assert.Equal(t, map[string]string{"chat-env": secretType, "user-secret-files": secretType}, changed)

	for _, secret := range after.OfType(secretType) {
		assert.Nil(t, secret.Value(t, "metadata.name"), "%s: a new value is a new Secret with a new name", secret.Name)
		assert.Equal(t, true, secret.Value(t, "immutable"), "%s: nothing changes it under running pods", secret.Name)
		assert.True(t, secret.IsSecret(t, "stringData"), secret.Name)
	}
	chat := after.Named(t, deploymentType, "chat")
	assert.Contains(t, chat.Value(t, container+".env"), map[string]any{"name": "TOKEN", "valueFrom": map[string]any{
		"secretKeyRef": map[string]any{"name": "chat-env-generated", "key": "TOKEN"},
	}}, "by the name that the Secret got")
	user := after.Named(t, deploymentType, "user")
	assert.Equal(t, "user-secret-files-generated", user.Value(t, podSpec+".volumes[1].projected.sources[0].secret.name"))
	for _, r := range after.All() {
		if r.Type != secretType {
			assert.NotContains(t, fmt.Sprint(r.Inputs.Mappable()), "hush-2", r.URN)
		}
	}
}

// The same for a file that is no secret.
func TestNewService_changedFileIsNew(t *testing.T) {
	t.Parallel()
	run := func(text string) *ptest.Result {
		return ptest.Run(t, program(args(func(a *microservice.ServiceArgs) {
			withFiles(a)
			a.Service.Files = maps.Clone(a.Service.Files)
			a.Service.Files["/opt/x"] = text
		})))
	}
	files := run("z").Only(t, configMapType)
	assert.Nil(t, files.Value(t, "metadata.name"))
	assert.Equal(t, true, files.Value(t, "immutable"))
	assert.NotEqual(t, run("y").Only(t, configMapType).Inputs, files.Inputs)
}
