package spec

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// envName is what a shell and every language can read.
var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// secretKey is a configuration key of Pulumi without its namespace.
var secretKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

func (s *Service) validateEnv(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range sortedKeys(s.Env) {
		errs = append(errs, s.validateEnvName(path.Child("env", name), name)...)
	}
	for _, name := range sortedKeys(s.SecretEnv) {
		at := path.Child("secretEnv", name)
		errs = append(errs, s.validateEnvName(at, name)...)
		if _, twice := s.Env[name]; twice {
			errs = append(errs, field.Forbidden(at, "env sets it too"))
		}
		if key := s.SecretEnv[name]; !secretKey.MatchString(key) {
			// The value is not repeated: a secret pasted here by mistake must not reach a log.
			errs = append(errs, field.Invalid(at, "(not shown)", "must be the name of a secret configuration key, never a value"))
		}
	}
	return errs
}

// validateEnvName also refuses what the Spring preset sets itself.
func (s *Service) validateEnvName(at *field.Path, name string) field.ErrorList {
	var errs field.ErrorList
	if !envName.MatchString(name) {
		errs = append(errs, field.Invalid(at, name, "must be letters, digits and underscores, not starting with a digit"))
	}
	if s.Health.Spring != nil && strings.HasPrefix(name, "MANAGEMENT_") {
		errs = append(errs, field.Forbidden(at, "health: spring sets the MANAGEMENT_ variables"))
	}
	return errs
}
