//go:build unix

package rehearsal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/slipway-eks/slipway/components/cluster"
	"github.com/slipway-eks/slipway/components/identity"
	"github.com/slipway-eks/slipway/components/network"
	"github.com/slipway-eks/slipway/components/nodes"
	"github.com/slipway-eks/slipway/components/registry"
	"github.com/slipway-eks/slipway/internal/ecrlifecycle"
	"github.com/slipway-eks/slipway/spec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/slipway-eks/slipway/rehearsal/internal/engine"
	"github.com/slipway-eks/slipway/rehearsal/internal/simaws"
)

// The stories at the level of the real engine: what they ask for is read from the simulated account and cluster after
// an update. That the components register it is shown beside them, on mocks.

const (
	storyRegion     = "ap-northeast-2"
	clusterType     = "aws:eks/cluster:Cluster"
	groupType       = "aws:eks/nodeGroup:NodeGroup"
	addonType       = "aws:eks/addon:Addon"
	subnetType      = "aws:ec2/subnet:Subnet"
	routeType       = "aws:ec2/route:Route"
	roleType        = "aws:iam/role:Role"
	attachmentType  = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	logGroupType    = "aws:cloudwatch/logGroup:LogGroup"
	repositoryType  = "aws:ecr/repository:Repository"
	lifecycleType   = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
	serviceType     = "kubernetes:core/v1:Service"
	accountType     = "kubernetes:core/v1:ServiceAccount"
	stsAudience     = "sts.amazonaws.com"
	balancerPrefix  = "service.beta.kubernetes.io/aws-load-balancer-"
	balancerAccount = "system:serviceaccount:kube-system:aws-load-balancer-controller"
)

// TestS05_fixedAddressesAtTheLoadBalancer: an operator reserves an address in each zone and names them in the stack
// that runs. The load balancer's Service alone is changed, and it pairs each address with the public subnet of the
// address's own zone. The load balancer itself is made by the load balancer controller, which the account does not run.
func TestS05_fixedAddressesAtTheLoadBalancer(t *testing.T) {
	t.Parallel()
	var reserved map[string]string
	run := devCopy(t, func(o *engine.Options) {
		reserved = reserve(t, o.Dir)
		changed, err := o.Settings.With(map[string]any{"slipway:ingress": map[string]any{"elasticIps": reserved}})
		require.NoError(t, err)
		o.Settings = changed
	})
	up, err := run.Up(t.Context())
	require.NoError(t, err)
	changes := up.Changes()
	require.Len(t, changes, 1)
	assert.Equal(t, serviceType, string(changes[0].URN.Type()))

	service := object(t, run, serviceType, "ingress-nginx-controller")
	annotations := texts(within(service, "metadata", "annotations"))
	subnets := strings.Split(annotations[balancerPrefix+"subnets"], ",")
	addresses := strings.Split(annotations[balancerPrefix+"eip-allocations"], ",")
	require.Len(t, subnets, len(reserved))
	require.Len(t, addresses, len(reserved))
	slices.Sort(subnets) // as the load balancer controller does before it pairs them
	paired := map[string]string{}
	for i, id := range subnets {
		subnet := liveWith(t, run, subnetType, "id", id)
		assert.True(t, facesInternet(run, id), "%s is no public subnet", id)
		paired[text(subnet, "availabilityZone")] = addresses[i]
	}
	assert.Equal(t, reserved, paired)
}

// reserve makes an address for each zone of the dev stack, in the account of the run in dir, by a program that the
// platform knows nothing of, and returns the allocations by zone.
func reserve(t *testing.T, dir string) map[string]string {
	t.Helper()
	zones := []string{storyRegion + "a", storyRegion + "b", storyRegion + "c"}
	run, err := engine.Open(t.Context(), engine.Options{
		Tools: tools, EKS: host,
		Dir: dir, Stack: "test", Project: workspace.Project{Name: tokens.PackageName("addresses")},
		Program: func(ctx *pulumi.Context) error {
			provider, err := newProvider(ctx, storyRegion)
			if err != nil {
				return err
			}
			for _, zone := range zones {
				address, err := ec2.NewEip(ctx, zone, &ec2.EipArgs{Domain: pulumi.String("vpc")}, pulumi.Provider(provider))
				if err != nil {
					return err
				}
				ctx.Export(zone, address.AllocationId)
			}
			return nil
		},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, run.Close()) }() // the test itself opens the folder next
	up, err := run.Up(t.Context())
	require.NoError(t, err)
	reserved := map[string]string{}
	for _, zone := range zones {
		reserved[zone] = fmt.Sprint(up.Outputs[zone].Value)
	}
	return reserved
}

