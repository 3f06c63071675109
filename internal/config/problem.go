package config

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Problem is one reason to refuse a configuration.
type Problem struct {
	// File is the name of the file to change, relative to the project's root.
	File string
	// Path leads to the value: network.cidr, services.chat.port, slipway:<key> for a key that is no section, and ""
	// where the file as a whole is meant.
	Path string
	// Message says what is wrong and, where that is short, what would be right.
	Message string
}

// Error returns the problem as one line.
func (p Problem) Error() string {
	if p.Path == "" {
		return p.File + ": " + p.Message
	}
	return p.File + ": " + p.Path + ": " + p.Message
}

// Problems is everything that is wrong with a configuration. Its order depends on nothing but the input.
type Problems []Problem

// Error returns one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// cover says whether one of p is at path or at a value that path lies in: what is reported of path then only follows
// from the first mistake.
func (p Problems) cover(path string) bool {
	for _, problem := range p {
		if problem.Path == "" {
			continue
		}
		rest, ok := strings.CutPrefix(path, problem.Path)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// problemsOf turns field errors into problems of a file.
func problemsOf(file string, errs field.ErrorList) Problems {
	problems := make(Problems, len(errs))
	for i, err := range errs {
		problems[i] = Problem{File: file, Path: err.Field, Message: err.ErrorBody()}
	}
	return problems
}
