package ci

func clusterRights() []Right {
	return []Right{
		{
			Type: "aws:eks/cluster:Cluster",
			Read: []string{"eks:DescribeCluster", "eks:DescribeUpdate", "eks:ListTagsForResource"},
			Write: []string{
				"eks:CreateCluster", "eks:DeleteCluster", "eks:UpdateClusterConfig", "eks:UpdateClusterVersion",
				"eks:AssociateEncryptionConfig", "eks:TagResource", "eks:UntagResource",
				"iam:PassRole", "iam:CreateServiceLinkedRole", "kms:CreateGrant",
			},
			Why: component,
		},
		{
			Type: "aws:eks/addon:Addon", Read: []string{"eks:DescribeAddon", "eks:DescribeUpdate"},
			Write: []string{"eks:CreateAddon", "eks:UpdateAddon", "eks:DeleteAddon", "iam:PassRole"},
		},
		{
			Type: "aws:eks/nodeGroup:NodeGroup", Read: []string{"eks:DescribeNodegroup", "eks:DescribeUpdate"},
			Write: []string{
				"eks:CreateNodegroup", "eks:UpdateNodegroupConfig", "eks:UpdateNodegroupVersion", "eks:DeleteNodegroup",
				// EKS asks whether whoever names a launch template could launch from it.
				"ec2:RunInstances", "iam:PassRole", "iam:CreateServiceLinkedRole",
			},
		},
		{
			Type: "aws:eks/accessEntry:AccessEntry", Read: []string{"eks:DescribeAccessEntry"},
			Write: []string{"eks:CreateAccessEntry", "eks:UpdateAccessEntry", "eks:DeleteAccessEntry"},
		},
		{
			Type: "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", Read: []string{"eks:ListAssociatedAccessPolicies"},
			Write: []string{"eks:AssociateAccessPolicy", "eks:DisassociateAccessPolicy"},
		},
		{
			Type: "aws:eks/podIdentityAssociation:PodIdentityAssociation",
			Read: []string{"eks:DescribePodIdentityAssociation", "eks:ListPodIdentityAssociations"},
			Write: []string{
				"eks:CreatePodIdentityAssociation", "eks:UpdatePodIdentityAssociation", "eks:DeletePodIdentityAssociation",
				"iam:PassRole",
			},
		},
	}
}

// roleRights leave the boundaries of roles alone: whoever may lift one has none.
func roleRights() []Right {
	return []Right{
		{
			Type: "aws:iam/role:Role",
			Read: []string{
				"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies",
				"iam:ListInstanceProfilesForRole",
			},
			Write: []string{
				"iam:CreateRole", "iam:DeleteRole", "iam:UpdateRole", "iam:UpdateRoleDescription",
				"iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:UntagRole",
			},
		},
		{
			Type: "aws:iam/rolePolicy:RolePolicy", Read: []string{"iam:GetRolePolicy"},
			Write: []string{"iam:PutRolePolicy", "iam:DeleteRolePolicy"},
		},
		{
			Type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", Read: []string{"iam:ListAttachedRolePolicies"},
			Write: []string{"iam:AttachRolePolicy", "iam:DetachRolePolicy"},
		},
		{
			Type: "aws:iam/openIdConnectProvider:OpenIdConnectProvider", Read: []string{"iam:GetOpenIDConnectProvider"},
			Write: []string{
				"iam:CreateOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider",
				"iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider",
				"iam:UpdateOpenIDConnectProviderThumbprint", "iam:TagOpenIDConnectProvider", "iam:UntagOpenIDConnectProvider",
			},
		},
	}
}

// recordRights are those of what tells how a platform is, of what moves its size, and of its key.
func recordRights() []Right {
	return []Right{
		{
			Type: "aws:cloudwatch/logGroup:LogGroup", Read: []string{"logs:DescribeLogGroups", "logs:ListTagsForResource"},
			Write: []string{
				"logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy",
				"logs:TagResource", "logs:UntagResource",
			},
		},
		{
			Type: "aws:kms/key:Key",
			Read: []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"},
			Write: []string{
				"kms:CreateKey", "kms:TagResource", "kms:UntagResource", "kms:PutKeyPolicy", "kms:UpdateKeyDescription",
				"kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:EnableKey", "kms:DisableKey",
				"kms:ScheduleKeyDeletion",
			},
		},
		{
			Type: "aws:sns/topic:Topic", Read: []string{"sns:GetTopicAttributes", "sns:ListTagsForResource"},
			Write: []string{
				"sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource",
			},
		},
		{
			Type: "aws:sns/topicSubscription:TopicSubscription", Read: []string{"sns:GetSubscriptionAttributes"},
			Write: []string{"sns:Subscribe", "sns:Unsubscribe", "sns:SetSubscriptionAttributes"},
		},
		{
			Type:  "aws:autoscaling/notification:Notification",
			Read:  []string{"autoscaling:DescribeNotificationConfigurations"},
			Write: []string{"autoscaling:PutNotificationConfiguration", "autoscaling:DeleteNotificationConfiguration"},
		},
		{
			Type:  "aws:autoscaling/tag:Tag",
			Read:  []string{"autoscaling:DescribeTags", "autoscaling:DescribeAutoScalingGroups"},
			Write: []string{"autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags"},
		},
		{
			Type: "aws:autoscaling/policy:Policy", Read: []string{"autoscaling:DescribePolicies"},
			Write: []string{"autoscaling:PutScalingPolicy", "autoscaling:DeletePolicy"},
			Why:   "a node group that scales by its CPU has one",
		},
	}
}
