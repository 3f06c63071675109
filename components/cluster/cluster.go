package cluster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	awseks "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/slipway-eks/slipway/internal/gate"
	"github.com/slipway-eks/slipway/internal/required"
	"github.com/slipway-eks/slipway/spec"
)

// clusterType names Cluster in state; changing it replaces every instance.
const clusterType = "slipway:cluster:Cluster"

// stsAudience is who a service account's token is for when it assumes a role.
const stsAudience = "sts.amazonaws.com"

// keyDeletionDays is how long AWS keeps a key that was deleted: the longest, as what it encrypted goes with it.
const keyDeletionDays = 30

// ClusterArgs configures a Cluster.
type ClusterArgs struct {
	// Cluster describes the control plane. Required: its Name and DeployRoleARN.
	Cluster spec.Cluster
	// Region is the AWS region, for the kubeconfig. Required.
	Region string
	// VpcID is the VPC of the subnets. Required.
	VpcID pulumi.StringInput
	// SubnetIDs are the subnets of the control plane's network interfaces, in two zones or more. Required.
	SubnetIDs pulumi.StringArrayInput
	// Protect refuses to delete the control plane and its key.
	Protect bool
	// AsOf is the day on which the version's support is judged. Default: today.
	AsOf time.Time
}

// Cluster is an EKS control plane.
type Cluster struct {
	pulumi.ResourceState

	// Name is the cluster's name, once nodes can join: the control plane, its access entries and the add-ons that
	// nodes need exist.
	Name pulumi.StringOutput `pulumi:"name"`
	// ARN is the cluster's ARN.
	ARN pulumi.StringOutput `pulumi:"arn"`
	// Version is the Kubernetes minor version that the control plane runs.
	Version pulumi.StringOutput `pulumi:"version"`
	// Endpoint is the URL of the API server.
	Endpoint pulumi.StringOutput `pulumi:"endpoint"`
	// CertificateAuthority is the API server's CA certificate, as base64 of PEM.
	CertificateAuthority pulumi.StringOutput `pulumi:"certificateAuthority"`
	// SecurityGroupID is the security group that EKS gives the control plane and its managed nodes.
	SecurityGroupID pulumi.StringOutput `pulumi:"securityGroupId"`
	// ServiceCIDR is the range of the cluster's Services.
	ServiceCIDR pulumi.StringOutput `pulumi:"serviceCidr"`
	// Issuer is the URL of the cluster's OIDC issuer, with https://.
	Issuer pulumi.StringOutput `pulumi:"issuer"`
	// OIDCProviderARN is the IAM identity provider of the issuer.
	OIDCProviderARN pulumi.StringOutput `pulumi:"oidcProviderArn"`
	// Kubeconfig is a configuration for kubectl and the Kubernetes provider, as JSON and a secret. It assumes the
	// deploy role, unless there is a preview role too: then whoever uses it is there with rights of their own. It
	// exists once those roles may use the cluster.
	Kubeconfig pulumi.StringOutput `pulumi:"kubeconfig"`
}

