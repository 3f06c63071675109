package registry_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/registry"
	"github.com/slipway-eks/slipway/internal/ecrlifecycle"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// TestS14_immutable: what a tag names is what was tested, and a repository with images is not deleted.
func TestS14_immutable(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*registry.RegistryArgs){nil, perService} {
		for _, r := range ptest.Run(t, program(args(change))).OfType(repositoryType) {
			assert.Equal(t, "IMMUTABLE", r.Value(t, "imageTagMutability"), r.Name)
			assert.Equal(t, false, r.Value(t, "forceDelete"), r.Name)
		}
	}
}

// TestS14_lifecycle: ten services in one repository, whose dangling images piled up. The policies that are registered
// are evaluated as ECR does: of each service the newest stay, and whatever a stack runs; what has no tag goes.
func TestS14_lifecycle(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		images []ecrlifecycle.Image
		gone   []string
	}{
		"the newest 3 of each service stay": {
			slices.Concat(releases("user", 5), releases("chat", 4), releases("user-admin", 2)), []string{"user_1", "user_2", "chat_1"},
		},
		"a service whose name starts like another's is counted apart": {
			slices.Concat(releases("user", 3), releases("user-admin", 3)), nil,
		},
		"what a stack runs stays, 5 releases behind the oldest that is kept": {
			running("prod", 0, releases("user", 9)), []string{"user_2", "user_3", "user_4", "user_5", "user_6"},
		},
		"what two stacks run stays": {
			running("dev", 1, running("prod", 0, releases("chat", 5))), nil,
		},
		"what runs counts among the newest": {
			running("prod", 4, releases("chat", 5)), []string{"chat_1", "chat_2"},
		},
		"one image under two tags of a service counts once, and stays if either is new": {
			retagged(releases("chat", 4), 1, "chat_9"), []string{"chat_1"},
		},
		"another tag does not make an image newer": {
			retagged(releases("chat", 4), 0, "chat_9"), []string{"chat_1"},
		},
		"one image under the tags of two services is the first's by name": {
			retagged(slices.Concat(releases("chat", 4), releases("user", 1)), 0, "user_9"), []string{"chat_1"},
		},
		"what has no tag goes after 7 days": {
			[]ecrlifecycle.Image{dangling("new", 7), dangling("old", 8)}, []string{"old"},
		},
		"the images inside an index stay with it, as long as it runs": {
			append(running("prod", 0, multiArch(releases("chat", 4), 0)), dangling("arm64", 400), dangling("amd64", 400)), nil,
		},
		"and go after it": {
			append(multiArch(releases("chat", 4), 0), dangling("arm64", 400), dangling("amd64", 400)), []string{"chat_1"},
		},
		"a service that is not here any more keeps its images": {releases("old", 9), nil},
	}
	text := policyOf(t, args(func(a *registry.RegistryArgs) { a.Keep = 3 }), "images")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.ElementsMatch(t, tt.gone, evaluate(t, text, tt.images))
		})
	}
}

func TestS14_lifecyclePerService(t *testing.T) {
	t.Parallel()
	text := policyOf(t, args(func(a *registry.RegistryArgs) { perService(a); a.Keep = 3 }), "images-chat")
	images := releases("", 9)
	for i := range images {
		images[i].Tags = []string{strings.TrimPrefix(images[i].Tags[0], "_")}
	}
	images[0].Tags = append(images[0].Tags, runningTag(t, "prod", "1"))
	assert.ElementsMatch(t, []string{"_2", "_3", "_4", "_5", "_6", "old"},
		evaluate(t, text, append(images, dangling("old", 8), dangling("new", 6))))
}

// A full repository's policy is one that ECR takes, and its last service is kept too.
func TestS14_lifecycleOfManyServices(t *testing.T) {
	t.Parallel()
	var services []string
	for i := range 48 {
		services = append(services, fmt.Sprintf("a-service-with-quite-a-name-%02d", i))
	}
	text := policyOf(t, args(func(a *registry.RegistryArgs) { a.Services = services }), "images")
	images := slices.Concat(releases(services[0], 21), releases(services[47], 22), []ecrlifecycle.Image{dangling("old", 8)})
	assert.ElementsMatch(t, []string{services[0] + "_1", services[47] + "_1", services[47] + "_2", "old"}, evaluate(t, text, images))
}

// policyOf returns the lifecycle policy that a registry registers for one of its repositories.
func policyOf(t *testing.T, a *registry.RegistryArgs, name string) string {
	t.Helper()
	text, ok := ptest.Run(t, program(a)).Named(t, policyType, name).Value(t, "policy").(string)
	require.True(t, ok)
	return text
}

// evaluate returns the digests of what a policy expires, once ECR has taken it.
func evaluate(t *testing.T, text string, images []ecrlifecycle.Image) []string {
	t.Helper()
	policy, err := ecrlifecycle.Parse(text)
	require.NoError(t, err)
	var gone []string
	for _, i := range ecrlifecycle.Evaluate(policy, images, now) {
		gone = append(gone, i.Digest)
	}
	return gone
}

// releases returns n images of a service, oldest first, the newest a year old: age alone deletes nothing with a tag.
// Their digests are their tags.
func releases(service string, n int) []ecrlifecycle.Image {
	all := make([]ecrlifecycle.Image, n)
	for i := range all {
		tag := fmt.Sprintf("%s_%d", service, i+1)
		all[i] = ecrlifecycle.Image{Digest: tag, Tags: []string{tag}, Pushed: now.AddDate(-1, 0, i-n)}
	}
	return all
}

// running tags one of the images as what a stack runs.
func running(stack string, i int, images []ecrlifecycle.Image) []ecrlifecycle.Image {
	images[i].Tags = append(images[i].Tags, registry.RunningPrefix+stack+"-"+images[i].Tags[0])
	return images
}

// retagged gives one of the images another tag.
func retagged(images []ecrlifecycle.Image, i int, tag string) []ecrlifecycle.Image {
	images[i].Tags = append(images[i].Tags, tag)
	return images
}

// multiArch makes one of the images an index of two.
func multiArch(images []ecrlifecycle.Image, i int) []ecrlifecycle.Image {
	images[i].Children = []string{"arm64", "amd64"}
	return images
}

// dangling returns an image without a tag.
func dangling(digest string, days int) ecrlifecycle.Image {
	return ecrlifecycle.Image{Digest: digest, Pushed: now.AddDate(0, 0, -days)}
}

func runningTag(t *testing.T, stack, tag string) string {
	t.Helper()
	running, err := spec.RunningTag(stack, tag)
	require.NoError(t, err)
	return running
}
