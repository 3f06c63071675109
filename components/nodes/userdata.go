package nodes

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"

	"github.com/slipway-eks/slipway/spec"
)

// boundary separates the parts of user data. It is declared and used by the same name, or nodeadm finds no part.
const boundary = "SLIPWAY"

// nodeConfig is what nodeadm, the start-up program of EKS' images, reads (amazon-eks-ami, nodeadm API v1alpha1). With
// an image that the template names, EKS adds nothing of its own, so all of it must be there.
type nodeConfig struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Spec       nodeSpec `json:"spec"`
}

type nodeSpec struct {
	Cluster nodeCluster `json:"cluster"`
	Kubelet nodeKubelet `json:"kubelet"`
}

type nodeCluster struct {
	Name                 string `json:"name"`
	APIServerEndpoint    string `json:"apiServerEndpoint"`
	CertificateAuthority string `json:"certificateAuthority"`
	CIDR                 string `json:"cidr"`
}

type nodeKubelet struct {
	Config map[string]any `json:"config"`
	Flags  []string       `json:"flags"`
}

// userData returns the user data of nodes whose image is named.
func userData(a *ManagedGroupArgs) pulumi.StringOutput {
	own := a.ControlPlane
	return pulumix.Cast[pulumi.StringOutput](pulumix.Apply4Err(
		a.ClusterName.ToStringOutput(), own.Endpoint.ToStringOutput(), own.CertificateAuthority.ToStringOutput(),
		own.ServiceCIDR.ToStringOutput(),
		func(name, endpoint, authority, cidr string) (string, error) {
			return encodeUserData(nodeCluster{
				Name: name, APIServerEndpoint: endpoint, CertificateAuthority: authority, CIDR: cidr,
			}, &a.Group, a.GroupName)
		}))
}

// encodeUserData writes MIME text with one part, in base64, as EC2 wants it.
func encodeUserData(cluster nodeCluster, group *spec.NodeGroup, groupName string) (string, error) {
	// Always: nodeadm by itself would count as if the CNI took addresses one by one.
	config := map[string]any{"maxPods": group.PodsPerNode()}
	text, err := json.MarshalIndent(nodeConfig{
		APIVersion: "node.eks.aws/v1alpha1", Kind: "NodeConfig",
		Spec: nodeSpec{Cluster: cluster, Kubelet: nodeKubelet{Config: config, Flags: kubeletFlags(group, groupName)}},
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("writing node configuration: %w", err)
	}
	lines := []string{
		"MIME-Version: 1.0",
		`Content-Type: multipart/mixed; boundary="` + boundary + `"`,
		"",
		"--" + boundary,
		"Content-Type: application/node.eks.aws",
		"",
		string(text), // JSON is YAML
		"",
		"--" + boundary + "--",
		"",
	}
	return base64.StdEncoding.EncodeToString([]byte(strings.Join(lines, "\n"))), nil
}

// kubeletFlags give a node its labels and taints as it registers. EKS sets them itself only with its own image, and a
// node without its taint would get pods that it is not for.
func kubeletFlags(group *spec.NodeGroup, groupName string) []string {
	var pairs, taints []string
	for key, value := range group.Labels {
		pairs = append(pairs, key+"="+value)
	}
	pairs = append(pairs, GroupLabel+"="+groupName)
	for key, taint := range group.Taints {
		taints = append(taints, key+"="+taint.Value+":"+taint.Effect)
	}
	slices.Sort(pairs)
	slices.Sort(taints)
	flags := []string{"--node-labels=" + strings.Join(pairs, ",")}
	if len(taints) > 0 {
		flags = append(flags, "--register-with-taints="+strings.Join(taints, ","))
	}
	return flags
}