// NewCluster registers an EKS control plane, its access entries and the add-ons that nodes need to join.
func NewCluster(ctx *pulumi.Context, name string, args *ClusterArgs, opts ...pulumi.ResourceOption) (*Cluster, error) {
	a, err := args.complete()
	if err != nil {
		return nil, fmt.Errorf("cluster %q: %w", name, err)
	}
	c := &Cluster{}
	if err := ctx.RegisterComponentResourceV2(clusterType, name, a.recorded(), c, opts...); err != nil {
		return nil, fmt.Errorf("registering cluster %q: %w", name, err)
	}
	if err := a.warn(ctx, c); err != nil {
		return nil, err
	}

	b := &builder{ctx: ctx, name: name, args: a, parent: pulumi.Parent(c)}
	if err := b.build(); err != nil {
		return nil, fmt.Errorf("cluster %q: %w", name, err)
	}

	c.Name = gate.String(b.plane.name, slices.Concat(b.entries, b.addons)...)
	c.ARN, c.Version, c.Endpoint = b.plane.arn, b.plane.version, b.plane.endpoint
	c.CertificateAuthority, c.SecurityGroupID = b.plane.certificateAuthority, b.plane.securityGroupID
	c.ServiceCIDR = b.plane.serviceCIDR
	c.Issuer, c.OIDCProviderARN = b.plane.issuer, b.oidc.Arn
	config := gate.String(kubeconfig(b.plane, a.Region, a.assumedRole()), b.entries...)
	c.Kubeconfig = pulumi.ToSecret(config).(pulumi.StringOutput)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"name": c.Name, "arn": c.ARN, "version": c.Version, "endpoint": c.Endpoint,
		"certificateAuthority": c.CertificateAuthority, "securityGroupId": c.SecurityGroupID, "serviceCidr": c.ServiceCIDR,
		"issuer": c.Issuer, "oidcProviderArn": c.OIDCProviderARN, "kubeconfig": c.Kubeconfig,
	})
}

// complete returns a copy of args with defaults set, or every problem found in it.
func (args *ClusterArgs) complete() (ClusterArgs, error) {
	if args == nil {
		args = &ClusterArgs{}
	}
	a := *args
	a.Cluster.Default()
	if a.AsOf.IsZero() {
		a.AsOf = time.Now()
	}
	errs := a.Cluster.Validate(nil, a.AsOf)
	errs = append(errs, required.Fields(map[string]bool{
		"name":      a.Cluster.Name != "",
		"region":    a.Region != "",
		"vpcId":     a.VpcID != nil,
		"subnetIds": a.SubnetIDs != nil,
	})...)
	if err := errs.ToAggregate(); err != nil {
		return a, errors.Join(err.Errors()...)
	}
	return a, nil
}

// assumedRole is the role that the kubeconfig assumes; "" takes the caller's credentials. Two roles that share a stack
// need one text: if it named the role, each preview would plan to change the provider.
func (args *ClusterArgs) assumedRole() string {
	if args.Cluster.PreviewRoleARN != "" {
		return ""
	}
	return args.Cluster.DeployRoleARN
}

// recorded is what state remembers of the args: plain values only, so that no child waits for an Output.
func (args *ClusterArgs) recorded() pulumi.Map {
	return pulumi.Map{
		"name":    pulumi.String(args.Cluster.Name),
		"version": pulumi.String(args.Cluster.Version),
		"support": pulumi.String(args.Cluster.Support),
		"region":  pulumi.String(args.Region),
	}
}

// warn says what is allowed and yet worth a second look.
func (args *ClusterArgs) warn(ctx *pulumi.Context, c *Cluster) error {
	if text := args.Cluster.VersionWarning(args.AsOf); text != "" {
		if err := ctx.Log.Warn(text, &pulumi.LogArgs{Resource: c}); err != nil {
			return fmt.Errorf("warning of the version: %w", err)
		}
	}
	if args.Cluster.PublicAccessFromAnywhere {
		text := "publicAccessFromAnywhere: the API endpoint answers every address on the internet"
		if err := ctx.Log.Warn(text, &pulumi.LogArgs{Resource: c}); err != nil {
			return fmt.Errorf("warning of public access: %w", err)
		}
	}
	return nil
}

// builder carries what the parts of a cluster need of each other while they are registered.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   ClusterArgs
	parent pulumi.ResourceOption

	logs    *cloudwatch.LogGroup
	keyARN  pulumi.StringPtrInput // nil: AWS's own key
	plane   *controlPlane
	oidc    *iam.OpenIdConnectProvider
	entries []pulumi.Resource
	addons  []pulumi.Resource
}