// TestS12_theOperatorHearsOfNodes: the Auto Scaling group that EKS made for each node group reports launches,
// terminations and failures of both to a topic, which has somebody's mail address. Mail itself is not sent here.
func TestS12_theOperatorHearsOfNodes(t *testing.T) {
	t.Parallel()
	run := devCopy(t, unchanged)
	groups := live(run, groupType)
	require.NotEmpty(t, groups)
	for _, group := range groups {
		scaling := text(group, "resources", "0", "autoscalingGroups", "0", "name")
		heard := map[string][]string{}
		for _, n := range live(run, "aws:autoscaling/notification:Notification") {
			if slices.Contains(list(within(n.Properties, "groupNames")), scaling) {
				heard[text(n, "topicArn")] = list(within(n.Properties, "notifications"))
			}
		}
		require.Len(t, heard, 1, "topics that %s reports to", scaling)
		for topic, events := range heard {
			assert.ElementsMatch(t, []string{
				"autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE",
				"autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "autoscaling:EC2_INSTANCE_TERMINATE_ERROR",
			}, events)
			mail := liveWith(t, run, "aws:sns/topicSubscription:TopicSubscription", "topic", topic)
			assert.Equal(t, "email", text(mail, "protocol"))
			assert.Equal(t, "platform@example.com", text(mail, "endpoint"))
		}
	}
}

