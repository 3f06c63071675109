package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var allServices = []string{"api-server", "chatting-server", "customer-server", "discovery-server", "front-server", "user-server"}

// oldTags are the tags of the images that the program's prod releases.
func oldTags() []string {
	var tags []string
	for _, service := range allServices {
		tags = append(tags, service+"_"+old)
	}
	return tags
}

// kept are the running tags that the world's registry has.
func (w *world) kept() []string {
	w.t.Helper()
	var found []string
	for _, tags := range w.known().Images {
		for _, tag := range tags {
			if strings.HasPrefix(tag, "running-") {
				found = append(found, tag)
			}
		}
	}
	slices.Sort(found)
	return found
}

func running(stack string, tags ...string) []string {
	var all []string
	for _, tag := range tags {
		all = append(all, "running-"+stack+"-"+tag)
	}
	return all
}

// TestS14_whatRunsIsKept: images that production still ran were deleted as old ones. A release is kept before it is
// deployed, and the one before it until that has succeeded; no image is deleted on the way.
func TestS14_whatRunsIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushed(oldTags()...)
	w.pushed("user-server_" + newer)
	w.deliver("keep", "--stack", "prod")
	first := running("prod", oldTags()...)
	assert.Equal(t, first, w.kept())

	w.deliver("set", "--stack", "prod", "--version", newer, "--services", "user-server")
	w.deliver("keep", "--stack", "prod")
	next := running("prod", "user-server_"+newer)
	assert.ElementsMatch(t, slices.Concat(first, next), w.kept(), "old pods may be pulled until the new ones run")

	out := w.deliver("unkeep", "--stack", "prod")
	assert.Equal(t, "running-prod-user-server_"+old+"  taken off", out)
	assert.ElementsMatch(t, slices.Concat(first[:5], next), w.kept())
	assert.Len(t, w.known().Images, 7, "no image is deleted")
}

// Other stacks' tags are theirs, also where one's name begins like another's, and a tag that is the only one of its image
// is the image.
func TestS14_unkeepTakesNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("Pulumi.prod-user.yaml", w.read("Pulumi.prod.yaml"))
	w.pushed(oldTags()...)
	w.deliver("keep", "--stack", "prod")
	others := []string{
		"running-dev-user-server_" + newer,           // another stack's
		"running-prod-user-server_" + newer,          // of a stack prod-user, or of a service user-server
		"running-prod-gone-server_" + newer,          // of a service that is gone
		"running-prod-chatting-server_of-my-own",     // by hand
		"running-prod-eu-west-chatting-server_1.0.0", // of a stack that this project does not have
	}
	w.pushed("chatting-server_"+newer, "front-server_"+newer, "running-prod-front-server_"+newest)
	for _, tag := range append(others, "running-prod-chatting-server_"+newer, "running-prod-chatting-server_1.4.0") {
		w.tagged("chatting-server_"+newer, tag)
	}
	out := w.deliver("unkeep", "--stack", "prod")
	assert.Regexp(t, `running-prod-chatting-server_1\.4\.0 +taken off`, out)
	assert.Regexp(t, `running-prod-front-server_5\.4\.0-1e15f0a +left: the image has no other tag`, out)
	assert.Regexp(t, `running-prod-gone-server_\S+ +left: of no service of this stack`, out)
	want := slices.Concat(running("prod", oldTags()...), others, []string{"running-prod-front-server_" + newest})
	assert.ElementsMatch(t, want, w.kept())
	assert.Len(t, w.known().Images, 9, "no image is deleted")
}

// tagged puts a tag on an image of the world's registry.
func (w *world) tagged(tag, another string) {
	w.t.Helper()
	r := w.known()
	digest := r.find(tag)
	require.NotEmpty(w.t, digest)
	r.Images[digest] = append(r.Images[digest], another)
	require.NoError(w.t, r.save(w.registry))
}

func TestKeep_byDigest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushed(oldTags()...)
	w.pushed("by-hand")
	w.edit("Pulumi.dev.yaml", "user-server: "+users, "user-server: "+digestOf("by-hand"))
	for range 2 {
		w.deliver("keep", "--stack", "dev")
		assert.Contains(t, w.kept(), "running-dev-user-server_sha256-"+digestOf("by-hand")[7:19])
	}
	w.deliver("set", "--stack", "dev", "--version", old, "--services", "user-server")
	w.deliver("keep", "--stack", "dev")
	w.deliver("unkeep", "--stack", "dev")
	assert.Equal(t, running("dev", oldTags()...), w.kept())
	assert.Equal(t, []string{"by-hand"}, w.known().Images[digestOf("by-hand")])
}

