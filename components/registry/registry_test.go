package registry_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/components/registry"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// Types of what a registry registers.
const (
	repositoryType = "aws:ecr/repository:Repository"
	policyType     = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
	userType       = "aws:test/user:User"
)

const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"

// args returns a valid registry of one repository, changed by change.
func args(change func(*registry.RegistryArgs)) *registry.RegistryArgs {
	a := &registry.RegistryArgs{
		Layout: registry.Shared, RepositoryName: "main", Services: []string{"user", "user-admin", "chat"},
	}
	if change != nil {
		change(a)
	}
	return a
}

// perService makes args those of one repository a service.
func perService(a *registry.RegistryArgs) { a.Layout, a.RepositoryName = registry.PerService, "shop" }

// program registers a registry and something that uses its outputs.
func program(a *registry.RegistryArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		r, err := registry.NewRegistry(ctx, "images", a)
		if err != nil {
			return err
		}
		var user pulumi.CustomResourceState
		return ctx.RegisterResource(userType, "user", pulumi.Map{
			"urls": r.RepositoryURLs, "arns": r.RepositoryARNs, "template": r.ImageTemplate,
		}, &user)
	}
}

func TestNewRegistry_shared(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	repository := got.Only(t, repositoryType)
	assert.Equal(t, "images", repository.Name)
	assert.Equal(t, "main", repository.Value(t, "name"))
	assert.Equal(t, true, repository.Value(t, "imageScanningConfiguration.scanOnPush"))
	assert.Equal(t, "AES256", repository.Value(t, "encryptionConfigurations[0].encryptionType"))
	assert.Nil(t, repository.Value(t, "encryptionConfigurations[0].kmsKey"))
	assert.False(t, repository.Protect)
	assert.Equal(t, "main", got.Only(t, policyType).Value(t, "repository"))

	user := got.Only(t, userType)
	assert.Equal(t, map[string]any{"chat": host + "/main", "user": host + "/main", "user-admin": host + "/main"}, user.Value(t, "urls"))
	assert.Equal(t, map[string]any{"main": "arn:aws:ecr:eu-west-1:123456789012:images"}, user.Value(t, "arns"))
	assertTemplate(t, user, host+"/main:{service}_{version}")
}

func TestNewRegistry_perService(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(perService)))
	for _, service := range []string{"user", "user-admin", "chat"} {
		assert.Equal(t, "shop/"+service, got.Named(t, repositoryType, "images-"+service).Value(t, "name"))
		assert.Equal(t, "shop/"+service, got.Named(t, policyType, "images-"+service).Value(t, "repository"))
	}
	assert.Len(t, got.OfType(repositoryType), 3)
	user := got.Only(t, userType)
	assert.Equal(t, host+"/shop/user-admin", user.Value(t, `urls["user-admin"]`))
	assert.Equal(t, "arn:aws:ecr:eu-west-1:123456789012:images-chat", user.Value(t, `arns["shop/chat"]`))
	assertTemplate(t, user, host+"/shop/{service}:{version}")
}

// assertTemplate requires a template that spec.Registry takes, and that names the repository of each service.
func assertTemplate(t *testing.T, user ptest.Resource, want string) {
	t.Helper()
	assert.Equal(t, want, user.Value(t, "template"))
	r := spec.Registry{Image: want}
	assert.Empty(t, r.Validate(field.NewPath("registry")))
	for _, service := range []string{"chat", "user-admin"} {
		url, _ := user.Value(t, fmt.Sprintf("urls[%q]", service)).(string)
		assert.True(t, strings.HasPrefix(r.ImageOf(service, "1.0.0"), url+":"), service)
	}
}

func TestNewRegistry_keyAndProtection(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:123456789012:key/1"
	got := ptest.Run(t, program(args(func(a *registry.RegistryArgs) { a.KMSKeyARN, a.Protect = pulumi.String(key), true })))
	repository := got.Only(t, repositoryType)
	assert.Equal(t, "KMS", repository.Value(t, "encryptionConfigurations[0].encryptionType"))
	assert.Equal(t, key, repository.Value(t, "encryptionConfigurations[0].kmsKey"))
	assert.True(t, repository.Protect)
	assert.False(t, got.Only(t, policyType).Protect)
}

