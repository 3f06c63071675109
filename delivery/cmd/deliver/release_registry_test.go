package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The stand-ins for the CLIs of AWS, Docker and Pulumi are this test's own binary, started by a script that says so. What they know
// is in a file of the script's folder: the images of a registry, and each call.
const (
	standInVariable = "DELIVER_STAND_IN"
	folderVariable  = "DELIVER_STAND_IN_FOLDER"
	registryFile    = "registry.json"
)

// ecrHost is the registry of the program's stacks, and ecrName the repository that they have there.
const (
	ecrHost = "123456789012.dkr.ecr.ap-northeast-2.amazonaws.com"
	ecrName = "main"
)

func init() {
	program, ok := os.LookupEnv(standInVariable)
	if !ok {
		return
	}
	folder, _ := os.LookupEnv(folderVariable)
	registry, err := readRegistry(folder)
	if err == nil {
		err = registry.run(program, os.Args[1:])
	}
	if err = errors.Join(err, registry.save(folder)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(254) // as the AWS CLI does when the service refuses
	}
	os.Exit(0)
}

// ecr is a registry with one repository, whose tags are immutable.
type ecr struct {
	// Images are the tags of each image, by digest. The digest is also its manifest.
	Images map[string][]string
	// Calls are the operations that changed something, or tried to.
	Calls []string
	// Broken makes the next push fail.
	Broken bool
}

// newRegistry makes an empty registry, and the stand-ins that know it. It returns their folder.
func newRegistry(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	self, err := os.Executable()
	require.NoError(t, err)
	for _, program := range []string{"aws", "docker", "pulumi"} {
		script := fmt.Sprintf("#!/bin/sh\n%s=%s %s='%s' exec '%s' \"$@\"\n", standInVariable, program, folderVariable, folder, self)
		require.NoError(t, os.WriteFile(filepath.Join(folder, program), []byte(script), 0o700))
	}
	require.NoError(t, (&ecr{}).save(folder))
	return folder
}

func readRegistry(folder string) (*ecr, error) {
	text, err := os.ReadFile(filepath.Join(folder, registryFile))
	if err != nil {
		return &ecr{}, err
	}
	r := &ecr{}
	return r, json.Unmarshal(text, r)
}

func (r *ecr) save(folder string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, registryFile), text, 0o600)
}

// known is what the world's registry knows.
func (w *world) known() *ecr {
	w.t.Helper()
	r, err := readRegistry(w.registry)
	require.NoError(w.t, err)
	return r
}

// pushed puts images into the world's registry.
func (w *world) pushed(tags ...string) {
	w.t.Helper()
	r := w.known()
	for _, tag := range tags {
		r.push(tag)
	}
	require.NoError(w.t, r.save(w.registry))
}

func digestOf(tag string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(tag))) }

func (r *ecr) push(tag string) {
	if r.Images == nil {
		r.Images = map[string][]string{}
	}
	r.Images[digestOf(tag)] = []string{tag}
}

// find returns the digest of the image with a tag, or nothing.
func (r *ecr) find(tag string) string {
	for digest, tags := range r.Images {
		if slices.Contains(tags, tag) {
			return digest
		}
	}
	return ""
}

func (r *ecr) run(program string, args []string) error {
	switch program {
	case "docker":
		return r.docker(args)
	case "pulumi":
		return pulumiOutput(args)
	}
	want := []string{"--region", "ap-northeast-2", "--output", "json", "ecr"}
	if len(args) < 6 || !slices.Equal(args[:5], want) {
		return fmt.Errorf("aws: unexpected arguments %q", args)
	}
	options := map[string][]string{}
	last := ""
	for _, arg := range args[6:] {
		if strings.HasPrefix(arg, "--") {
			last = arg
			continue
		}
		options[last] = append(options[last], arg)
	}
	if got := options["--registry-id"][0] + "/" + options["--repository-name"][0]; got != "123456789012/"+ecrName {
		return fmt.Errorf("An error occurred (RepositoryNotFoundException): %s", got)
	}
	answer, err := r.operation(args[5], options)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answer)
	}
	return err
}

