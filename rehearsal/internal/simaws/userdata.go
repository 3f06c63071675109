package simaws

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"

	"go.yaml.in/yaml/v3"
)

// kubeletSettings are what user data tells the kubelet of a node.
type kubeletSettings struct {
	maxPods int
	labels  map[string]string
	taints  []Taint
}

// nodeConfig is the part of nodeadm's configuration that the rehearsal reads (amazon-eks-ami, nodeadm API v1alpha1).
type nodeConfig struct {
	Spec struct {
		Kubelet struct {
			Config struct {
				MaxPods int `yaml:"maxPods"`
			}
			Flags []string
		}
	}
}

// readUserData reads what nodeadm would: the parts of its own type. What it cannot read it leaves out, as nodeadm
// leaves a node without it.
func readUserData(encoded string) kubeletSettings {
	settings := kubeletSettings{labels: map[string]string{}}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return settings
	}
	message, err := mail.ReadMessage(strings.NewReader(string(text)))
	if err != nil {
		return settings
	}
	_, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil {
		return settings
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if err != nil {
			return settings
		}
		if data, err := io.ReadAll(part); err == nil && part.Header.Get("Content-Type") == "application/node.eks.aws" {
			settings.add(data)
		}
	}
}

func (s *kubeletSettings) add(data []byte) {
	var config nodeConfig
	if yaml.Unmarshal(data, &config) != nil {
		return
	}
	if n := config.Spec.Kubelet.Config.MaxPods; n > 0 {
		s.maxPods = n
	}
	for _, flag := range config.Spec.Kubelet.Flags {
		name, value, _ := strings.Cut(flag, "=")
		for pair := range strings.SplitSeq(value, ",") {
			switch name {
			case "--node-labels":
				if key, value, found := strings.Cut(pair, "="); found {
					s.labels[key] = value
				}
			case "--register-with-taints": // key=value:effect or key:effect
				if marks, effect, found := strings.Cut(pair, ":"); found {
					key, value, _ := strings.Cut(marks, "=")
					s.taints = append(s.taints, Taint{Key: key, Value: value, Effect: effect})
				}
			}
		}
	}
}
