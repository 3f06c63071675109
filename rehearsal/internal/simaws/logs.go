package simaws

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/slipway-eks/slipway/rehearsal/internal/simprovider"
)

const (
	logGroupType = "aws:cloudwatch/logGroup:LogGroup"
	flowLogType  = "aws:ec2/flowLog:FlowLog"
	logsAPI      = "CloudWatch Logs API reference"
	flowGuide    = "VPC user guide, flow logs"
)

// flowFormat is the default format of a flow log.
const flowFormat = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} " +
	"${packets} ${bytes} ${start} ${end} ${action} ${log-status}"

// retention lists the days that CloudWatch Logs accepts; 0 keeps the events for ever.
var retention = among(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
	3288, 3653)

var logsKinds = []kind{
	{
		token: logGroupType, args: cloudwatch.LogGroupArgs{}, state: cloudwatch.LogGroup{},
		models:   "kmsKeyId logGroupClass name retentionInDays skipDestroy tags",
		forceNew: "logGroupClass name", keepIf: "skipDestroy",
		name:     simprovider.AutoName{Property: "name", Hex: 7, Max: 512},
		defaults: map[string]any{"retentionInDays": 0, "skipDestroy": false},
		fills:    map[string]any{"logGroupClass": "STANDARD"},
		limits: []limit{
			{"name", logsAPI + ", CreateLogGroup", shaped(`^[.\-_/#A-Za-z0-9]{1,512}$`, "is no name of a log group")},
			{"retentionInDays", logsAPI + ", PutRetentionPolicy", retention},
			{"logGroupClass", logsAPI + ", CreateLogGroup", oneOf("STANDARD INFREQUENT_ACCESS DELIVERY")},
		},
		id:       "{name}",
		computed: map[string]string{"arn": "arn:{partition}:logs:{region}:{account}:log-group:{name}"},
		exists:   "ResourceAlreadyExistsException: The specified log group already exists: %s",
		rules: []rule{
			{onWrite, "InvalidParameterException", "CloudWatch Logs user guide, encrypt log data with KMS", keyAdmitsLogs},
		},
	},
	{
		token: flowLogType, args: ec2.FlowLogArgs{}, state: ec2.FlowLog{},
		models: "iamRoleArn logDestination logDestinationType logFormat maxAggregationInterval subnetId tags " +
			"trafficType vpcId",
		forceNew: "iamRoleArn logDestination logDestinationType logFormat maxAggregationInterval subnetId trafficType vpcId",
		defaults: map[string]any{"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
		fills:    map[string]any{"logFormat": flowFormat},
		limits: []limit{
			{"trafficType", flowGuide, oneOf("ACCEPT REJECT ALL")},
			{"logDestinationType", flowGuide, oneOf("cloud-watch-logs s3 kinesis-data-firehose")},
			{"maxAggregationInterval", flowGuide, among(60, 600)},
		},
		id:       "fl-{hex17}",
		computed: map[string]string{"arn": "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}"},
		refs: []ref{
			{path: "vpcId", to: vpcType, missing: noVPC, source: ec2Errors},
			{path: "subnetId", to: subnetType, missing: noSubnet, source: ec2Errors},
		},
		rules: []rule{
			{onCreate, "InvalidParameter", flowGuide, flowSource},
			{onCreate, "InvalidParameter", flowGuide, flowRole},
		},
	},
}

// keyAdmitsLogs refuses a key whose policy does not let CloudWatch Logs use it. The default policy does not.
func keyAdmitsLogs(c *call) string {
	arn := c.in.str("kmsKeyId")
	if arn == "" {
		return ""
	}
	key, ok := c.find(keyType, "arn", arn)
	service := fmt.Sprintf("logs.%s.%s", c.region.name, c.region.suffix)
	if ok && permits(key.str("policy"), service, "kms:Encrypt") {
		return ""
	}
	return fmt.Sprintf("The specified KMS key does not exist or is not allowed to be used with Arn '%s': its policy "+
		"must admit %s.", c.expand("arn:{partition}:logs:{region}:{account}:log-group:{name}"), service)
}

func flowSource(c *call) string {
	if c.in.has("vpcId") == c.in.has("subnetId") {
		return "A flow log watches exactly one VPC or subnet."
	}
	if !c.in.has("trafficType") {
		return "TrafficType is required for a VPC or subnet."
	}
	return ""
}

func flowRole(c *call) string {
	if c.in.str("logDestinationType") != "cloud-watch-logs" {
		return ""
	}
	role := c.in.str("iamRoleArn")
	if role == "" {
		return "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."
	}
	if !c.trusts(role, "vpc-flow-logs.amazonaws.com", "sts:AssumeRole") {
		return fmt.Sprintf("Unable to assume given IAM role: %s must exist and trust vpc-flow-logs.amazonaws.com.", role)
	}
	return ""
}
