package ptest

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// stackReferenceType is what the engine reads the outputs of another stack by.
const stackReferenceType = "pulumi:pulumi:StackReference"

// WithStackOutputs lets programs refer to a stack, by its full name, which exports the outputs.
func WithStackOutputs(stack string, outputs resource.PropertyMap) Option {
	return func(s *settings) {
		if s.stackOutputs == nil {
			s.stackOutputs = map[string]resource.PropertyMap{}
		}
		s.stackOutputs[stack] = outputs
	}
}

// readStack answers a reference to another stack. In a preview, too: what that stack exports is known before.
func (r *recorder) readStack(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	outputs, ok := r.stackOutputs[args.ID]
	if !ok {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.problems = append(r.problems, "no outputs of the stack "+args.ID)
		return "", nil, fmt.Errorf("ptest: no outputs of the stack %s", args.ID)
	}
	return args.ID, resource.PropertyMap{
		"name": resource.NewProperty(args.ID), "outputs": resource.NewProperty(outputs),
	}, nil
}
