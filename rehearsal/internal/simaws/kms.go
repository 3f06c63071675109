package simaws

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
)

const (
	keyType   = "aws:kms/key:Key"
	aliasType = "aws:kms/alias:Alias"
	kmsAPI    = "KMS API reference"
	kmsGuide  = "KMS developer guide, default key policy"
)

var kmsKinds = []kind{
	{
		token: keyType, args: kms.KeyArgs{}, state: kms.Key{},
		models: "bypassPolicyLockoutSafetyCheck customerMasterKeySpec deletionWindowInDays description " +
			"enableKeyRotation isEnabled keyUsage multiRegion policy rotationPeriodInDays tags",
		forceNew: "customerMasterKeySpec keyUsage multiRegion", documents: "policy",
		defaults: map[string]any{
			"bypassPolicyLockoutSafetyCheck": false, "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
			"enableKeyRotation": false, "isEnabled": true, "keyUsage": "ENCRYPT_DECRYPT",
		},
		fills: map[string]any{"multiRegion": false, "description": ""},
		limits: []limit{
			{"deletionWindowInDays", kmsAPI + ", ScheduleKeyDeletion", between(7, 30)},
			{"rotationPeriodInDays", kmsAPI + ", EnableKeyRotation", between(90, 2560)},
			{"description", kmsAPI + ", CreateKey", atMost(8192)},
			{"policy", kmsAPI + ", PutKeyPolicy", document},
			{"keyUsage", kmsAPI + ", CreateKey", oneOf("ENCRYPT_DECRYPT SIGN_VERIFY GENERATE_VERIFY_MAC KEY_AGREEMENT")},
		},
		idOf: func(c *call) string {
			h := c.hex("", 32)
			return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
		},
		computed: map[string]string{"arn": "arn:{partition}:kms:{region}:{account}:key/{id}", "keyId": "{id}"},
		derive: func(c *call) {
			c.fill("policy", compact(fmt.Sprintf(`{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":`+
				`"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:%s:iam::%s:root"},"Action":"kms:*",`+
				`"Resource":"*"}]}`, c.region.partition, c.options.AccountID)))
			if c.in.flag("enableKeyRotation") {
				c.fill("rotationPeriodInDays", 365)
			}
		},
		rules: []rule{{onWrite, "MalformedPolicyDocumentException", kmsGuide, keyStaysManageable}},
	},
	{
		token: aliasType, args: kms.AliasArgs{}, state: kms.Alias{},
		models: "name targetKeyId", required: "name", forceNew: "name",
		limits: []limit{
			{"name", kmsAPI + ", CreateAlias", shaped(`^alias/([^a]|a[^w]|aw[^s]|aws[^/])[a-zA-Z0-9:/_-]*$`,
				"must begin with alias/, but not with alias/aws/")},
		},
		id:       "{name}",
		computed: map[string]string{"arn": "arn:{partition}:kms:{region}:{account}:{name}"},
		derive: func(c *call) {
			if key, ok := c.target(); ok {
				c.set("targetKeyArn", key.str("arn"))
			}
		},
		exists: "AlreadyExistsException: An alias with the name %s already exists",
		rules: []rule{{onWrite, "NotFoundException", kmsAPI + ", CreateAlias", func(c *call) string {
			if _, ok := c.target(); !ok {
				return fmt.Sprintf("Key '%s' does not exist", c.in.str("targetKeyId"))
			}
			return ""
		}}},
	},
}

// target finds an alias's key, which may be given as its id or its ARN.
func (c *call) target() (thing, bool) {
	name := c.in.str("targetKeyId")
	if key, ok := c.find(keyType, "", name); ok {
		return key, true
	}
	return c.find(keyType, "arn", name)
}

// keyStaysManageable refuses a policy that locks everybody out.
func keyStaysManageable(c *call) string {
	policy := c.in.str("policy")
	if policy == "" || c.in.flag("bypassPolicyLockoutSafetyCheck") {
		return ""
	}
	root := fmt.Sprintf("iam::%s:root", c.options.AccountID)
	for _, who := range []string{root, c.options.CallerARN, `"` + c.options.AccountID + `"`} {
		if permits(policy, who, "kms:PutKeyPolicy") {
			return ""
		}
	}
	return "The new key policy will not allow you to update the key policy in the future."
}
