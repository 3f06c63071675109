package addons_test

import (
	"path"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/slipway-eks/slipway/components/addons"
	"github.com/slipway-eks/slipway/internal/ptest"
	"github.com/slipway-eks/slipway/spec"
)

// Types of what add-ons register.
const (
	addonType       = "aws:eks/addon:Addon"
	logGroupType    = "aws:cloudwatch/logGroup:LogGroup"
	roleType        = "aws:iam/role:Role"
	policyType      = "aws:iam/rolePolicy:RolePolicy"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	associationType = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
	classType       = "kubernetes:storage.k8s.io/v1:StorageClass"
	userType        = "aws:test/user:User"
)

// args returns a valid description, changed by change.
func args(change func(*addons.AddonsArgs)) *addons.AddonsArgs {
	a := &addons.AddonsArgs{ClusterName: pulumi.String("shop")}
	if change != nil {
		change(a)
	}
	return a
}

func program(a *addons.AddonsArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		_, err := addons.NewAddons(ctx, "shop-addons", a)
		return err
	}
}

// names returns the add-ons that were registered.
func names(got *ptest.Result) []string {
	var all []string
	for _, r := range got.OfType(addonType) {
		all = append(all, strings.TrimPrefix(r.Name, "shop-addons-"))
	}
	return all
}

func TestNewAddons(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	assert.Equal(t, []string{
		"amazon-cloudwatch-observability", "aws-ebs-csi-driver", "coredns", "metrics-server",
	}, names(got))
	for _, r := range got.OfType(addonType) {
		assert.Equal(t, "shop", r.Value(t, "clusterName"), r.Name)
		assert.Equal(t, "OVERWRITE", r.Value(t, "resolveConflictsOnCreate"), r.Name)
		assert.Equal(t, "OVERWRITE", r.Value(t, "resolveConflictsOnUpdate"), r.Name)
		assert.Nil(t, r.Value(t, "addonVersion"), "AWS chooses, once")
		assert.Nil(t, r.Value(t, "serviceAccountRoleArn"), "roles are given by Pod Identity")
	}
	assert.Nil(t, got.Named(t, addonType, "shop-addons-aws-ebs-csi-driver").Value(t, "configurationValues"))
}

// DNS is on two nodes and zones where there are two, and a roll-out never waits for itself.
func TestNewAddons_dns(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(nil)))
	assert.JSONEq(t, `{"replicaCount": 2, "topologySpreadConstraints": [
		{"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
		 "labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}}, "matchLabelKeys": ["pod-template-hash"],
		 "nodeTaintsPolicy": "Honor"},
		{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
		 "labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}}, "matchLabelKeys": ["pod-template-hash"],
		 "nodeTaintsPolicy": "Honor"}
	]}`, settings(t, got, "coredns"))
}

// TestS04_metricsServer: nobody could see which pod used what. What measures it is always there, and what needs
// measurements waits for it.
func TestS04_metricsServer(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, user(args(func(a *addons.AddonsArgs) { a.Addons.Logs.Off = true })))
	assert.Contains(t, names(got), "metrics-server")
	waits := got.Only(t, userType).DependsOn
	for _, r := range got.OfType(addonType) {
		assert.Contains(t, waits, r.URN, r.Name)
	}
}

// An add-on that needs rights has a role for its own service account, and no pod of it starts before it has it.
func TestNewAddons_roles(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *addons.AddonsArgs) {
		a.Addons.ExternalDNS = &spec.ExternalDNS{HostedZones: []string{"Z1A"}}
		a.Partition = "aws-cn"
	})))
	tests := map[string]struct{ addon, namespace, account, policy string }{
		"shop-addons-volumes": {
			"aws-ebs-csi-driver", "kube-system", "ebs-csi-controller-sa",
			"arn:aws-cn:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy",
		},
		"shop-addons-logs": {
			"amazon-cloudwatch-observability", "amazon-cloudwatch", "cloudwatch-agent",
			"arn:aws-cn:iam::aws:policy/CloudWatchAgentServerPolicy",
		},
		"shop-addons-zones": {"external-dns", "external-dns", "external-dns", ""},
	}
	assert.Len(t, got.OfType(roleType), len(tests))
	for name, tt := range tests {
		association := got.Named(t, associationType, name)
		assert.Equal(t, "shop", association.Value(t, "clusterName"), name)
		assert.Equal(t, tt.namespace, association.Value(t, "namespace"), name)
		assert.Equal(t, tt.account, association.Value(t, "serviceAccount"), name)
		waits := got.Named(t, addonType, "shop-addons-"+tt.addon).DependsOn
		assert.Contains(t, waits, got.Named(t, roleType, name).URN, name)
		assert.Contains(t, waits, association.URN, name)
		if tt.policy != "" {
			attached := got.Named(t, attachmentType, name+"-"+path.Base(tt.policy))
			assert.Equal(t, tt.policy, attached.Value(t, "policyArn"), name)
			assert.Contains(t, waits, attached.URN, name)
		}
	}
}

func TestNewAddons_versions(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, program(args(func(a *addons.AddonsArgs) {
		a.Addons.Versions = map[string]string{"coredns": "v1.12.4-eksbuild.1"}
	})))
	for _, r := range got.OfType(addonType) {
		if r.Name == "shop-addons-coredns" {
			assert.Equal(t, "v1.12.4-eksbuild.1", r.Value(t, "addonVersion"))
			continue
		}
		assert.Nil(t, r.Value(t, "addonVersion"), r.Name)
	}
}

