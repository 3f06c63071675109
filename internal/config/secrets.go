package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/slipway-eks/slipway/spec"
)

// loadSecrets lists the keys that services name, but none that was refused: it may be a secret itself.
func (l *loader) loadSecrets(p *spec.Platform) {
	needed := p.SecretKeys()
	for _, key := range slices.Sorted(maps.Keys(needed)) {
		if slices.ContainsFunc(needed[key], l.problems.cover) {
			continue
		}
		l.config.Secrets = append(l.config.Secrets, Secret{
			Key: key, NeededBy: needed[key],
			Command: fmt.Sprintf("pulumi config set --secret %s --stack %s", l.source.short(key), l.source.Stack),
		})
	}
}

// short is how a key is named on the command line: Pulumi takes one without a namespace for the project's own.
func (s Source) short(key string) string {
	if s.Project == Namespace {
		return key
	}
	return Namespace + ":" + key
}

// validateSecretKeys refuses a section's name as the name of a secret.
func validateSecretKeys(p *spec.Platform) field.ErrorList {
	var errs field.ErrorList
	needed := p.SecretKeys()
	for _, key := range slices.Sorted(maps.Keys(needed)) {
		if _, section := sections()[key]; !section {
			continue
		}
		for _, path := range needed[key] {
			errs = append(errs, field.Invalid(field.NewPath(path), key, "is a section of the configuration, not a secret key"))
		}
	}
	return errs
}

// checkKeys refuses keys of the stack's file that are neither sections nor secrets, and secrets in clear.
func (l *loader) checkKeys(s stack) {
	names := slices.Sorted(maps.Keys(sections()))
	for _, secret := range l.config.Secrets {
		names = append(names, secret.Key)
	}
	for _, key := range s.keys {
		name, ours := strings.CutPrefix(key, Namespace+":")
		_, section := sectionOf(key)
		switch {
		case section || !ours && strings.Contains(key, ":"):
		case !ours:
			l.report(l.source.stackFile(), key, fmt.Sprintf("Forbidden: has no namespace; write %s:%s", Namespace, key))
		case !l.checkSecret(name, s.value(key)) && !l.noCatalog:
			err := unknownKey(field.NewPath(key), name, names)
			l.report(l.source.stackFile(), key, err.ErrorBody())
		}
	}
}

// checkSecret refuses a secret that is not encrypted, without printing it. It is false for a key that is no secret.
func (l *loader) checkSecret(key string, value *yaml.Node) bool {
	i := slices.IndexFunc(l.config.Secrets, func(s Secret) bool { return s.Key == key })
	if i < 0 {
		return false
	}
	secret := &l.config.Secrets[i]
	secret.InFile = true
	if !encrypted(value) {
		l.report(l.source.stackFile(), Namespace+":"+key,
			"Forbidden: is in clear text; take it as known to others, and set a new one: "+secret.Command)
	}
	return true
}

// encrypted says whether a value has the form that Pulumi gives to secrets: {secure: ciphertext}.
func encrypted(n *yaml.Node) bool {
	n = target(n)
	if n.Kind != yaml.MappingNode || len(n.Content) != 2 || n.Content[0].Value != "secure" {
		return false
	}
	cipher := target(n.Content[1])
	return cipher.ShortTag() == tagString && cipher.Value != ""
}

// checkSecretsSet refuses secrets that the engine has no value for.
func (l *loader) checkSecretsSet(lookup func(key string) (string, bool)) {
	for _, secret := range l.config.Secrets {
		if value, ok := lookup(Namespace + ":" + secret.Key); !ok || value == "" {
			l.report(l.source.stackFile(), Namespace+":"+secret.Key, fmt.Sprintf(
				"Required value: %s needs it; set it: %s", strings.Join(secret.NeededBy, " and "), secret.Command))
		}
	}
}
