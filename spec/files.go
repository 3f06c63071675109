package spec

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// filePath is an absolute path whose characters need no escape where it becomes a key of a ConfigMap. Its length leaves
// room there for what stands for slashes.
var filePath = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)

// maxFilePath leaves room in 253 characters, the limit of a key, for two in place of each slash and underscore.
const maxFilePath = 120

// validateFiles refuses paths that are not plain and absolute, two sources of one file, and files in files.
func (s *Service) validateFiles(at *field.Path) field.ErrorList {
	var errs field.ErrorList
	all := map[string]bool{}
	for _, file := range slices.Concat(sortedKeys(s.Files), sortedKeys(s.SecretFiles)) {
		all[file] = true
	}
	for _, file := range sortedKeys(s.Files) {
		errs = append(errs, validateFile(at.Child("files", file), file, all)...)
	}
	for _, file := range sortedKeys(s.SecretFiles) {
		at := at.Child("secretFiles", file)
		errs = append(errs, validateFile(at, file, all)...)
		if _, twice := s.Files[file]; twice {
			errs = append(errs, field.Forbidden(at, "files has it too"))
		}
		if !secretKey.MatchString(s.SecretFiles[file]) {
			errs = append(errs, field.Invalid(at, "(not shown)", "must be the name of a secret configuration key, never a value"))
		}
	}
	return errs
}

func validateFile(at *field.Path, file string, all map[string]bool) field.ErrorList {
	switch {
	case len(file) > maxFilePath:
		return field.ErrorList{field.TooLong(at, file, maxFilePath)}
	case !filePath.MatchString(file) || path.Clean(file) != file:
		return field.ErrorList{field.Invalid(at, file,
			"must be the absolute path of a file, of letters, digits, dots, dashes and underscores")}
	case file == "/tmp" || strings.HasPrefix(file, "/tmp/"):
		return field.ErrorList{field.Invalid(at, file, "must not be in /tmp, which every pod has for itself")}
	case strings.HasPrefix(file, "/.."):
		return field.ErrorList{field.Invalid(at, file, "must not start with two dots")}
	}
	for other := range all {
		if strings.HasPrefix(other, file+"/") {
			return field.ErrorList{field.Invalid(at, file, "is the directory of another file")}
		}
	}
	return nil
}