func TestNewAddons_storageClass(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, user(args(func(a *addons.AddonsArgs) { a.Tags = map[string]string{"team": "shop"} })))
	class := got.Only(t, classType)
	assert.Equal(t, "gp3", class.Value(t, "metadata.name"))
	assert.Equal(t, "true", class.Value(t, `metadata.annotations["storageclass.kubernetes.io/is-default-class"]`))
	assert.Equal(t, "ebs.csi.aws.com", class.Value(t, "provisioner"))
	assert.Equal(t, map[string]any{"type": "gp3", "encrypted": "true"}, class.Value(t, "parameters"))
	assert.Equal(t, true, class.Value(t, "allowVolumeExpansion"))
	assert.Equal(t, "Delete", class.Value(t, "reclaimPolicy"))
	assert.Equal(t, "WaitForFirstConsumer", class.Value(t, "volumeBindingMode"))

	user := got.Only(t, userType)
	assert.Equal(t, "gp3", user.Value(t, "class"))
	assert.Contains(t, user.DependsOn, got.Named(t, addonType, "shop-addons-aws-ebs-csi-driver").URN)
	assert.JSONEq(t, `{"controller": {"extraVolumeTags": {"team": "shop"}}}`, settings(t, got, "aws-ebs-csi-driver"))
}

// An add-on without nodes is never active, so none starts before the name that waits for them.
func TestNewAddons_waitForNodes(t *testing.T) {
	t.Parallel()
	got := ptest.Run(t, func(ctx *pulumi.Context) error {
		var group pulumi.CustomResourceState
		if err := ctx.RegisterResource("aws:test/group:Group", "group", pulumi.Map{}, &group); err != nil {
			return err
		}
		name := group.URN().ApplyT(func(pulumi.URN) string { return "shop" }).(pulumi.StringOutput)
		return program(args(func(a *addons.AddonsArgs) { a.ClusterName = name }))(ctx)
	})
	nodes := got.Only(t, "aws:test/group:Group").URN
	for _, r := range got.OfType(addonType) {
		assert.Contains(t, r.DependsOn, nodes, r.Name)
	}
}

func TestNewAddons_rejects(t *testing.T) {
	t.Parallel()
	set := func(change func(*spec.Addons)) *addons.AddonsArgs {
		return args(func(a *addons.AddonsArgs) { change(&a.Addons) })
	}
	tests := map[string]struct {
		args *addons.AddonsArgs
		want string
	}{
		"nil args":         {nil, "clusterName: Required"},
		"no cluster":       {args(func(a *addons.AddonsArgs) { a.ClusterName = nil }), "clusterName: Required"},
		"an odd retention": {set(func(a *spec.Addons) { a.Logs.RetentionDays = 31 }), "logs.retentionDays: Unsupported"},
		"an unknown add-on": {
			set(func(a *spec.Addons) { a.Versions = map[string]string{"vpc-cni": "v1.20.4-eksbuild.1"} }), "versions.vpc-cni: Unsupported",
		},
		"an odd version": {set(func(a *spec.Addons) { a.Versions = map[string]string{"coredns": "1.12"} }), "versions.coredns: Invalid"},
		"a version of what is off": {
			set(func(a *spec.Addons) { a.Versions = map[string]string{"external-dns": "v0.19.0-eksbuild.2"} }),
			"versions.external-dns: Forbidden",
		},
		"no zones":       {set(func(a *spec.Addons) { a.ExternalDNS = &spec.ExternalDNS{} }), "externalDns.hostedZones: Required"},
		"a zone by name": {set(func(a *spec.Addons) { a.ExternalDNS = &spec.ExternalDNS{HostedZones: []string{"x.y"}} }), "externalDns.hostedZones[0]: Invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ptest.Err(t, program(tt.args))
			require.ErrorContains(t, err, tt.want)
			assert.Empty(t, got.All(), "nothing is registered before everything is valid")
		})
	}
}

func TestNewAddons_refusesANameThatNoRoleCanHave(t *testing.T) {
	t.Parallel()
	got, err := ptest.Err(t, func(ctx *pulumi.Context) error {
		_, err := addons.NewAddons(ctx, strings.Repeat("a", 49), args(nil))
		return err
	})
	require.ErrorContains(t, err, "name: Too long")
	assert.Empty(t, got.All())
}

// One Args value may be used for two clusters.
func TestNewAddons_leavesArgsAlone(t *testing.T) {
	t.Parallel()
	a := args(func(a *addons.AddonsArgs) { a.Addons.ExternalDNS = &spec.ExternalDNS{HostedZones: []string{"Z1A"}} })
	ptest.Run(t, program(a))
	assert.Equal(t, args(func(a *addons.AddonsArgs) {
		a.Addons.ExternalDNS = &spec.ExternalDNS{HostedZones: []string{"Z1A"}}
	}), a)
}

// user returns a program in which something uses what comes out.
func user(a *addons.AddonsArgs) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		r, err := addons.NewAddons(ctx, "shop-addons", a)
		if err != nil {
			return err
		}
		var user pulumi.CustomResourceState
		return ctx.RegisterResource(userType, "user", pulumi.Map{
			"cluster": r.ClusterName, "class": r.StorageClass, "logGroup": r.LogGroup,
		}, &user)
	}
}

// settings returns the configuration of an add-on.
func settings(t *testing.T, got *ptest.Result, name string) string {
	t.Helper()
	text, ok := got.Named(t, addonType, "shop-addons-"+name).Value(t, "configurationValues").(string)
	require.True(t, ok)
	return text
}