// TestS14_registriesInTheAccount: what ECR was given, in both layouts, keeps the newest images of each service and what
// a stack runs, and a new service changes nothing of the others. Images are data of the test: the account has none.
func TestS14_registriesInTheAccount(t *testing.T) {
	t.Parallel()
	services := []string{"chat", "user"}
	run := open(t, func(ctx *pulumi.Context) error {
		provider, err := newProvider(ctx, storyRegion)
		if err != nil {
			return err
		}
		for name, layout := range map[string]registry.Layout{"main": registry.Shared, "shop": registry.PerService} {
			if _, err := registry.NewRegistry(ctx, name, &registry.RegistryArgs{
				Layout: layout, RepositoryName: name, Services: services, Keep: 2,
			}, pulumi.Providers(provider)); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	_, err := run.Up(t.Context())
	require.NoError(t, err)

	repositories := map[string]string{}
	for _, r := range live(run, repositoryType) {
		repositories[r.ID] = text(r, "imageTagMutability")
	}
	assert.Equal(t, map[string]string{"main": "IMMUTABLE", "shop/chat": "IMMUTABLE", "shop/user": "IMMUTABLE"}, repositories)
	assert.Equal(t, []string{"chat_2", "untagged"}, expired(t, run, "main",
		"chat_1 running-prod-chat_1", "chat_2", "chat_3", "chat_4", "user_1", "user_2", "untagged"))
	assert.Equal(t, []string{"1", "untagged"}, expired(t, run, "shop/chat", "1", "2", "3", "untagged"))

	services = []string{"api", "chat", "user"}
	up, err := run.Up(t.Context())
	require.NoError(t, err)
	var changes []string
	for _, change := range up.Changes() {
		if !change.Of("slipway") {
			changes = append(changes, fmt.Sprintf("%s %s %s", change.Op, change.URN.Type(), change.URN.Name()))
		}
	}
	assert.ElementsMatch(t, []string{
		"update " + lifecycleType + " main", "create " + repositoryType + " shop-api", "create " + lifecycleType + " shop-api",
	}, changes)
}

// expired returns what a repository's policy deletes of images that were pushed a day apart, the oldest first, all of
// them long ago. An image is its tags, or untagged; its digest is its first tag.
func expired(t *testing.T, run *engine.Run, repository string, images ...string) []string {
	t.Helper()
	policy, err := ecrlifecycle.Parse(text(liveWith(t, run, lifecycleType, "repository", repository), "policy"))
	require.NoError(t, err)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var pushed []ecrlifecycle.Image
	for i, image := range images {
		tags := strings.Fields(image)
		one := ecrlifecycle.Image{Digest: tags[0], Tags: tags, Pushed: now.AddDate(-1, 0, i)}
		if image == "untagged" {
			one.Tags = nil
		}
		pushed = append(pushed, one)
	}
	var gone []string
	for _, image := range ecrlifecycle.Evaluate(policy, pushed, now) {
		gone = append(gone, image.Digest)
	}
	return gone
}

// TestS18_nothingIsMadeOverAQuota: a stack that needs more addresses than an account has is refused by the engine
// before the account has anything of it, and not half-way by AWS.
func TestS18_nothingIsMadeOverAQuota(t *testing.T) {
	t.Parallel()
	options, err := platform(root, "dev")
	require.NoError(t, err)
	var zones []any
	for _, letter := range "abcdef" {
		zones = append(zones, "us-east-1"+string(letter))
	}
	options.Settings, err = options.Settings.With(map[string]any{
		"aws:region": "us-east-1", "slipway:network": map[string]any{"zones": zones, "nat": "perZone"},
	})
	require.NoError(t, err)
	options.Dir = t.TempDir()
	run := openWith(t, options)

	_, err = run.Up(t.Context())
	require.ErrorContains(t, err, "network.nat")
	require.ErrorContains(t, err, "makes 6 Elastic IPs, and an account has 5 a region")
	assert.Zero(t, run.Cloud().AWS.LiveCount())
}

// TestS19_onlyTheServiceAccountGetsTheRole: AssumeRoleWithWebIdentity, judged by the live role, identity provider and
// issuer. The account has no STS: the test compares as IAM does, and knows no operator but StringEquals.
func TestS19_onlyTheServiceAccountGetsTheRole(t *testing.T) {
	t.Parallel()
	run := devCopy(t, unchanged)
	issuer := text(liveOnly(t, run, clusterType), "identities", "0", "oidcs", "0", "issuer")
	account := object(t, run, accountType, "aws-load-balancer-controller")
	role := texts(within(account, "metadata", "annotations"))["eks.amazonaws.com/role-arn"]
	cni := text(liveWith(t, run, addonType, "addonName", spec.AddonVPCCNI), "serviceAccountRoleArn")

	for name, c := range map[string]struct {
		role  string
		token webToken
		want  bool
	}{
		"the controller": {role, webToken{issuer, balancerAccount, stsAudience}, true},
		"the CNI":        {cni, webToken{issuer, "system:serviceaccount:kube-system:aws-node", stsAudience}, true},
		"the controller with the CNI's role": {
			cni, webToken{issuer, balancerAccount, stsAudience}, false,
		},
		"another account of its namespace": {
			role, webToken{issuer, "system:serviceaccount:kube-system:default", stsAudience}, false,
		},
		"its token for the API server": {role, webToken{issuer, balancerAccount, "https://kubernetes.default.svc"}, false},
		"its name in another cluster":  {role, webToken{issuer + "0", balancerAccount, stsAudience}, false},
	} {
		assert.Equal(t, c.want, assumes(t, run, c.role, c.token), name)
	}
	others := objects(t, run, accountType)
	require.Greater(t, len(others), 1)
	for _, other := range others {
		subject := fmt.Sprintf("system:serviceaccount:%s:%s", textAt(other, "metadata", "namespace"), textAt(other, "metadata", "name"))
		if subject != balancerAccount {
			assert.False(t, assumes(t, run, role, webToken{issuer, subject, stsAudience}), subject)
		}
	}
}

// webToken is what IAM reads of a service account's token.
type webToken struct{ issuer, subject, audience string }

// assumes says whether a token gets a role: IAM must know the token's issuer and audience, and the role must trust that
// provider under conditions that the token meets.
func assumes(t *testing.T, run *engine.Run, roleARN string, token webToken) bool {
	t.Helper()
	trust, err := identity.ParseDocument(text(liveWith(t, run, roleType, "arn", roleARN), "assumeRolePolicy"))
	require.NoError(t, err)
	host := strings.TrimPrefix(token.issuer, "https://")
	claims := map[string]string{host + ":sub": token.subject, host + ":aud": token.audience}
	for _, provider := range live(run, "aws:iam/openIdConnectProvider:OpenIdConnectProvider") {
		if strings.TrimPrefix(text(provider, "url"), "https://") != host ||
			!slices.Contains(list(within(provider.Properties, "clientIdLists")), token.audience) {
			continue
		}
		if slices.ContainsFunc(trust.Statement, func(s identity.Statement) bool {
			return s.Effect == identity.Allow && slices.Contains(s.Action, "sts:AssumeRoleWithWebIdentity") &&
				slices.Contains(s.Principal["Federated"], text(provider, "arn")) && meets(s.Condition, claims)
		}) {
			return true
		}
	}
	return false
}

// meets says whether claims hold all conditions; an operator that it does not know never holds.
func meets(conditions identity.Conditions, claims map[string]string) bool {
	for operator, values := range conditions {
		for key, wanted := range values {
			if operator != "StringEquals" || !slices.Contains(wanted, claims[key]) {
				return false
			}
		}
	}
	return true
}

// TestS20_subnetsForLoadBalancers: by their tags in the account, the load balancer controller finds one subnet in each
// zone: for internet-facing load balancers those whose routes lead to the internet gateway, for internal ones others.
func TestS20_subnetsForLoadBalancers(t *testing.T) {
	t.Parallel()
	run := devCopy(t, unchanged)
	clusterTag := "kubernetes.io/cluster/" + liveOnly(t, run, clusterType).ID
	for tag, public := range map[string]bool{"kubernetes.io/role/elb": true, "kubernetes.io/role/internal-elb": false} {
		var zones []string
		for _, subnet := range live(run, subnetType) {
			tags := texts(within(subnet.Properties, "tagsAll"))
			if tags[tag] == "1" && tags[clusterTag] != "" {
				zones = append(zones, text(subnet, "availabilityZone"))
				assert.Equal(t, public, facesInternet(run, subnet.ID), "%s %s", tag, subnet.URN)
			}
		}
		assert.ElementsMatch(t, []string{storyRegion + "a", storyRegion + "b", storyRegion + "c"}, zones, tag)
	}
}

// TestS24_logsHaveAPlace: the groups that the CloudWatch agents write to, by the name of the cluster that EKS made, are
// there with a retention, so that the agents make none that keep logs for ever. No agent runs here.
func TestS24_logsHaveAPlace(t *testing.T) {
	t.Parallel()
	run := devCopy(t, unchanged)
	name := liveOnly(t, run, clusterType).ID
	liveWith(t, run, addonType, "addonName", spec.AddonObservability)
	for _, kind := range []string{"application", "dataplane", "host", "performance"} {
		liveWith(t, run, logGroupType, "name", "/aws/containerinsights/"+name+"/"+kind)
	}
	assert.Equal(t, "/aws/containerinsights/"+name+"/application", dev(t).up.Outputs["podLogGroup"].Value)
	for _, group := range live(run, logGroupType) {
		assert.Positive(t, within(group.Properties, "retentionInDays").NumberValue(), group.ID)
	}
}

// TestS36_nodesJoinOrSayWhyNot: of the pieces that a node needs, all are taken out and put back one by one. Each time
// the update fails at the node group with AWS's error, which names the next piece that is missing, and with the last one
// the same stack comes up. Security groups are not among the pieces: the account does not judge whether nodes may talk
// to the control plane.
func TestS36_nodesJoinOrSayWhyNot(t *testing.T) {
	t.Parallel()
	var missing []piece
	run := open(t, func(ctx *pulumi.Context) error {
		program := pulumi.RunFunc(joining)
		for _, p := range missing {
			program = transformed(program, p.typ, p.name, p.takeOut)
		}
		return program(ctx)
	}, nil)
	for i, p := range pieces {
		missing = pieces[i:]
		_, err := run.Up(t.Context())
		for _, words := range append([]string{groupType, `"join"`}, p.want...) {
			require.ErrorContains(t, err, words, p.what)
		}
		assert.Empty(t, live(run, groupType), p.what)
	}
	missing = nil
	_, err := run.Up(t.Context())
	require.NoError(t, err)
	assert.Len(t, live(run, groupType), 1)
}

// piece is something that nodes need to join, how it is taken out of the program joining, and what AWS says then.
type piece struct {
	what, typ, name string
	takeOut         func(pulumi.Map)
	want            []string
}

// pieces are in the order in which EKS finds out that they are missing. What takes a policy's place differs, as a role
// has a policy once.
var pieces = []piece{
	{
		"the trust of the role", roleType, "join", replaced("assumeRolePolicy", identity.ServiceTrust("eks.amazonaws.com").MustJSON()),
		[]string{"InvalidParameterException", "ec2.amazonaws.com", "were not found in the trust relationships"},
	},
	{
		"the policy of nodes", attachmentType, "join-AmazonEKSWorkerNodePolicy",
		replaced("policyArn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
		[]string{"NodeCreationFailure", "Instances failed to join the kubernetes cluster", "AmazonEKSWorkerNodePolicy"},
	},
	{
		"the right to pull images", attachmentType, "join-AmazonEC2ContainerRegistryPullOnly",
		replaced("policyArn", "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
		[]string{"NodeCreationFailure", "Instances failed to join the kubernetes cluster", "AmazonEC2ContainerRegistryPullOnly"},
	},
	{
		"the way out", routeType, "join-private-" + storyRegion + "a", replaced("destinationCidrBlock", "192.0.2.0/24"),
		[]string{"NodeCreationFailure", "Instances failed to join the kubernetes cluster", "neither a route out nor the endpoints"},
	},
	{
		"the network of pods", addonType, "join-vpc-cni", replaced("addonName", "eks-node-monitoring-agent"),
		[]string{"NodeCreationFailure", "the add-on vpc-cni is missing"},
	},
}

// replaced has a property hold another value.
func replaced(property, value string) func(pulumi.Map) {
	return func(props pulumi.Map) { props[property] = pulumi.String(value) }
}

// joining is a program of nothing but what nodes join.
func joining(ctx *pulumi.Context) error {
	provider, err := newProvider(ctx, storyRegion)
	if err != nil {
		return err
	}
	providers := pulumi.Providers(provider)
	vpc, err := network.NewVpc(ctx, "join", &network.VpcArgs{
		Network: spec.Network{CIDR: "10.60.0.0/16", NAT: spec.NATSingle},
		Zones:   []string{storyRegion + "a", storyRegion + "b"}, ClusterName: "join",
	}, providers)
	if err != nil {
		return err
	}
	plane, err := cluster.NewCluster(ctx, "join", &cluster.ClusterArgs{
		Cluster: spec.Cluster{
			Name: "join", Version: "1.35", DeployRoleARN: "arn:aws:iam::123456789012:role/deploy",
			PublicAccessCIDRs: []string{"203.0.113.0/24"},
		},
		Region: storyRegion, VpcID: vpc.VpcID, SubnetIDs: vpc.ControlPlaneSubnetIDs,
	}, providers)
	if err != nil {
		return err
	}
	_, err = nodes.NewManagedGroup(ctx, "join", &nodes.ManagedGroupArgs{
		Group: spec.NodeGroup{InstanceTypes: []string{"t3.large"}, Max: 3}, GroupName: "general",
		ClusterName: plane.Name, SubnetIDs: vpc.PrivateSubnetIDs, Version: "1.35",
	}, providers)
	return err
}

// newProvider registers the provider of a region.
func newProvider(ctx *pulumi.Context, region string) (*aws.Provider, error) {
	return aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(region)})
}

// unchanged leaves a copy of the dev stack as it is.
func unchanged(*engine.Options) {}

// facesInternet says whether the routes of a subnet lead to an internet gateway.
func facesInternet(run *engine.Run, subnet string) bool {
	for _, a := range live(run, "aws:ec2/routeTableAssociation:RouteTableAssociation") {
		for _, r := range live(run, routeType) {
			if text(a, "subnetId") == subnet && text(r, "routeTableId") == text(a, "routeTableId") &&
				strings.HasPrefix(text(r, "gatewayId"), "igw-") {
				return true
			}
		}
	}
	return false
}

// live returns the resources of a type that programs made and that exist.
func live(run *engine.Run, typ string) []simaws.Resource {
	return slices.DeleteFunc(run.Cloud().AWS.Resources(), func(r simaws.Resource) bool { return r.Type != typ || !r.Made })
}

// liveWith returns the only live resource of a type with a value, by which AWS would know it.
func liveWith(t *testing.T, run *engine.Run, typ, property, value string) simaws.Resource {
	t.Helper()
	found := slices.DeleteFunc(live(run, typ), func(r simaws.Resource) bool {
		return text(r, property) != value && (property != "id" || r.ID != value)
	})
	require.Len(t, found, 1, "%s with %s %q", typ, property, value)
	return found[0]
}

// objects returns the objects of a type, as Kubernetes answered when the engine made them.
func objects(t *testing.T, run *engine.Run, typ string) []resource.PropertyMap {
	t.Helper()
	state, err := run.State(t.Context())
	require.NoError(t, err)
	var all []resource.PropertyMap
	for _, r := range state.Resources {
		if string(r.Type) == typ {
			all = append(all, resource.NewPropertyMapFromMap(r.Outputs))
		}
	}
	return all
}

// object returns the only object of a type with a name.
func object(t *testing.T, run *engine.Run, typ, name string) resource.PropertyMap {
	t.Helper()
	found := slices.DeleteFunc(objects(t, run, typ), func(o resource.PropertyMap) bool {
		return textAt(o, "metadata", "name") != name
	})
	require.Len(t, found, 1, "%s %s", typ, name)
	return found[0]
}

// text returns a text within a resource's properties, or "".
func text(r simaws.Resource, path ...string) string {
	return textAt(r.Properties, path...)
}

// textAt is text of properties.
func textAt(properties resource.PropertyMap, path ...string) string {
	value := within(properties, path...)
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}

// within returns what is at a path of names, where 0 is the first of a list; null if there is nothing.
func within(properties resource.PropertyMap, path ...string) resource.PropertyValue {
	keys := make(resource.PropertyPath, 0, len(path))
	at := resource.NewObjectProperty(properties)
	for _, key := range path {
		if key == "0" {
			keys = append(keys, 0) // the first of a list
			continue
		}
		keys = append(keys, key)
	}
	value, _ := keys.Get(at)
	return value
}

// texts returns a map of texts, and list a list of them.
func texts(value resource.PropertyValue) map[string]string {
	all := map[string]string{}
	if value.IsObject() {
		for key, v := range value.ObjectValue() {
			all[string(key)] = v.StringValue()
		}
	}
	return all
}

func list(value resource.PropertyValue) []string {
	var all []string
	if value.IsArray() {
		for _, v := range value.ArrayValue() {
			all = append(all, v.StringValue())
		}
	}
	return all
}

// TestS27_aSecretRollsItsUsersAndNobodyElse: a secret of a third party changes every two weeks. A new value of one key
// reaches, on the live cluster, new pods of the services that name it; the pods of all others stay.
func TestS27_aSecretRollsItsUsersAndNobodyElse(t *testing.T) {
	t.Parallel()
	run := devCopy(t, unchanged)
	cluster, err := run.Cloud().Clusters.Cluster(run.Cloud().Clusters.Names()[0])
	require.NoError(t, err)
	require.NoError(t, cluster.Fleet().WaitSettled(t.Context()))
	// pods returns the services by the names of their pods that are not on their way out.
	pods := func() map[string]string {
		all, err := cluster.Client().CoreV1().Pods("apps").List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		names := map[string]string{}
		for _, p := range all.Items {
			if p.DeletionTimestamp == nil && p.Status.Phase == corev1.PodRunning {
				names[p.Name] = p.Labels["name"]
			}
		}
		return names
	}
	before := pods()
	_, err = run.Pulumi(t.Context(), "config", "set", "--secret", "slipway:chatDatabasePassword", "another-value-of-the-password")
	require.NoError(t, err)
	_, err = run.Up(t.Context())
	require.NoError(t, err)

	rolled := map[string]bool{}
	require.Eventually(t, func() bool {
		after := pods()
		clear(rolled)
		for name, service := range before {
			if after[name] == "" {
				rolled[service] = true
			}
		}
		for name, service := range after {
			if before[name] != "" && service == "chatting-server" {
				return false // its last old pod is still there
			}
		}
		return len(rolled) > 0
	}, time.Minute, 100*time.Millisecond)
	assert.Equal(t, map[string]bool{"chatting-server": true}, rolled)
}

// S18: keys leaked, and what they could do was everything. A pull request is previewed with a role that sees all that would
// change, in the cluster too, and can change nothing of it.
func TestS18_previewRoleSeesAndDoesNotTouch(t *testing.T) {
	t.Parallel()
	run := devCopy(t, func(o *engine.Options) {
		o.Account.Caller = "arn:aws:iam::123456789012:role/slipway-preview"
		settings, err := o.Settings.With(map[string]any{"slipway:release": map[string]any{
			"services": map[string]any{"user-server": "9.9.9-0a1b2c3"},
		}})
		require.NoError(t, err)
		o.Settings = settings
	})
	preview, err := run.Preview(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"update kubernetes:apps/v1:Deployment slipway-dev-user-server"}, changesOf(preview))

	_, err = run.Up(t.Context())
	require.ErrorContains(t, err, "a preview writes nothing")
}

// changesOf are the operations of a result and their resources, but for components, which are no more than their parts.
func changesOf(result *engine.Result) []string {
	var all []string
	for _, change := range result.Changes() {
		if strings.HasPrefix(string(change.URN.Type()), "slipway:") {
			continue
		}
		all = append(all, change.Op+" "+string(change.URN.Type())+" "+change.URN.Name())
	}
	return all
}