func TestImages_refusals(t *testing.T) {
	t.Parallel()
	build := func(services string) []string { return []string{"build", "--version", newer, "--services", services} }
	registry := func(image string) func(w *world) {
		return func(w *world) {
			w.edit("Pulumi.prod.yaml", "  slipway:protect:", "  slipway:registry: {image: \""+image+":{service}_{version}\"}\n  slipway:protect:")
		}
	}
	other, elsewhere := registry(ecrHost+"/other"), registry("registry.example.com/main")
	nothing := func(*world) {}
	for name, tc := range map[string]struct {
		change func(w *world)
		args   []string
		want   string
	}{
		"no such image":     {func(w *world) { w.pushed(oldTags()[1:]...) }, []string{"keep", "--stack", "prod"}, "image " + ecrHost + "/main:api-server_" + old + " of api-server: there is no such image"},
		"not one alone":     {nothing, []string{"keep", "--stack", "prod"}, "of user-server: there is no such image"},
		"keep outside ECR":  {elsewhere, []string{"keep", "--stack", "prod"}, "registry.example.com is no registry in Amazon ECR"},
		"unkeep outside":    {elsewhere, []string{"unkeep", "--stack", "prod"}, "image of user-server"},
		"unkeep comes last": {nothing, []string{"unkeep", "--stack", "prod"}, "has no tag running-prod-user-server_" + old + "; run keep first"},
		"no repository":     {other, []string{"keep", "--stack", "prod"}, "RepositoryNotFoundException"},
		"a tag on another image": {func(w *world) {
			w.pushed(oldTags()...)
			w.tagged("api-server_"+old, "running-prod-user-server_"+old)
		}, []string{"keep", "--stack", "prod"}, "the tag running-prod-user-server_" + old + " is on another image, and cannot be moved"},
		"two registries":           {other, build("chatting-server"), "--stack: dev and prod have different registries; name one"},
		"build outside":            {elsewhere, append(build("chatting-server"), "--stack", "prod"), "is no registry in Amazon ECR"},
		"build of nowhere":         {nothing, build("user-server"), "services.user-server: there is no services/user-server/Dockerfile; say in delivery.yaml"},
		"build of no service":      {nothing, build("chat"), "services.chat: no such service"},
		"build of no version":      {nothing, []string{"build", "--version", "1.0.0", "--services", "chatting-server"}, "want the commit behind a dash"},
		"no repository to push to": {other, append(build("chatting-server"), "--stack", "prod"), "RepositoryNotFoundException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tc.change(w)
			assert.Contains(t, w.refused(tc.args...), tc.want)
			for _, call := range w.known().Calls {
				assert.NotContains(t, call, "delete")
				assert.NotContains(t, call, "docker")
			}
		})
	}
}

// A CLI that is not there, or cannot log in: what it says reaches whoever reads the job's log.
func TestKeep_saysWhatTheCLISays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Contains(t, w.refused("keep", "--stack", "prod", "--aws", "no-such-aws"), `"no-such-aws": executable file not found`)
	why := w.refused("keep", "--stack", "prod", "--pulumi", "no-such-pulumi")
	assert.Contains(t, why, "bootstrap: output image of stack organization/slipway-bootstrap/account (or give --image)")
	assert.Contains(t, why, `"no-such-pulumi": executable file not found`)
}

// A job that may push images, and may not read Pulumi's state, is told the template.
func TestKeep_registryOfTheBootstrapStack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushed(oldTags()...)
	const template = ecrHost + "/" + ecrName + ":{service}_{version}"
	w.deliver("keep", "--stack", "prod", "--pulumi", "no-such-pulumi", "--image", template)
	variables := map[string]string{imageVariable: template}
	cmd := reporter{variable: func(name string) string { return variables[name] }}.unkeepCommand()
	cmd.Flags().String("root", w.root, "")
	cmd.SetArgs([]string{"--stack", "prod", "--aws", filepath.Join(w.registry, "aws"), "--pulumi", "no-such-pulumi"})
	require.NoError(t, cmd.ExecuteContext(t.Context()))
	assert.Contains(t, w.refused("keep", "--stack", "prod", "--image", "main"), "registry.image: Invalid value: \"main\"")
}

// TestS16_buildGoesOn: a job that built ten images and failed at the last built all of them again. Those that the
// registry has are not built again.
func TestS16_buildGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("delivery.yaml", "services:\n  user-server: {context: users, dockerfile: ../docker/user}\n")
	w.write("users/a", "a")
	w.write("docker/user", "FROM scratch\n")
	args := []string{"build", "--version", newer, "--services", `["chatting-server","user-server"]`}
	chat, user := ecrHost+"/main:chatting-server_"+newer, ecrHost+"/main:user-server_"+newer

	_, errOut, err := w.try(append(args, "--dry-run")...)
	require.NoError(t, err)
	assert.Contains(t, errOut, "push "+user)
	assert.Empty(t, w.known().Calls, "a dry run")

	w.pushed("chatting-server_" + newer)
	r := w.known()
	r.Broken = true
	require.NoError(t, r.save(w.registry))
	assert.Contains(t, w.refused(args...), "image of user-server: docker push")
	out := w.deliver(args...)
	assert.Equal(t, chat+"  there already\n"+user+"  built and pushed", out)
	file, folder := filepath.Join(w.root, "docker", "user"), filepath.Join(w.root, "users")
	build := "docker build --tag " + user + " --file " + file + " " + folder
	assert.Equal(t, []string{build, "docker push " + user, build, "docker push " + user}, w.known().Calls)
	assert.Equal(t, chat+"  there already\n"+user+"  there already", w.deliver(args...))
	assert.Len(t, w.known().Calls, 4)
}

// One command makes dev's release prod's, and has the registry keep its images.
func TestS14_whatIsPromotedIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pushed(oldTags()...)
	w.pushed("user-server_" + users)
	w.deliver("promote", "--from", "dev", "--to", "prod", "--keep")
	assert.Contains(t, w.read("Pulumi.prod.yaml"), "user-server: "+users)
	assert.Contains(t, w.kept(), running("prod", "user-server_"+users)[0])
	assert.Len(t, w.kept(), len(allServices))
}
