//go:build unix

package controlplane

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// frontProxyName is whom aggregated APIs believe when it says who asks.
const frontProxyName = "front-proxy-client"

const mastersGroup = "system:masters"

// identity is the control plane's authorities, and the certificate of who started it.
type identity struct {
	// cluster is the authority of the API server and of its clients, frontProxy the one of the aggregator.
	cluster, frontProxy *authority
	admin               pair
}

// openIdentity opens the authorities and issues the certificates of one start.
func openIdentity(l layout, o Options) (*identity, error) {
	for _, folder := range []string{l.dir, l.path("pki"), l.path("config"), l.path("log"), l.path("flex")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("making the control plane's folder: %w", err)
		}
	}
	var all [3]*authority
	for i, name := range []string{"cluster", "front-proxy", "etcd"} {
		var err error
		if all[i], err = openAuthority(l.path("pki"), name); err != nil {
			return nil, err
		}
	}
	if _, err := openKey(l.path("pki"), "service-accounts"); err != nil {
		return nil, err
	}
	cluster, frontProxy, store := all[0], all[1], all[2]
	local := []string{"127.0.0.1", "localhost"}
	// etcd has an authority of its own: whoever may talk to it is above every rule of the API server.
	for _, wanted := range []struct {
		file string
		from *authority
		to   subject
	}{
		{"server", cluster, subject{name: "kube-apiserver", hosts: append([]string{
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
			o.kubernetesService(),
		}, local...)}},
		{"front-proxy-client", frontProxy, subject{name: frontProxyName, client: true}},
		{"etcd-server", store, subject{name: "etcd", hosts: local}},
		{"etcd-client", store, subject{name: "kube-apiserver", client: true}},
	} {
		made, err := wanted.from.issue(wanted.to)
		if err != nil {
			return nil, err
		}
		if err := errors.Join(
			os.WriteFile(l.secret(wanted.file+".crt"), made.certificate, 0o600),
			os.WriteFile(l.secret(wanted.file+".key"), made.key, 0o600),
		); err != nil {
			return nil, fmt.Errorf("keeping the certificate of %s: %w", wanted.file, err)
		}
	}
	admin, err := cluster.issue(subject{name: "slipway-rehearsal", groups: []string{mastersGroup}, client: true})
	if err != nil {
		return nil, err
	}
	return &identity{cluster: cluster, frontProxy: frontProxy, admin: admin}, nil
}

// writeConfigs writes the files that the parts read, for the ports of one start.
func (id *identity) writeConfigs(l layout, o Options, p ports) error {
	text, err := stages(o.Speed)
	if err != nil {
		return err
	}
	encryption, err := encryptionConfig(l)
	if err != nil {
		return err
	}
	files := map[string][]byte{"stages.yaml": text, "encryption.json": encryption}
	for of, to := range map[part]subject{
		manager:   {name: "system:kube-controller-manager"},
		scheduler: {name: "system:kube-scheduler"},
		// One KWOK plays every kubelet, so it cannot be one node, which is all that a kubelet may be.
		kwok: {name: "kwok", groups: []string{mastersGroup}},
	} {
		to.client = true
		made, err := id.cluster.issue(to)
		if err != nil {
			return err
		}
		if files[string(of)+".kubeconfig"], err = kubeconfig(address(p.apiserver), id.cluster.pem, made); err != nil {
			return err
		}
	}
	if o.Auth != nil {
		if files["token-webhook.yaml"], err = kubeconfig(o.Auth.URL, o.Auth.CA, id.admin); err != nil {
			return err
		}
	}
	if o.Egress != "" {
		if files["egress.yaml"], err = egressConfig(o.Egress); err != nil {
			return err
		}
	}
	for name, data := range files {
		if err := os.WriteFile(l.config(name), data, 0o600); err != nil {
			return fmt.Errorf("writing the configuration of the control plane: %w", err)
		}
	}
	return nil
}

// kubeconfig returns the file with which a client finds a server and says who it is.
func kubeconfig(server string, ca []byte, client pair) ([]byte, error) {
	const name = "rehearsal"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: client.certificate, ClientKeyData: client.key,
	}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	text, err := clientcmd.Write(*config)
	if err != nil {
		return nil, fmt.Errorf("writing a kubeconfig: %w", err)
	}
	return text, nil
}

// egressConfig sends what goes into the cluster, and nothing else, through a proxy.
func egressConfig(socket string) ([]byte, error) {
	type object = map[string]any
	text, err := json.Marshal(object{
		"apiVersion": "apiserver.k8s.io/v1beta1",
		"kind":       "EgressSelectorConfiguration",
		"egressSelections": []object{{
			"name": "cluster",
			"connection": object{
				"proxyProtocol": "HTTPConnect",
				"transport":     object{"uds": object{"udsName": socket}},
			},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the way into the cluster: %w", err)
	}
	return text, nil
}

// freePort returns a port that nobody listens on, and that is not one of those taken.
//
// It is below the ports that systems give to outgoing connections, from 32768 on Linux and 49152 on macOS: one of those
// could be in use at the next start, and the endpoint must stay.
func freePort(random func(int) int, taken map[int]bool) (int, error) {
	const first, count, tries = 20000, 12000, 100
	for range tries {
		port := first + random(count)
		if taken[port] || !isFree(port) {
			continue
		}
		taken[port] = true
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d after %d tries", first, first+count, tries)
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	_ = listener.Close()
	return true
}
