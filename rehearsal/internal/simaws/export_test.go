package simaws

import (
	"reflect"
	"slices"
	"strings"
)

// Refusals lists, for every rule of the tables, the type and AWS's error code: "aws:ec2/vpc:Vpc VpcLimitExceeded".
func Refusals() []string {
	var out []string
	for token, k := range table() {
		add := func(code string) { out = append(out, token+" "+code) }
		for _, r := range k.rules {
			add(r.code)
		}
		for _, r := range k.refs {
			if r.missing != "" {
				add(refusal(r.missing, "", "").code)
			}
			if r.holds != "" {
				out = append(out, r.to+" "+refusal(r.holds, "", "").code+" "+token)
			}
		}
		if k.exists != "" {
			add(refusal(k.exists, "", "").code)
		}
	}
	slices.Sort(out)
	return out
}

// Limits lists, for every limit, the type and the property.
func Limits() []string {
	var out []string
	for token, k := range table() {
		for _, l := range k.limits {
			out = append(out, token+" "+l.path)
		}
	}
	slices.Sort(out)
	return out
}

// Unsourced lists rules, references and limits that do not name the document that states them.
func Unsourced() []string {
	var out []string
	for token, k := range table() {
		for _, r := range k.rules {
			if r.source == "" {
				out = append(out, token+" "+r.code)
			}
		}
		for _, r := range k.refs {
			if r.source == "" {
				out = append(out, token+" "+r.path)
			}
		}
		for _, l := range k.limits {
			if l.source == "" {
				out = append(out, token+" "+l.path)
			}
		}
	}
	return out
}

// Misnamed lists the property paths of the tables that the SDK does not have.
func Misnamed() []string {
	var out []string
	for token, k := range table() {
		inputs, outputs := plainArgs(k.args), reflect.TypeOf(k.state)
		check := func(what string, t reflect.Type, paths ...string) {
			for _, p := range paths {
				if !resolves(t, strings.Split(p, ".")) {
					out = append(out, token+" "+what+" "+p)
				}
			}
		}
		check("models", inputs, words(k.models)...)
		check("required", inputs, words(k.required)...)
		check("forceNew", inputs, words(k.forceNew+" "+k.forceNewIfRemoved)...)
		check("sets", inputs, words(k.sets+" "+k.documents)...)
		check("volatile", outputs, words(k.volatile)...)
		for name := range k.defaults {
			check("defaults", inputs, name)
		}
		for name := range k.fills {
			check("fills", outputs, name)
		}
		for name := range k.computed {
			check("computed", outputs, name)
		}
		for path := range k.normal {
			check("normal", inputs, path)
		}
		for _, r := range k.refs {
			check("refs", inputs, r.path)
		}
		for _, l := range k.limits {
			check("limits", inputs, l.path)
		}
		if k.name.Property != "" {
			check("name", inputs, string(k.name.Property))
		}
	}
	return out
}

// resolves says whether a path leads somewhere in a struct of the SDK.
func resolves(t reflect.Type, path []string) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if len(path) == 0 {
		return true
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	next, ok := fields(t)[path[0]]
	return ok && resolves(next, path[1:])
}

// Whole lists modelled paths that end at an object instead of at what is in it.
func Whole() []string {
	var out []string
	for token, k := range table() {
		for _, p := range words(k.models) {
			t := plainArgs(k.args)
			for step := range strings.SplitSeq(p, ".") {
				for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
					t = t.Elem()
				}
				t = fields(t)[step]
			}
			for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
				t = t.Elem()
			}
			if t.Kind() == reflect.Struct {
				out = append(out, token+" "+p)
			}
		}
	}
	return out
}

// Outputs lists the outputs that the SDK declares for a type.
func Outputs(token string) []string {
	var out []string
	for name := range fields(reflect.TypeOf(table()[token].state)) {
		out = append(out, name)
	}
	return out
}
