package spec

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/internal/fieldtags"
)

// Registry says where images are.
type Registry struct {
	// Image is the template of an image reference, with {service} and {version} where they go: both
	// `.../chat:{service}_{version}` (one repository) and `.../chat/{service}:{version}` (one a service) will do.
	Image string `json:"image" jsonschema:"example=123456789012.dkr.ecr.eu-west-1.amazonaws.com/main:{service}_{version}"`
}

// Release says which version of each service runs.
type Release struct {
	// Version is the version of every service that services does not name.
	Version string `json:"version" jsonschema:"pattern=^[A-Za-z0-9_][A-Za-z0-9_.-]*$,maxLength=128"`
	// Services are versions of single services: those whose image was built since. A version may be the digest of an
	// image, sha256:..., which no tag can be moved away from.
	Services map[string]string `json:"services,omitempty"`
}

// RunningPrefix starts the tags of images that a stack runs.
const RunningPrefix = "running-"

// maxTag is the length of a tag (OCI distribution specification).
const maxTag = 128

// RunningTag returns the tag that keeps the image with a service's tag while a stack runs it. Tags are immutable: each
// promotion has one of its own, and takes the tag of the release before off by deleting the tag, not the image.
func RunningTag(stack, tag string) (string, error) {
	running := RunningPrefix + stack + "-" + tag
	if len(running) > maxTag {
		return "", fmt.Errorf("running tag %s has %d characters, %d more than a tag's %d",
			running, len(running), len(running)-maxTag, maxTag)
	}
	return running, nil
}

// imageTag is what a registry accepts as a tag (OCI distribution specification).
var imageTag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// imageName is a registry host with a dot or port, and a path of lower-case words (OCI distribution specification).
var imageName = regexp.MustCompile(`^[a-z0-9.-]+(:\d+)?/[a-z0-9]+([._/-]+[a-z0-9]+)*$`)

// VersionOf returns the version of a service.
func (r *Release) VersionOf(service string) string {
	if v, ok := r.Services[service]; ok {
		return v
	}
	return r.Version
}

// ImageOf returns the image reference of a service in a version, by tag, or by digest where the version is one.
func (r *Registry) ImageOf(service, version string) string {
	template := r.Image
	if imageDigest.MatchString(version) {
		name, _ := splitImage(template)
		template = name + "@{version}"
	}
	return strings.NewReplacer("{service}", service, "{version}", version).Replace(template)
}

// Validate reports every problem of r.
func (r *Registry) Validate(path *field.Path) field.ErrorList {
	at := path.Child("image")
	if r.Image == "" {
		return field.ErrorList{field.Required(at, "")}
	}
	var errs field.ErrorList
	for _, part := range []string{"{service}", "{version}"} {
		if strings.Count(r.Image, part) != 1 {
			errs = append(errs, field.Invalid(at, r.Image, "must contain "+part+" once"))
		}
	}
	name, tag := splitImage(r.ImageOf("service", "1.0.0"))
	if len(errs) == 0 && (!imageName.MatchString(name) || !imageTag.MatchString(tag)) {
		errs = append(errs, field.Invalid(at, r.Image, "must be registry/repository:tag, in lower case before the tag"))
	}
	if _, tag := splitImage(r.Image); len(errs) == 0 && !strings.Contains(tag, "{version}") {
		errs = append(errs, field.Invalid(at, r.Image, "{version} must be in the tag"))
	}
	return errs
}

// Validate reports every problem of r, whose services are those of the catalogue.
func (r *Release) Validate(path *field.Path, registry *Registry, services map[string]Service) field.ErrorList {
	errs := r.validateVersion(path)
	for _, name := range sortedKeys(r.Services) {
		at := path.Child("services", name)
		if _, ok := services[name]; !ok {
			errs = append(errs, field.NotFound(at, name))
		}
		if v := r.Services[name]; !imageTag.MatchString(v) && !imageDigest.MatchString(v) {
			errs = append(errs, field.Invalid(at, v, "must be letters, digits, dots, dashes and underscores, or a digest sha256:..."))
		}
	}
	for _, name := range sortedKeys(services) {
		if _, tag := splitImage(registry.ImageOf(name, r.VersionOf(name))); len(tag) > maxTag {
			errs = append(errs, field.Invalid(path.Child("version"), r.VersionOf(name),
				fmt.Sprintf("makes the tag of %s longer than %d characters", name, maxTag)))
		}
	}
	return errs
}

// validateVersion refuses a digest as the version of all services: it is one image's.
func (r *Release) validateVersion(path *field.Path) field.ErrorList {
	if imageDigest.MatchString(r.Version) {
		return field.ErrorList{field.Invalid(path.Child("version"), r.Version,
			"is the digest of one service's image; give it under services")}
	}
	return fieldtags.Check(path, r)
}

// splitImage splits an image reference at its tag; a colon before the last slash is a port.
func splitImage(ref string) (name, tag string) {
	i := strings.LastIndex(ref, ":")
	if i < 0 || i < strings.LastIndex(ref, "/") {
		return ref, ""
	}
	return ref[:i], ref[i+1:]
}

// ValidateImage reports why ref is no image reference that says which image it means: a tag or a digest is required,
// and `latest` is none.
func ValidateImage(path *field.Path, ref string) field.ErrorList {
	if ref == "" {
		return field.ErrorList{field.Required(path, "")}
	}
	name, tag := splitImage(ref)
	if _, digest, ok := strings.Cut(ref, "@"); ok {
		if imageDigest.MatchString(digest) {
			return nil
		}
		return field.ErrorList{field.Invalid(path, ref, "must have a digest sha256:... of 64 hexadecimal digits")}
	}
	switch {
	case tag == "" || tag == "latest":
		return field.ErrorList{field.Invalid(path, ref, "must name a version by tag or digest; latest is whatever was pushed last")}
	case !imageTag.MatchString(tag) || !imageName.MatchString(name):
		return field.ErrorList{field.Invalid(path, ref, "must be registry/repository:tag")}
	}
	return nil
}

// imageDigest is the digest of an image.
var imageDigest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
