package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// BootstrapSection names the stack that has what all stacks of an account share: the registry and the roles of CI.
const BootstrapSection = "bootstrap"

// Shared is what a stack takes from the bootstrap stack. What the stack's own file says comes first.
type Shared struct {
	// Image is the template of `registry.image`.
	Image string
	// DeployRoleARN and PreviewRoleARN are those of `cluster`.
	DeployRoleARN, PreviewRoleARN string
}

// unread stands for what is in the bootstrap stack, where only files are read.
var unread = Shared{
	Image:          "000000000000.dkr.ecr.eu-west-1.amazonaws.com/bootstrap:{service}_{version}",
	DeployRoleARN:  "arn:aws:iam::000000000000:role/bootstrap-deploy",
	PreviewRoleARN: "arn:aws:iam::000000000000:role/bootstrap-preview",
}

// withShared returns value with what the bootstrap stack has, where the stack names one and says nothing else itself.
func (l *loader) withShared(value func(key string) *yaml.Node) func(key string) *yaml.Node {
	node := value(Namespace + ":" + BootstrapSection)
	if node == nil {
		return value
	}
	var reference string
	at := field.NewPath(BootstrapSection)
	errs := Decode(node, at, &reference)
	if len(errs) == 0 && reference == "" {
		errs = append(errs, field.Required(at, "name a stack, such as organization/slipway-bootstrap/account"))
	}
	if len(errs) > 0 {
		l.problems = append(l.problems, problemsOf(l.source.stackFile(), errs)...)
		return value
	}
	shared, ok := l.readShared(reference)
	if !ok {
		shared = unread // so that nothing is reported as missing besides
	}
	return func(key string) *yaml.Node {
		own := value(key)
		switch key {
		case Namespace + ":registry":
			return over(own, "image", shared.Image)
		case Namespace + ":cluster":
			return over(over(own, "deployRoleArn", shared.DeployRoleARN), "previewRoleArn", shared.PreviewRoleARN)
		}
		return own
	}
}

// readShared asks the bootstrap stack, where there is an engine to ask.
func (l *loader) readShared(reference string) (Shared, bool) {
	if l.source.Bootstrap == nil {
		l.note(fmt.Sprintf("the registry and roles that are not given here come from stack %s, which is not read", reference))
		return Shared{}, false
	}
	shared, err := l.source.Bootstrap(reference)
	if err != nil {
		l.report(l.source.stackFile(), BootstrapSection, err.Error())
	}
	return shared, err == nil
}

// over returns a mapping with a key added, unless it has the key. Nothing is added to what is no mapping, or of an empty
// value.
func over(node *yaml.Node, key, value string) *yaml.Node {
	if value == "" || child(node, key) != nil || node != nil && target(node).Kind != yaml.MappingNode {
		return node
	}
	out := &yaml.Node{Kind: yaml.MappingNode}
	if node != nil {
		*out = *target(node)
	}
	out.Content = append(append([]*yaml.Node{}, out.Content...),
		&yaml.Node{Kind: yaml.ScalarNode, Tag: tagString, Value: key},
		&yaml.Node{Kind: yaml.ScalarNode, Tag: tagString, Value: value})
	return out
}
