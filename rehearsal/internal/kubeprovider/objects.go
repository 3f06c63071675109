package kubeprovider

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// Annotations of Pulumi's provider that the rehearsal follows.
const (
	// autonamed marks a name that the provider chose.
	autonamed = "pulumi.com/autonamed"
	// skipAwait is "true" for an object that is not waited for.
	skipAwait = "pulumi.com/skipAwait"
	// timeoutSeconds says how long an object may take.
	timeoutSeconds = "pulumi.com/timeoutSeconds"
	// patchForce is "true" for an object that takes fields from who has them.
	patchForce = "pulumi.com/patchForce"
)

// annotationGroup begins the names of all annotations of Pulumi's provider.
const annotationGroup = "pulumi.com/"

// problems decodes an object as the API server does, and checks it. What a preview does not know yet is left out.
func (k kind) problems(in resource.PropertyMap) []string {
	visible, cut := simprovider.Known(simprovider.Reveal(resource.NewProperty(in)))
	object := plain(visible.ObjectValue())
	data, err := json.Marshal(object)
	if err != nil {
		return []string{"the object is not JSON"}
	}
	typed := k.object()
	strict, err := kjson.UnmarshalStrict(data, typed)
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, e := range strict {
		out = append(out, e.Error())
	}
	if !k.chart {
		out = append(out, k.header(object)...)
		return append(out, k.meta(visible.ObjectValue())...)
	}
	if !cut {
		out = append(out, releaseNamed(typed)...)
	}
	return out
}

// plain returns an object as JSON has it, without the engine's own keys.
func plain(in resource.PropertyMap) map[string]any {
	object := simprovider.RevealMap(in).Mappable()
	for name := range object {
		if strings.HasPrefix(name, "__") {
			delete(object, name)
		}
	}
	return object
}

// header checks that apiVersion and kind are those of the type token.
func (k kind) header(object map[string]any) []string {
	version, name := k.version()
	var out []string
	if got := object["apiVersion"]; got != version {
		out = append(out, fmt.Sprintf("apiVersion: %v, want %s", got, version))
	}
	if got := object["kind"]; got != name {
		out = append(out, fmt.Sprintf("kind: %v, want %s", got, name))
	}
	return out
}

// meta checks name, namespace, labels and annotations as far as they are known. The server does so too, but a first
// preview has none.
func (k kind) meta(in resource.PropertyMap) []string {
	var out []string
	if name := word(in, "name"); name != "" {
		for _, wrong := range k.named(name) {
			out = append(out, fmt.Sprintf("metadata.name: %q: %s", name, wrong))
		}
	}
	if metadata(in)["generateName"].HasValue() {
		out = append(out, "metadata.generateName: is not known to the rehearsal, leave the name out instead")
	}
	namespace := word(in, "namespace")
	if k.clusterWide && namespace != "" {
		out = append(out, "metadata.namespace: objects of this kind have none")
	}
	if namespace != "" {
		for _, wrong := range label(namespace) {
			out = append(out, fmt.Sprintf("metadata.namespace: %q: %s", namespace, wrong))
		}
	}
	for key, value := range texts(in, "labels") {
		for _, wrong := range append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...) {
			out = append(out, fmt.Sprintf("metadata.labels[%s]: %s", key, wrong))
		}
	}
	for key, value := range texts(in, "annotations") {
		for _, wrong := range annotation(key, value) {
			out = append(out, fmt.Sprintf("metadata.annotations[%s]: %s", key, wrong))
		}
	}
	slices.Sort(out)
	return out
}

// annotation checks a name, and refuses what asks Pulumi's provider for something that the rehearsal would not do.
func annotation(key, value string) []string {
	switch key {
	case autonamed, skipAwait, patchForce:
		return nil
	case timeoutSeconds:
		if n, err := strconv.Atoi(value); err != nil || n <= 0 {
			return []string{"must be a number of seconds above 0"}
		}
		return nil
	}
	if strings.HasPrefix(key, annotationGroup) {
		return []string{"is not known to the rehearsal"}
	}
	return validation.IsQualifiedName(strings.ToLower(key))
}

// metadata returns an object's metadata, or an empty map.
func metadata(m resource.PropertyMap) resource.PropertyMap {
	if v := simprovider.Bare(m["metadata"]); v.IsObject() {
		return v.ObjectValue()
	}
	return resource.PropertyMap{}
}

// word returns a text of the metadata.
func word(m resource.PropertyMap, key resource.PropertyKey) string {
	if v := simprovider.Reveal(metadata(m)[key]); v.IsString() {
		return v.StringValue()
	}
	return ""
}

// texts returns a map of the metadata.
func texts(in resource.PropertyMap, key resource.PropertyKey) map[string]string {
	out := map[string]string{}
	if v := simprovider.Reveal(metadata(in)[key]); v.IsObject() {
		for k, e := range v.ObjectValue() {
			if e.IsString() {
				out[string(k)] = e.StringValue()
			}
		}
	}
	return out
}

// Checks of names, by kind (Kubernetes, "Object Names and IDs").
func subdomain(name string) []string { return apivalidation.NameIsDNSSubdomain(name, false) }

func label(name string) []string { return apivalidation.NameIsDNSLabel(name, false) }

func serviceName(name string) []string { return apivalidation.NameIsDNS1035Label(name, false) }

func segment(name string) []string { return path.IsValidPathSegmentName(name) }

// cronName leaves room for what the controller appends to the names of its Jobs.
func cronName(name string) []string {
	if len(name) > 52 {
		return []string{"must be no more than 52 characters"}
	}
	return subdomain(name)
}

func priorityName(name string) []string {
	if strings.HasPrefix(name, "system-") {
		return []string{"the prefix system- is reserved"}
	}
	return subdomain(name)
}

// id is namespace/name, or the name alone for what has no namespace.
func (k kind) id(in resource.PropertyMap) string {
	if k.chart {
		return text(in, "namespace") + "/" + text(in, "name")
	}
	name := word(in, "name")
	if k.clusterWide {
		return name
	}
	if namespace := word(in, "namespace"); namespace != "" {
		return namespace + "/" + name
	}
	return "default/" + name
}

func split(id string) (namespace, name string) {
	if before, after, ok := strings.Cut(id, "/"); ok {
		return before, after
	}
	return "", id
}

// secrets returns the texts that are marked secret anywhere in the inputs.
func secrets(in resource.PropertyMap) []string {
	found := map[string]bool{}
	var walk func(v resource.PropertyValue, secret bool)
	walk = func(v resource.PropertyValue, secret bool) {
		bare := simprovider.Bare(v)
		secret = secret || v.IsSecret() || (v.IsOutput() && v.OutputValue().Secret)
		switch {
		case bare.IsObject():
			for _, e := range bare.ObjectValue() {
				walk(e, secret)
			}
		case bare.IsArray():
			for _, e := range bare.ArrayValue() {
				walk(e, secret)
			}
		case secret && bare.IsString() && bare.StringValue() != "":
			found[bare.StringValue()] = true
		}
	}
	walk(resource.NewProperty(in), false)
	return slices.Sorted(maps.Keys(found))
}
