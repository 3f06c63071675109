package identity

import "strings"

// podIdentityService is who assumes the roles of EKS Pod Identity, in every partition.
const podIdentityService = "pods.eks.amazonaws.com"

// stsAudience is who a service account's token is for when it assumes a role.
const stsAudience = "sts.amazonaws.com"

// ServiceTrust lets an AWS service such as ec2.amazonaws.com assume a role. The actions are sts:AssumeRole unless
// others are given.
func ServiceTrust(service string, actions ...string) Document {
	if len(actions) == 0 {
		actions = []string{"sts:AssumeRole"}
	}
	return NewDocument(Statement{
		Effect: Allow, Principal: map[string]Values{"Service": {service}}, Action: actions,
	})
}

// WebIdentityTrust lets one Kubernetes service account assume a role with its token. Both the subject and the audience
// are compared for equality: a trust policy that names only the audience lets in every service account of the cluster.
// The issuer may have its https://, which the condition's keys do not have.
func WebIdentityTrust(providerARN, issuer, namespace, serviceAccount string) Document {
	host := issuerHost(issuer)
	return NewDocument(Statement{
		Effect:    Allow,
		Principal: map[string]Values{"Federated": {providerARN}},
		Action:    Values{"sts:AssumeRoleWithWebIdentity"},
		Condition: Conditions{"StringEquals": {
			host + ":sub": {"system:serviceaccount:" + namespace + ":" + serviceAccount},
			host + ":aud": {stsAudience},
		}},
	})
}

// PodIdentityTrust lets EKS assume a role for the pods of one Kubernetes service account of one cluster. The
// conditions compare the session tags that EKS sets (EKS user guide, create IAM role with trust policy required by EKS
// Pod Identity): without them any association of the account that names the role could hand it out.
func PodIdentityTrust(clusterName, namespace, serviceAccount string) Document {
	trust := ServiceTrust(podIdentityService, "sts:AssumeRole", "sts:TagSession")
	trust.Statement[0].Condition = Conditions{"StringEquals": {
		"aws:RequestTag/eks-cluster-name":           {clusterName},
		"aws:RequestTag/kubernetes-namespace":       {namespace},
		"aws:RequestTag/kubernetes-service-account": {serviceAccount},
	}}
	return trust
}

// issuerHost returns an OIDC issuer as IAM writes it in ARNs and conditions.
func issuerHost(issuer string) string {
	return strings.TrimPrefix(issuer, "https://")
}

// Partition returns the AWS partition that an ARN is in, such as aws or aws-cn; "" for what is no ARN.
func Partition(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 || parts[0] != "arn" {
		return ""
	}
	return parts[1]
}

// ManagedPolicyARN returns the ARN of an AWS managed policy, such as AmazonEKS_CNI_Policy, in a partition.
func ManagedPolicyARN(partition, name string) string {
	return "arn:" + partition + ":iam::aws:policy/" + name
}
