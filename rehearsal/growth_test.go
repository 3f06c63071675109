//go:build unix

package rehearsal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// campus is the campus example after one update.
var campus = deployOnce(filepath.Join(root, "examples", "campus"), "campus")

// The network of a zone, beside which an update tells the S3 endpoint of its routes.
var newZone = []string{
	"create aws:ec2/subnet:Subnet campus-network-control-plane-ap-northeast-2c",
	"create aws:ec2/subnet:Subnet campus-network-private-ap-northeast-2c",
	"create aws:ec2/subnet:Subnet campus-network-public-ap-northeast-2c",
	"create aws:ec2/routeTable:RouteTable campus-network-private-ap-northeast-2c",
	"create aws:ec2/route:Route campus-network-private-ap-northeast-2c",
	"create aws:ec2/routeTableAssociation:RouteTableAssociation campus-network-control-plane-ap-northeast-2c",
	"create aws:ec2/routeTableAssociation:RouteTableAssociation campus-network-private-ap-northeast-2c",
	"create aws:ec2/routeTableAssociation:RouteTableAssociation campus-network-public-ap-northeast-2c",
	"update aws:ec2/vpcEndpoint:VpcEndpoint campus-network-s3",
}

// EKS cannot change the subnets of a node group: for nodes in the new zone there must be a new group, and the engine
// makes it before the old one goes. Replaced with it is the tag of its Auto Scaling group. Nothing else ever is.
var newNodes = []string{
	"create-replacement aws:eks/nodeGroup:NodeGroup campus-spot",
	"replace aws:eks/nodeGroup:NodeGroup campus-spot",
	"create-replacement aws:autoscaling/tag:Tag campus-spot-autoscaler",
	"replace aws:autoscaling/tag:Tag campus-spot-autoscaler",
	"delete-replaced aws:autoscaling/tag:Tag campus-spot-autoscaler",
	"delete-replaced aws:eks/nodeGroup:NodeGroup campus-spot",
}

// What is added to a platform that runs, by a line in a file, changes what is listed here and nothing else.
func TestGrowth_changesOnlyWhatItMust(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, from, to string
		want           []string
	}{
		"a zone": {
			"Pulumi.campus.yaml", "ap-northeast-2b]", "ap-northeast-2b, ap-northeast-2c]", slices.Concat(newZone, newNodes),
		},
		"a node group": {
			"Pulumi.campus.yaml", "    spot:\n",
			"    steady: {instanceTypes: [t3.medium], min: 1, max: 2}\n    spot:\n",
			[]string{
				"create aws:iam/role:Role campus-steady",
				"create aws:iam/rolePolicyAttachment:RolePolicyAttachment campus-steady-AmazonEC2ContainerRegistryPullOnly",
				"create aws:iam/rolePolicyAttachment:RolePolicyAttachment campus-steady-AmazonEKSWorkerNodePolicy",
				"create aws:iam/rolePolicyAttachment:RolePolicyAttachment campus-steady-AmazonSSMManagedInstanceCore",
				"create aws:ec2/launchTemplate:LaunchTemplate campus-steady",
				"create aws:eks/nodeGroup:NodeGroup campus-steady",
				"create aws:autoscaling/tag:Tag campus-steady-autoscaler",
			},
		},
		"a host": {
			"services.yaml", "    - {host: benefits.campus.example.com}\n",
			"    - {host: benefits.campus.example.com}\n    - {host: gifts.campus.example.com}\n",
			[]string{"create kubernetes:networking.k8s.io/v1:Ingress campus-benefits-gifts.campus.example.com/"},
		},
		"a service": {
			"services.yaml", "benefits:\n",
			"lunch: {port: 8080, health: tcp, scale: {max: 2}, placement: {spot: true}, " +
				"resources: {cpu: 50m, memory: 128Mi, memoryLimit: 256Mi}}\nbenefits:\n",
			[]string{
				"create kubernetes:core/v1:ServiceAccount campus-lunch",
				"create kubernetes:core/v1:Service campus-lunch",
				"create kubernetes:networking.k8s.io/v1:NetworkPolicy campus-lunch",
				"create kubernetes:apps/v1:Deployment campus-lunch",
				"create kubernetes:autoscaling/v2:HorizontalPodAutoscaler campus-lunch",
				"create kubernetes:policy/v1:PodDisruptionBudget campus-lunch",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			project := copyOf(t, filepath.Join(root, "examples", "campus"))
			replace(t, filepath.Join(project, c.file), c.from, c.to)
			changes := grow(t, project)
			assert.ElementsMatch(t, c.want, changes)

			made := slices.Index(changes, "create-replacement aws:eks/nodeGroup:NodeGroup campus-spot")
			gone := slices.Index(changes, "delete-replaced aws:eks/nodeGroup:NodeGroup campus-spot")
			assert.LessOrEqual(t, made, gone, "new nodes come before the old ones go")
		})
	}
}

// grow updates the deployed campus stack to what the files of project say, and returns what became of the resources
// that are not as they were, in the engine's order. Components are left out: they only group resources.
func grow(t *testing.T, project string) []string {
	t.Helper()
	before, err := campus()
	require.NoError(t, err)
	options, err := platform(project, "campus")
	require.NoError(t, err)
	options.Dir = before.copy(t)
	up, err := openWith(t, options).Up(t.Context())
	require.NoError(t, err)
	var changes []string
	for _, change := range up.Changes() {
		if !change.Of("slipway") && !change.Of("eks") {
			changes = append(changes, fmt.Sprintf("%s %s %s", change.Op, change.URN.Type(), change.URN.Name()))
		}
	}
	return changes
}

// copyOf returns a copy of the test's own of a project without a program.
func copyOf(t *testing.T, project string) string {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(filepath.Join(project, "*.yaml"))
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(file)), data, 0o600))
	}
	return dir
}

// replace replaces a text that is in a file once.
func replace(t *testing.T, file, from, to string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(data), from), "%q in %s", from, file)
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(data), from, to, 1)), 0o600))
}