func (b *builder) build() error {
	for _, step := range []func() error{b.newLogGroup, b.newKey, b.newPlane, b.newOIDCProvider, b.newAccess, b.newAddons} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// newLogGroup registers the control plane's log group before EKS would: the one that EKS makes keeps logs for ever
// and stays when the cluster goes.
func (b *builder) newLogGroup() error {
	var err error
	b.logs, err = cloudwatch.NewLogGroup(b.ctx, b.name+"-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String("/aws/eks/" + b.args.Cluster.Name + "/cluster"),
		RetentionInDays: pulumi.Int(b.args.Cluster.LogRetentionDays),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating log group: %w", err)
	}
	return nil
}

// newKey registers the key that encrypts Kubernetes objects, where one is asked for.
func (b *builder) newKey() error {
	if b.args.Cluster.SecretsKeyARN != "" {
		b.keyARN = pulumi.String(b.args.Cluster.SecretsKeyARN)
		return nil
	}
	if !b.args.Cluster.CreateSecretsKey {
		return nil
	}
	key, err := kms.NewKey(b.ctx, b.name+"-secrets", &kms.KeyArgs{
		Description:          pulumi.String("Encrypts the Kubernetes objects of EKS cluster " + b.args.Cluster.Name),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(keyDeletionDays),
	}, b.parent, pulumi.Protect(b.args.Protect))
	if err != nil {
		return fmt.Errorf("creating key: %w", err)
	}
	b.keyARN = key.Arn
	return nil
}

func (b *builder) newPlane() error {
	var err error
	b.plane, err = newControlPlane(b)
	return err
}

// newOIDCProvider lets IAM trust the cluster's service accounts. AWS knows the issuer's certificate authority, so no
// thumbprint is given: one would go stale when AWS changes its certificates.
func (b *builder) newOIDCProvider() error {
	var err error
	b.oidc, err = iam.NewOpenIdConnectProvider(b.ctx, b.name, &iam.OpenIdConnectProviderArgs{
		Url: b.plane.issuer, ClientIdLists: pulumi.ToStringArray([]string{stsAudience}),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating OIDC provider: %w", err)
	}
	return nil
}

// newAccess registers an access entry with full rights for the deployer and each admin, and one that is in a group and
// has no rights yet for who previews.
func (b *builder) newAccess() error {
	if err := b.grantAdmin("deployer", b.args.Cluster.DeployRoleARN); err != nil {
		return err
	}
	if err := b.admitPreview(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(b.args.Cluster.Admins)) {
		if err := b.grantAdmin("admin-"+name, b.args.Cluster.Admins[name]); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) admitPreview() error {
	if b.args.Cluster.PreviewRoleARN == "" {
		return nil
	}
	entry, err := awseks.NewAccessEntry(b.ctx, b.name+"-preview", &awseks.AccessEntryArgs{
		ClusterName: b.plane.name, PrincipalArn: pulumi.String(b.args.Cluster.PreviewRoleARN), Type: pulumi.String("STANDARD"),
		KubernetesGroups: pulumi.ToStringArray([]string{spec.PreviewGroup}),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating access entry of previews: %w", err)
	}
	b.entries = append(b.entries, entry)
	return nil
}

func (b *builder) grantAdmin(who, roleARN string) error {
	entry, err := awseks.NewAccessEntry(b.ctx, b.name+"-"+who, &awseks.AccessEntryArgs{
		ClusterName: b.plane.name, PrincipalArn: pulumi.String(roleARN), Type: pulumi.String("STANDARD"),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating access entry of %s: %w", who, err)
	}
	association, err := awseks.NewAccessPolicyAssociation(b.ctx, b.name+"-"+who, &awseks.AccessPolicyAssociationArgs{
		ClusterName:  b.plane.name,
		PrincipalArn: entry.PrincipalArn,
		PolicyArn:    pulumi.String(adminPolicyARN(roleARN)),
		AccessScope:  awseks.AccessPolicyAssociationAccessScopeArgs{Type: pulumi.String("cluster")},
	}, b.parent)
	if err != nil {
		return fmt.Errorf("giving rights to %s: %w", who, err)
	}
	b.entries = append(b.entries, association)
	return nil
}
