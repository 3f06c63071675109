package kubeprovider

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

// managerKey is where Pulumi's provider keeps in the state who owns the fields of an object.
const managerKey = resource.PropertyKey("__fieldManager")

// manager returns the field manager of a resource. Each has one of its own, so that two resources that want the same
// object otherwise are in conflict. Pulumi's provider draws it by lot; here it is that of the URN, so that an object that
// did not become ready belongs to the next attempt.
func manager(r simprovider.Request) string {
	if v := simprovider.Bare(r.State[managerKey]); v.IsString() {
		return v.StringValue()
	}
	return "pulumi-kubernetes-" + digest(r.URN)
}

// digest makes a short name that is the same for the same seed. It begins with a letter, as every name may.
func digest(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return "s" + hex.EncodeToString(sum[:4])
}

// apply writes an object, or asks in a dry run what would come of that.
func (p *provider) apply(r simprovider.Request, k kind, dry bool) (*unstructured.Unstructured, error) {
	namespace, name := split(k.id(r.Inputs))
	if r.ID != "" {
		// An apply would make the object anew, and hide that it was lost.
		if _, err := k.in(p.client, namespace).Get(p.life(), name, metav1.GetOptions{}); err != nil {
			return nil, err
		}
	}
	return p.send(r, k, name, dry)
}

// send applies an object under a name.
func (p *provider) send(r simprovider.Request, k kind, name string, dry bool) (*unstructured.Unstructured, error) {
	object := plain(r.Inputs)
	if meta, ok := object["metadata"].(map[string]any); ok {
		meta["name"] = name
	}
	data, err := json.Marshal(object)
	if err != nil {
		return nil, errors.New("the object is not JSON")
	}
	// The preview of a creation may concern an object that the update deletes first. Pulumi's provider forces it too.
	force := texts(r.Inputs, "annotations")[patchForce] == "true" || (dry && r.ID == "")
	options := metav1.PatchOptions{
		FieldManager: manager(r), Force: &force, FieldValidation: metav1.FieldValidationStrict,
	}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	namespace, _ := split(k.id(r.Inputs))
	live, err := k.in(p.client, namespace).Patch(p.about(p.life(), r), name, types.ApplyPatchType, data, options)
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("somebody else has set fields of the object to other values: %w", err)
	}
	return live, err
}

// foresee asks the server in a preview whether it would accept an object, and returns what would come of it, or nil if
// that cannot be said yet.
func (p *provider) foresee(r simprovider.Request, k kind) (*unstructured.Unstructured, error) {
	if p.client == nil || r.Inputs.ContainsUnknowns() {
		return nil, nil //nolint:nilnil // nothing is known and nothing is wrong
	}
	live, err := p.apply(r, k, true)
	if apierrors.IsInvalid(err) && r.ID == "" && strings.Contains(err.Error(), apivalidation.FieldImmutableErrorMsg) {
		// The object that this one replaces still has the name. Pulumi's provider asks with another name too.
		live, err = p.send(r, k, digest(r.URN), true)
	}
	if err == nil || k.tooEarly(err) {
		return live, nil
	}
	return nil, scrub(err, p.Conceal(r.Type, r.Inputs))
}

// tooEarly says whether a dry run failed for what the update itself will mend: the namespace, or what else the object
// needs, is not there yet, the server does not answer or know us yet, or who previews may not write. Pulumi's provider
// passes that over too. It passes over what admission forbids as well, which is worth knowing and so reported here.
func (k kind) tooEarly(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return true
	}
	s := status.Status()
	switch s.Reason {
	case metav1.StatusReasonNotFound:
		return s.Details != nil && s.Details.Kind != k.resource
	case metav1.StatusReasonUnauthorized: // the access entry is among what the update makes
		return true
	case metav1.StatusReasonForbidden:
		return strings.Contains(s.Message, " cannot patch resource ") || strings.Contains(s.Message, " cannot create resource ")
	default:
		return false
	}
}

// shortest is the length of a text below which it is no secret worth the name, and part of any message.
const shortest = 4

// scrub takes the secrets out of an error: the server may quote the value that it refuses.
func scrub(err error, inputs resource.PropertyMap) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, secret := range secrets(inputs) {
		if len(secret) >= shortest {
			text = strings.ReplaceAll(text, secret, "[secret]")
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
