//go:build unix

package controlplane

import (
	"fmt"
	"path/filepath"
)

// part is a process of the control plane.
type part string

const (
	etcd      part = "etcd"
	apiserver part = "kube-apiserver"
	manager   part = "kube-controller-manager"
	scheduler part = "kube-scheduler"
	kwok      part = "kwok"
)

const (
	// podCIDR is where the simulated pods have their addresses. Nothing answers there.
	podCIDR = "10.244.0.0/16"
	// etcdQuota in bytes is what etcd recommends as a maximum: a rehearsal never compacts for want of space.
	etcdQuota = 8 << 30
	// The clients' own limits are for clusters with other users.
	clientQPS, clientBurst = 500, 1000
)

// ports of one start.
type ports struct{ etcd, apiserver, manager, scheduler, kwok int }

// layout is where things are in a control plane's folder.
type layout struct{ dir string }

func (l layout) path(parts ...string) string {
	return filepath.Join(append([]string{l.dir}, parts...)...)
}
func (l layout) secret(name string) string { return l.path("pki", name) }
func (l layout) config(name string) string { return l.path("config", name) }

func address(port int) string { return fmt.Sprintf("https://127.0.0.1:%d", port) }

// etcdFlags: no fsync, because a rehearsal need not survive the loss of the machine's power; what was written does
// survive the end of the process.
func (l layout) etcdFlags(p ports) []string {
	return []string{
		string(etcd),
		"--data-dir=" + l.path("etcd"),
		"--listen-client-urls=" + address(p.etcd),
		"--advertise-client-urls=" + address(p.etcd),
		"--listen-peer-urls=http://127.0.0.1:0",
		"--cert-file=" + l.secret("etcd-server.crt"),
		"--key-file=" + l.secret("etcd-server.key"),
		"--trusted-ca-file=" + l.secret("etcd.crt"),
		"--client-cert-auth=true",
		// The gateway would need a client certificate of its own, and nobody uses it.
		"--enable-grpc-gateway=false",
		"--unsafe-no-fsync",
		"--log-level=warn",
		fmt.Sprintf("--quota-backend-bytes=%d", etcdQuota),
	}
}

func (l layout) apiserverFlags(o Options, p ports) []string {
	flags := []string{
		string(apiserver),
		"--etcd-servers=" + address(p.etcd),
		"--etcd-cafile=" + l.secret("etcd.crt"),
		"--etcd-certfile=" + l.secret("etcd-client.crt"),
		"--etcd-keyfile=" + l.secret("etcd-client.key"),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", p.apiserver),
		// It would publish 127.0.0.1 as the address of its Service, which its own validation forbids.
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + l.secret("server.crt"),
		"--tls-private-key-file=" + l.secret("server.key"),
		"--client-ca-file=" + l.secret("cluster.crt"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + l.secret("service-accounts.key"),
		"--service-account-signing-key-file=" + l.secret("service-accounts.key"),
		"--encryption-provider-config=" + l.config("encryption.json"),
		"--service-cluster-ip-range=" + o.ServiceCIDR,
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		// EKS allows it, for the agents of nodes; Pod Security restricts it.
		"--allow-privileged=true",
		"--requestheader-client-ca-file=" + l.secret("front-proxy.crt"),
		"--requestheader-allowed-names=" + frontProxyName,
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + l.secret("front-proxy-client.crt"),
		"--proxy-client-key-file=" + l.secret("front-proxy-client.key"),
		"--profiling=false",
	}
	if o.Auth != nil {
		flags = append(flags,
			"--authentication-token-webhook-config-file="+l.config("token-webhook.yaml"),
			"--authentication-token-webhook-version=v1",
			// Short, because whoever rehearses changes access entries and looks at once.
			"--authentication-token-webhook-cache-ttl=1s",
		)
	}
	if o.Egress != "" {
		flags = append(flags, "--egress-selector-config-file="+l.config("egress.yaml"))
	}
	return append(flags, o.Timing.flags(apiserver)...)
}

func (l layout) managerFlags(o Options, p ports) []string {
	flags := append([]string{string(manager)}, l.clientFlags(manager, p.manager)...)
	return append(append(flags,
		"--service-account-private-key-file="+l.secret("service-accounts.key"),
		"--root-ca-file="+l.secret("cluster.crt"),
		"--use-service-account-credentials=true",
		"--allocate-node-cidrs=false",
		// Its default is a folder of the system, which it makes.
		"--flex-volume-plugin-dir="+l.path("flex"),
	), o.Timing.flags(manager)...)
}

func (l layout) schedulerFlags(p ports) []string {
	return append([]string{string(scheduler)}, l.clientFlags(scheduler, p.scheduler)...)
}

// clientFlags are those of the parts that are clients of the API server and are asked whether they are ready.
func (l layout) clientFlags(of part, port int) []string {
	kubeconfig := l.config(string(of) + ".kubeconfig")
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + l.secret("server.crt"),
		"--tls-private-key-file=" + l.secret("server.key"),
		"--leader-elect=false",
		fmt.Sprintf("--kube-api-qps=%d", clientQPS),
		fmt.Sprintf("--kube-api-burst=%d", clientBurst),
		"--profiling=false",
	}
}

func (l layout) kwokFlags(p ports) []string {
	return []string{
		"--kubeconfig=" + l.config(string(kwok)+".kubeconfig"),
		"--config=" + l.config("stages.yaml"),
		"--manage-all-nodes=true",
		// As a kubelet's. Without leases the controller manager takes every node for dead after its grace period.
		"--node-lease-duration-seconds=40",
		"--node-ip=127.0.0.1",
		fmt.Sprintf("--node-port=%d", p.kwok),
		fmt.Sprintf("--server-address=127.0.0.1:%d", p.kwok),
		"--tls-cert-file=" + l.secret("server.crt"),
		"--tls-private-key-file=" + l.secret("server.key"),
		"--cidr=" + podCIDR,
	}
}
