package cluster

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumix"
)

// clientConfig is the part of a kubeconfig that is needed (Kubernetes, client-go clientcmd v1 types). client-go itself
// is not imported: everyone who imports this package would inherit it.
type clientConfig struct {
	APIVersion     string         `json:"apiVersion"`
	Kind           string         `json:"kind"`
	CurrentContext string         `json:"current-context"`
	Clusters       []namedCluster `json:"clusters"`
	Contexts       []namedContext `json:"contexts"`
	Users          []namedUser    `json:"users"`
}

type namedCluster struct {
	Name    string        `json:"name"`
	Cluster clusterServer `json:"cluster"`
}

type clusterServer struct {
	Server                   string `json:"server"`
	CertificateAuthorityData string `json:"certificate-authority-data"`
}

type namedContext struct {
	Name    string      `json:"name"`
	Context userCluster `json:"context"`
}

type userCluster struct {
	Cluster string `json:"cluster"`
	User    string `json:"user"`
}

type namedUser struct {
	Name string   `json:"name"`
	User execUser `json:"user"`
}

type execUser struct {
	Exec execPlugin `json:"exec"`
}

type execPlugin struct {
	APIVersion      string   `json:"apiVersion"`
	Command         string   `json:"command"`
	Args            []string `json:"args"`
	InteractiveMode string   `json:"interactiveMode"`
}

// kubeconfig returns the configuration that reaches the cluster with the rights of a role, or of the caller. Its text
// depends on nothing that changes between runs, and it holds no token: the AWS CLI gets one when it is used.
func kubeconfig(plane *controlPlane, region, roleARN string) pulumi.StringOutput {
	return pulumix.Cast[pulumi.StringOutput](pulumix.Apply3Err(plane.name, plane.endpoint, plane.certificateAuthority,
		func(name, endpoint, authority string) (string, error) {
			return kubeconfigJSON(name, clusterServer{Server: endpoint, CertificateAuthorityData: authority}, region, roleARN)
		}))
}

func kubeconfigJSON(name string, server clusterServer, region, roleARN string) (string, error) {
	// The region is named, so that the command works whatever the user's own configuration says.
	args := []string{"--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"}
	if roleARN != "" {
		args = append(args, "--role-arn", roleARN)
	}
	text, err := json.Marshal(clientConfig{
		APIVersion: "v1", Kind: "Config", CurrentContext: name,
		Clusters: []namedCluster{{Name: name, Cluster: server}},
		Contexts: []namedContext{{Name: name, Context: userCluster{Cluster: name, User: name}}},
		Users: []namedUser{{Name: name, User: execUser{Exec: execPlugin{
			APIVersion: "client.authentication.k8s.io/v1beta1",
			Command:    "aws", Args: args, InteractiveMode: "Never",
		}}}},
	})
	if err != nil {
		return "", fmt.Errorf("writing kubeconfig: %w", err)
	}
	return string(text), nil
}
