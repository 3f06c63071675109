//go:build unix

package rehearse

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/slipway-eks/slipway/internal/config"

	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/stackfile"
)

// Subject is the stack to rehearse, as its files describe it.
type Subject struct {
	// Project is the project's settings.
	Project workspace.Project
	// Settings are the stack's.
	Settings stackfile.Settings
	// Secrets are the configuration keys that get random values.
	Secrets []string
	// Account is where the stack's deploy role is.
	Account engine.Account
	// StackOutputs stand in for the stack that is named as slipway:bootstrap.
	StackOutputs map[string]map[string]any
	// Notes say what reading the files did not check.
	Notes []string
}

// Read reads the files of a stack in root, and refuses what a real run would refuse, before anything is started.
func Read(root, stack string, now time.Time) (Subject, error) {
	project, err := workspace.LoadProject(filepath.Join(root, "Pulumi.yaml"))
	if err != nil {
		return Subject{}, fmt.Errorf("reading the project: %w", err)
	}
	settings, err := stackfile.Read(filepath.Join(root, "Pulumi."+stack+".yaml"))
	if err != nil {
		return Subject{}, err
	}
	others := map[string]map[string]any{}
	source := config.Source{Root: root, Project: string(project.Name), Stack: stack}
	source.Bootstrap = func(reference string) (config.Shared, error) {
		others[reference] = bootstrap(stack)
		return shared(stack), nil
	}
	complete, err := source.FromFiles(now)
	if err != nil {
		return Subject{}, fmt.Errorf("checking the stack's files:\n%w", err)
	}
	s := Subject{
		Project: *project, Settings: settings, Notes: complete.Notes,
		Account: account(complete.Platform.Cluster.DeployRoleARN), StackOutputs: others,
	}
	for reference := range others {
		s.Notes = append(s.Notes, "the registry and the roles that the stack does not name are stand-ins for those of "+reference)
	}
	for _, secret := range complete.Secrets {
		s.Secrets = append(s.Secrets, config.Namespace+":"+secret.Key)
	}
	return s, nil
}

// shared is what the stand-in for the bootstrap stack has for a stack.
func shared(stack string) config.Shared {
	const role = "arn:aws:iam::123456789012:role/slipway-"
	return config.Shared{
		Image:          "123456789012.dkr.ecr.eu-west-1.amazonaws.com/main:{service}_{version}",
		DeployRoleARN:  role + "deploy-" + stack,
		PreviewRoleARN: role + "preview",
	}
}

// bootstrap are the outputs of the stand-in.
func bootstrap(stack string) map[string]any {
	s := shared(stack)
	return map[string]any{
		"image": s.Image, "deployRoleArns": map[string]any{stack: s.DeployRoleARN}, "previewRoleArn": s.PreviewRoleARN,
	}
}

// account returns the account of an IAM role, in which the role is who deploys.
func account(role string) engine.Account {
	// arn:aws:iam::123456789012:role/deploy
	parts := strings.Split(role, ":")
	if len(parts) != 6 {
		return engine.Account{}
	}
	return engine.Account{ID: parts[4], Caller: role}
}
