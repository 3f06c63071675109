package images

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// patience bounds one question to AWS, with the CLI's own retries.
const patience = 2 * time.Minute

// Exceptions of ECR, as the CLI prints them.
const (
	imageNotFound   = "(ImageNotFoundException)"
	alreadyThere    = "(ImageAlreadyExistsException)"
	tagOfOtherImage = "(ImageTagAlreadyExistsException)"
)

// Registry asks ECR.
type Registry struct {
	// CLI is the AWS CLI: a name on the PATH, or a path.
	CLI string
}

// imageID names an image in ECR's answers.
type imageID struct {
	Digest string `json:"imageDigest"`
	Tag    string `json:"imageTag"`
}

// failure is what ECR could not do with one image.
type failure struct {
	ID     imageID `json:"imageId"`
	Code   string  `json:"failureCode"`
	Reason string  `json:"failureReason"`
}

// ask runs one operation of ECR and reads its answer into answer.
func (r Registry) ask(ctx context.Context, repository Repository, answer any, operation string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all := append([]string{
		"--region", repository.Region, "--output", "json", "ecr", operation,
		"--registry-id", repository.Account, "--repository-name", repository.Name,
	}, args...)
	cmd := exec.CommandContext(ctx, r.CLI, all...) //nolint:gosec // the CLI that the caller names
	cmd.Env = append(os.Environ(), "AWS_PAGER=")   // nobody is there to turn pages
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("aws ecr %s in %s: %w: %s", operation, repository.Name, err, strings.TrimSpace(stderr.String()))
	}
	if err := json.Unmarshal(stdout.Bytes(), answer); err != nil {
		return fmt.Errorf("reading the answer of aws ecr %s: %w", operation, err)
	}
	return nil
}

// Has tells whether an image is in the registry. A repository that is not there is an error.
func (r Registry) Has(ctx context.Context, image Image) (bool, error) {
	var answer struct{}
	err := r.ask(ctx, image.Repository, &answer, "describe-images", "--image-ids", image.id())
	if err != nil && strings.Contains(err.Error(), imageNotFound) {
		return false, nil
	}
	return err == nil, err
}

// id names the image in a question.
func (i Image) id() string {
	if i.Digest != "" {
		return "imageDigest=" + i.Digest
	}
	return "imageTag=" + i.Tag
}

// found is an image in ECR's answer to batch-get-image.
type found struct {
	ID        imageID `json:"imageId"`
	Manifest  string  `json:"imageManifest"`
	MediaType string  `json:"imageManifestMediaType"`
}

// get returns an image, and what carries its running tag; nil for what is not there.
func (r Registry) get(ctx context.Context, image Image, running string) (own, tagged *found, err error) {
	var answer struct {
		Images   []found   `json:"images"`
		Failures []failure `json:"failures"`
	}
	err = r.ask(ctx, image.Repository, &answer, "batch-get-image", "--image-ids", image.id(), "imageTag="+running)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range answer.Failures {
		if f.Code != "ImageNotFound" {
			return nil, nil, fmt.Errorf("image %s: %s: %s", image.Ref, f.Code, f.Reason)
		}
	}
	for i, f := range answer.Images {
		if f.ID.Tag == running {
			tagged = &answer.Images[i]
		}
		if image.Digest != "" && f.ID.Digest == image.Digest || image.Tag != "" && f.ID.Tag == image.Tag {
			own = &answer.Images[i]
		}
	}
	return own, tagged, nil
}

// put gives an image one more tag. Putting the same manifest again with another tag is how ECR does that.
func (r Registry) put(ctx context.Context, image Image, own *found, tag string) error {
	args := []string{"--image-manifest", own.Manifest, "--image-tag", tag}
	if own.MediaType != "" {
		args = append(args, "--image-manifest-media-type", own.MediaType)
	}
	var answer struct{}
	err := r.ask(ctx, image.Repository, &answer, "put-image", args...)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), tagOfOtherImage):
		return fmt.Errorf("image %s: %w: %w", image.Ref, errOtherImage(tag), err)
	case strings.Contains(err.Error(), alreadyThere): // somebody else put it there just now
		return nil
	}
	return err
}

func errOtherImage(tag string) error {
	return errors.New("the tag " + tag + " is on another image, and cannot be moved")
}

// tags returns all tags of a repository, each with the digest of its image.
func (r Registry) tags(ctx context.Context, repository Repository) (map[string]string, error) {
	var answer struct {
		IDs []imageID `json:"imageIds"`
	}
	if err := r.ask(ctx, repository, &answer, "list-images", "--filter", "tagStatus=TAGGED"); err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, id := range answer.IDs {
		tags[id.Tag] = id.Digest
	}
	return tags, nil
}

// untag takes a tag off its image. A tag that is gone already is no error.
func (r Registry) untag(ctx context.Context, repository Repository, tag string) error {
	var answer struct {
		Failures []failure `json:"failures"`
	}
	if err := r.ask(ctx, repository, &answer, "batch-delete-image", "--image-ids", "imageTag="+tag); err != nil {
		return err
	}
	for _, f := range answer.Failures {
		if f.Code != "ImageNotFound" {
			return fmt.Errorf("taking the tag %s off: %s: %s", tag, f.Code, f.Reason)
		}
	}
	return nil
}
