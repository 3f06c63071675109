package simaws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// group is the name of the Auto Scaling group that EKS made for the node group.
func group(p *parts) string {
	path, err := resource.ParsePropertyPath("resources[0].autoscalingGroups[0].name")
	if err != nil {
		panic(err)
	}
	v, _ := path.Get(resource.NewProperty(p.nodes.Outputs))
	return v.StringValue()
}

var scalingRefusals = map[string]refused{
	"a policy of a group that does not exist": {scalingPolicyType, "ValidationError: not found - nothing", try(scalingPolicyType, func(*parts) m {
		return m{
			"autoscalingGroupName": "nothing", "policyType": "TargetTrackingScaling", "targetTrackingConfiguration": m{"targetValue": 50},
		}
	})},
	"a policy without a target": {scalingPolicyType, "ValidationError: is required", try(scalingPolicyType, func(p *parts) m {
		return m{"autoscalingGroupName": group(p), "policyType": "TargetTrackingScaling"}
	})},
	"a tag of a group that does not exist": {groupTagType, "ValidationError: not found - nothing", try(groupTagType, func(*parts) m {
		return m{"autoscalingGroupName": "nothing", "tag": m{"key": "a", "value": "b", "propagateAtLaunch": true}}
	})},
	"a notification to a topic that does not exist": {notificationType, "ValidationError: notification target", try(notificationType, func(p *parts) m {
		return m{"groupNames": list{group(p)}, "notifications": list{"autoscaling:EC2_INSTANCE_LAUNCH"}, "topicArn": "arn:aws:sns:x"}
	})},
	"a notification of a group that does not exist": {notificationType, "ValidationError: not found - nothing", func(p *parts) error {
		topic, err := p.Try(topicType, "alerts", m{})
		if err != nil {
			return err
		}
		return try(notificationType, func(*parts) m {
			return m{"groupNames": list{"nothing"}, "notifications": list{"autoscaling:EC2_INSTANCE_LAUNCH"}, "topicArn": arn(topic)}
		})(p)
	}},
	"a subscription to a topic that does not exist": {subscriptionType, "NotFoundException: does not exist", try(subscriptionType, func(*parts) m {
		return m{"topic": "arn:aws:sns:x", "protocol": "email", "endpoint": "me@example.com"}
	})},
	"a repository of a name that is taken": {repositoryType, "RepositoryAlreadyExistsException: 'main'", func(p *parts) error {
		return several(p, 2, repositoryType, func(int) m { return m{"name": "main"} })
	}},
	"a lifecycle of a repository that does not exist": {lifecycleType, "RepositoryNotFoundException: 'main'", try(lifecycleType, func(*parts) m {
		return m{"repository": "main", "policy": lifecycle(1)}
	})},
	"more lifecycle rules than a policy may have": {lifecycleType, "InvalidParameterException: 51 rules", func(p *parts) error {
		if _, err := p.Try(repositoryType, "main", m{"name": "main"}); err != nil {
			return err
		}
		return try(lifecycleType, func(*parts) m { return m{"repository": "main", "policy": lifecycle(51)} })(p)
	}},
}

// lifecycle is a policy of n rules.
func lifecycle(n int) string {
	var rules []string
	for i := range n {
		rules = append(rules, fmt.Sprintf(`{"rulePriority": %d}`, i+1))
	}
	return `{"rules": [` + strings.Join(rules, ",") + `]}`
}

func TestScaling_refuses(t *testing.T) {
	t.Parallel()
	runRefusals(t, platform, scalingRefusals)
}
