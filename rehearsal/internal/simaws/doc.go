// Package simaws is a simulated AWS account, kept as data.
//
// Each resource type is one row of a table: the properties that are modelled, which of them force a new resource,
// what they refer to, what AWS fills in, and the rules that AWS enforces, each with the document that states it.
// The kinds of the properties come from the Go SDK's own argument types. There is one file of rows for a service.
//
// What the account does not know, it refuses by name: a type, a property, a nested property, a function or a
// setting of the provider. A program that passes has used nothing that was not looked at.
package simaws
