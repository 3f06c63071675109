// Package images keeps the images that a stack runs, in Amazon ECR, through the AWS CLI. A tag running-<stack>-<tag> says
// that a stack runs an image; no lifecycle policy of ours deletes one that has it.
//
//	registry := images.Registry{CLI: "aws"}
//	err := registry.Keep(ctx, "prod", all)             // before pulumi up
//	left, err := registry.Unkeep(ctx, "prod", nil, all) // after it
package images

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/slipway-eks/slipway/spec"
)

// Repository is a repository in ECR.
type Repository struct {
	// Account is the number of the AWS account.
	Account string
	// Region is the AWS region.
	Region string
	// Name is the repository's name in its registry.
	Name string
}

// Image is the image of a service in the release of a stack.
type Image struct {
	// Service is the service's name.
	Service string
	// Ref is the whole reference, as a pod has it.
	Ref string
	// Repository is where it is.
	Repository Repository
	// Tag is its tag, or empty where the release names it by its digest.
	Tag string
	// Digest is its digest, or empty where the release names it by a version.
	Digest string

	label    string         // what stands for it in its running tag
	anyLabel *regexp.Regexp // what stands in a running tag for any image of the service
}

// Hosts of registries in ECR. They are AWS's endpoints; see the ECR user guide, "Private registries".
var host = regexp.MustCompile(
	`^(\d{12})\.dkr(?:\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|-ecr\.([a-z0-9-]+)\.on\.aws)$`)

const (
	// aVersion stands for a version in a template.
	aVersion = "\x00"
	// versionForm is what a version in a running tag looks like.
	versionForm = `(\d+\.\d+\.\d+(-[0-9a-f]{6,40})?|sha256-[0-9a-f]{12})`
	// digestForm starts a digest; a tag has a dash in place of its colon, and 12 of its digits.
	digestForm, digestLabel, digestDigits = "sha256:", "sha256-", 12
)

// Of returns the images of services in a version that each has. Images outside of ECR are refused, all at once.
func Of(registry *spec.Registry, services []string, versionOf func(service string) string) ([]Image, error) {
	images := make([]Image, len(services))
	var errs []error
	for i, service := range services {
		var err error
		if images[i], err = imageOf(registry, service, versionOf(service)); err != nil {
			errs = append(errs, err)
		}
	}
	return images, errors.Join(errs...)
}

func imageOf(registry *spec.Registry, service, version string) (Image, error) {
	image := Image{Service: service, Ref: registry.ImageOf(service, version)}
	label := version
	if digits, ok := strings.CutPrefix(version, digestForm); ok {
		image.Digest = version
		label = digestLabel + digits[:digestDigits]
	}
	ref := registry.ImageOf(service, label)
	slash, colon := strings.Index(ref, "/"), strings.LastIndex(ref, ":")
	parts := host.FindStringSubmatch(ref[:slash])
	if parts == nil {
		return Image{}, fmt.Errorf("image of %s, %s: %s is no registry in Amazon ECR", service, image.Ref, ref[:slash])
	}
	image.Repository = Repository{Account: parts[1], Region: parts[2] + parts[3], Name: ref[slash+1 : colon]}
	image.label = ref[colon+1:]
	if image.Digest == "" {
		image.Tag = image.label
	}
	form := registry.ImageOf(service, aVersion)
	form = regexp.QuoteMeta(form[strings.LastIndex(form, ":")+1:])
	image.anyLabel = regexp.MustCompile("^" + strings.Replace(form, aVersion, versionForm, 1) + "$")
	return image, nil
}
