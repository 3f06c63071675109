package addons

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/spec"
)

// The service account of CloudWatch's agents, and the AWS managed policy that they need (CloudWatch user guide,
// install the CloudWatch Observability EKS add-on).
const (
	logsNamespace = "amazon-cloudwatch"
	logsAccount   = "cloudwatch-agent"
	logsPolicy    = "CloudWatchAgentServerPolicy"
)

// podLogs is the log group of what pods write; logKinds are all groups that the agents write to, below
// /aws/containerinsights and the cluster's name.
const podLogs = "application"

var logKinds = []string{podLogs, "dataplane", "host", "performance"}

// logSettings are the add-on's settings, by the names of its configuration schema. By itself it also measures the
// calls between services, for which it restarts pods and puts an agent into each: that slows their start and costs
// money, and nobody asked for it.
func logSettings() map[string]any {
	type object = map[string]any
	return object{
		"containerLogs": object{"enabled": true},
		"agent": object{"config": object{"logs": object{"metrics_collected": object{
			"kubernetes": object{"enhanced_container_insights": true},
		}}}},
		"manager": object{"applicationSignals": object{"autoMonitor": object{"monitorAllServices": false}}},
	}
}

// newLogs registers the record of what all pods write. Its groups come first: those that the agents make keep logs for
// ever and stay when the cluster goes.
func (b *builder) newLogs() error {
	if b.args.Addons.Logs.Off {
		return nil
	}
	groups, err := b.newLogGroups()
	if err != nil {
		return err
	}
	role, err := b.newRole(logsRole, identity.ServiceAccountRoleArgs{
		Description:       "Lets the CloudWatch agents of an EKS cluster write logs and metrics",
		Namespace:         logsNamespace,
		ServiceAccount:    logsAccount,
		ManagedPolicyARNs: []string{identity.ManagedPolicyARN(b.args.Partition, logsPolicy)},
	})
	if err != nil {
		return fmt.Errorf("creating role of the CloudWatch agents: %w", err)
	}
	_, err = b.newAddon(addon{
		name: spec.AddonObservability, settings: pulumi.JSONMarshal(logSettings()), role: role, after: groups,
	})
	return err
}

func (b *builder) newLogGroups() ([]pulumi.Resource, error) {
	var groups []pulumi.Resource
	for _, kind := range logKinds {
		group, err := cloudwatch.NewLogGroup(b.ctx, b.name+"-"+kind, &cloudwatch.LogGroupArgs{
			Name:            pulumi.Sprintf("/aws/containerinsights/%s/%s", b.args.ClusterName, kind),
			RetentionInDays: pulumi.Int(b.args.Addons.Logs.RetentionDays),
		}, b.parent)
		if err != nil {
			return nil, fmt.Errorf("creating log group %s: %w", kind, err)
		}
		if kind == podLogs {
			b.logGroup = group.Name
		}
		groups = append(groups, group)
	}
	return groups, nil
}
