// Package program is the Pulumi program of what all stacks of an account share: the registry of images, the roles of
// the CI and, where it is wanted, the bucket with the key for Pulumi's state. A person applies it once an account;
// the stacks read its outputs, and destroying one of them never touches it.
//
// Everything in it is protected: to destroy it, set slipway-bootstrap:unprotected and deploy that first.
package program