func TestNewRegistry_rejects(t *testing.T) {
	t.Parallel()
	services := func(n int) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf("service-%d", i)
		}
		return all
	}
	set := func(layout registry.Layout, tag string, names ...string) func(*registry.RegistryArgs) {
		return func(a *registry.RegistryArgs) { a.Layout, a.TagTemplate, a.Services = layout, tag, names }
	}
	tests := map[string]struct {
		change func(*registry.RegistryArgs)
		want   string
	}{
		"no layout":              {func(a *registry.RegistryArgs) { a.Layout = "" }, "layout: Required"},
		"an unknown layout":      {func(a *registry.RegistryArgs) { a.Layout = "one" }, "layout: Unsupported"},
		"no name":                {func(a *registry.RegistryArgs) { a.RepositoryName = "" }, "repositoryName: Required"},
		"a name in capitals":     {func(a *registry.RegistryArgs) { a.RepositoryName = "Main" }, "repositoryName: Invalid"},
		"a name with a slash":    {func(a *registry.RegistryArgs) { perService(a); a.RepositoryName = "shop/" }, "repositoryName: Invalid"},
		"a short name":           {func(a *registry.RegistryArgs) { a.RepositoryName = "a" }, "of 1 characters; ECR takes 2 to 256"},
		"a long name":            {func(a *registry.RegistryArgs) { perService(a); a.RepositoryName = strings.Repeat("a", 246) }, "of 257 characters"},
		"no services":            {func(a *registry.RegistryArgs) { a.Services = nil }, "services: Required"},
		"an odd service":         {func(a *registry.RegistryArgs) { a.Services = []string{"Chat"} }, "services[Chat]: Invalid"},
		"a service twice":        {func(a *registry.RegistryArgs) { a.Services = []string{"chat", "user", "chat"} }, "services[chat]: Duplicate"},
		"49 services":            {func(a *registry.RegistryArgs) { a.Services = services(49) }, "services: Invalid value: 49: one repository takes 48 services, 1 fewer"},
		"keep fewer than none":   {func(a *registry.RegistryArgs) { a.Keep = -1 }, "keep: Invalid value: -1: must be from 1 to 1000"},
		"keep too many":          {func(a *registry.RegistryArgs) { a.Keep = 1001 }, "keep: Invalid"},
		"untagged for too long":  {func(a *registry.RegistryArgs) { a.UntaggedDays = 366 }, "untaggedDays: Invalid value: 366: must be from 1 to 365"},
		"a tag without service":  {set(registry.Shared, "{version}", "chat"), "tagTemplate: Invalid value: \"{version}\": must have {service} before {version}"},
		"the version first":      {set(registry.Shared, "{version}_{service}", "chat"), "tagTemplate: Invalid"},
		"a tag without version":  {set(registry.PerService, "latest", "chat"), "tagTemplate: Invalid value: \"latest\": must contain {version} once"},
		"the service twice":      {set(registry.Shared, "{service}_{service}_{version}", "chat"), "must contain {service} once"},
		"an odd tag":             {set(registry.Shared, "{service}+{version}", "chat"), "tagTemplate: Invalid"},
		"an odd part":            {set(registry.Shared, "{service}_{version}{stack}", "chat"), "tagTemplate: Invalid"},
		"the service in a tag":   {set(registry.PerService, "{service}_{version}", "chat"), "tagTemplate: Invalid value: \"{service}_{version}\": the service is in the repository's name"},
		"services alike":         {set(registry.Shared, "{service}-{version}", "user", "user-admin"), "tags of user start with user-, and so do those of user-admin"},
		"services without a gap": {set(registry.Shared, "v{service}{version}", "a", "ab"), "tags of a start with va, and so do those of ab"},
		"a service like running": {set(registry.Shared, "{service}_{version}", "running-man"), "cannot be told from running-"},
		"a template like it":     {set(registry.PerService, "run{version}", "chat"), "tags of chat start with run, which cannot be told from running-"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program(args(tt.change)))
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, got.All(), "nothing is registered before everything is valid")
		})
	}
	t.Run("nil args, with every problem at once", func(t *testing.T) {
		t.Parallel()
		_, err := ptest.Err(t, program(nil))
		require.ErrorContains(t, err, "layout: Required")
		assert.ErrorContains(t, err, "services: Required")
	})
	t.Run("48 services in one repository and 49 in their own are fine", func(t *testing.T) {
		t.Parallel()
		ptest.Run(t, program(args(func(a *registry.RegistryArgs) { a.Services = services(48) })))
		ptest.Run(t, program(args(func(a *registry.RegistryArgs) { perService(a); a.Services = services(49) })))
	})
}

func TestNewRegistry_leavesItsArgsAlone(t *testing.T) {
	t.Parallel()
	a := args(nil)
	ptest.Run(t, program(a))
	assert.Equal(t, args(nil), a)
}
