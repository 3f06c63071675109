// Package iampolicy writes IAM policy documents from typed values, so that nothing is quoted or escaped by hand.
package iampolicy

import (
	"encoding/json"
	"fmt"
	"strings"
)

// version is the policy language's; the only one that has all its elements (IAM user guide, Version).
const version = "2012-10-17"

// Document is an IAM policy.
type Document struct {
	// Version of the policy language.
	Version string `json:"Version"`
	// Statement is what the policy says.
	Statement []Statement `json:"Statement"`
}

// Statement is one permission, or, in a trust policy, who may assume the role.
type Statement struct {
	// Sid names the statement. Optional.
	Sid string `json:"Sid,omitempty"`
	// Effect is Allow or Deny.
	Effect string `json:"Effect"`
	// Principal is who, in a trust policy: by kind, such as Service.
	Principal map[string]string `json:"Principal,omitempty"`
	// Action is what may be done.
	Action []string `json:"Action"`
	// Resource is on what, as ARNs. Absent from a trust policy.
	Resource []string `json:"Resource,omitempty"`
	// Condition narrows the statement: operator, key, value.
	Condition map[string]map[string]string `json:"Condition,omitempty"`
}

// New returns a document of the statements.
func New(statements ...Statement) Document {
	return Document{Version: version, Statement: statements}
}

// ServiceTrust lets AWS services assume a role, such as ec2.amazonaws.com.
func ServiceTrust(service string, actions ...string) Document {
	if len(actions) == 0 {
		actions = []string{"sts:AssumeRole"}
	}
	return New(Statement{Effect: "Allow", Principal: map[string]string{"Service": service}, Action: actions})
}

// WebIdentityTrust lets one Kubernetes service account assume a role. Both the subject and the audience are compared
// for equality: a trust policy that names only the audience lets in either everyone or no one.
func WebIdentityTrust(providerARN, issuer, namespace, serviceAccount string) Document {
	host := strings.TrimPrefix(issuer, "https://")
	return New(Statement{
		Effect:    "Allow",
		Principal: map[string]string{"Federated": providerARN},
		Action:    []string{"sts:AssumeRoleWithWebIdentity"},
		Condition: map[string]map[string]string{"StringEquals": {
			host + ":sub": "system:serviceaccount:" + namespace + ":" + serviceAccount,
			host + ":aud": "sts.amazonaws.com",
		}},
	})
}

// JSON returns the document's text.
func (d Document) JSON() (string, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("writing IAM policy: %w", err)
	}
	return string(text), nil
}

// Must returns the document's text, for documents made of constants alone.
func (d Document) Must() string {
	text, err := d.JSON()
	if err != nil {
		panic(err) // strings always marshal
	}
	return text
}

// Partition returns the AWS partition that an ARN is in, such as aws or aws-cn.
func Partition(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 || parts[0] != "arn" {
		return ""
	}
	return parts[1]
}

// ManagedPolicyARN returns the ARN of an AWS managed policy in a partition.
func ManagedPolicyARN(partition, name string) string {
	return "arn:" + partition + ":iam::aws:policy/" + name
}
