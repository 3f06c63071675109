package nodes

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/spec"
)

// alertsType names Alerts in state; changing it replaces every instance.
const alertsType = "slipway:nodes:Alerts"

// AlertsArgs configures Alerts.
type AlertsArgs struct {
	// Alerts says who is told. Required: an address.
	Alerts spec.Alerts
}

// Alerts is a topic that node groups report to, and the addresses that hear of it.
type Alerts struct {
	pulumi.ResourceState

	// TopicARN is the ARN of the topic.
	TopicARN pulumi.StringOutput `pulumi:"topicArn"`
}

// NewAlerts registers an SNS topic and a subscription for each address. AWS sends each a mail with a link, and nothing
// else until it was followed.
func NewAlerts(ctx *pulumi.Context, name string, args *AlertsArgs, opts ...pulumi.ResourceOption) (*Alerts, error) {
	if args == nil {
		args = &AlertsArgs{}
	}
	if err := args.Alerts.Validate(nil).ToAggregate(); err != nil {
		return nil, fmt.Errorf("alerts %q: %w", name, errors.Join(err.Errors()...))
	}
	emails := slices.Sorted(slices.Values(args.Alerts.Emails))
	a := &Alerts{}
	recorded := pulumi.Map{"emails": pulumi.ToStringArray(emails)}
	if err := ctx.RegisterComponentResourceV2(alertsType, name, recorded, a, opts...); err != nil {
		return nil, fmt.Errorf("registering alerts %q: %w", name, err)
	}
	topic, err := sns.NewTopic(ctx, name, &sns.TopicArgs{}, pulumi.Parent(a))
	if err != nil {
		return nil, fmt.Errorf("creating topic %q: %w", name, err)
	}
	for _, email := range emails {
		if _, err := sns.NewTopicSubscription(ctx, name+"-"+email, &sns.TopicSubscriptionArgs{
			Topic: topic.Arn, Protocol: pulumi.String("email"), Endpoint: pulumi.String(email),
		}, pulumi.Parent(a)); err != nil {
			return nil, fmt.Errorf("subscribing %s: %w", email, err)
		}
	}
	a.TopicARN = topic.Arn
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{"topicArn": a.TopicARN})
}
