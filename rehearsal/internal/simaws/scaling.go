package simaws

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

const (
	scalingPolicyType = "aws:autoscaling/policy:Policy"
	notificationType  = "aws:autoscaling/notification:Notification"
	groupTagType      = "aws:autoscaling/tag:Tag"
	topicType         = "aws:sns/topic:Topic"
	subscriptionType  = "aws:sns/topicSubscription:TopicSubscription"
	scalingAPI        = "Auto Scaling API reference"
	snsAPI            = "SNS API reference"
)

// The Auto Scaling groups of the account are those that EKS makes for node groups.
var scalingKinds = []kind{
	{
		token: scalingPolicyType, args: autoscaling.PolicyArgs{}, state: autoscaling.Policy{},
		models: "autoscalingGroupName enabled estimatedInstanceWarmup name policyType " +
			"targetTrackingConfiguration.disableScaleIn targetTrackingConfiguration.targetValue " +
			"targetTrackingConfiguration.predefinedMetricSpecification.predefinedMetricType",
		forceNew: "autoscalingGroupName name", name: simprovider.AutoName{Property: "name", Hex: 7, Max: 255},
		defaults: map[string]any{"enabled": true, "policyType": "SimpleScaling"},
		limits: []limit{
			{"policyType", scalingAPI + ", PutScalingPolicy", oneOf("TargetTrackingScaling")},
			{
				"targetTrackingConfiguration.predefinedMetricSpecification.predefinedMetricType",
				scalingAPI + ", PredefinedMetricSpecification",
				oneOf("ASGAverageCPUUtilization ASGAverageNetworkIn ASGAverageNetworkOut"),
			},
		},
		id:       "{name}",
		computed: map[string]string{"arn": "arn:{partition}:autoscaling:{region}:{account}:scalingPolicy:{hex8}:policyName/{name}"},
		rules: []rule{
			{onWrite, "ValidationError", scalingAPI + ", PutScalingPolicy", groupIsThere},
			{onWrite, "ValidationError", scalingAPI + ", PutScalingPolicy", targetIsGiven},
		},
	},
	{
		token: notificationType, args: autoscaling.NotificationArgs{}, state: autoscaling.Notification{},
		models: "groupNames notifications topicArn", required: "groupNames notifications", forceNew: "topicArn",
		sets: "groupNames notifications",
		limits: []limit{{"notifications", scalingAPI + ", NotificationConfiguration", oneOf(
			"autoscaling:EC2_INSTANCE_LAUNCH autoscaling:EC2_INSTANCE_LAUNCH_ERROR autoscaling:EC2_INSTANCE_TERMINATE " +
				"autoscaling:EC2_INSTANCE_TERMINATE_ERROR autoscaling:TEST_NOTIFICATION")}},
		id: "{topicArn}",
		refs: []ref{{
			path: "topicArn", to: topicType, by: "arn", source: scalingAPI + ", PutNotificationConfiguration",
			missing: "ValidationError: Unable to publish test message to notification target %s.",
		}},
		rules: []rule{{onWrite, "ValidationError", scalingAPI + ", PutNotificationConfiguration", groupIsThere}},
	},
	{
		token: groupTagType, args: autoscaling.TagArgs{}, state: autoscaling.Tag{},
		models:   "autoscalingGroupName tag.key tag.propagateAtLaunch tag.value",
		forceNew: "autoscalingGroupName tag.key", id: "{autoscalingGroupName},{tag.key}",
		rules: []rule{{onWrite, "ValidationError", scalingAPI + ", CreateOrUpdateTags", groupIsThere}},
	},
	{
		token: topicType, args: sns.TopicArgs{}, state: sns.Topic{},
		models: "displayName kmsMasterKeyId name policy tags", forceNew: "name", documents: "policy",
		name: simprovider.AutoName{Property: "name", Hex: 7, Max: 256},
		limits: []limit{
			{"name", snsAPI + ", CreateTopic", shaped(`^[A-Za-z0-9_-]{1,256}$`, "is no name of a topic")},
		},
		id: "arn:{partition}:sns:{region}:{account}:{name}",
		computed: map[string]string{
			"arn": "arn:{partition}:sns:{region}:{account}:{name}", "owner": "{account}",
		},
		derive: func(c *call) {
			c.fill("policy", compact(fmt.Sprintf(`{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":`+
				`"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":"SNS:Publish","Resource":"%s",`+
				`"Condition":{"StringEquals":{"AWS:SourceOwner":"%s"}}}]}`, c.id, c.options.AccountID)))
		},
	},
	{
		token: subscriptionType, args: sns.TopicSubscriptionArgs{}, state: sns.TopicSubscription{},
		models: "endpoint protocol topic", forceNew: "endpoint protocol topic",
		limits: []limit{{"protocol", snsAPI + ", Subscribe", oneOf("email email-json https sqs lambda sms")}},
		id:     "{topic}:{hex32}",
		computed: map[string]string{
			"arn": "{topic}:{hex32}", "ownerId": "{account}",
		},
		derive: func(c *call) {
			// A person has to follow the link in the mail first.
			c.set("pendingConfirmation", c.in.str("protocol") == "email")
		},
		refs: []ref{{
			path: "topic", to: topicType, by: "arn", source: snsAPI + ", Subscribe",
			missing: "NotFoundException: Topic does not exist: %s",
		}},
	},
}

// groupIsThere refuses what is about an Auto Scaling group that no node group has.
func groupIsThere(c *call) string {
	names := append(c.in.strs("groupNames"), c.in.strs("autoscalingGroupName")...)
	for _, name := range names {
		known := slices.ContainsFunc(c.others(nodeGroupType), func(t thing) bool {
			return slices.Contains(t.strs("resources.autoscalingGroups.name"), name)
		})
		if !known {
			return "AutoScalingGroup name not found - " + name
		}
	}
	return ""
}

// targetIsGiven refuses a target tracking policy without its target.
func targetIsGiven(c *call) string {
	if c.in.has("targetTrackingConfiguration.targetValue") {
		return ""
	}
	return "TargetTrackingConfiguration is required for TargetTrackingScaling"
}
