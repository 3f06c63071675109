// Package rules judges a platform as a whole: what each part allows by itself and the parts together do not.
//
// Each rule writes its sum out, so that a refusal says what would have to change. The configuration check and the
// program call the same Check; rules about one part are that part's own, in package spec.
package rules
