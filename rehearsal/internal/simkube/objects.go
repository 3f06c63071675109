package simkube

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/util/validation"
	kjson "sigs.k8s.io/json"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

const namespaceType = "kubernetes:core/v1:Namespace"

// builtin lists the namespaces that every cluster has.
var builtin = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// problems decodes an object as the API server does, and checks it. What a preview does not know yet is left out, and
// then only the decoding is checked.
func (k kind) problems(in resource.PropertyMap) []string {
	visible, cut := simprovider.Known(simprovider.Reveal(resource.NewProperty(in)))
	object := visible.ObjectValue().Mappable()
	for name := range object {
		if strings.HasPrefix(name, "__") {
			delete(object, name)
		}
	}
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
		out = append(out, k.meta(visible.ObjectValue())...)
	}
	if cut {
		return out
	}
	for _, r := range k.rules {
		out = append(out, r(typed)...)
	}
	return out
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

// meta checks name, namespace, labels and annotations as far as they are known.
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
	for key := range texts(in, "annotations") {
		for _, wrong := range validation.IsQualifiedName(strings.ToLower(key)) {
			out = append(out, fmt.Sprintf("metadata.annotations[%s]: %s", key, wrong))
		}
	}
	slices.Sort(out)
	return out
}

// texts returns a map of the metadata.
func texts(in resource.PropertyMap, key resource.PropertyKey) map[string]string {
	out := map[string]string{}
	if v := metadata(in)[key]; v.IsObject() {
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

// hasNamespace says whether the namespace of an object exists; an object without one needs none.
func (p *provider) hasNamespace(tx *simprovider.Tx, id string) bool {
	namespace, _ := split(id)
	if namespace == "" || slices.Contains(builtin, namespace) {
		return true
	}
	_, ok := tx.Get(simprovider.Record{Type: namespaceType, ID: namespace, Region: p.server}.Key())
	return ok
}

// uid is the same for the same object in every run.
func uid(seed string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%d", seed, n))
	h := hex.EncodeToString(sum[:16])
	return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}