// pulumiOutput is Pulumi with one stack, the program's bootstrap stack.
func pulumiOutput(args []string) error {
	const want = "--non-interactive stack output image --stack organization/slipway-bootstrap/account --show-secrets"
	if got := strings.Join(args, " "); got != want {
		return fmt.Errorf("pulumi: unexpected arguments %s", got)
	}
	_, err := fmt.Println(ecrHost + "/" + ecrName + ":{service}_{version}")
	return err
}

func (r *ecr) operation(name string, options map[string][]string) (any, error) {
	switch name {
	case "describe-images":
		return r.describe(options["--image-ids"][0])
	case "batch-get-image":
		return r.get(options["--image-ids"]), nil
	case "put-image":
		r.Calls = append(r.Calls, "put-image "+options["--image-tag"][0])
		return r.put(options["--image-manifest"][0], options["--image-tag"][0])
	case "list-images":
		return r.list(), nil
	case "batch-delete-image":
		r.Calls = append(r.Calls, "batch-delete-image "+options["--image-ids"][0])
		return r.remove(options["--image-ids"][0]), nil
	}
	return nil, fmt.Errorf("aws: unexpected operation %s", name)
}

func (r *ecr) digest(id string) string {
	if digest, ok := strings.CutPrefix(id, "imageDigest="); ok {
		if _, there := r.Images[digest]; !there {
			return ""
		}
		return digest
	}
	return r.find(strings.TrimPrefix(id, "imageTag="))
}

func (r *ecr) describe(id string) (any, error) {
	if r.digest(id) == "" {
		return nil, fmt.Errorf("An error occurred (ImageNotFoundException) when calling DescribeImages: %s", id)
	}
	return map[string]any{}, nil
}

type anyMap = map[string]any

func (r *ecr) get(ids []string) any {
	images, failures := []anyMap{}, []anyMap{}
	for _, id := range ids {
		name, value, _ := strings.Cut(id, "=")
		digest := r.digest(id)
		if digest == "" {
			failures = append(failures, anyMap{"imageId": anyMap{name: value}, "failureCode": "ImageNotFound"})
			continue
		}
		images = append(images, anyMap{
			"imageId":       anyMap{"imageDigest": digest, name: value},
			"imageManifest": digest, "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
		})
	}
	return anyMap{"images": images, "failures": failures}
}

func (r *ecr) put(manifest, tag string) (any, error) {
	switch r.find(tag) {
	case "":
		r.Images[manifest] = append(r.Images[manifest], tag)
		return anyMap{}, nil
	case manifest:
		return nil, errors.New("An error occurred (ImageAlreadyExistsException) when calling PutImage")
	}
	return nil, errors.New("An error occurred (ImageTagAlreadyExistsException) when calling PutImage")
}

func (r *ecr) list() any {
	ids := []anyMap{}
	for digest, tags := range r.Images {
		for _, tag := range tags {
			ids = append(ids, anyMap{"imageDigest": digest, "imageTag": tag})
		}
	}
	return anyMap{"imageIds": ids}
}

// remove takes a tag off; an image whose last tag it is goes with it.
func (r *ecr) remove(id string) any {
	tag := strings.TrimPrefix(id, "imageTag=")
	digest := r.find(tag)
	if digest == "" {
		return anyMap{"failures": []anyMap{{"imageId": anyMap{"imageTag": tag}, "failureCode": "ImageNotFound"}}}
	}
	r.Images[digest] = slices.DeleteFunc(r.Images[digest], func(t string) bool { return t == tag })
	if len(r.Images[digest]) == 0 {
		delete(r.Images, digest)
	}
	return anyMap{"failures": []anyMap{}}
}

func (r *ecr) docker(args []string) error {
	r.Calls = append(r.Calls, "docker "+strings.Join(args, " "))
	if args[0] != "push" {
		return nil
	}
	if r.Broken {
		r.Broken = false
		return errors.New("the connection was reset")
	}
	tag, ok := strings.CutPrefix(args[1], ecrHost+"/"+ecrName+":")
	if !ok {
		return fmt.Errorf("docker: unexpected reference %s", args[1])
	}
	r.push(tag)
	return nil
}
