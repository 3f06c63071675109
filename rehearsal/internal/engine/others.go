//go:build unix

package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// writeOthers makes the stacks that the program refers to: no more than their outputs.
func (r *Run) writeOthers(ctx context.Context, command auto.PulumiCommand, others map[string]map[string]any) error {
	for _, reference := range slices.Sorted(maps.Keys(others)) {
		if err := r.writeOther(ctx, command, reference, others[reference]); err != nil {
			return fmt.Errorf("standing in for stack %s: %w", reference, err)
		}
	}
	return nil
}

func (r *Run) writeOther(
	ctx context.Context, command auto.PulumiCommand, reference string, outputs map[string]any,
) error {
	parts := strings.Split(reference, "/")
	if len(parts) != 3 {
		return fmt.Errorf("the name must be organization/project/stack")
	}
	project, stack := workspace.Project{Name: tokens.PackageName(parts[1])}, parts[2]
	dir := filepath.Join(r.dir.work(), "other-"+parts[1]+"-"+stack)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making its folder: %w", err)
	}
	adjust(&project, r.dir)
	place, err := auto.NewLocalWorkspace(ctx,
		auto.Pulumi(command), auto.Project(project), auto.WorkDir(dir), auto.SecretsProvider("passphrase"))
	if err != nil {
		return err
	}
	if err := place.CreateStack(ctx, stack); err != nil && !auto.IsCreateStack409Error(err) {
		return err
	}
	deployment, err := only(parts[1], stack, outputs)
	if err != nil {
		return err
	}
	return place.ImportStack(ctx, stack, deployment)
}

// only is the state of a stack that has outputs and no resources.
func only(project, stack string, outputs map[string]any) (apitype.UntypedDeployment, error) {
	const stackType = resource.RootStackType
	now := time.Now()
	text, err := json.Marshal(apitype.DeploymentV3{
		Manifest: apitype.ManifestV1{Time: now},
		Resources: []apitype.ResourceV3{{
			URN:  resource.NewURN(tokens.QName(stack), tokens.PackageName(project), "", stackType, project+"-"+stack),
			Type: stackType, Outputs: outputs, Created: &now, Modified: &now,
		}},
	})
	return apitype.UntypedDeployment{Version: 3, Deployment: text}, err
}
