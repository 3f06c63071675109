// Command kubernetes is a Kubernetes control plane in one binary. Its first argument picks the part:
//
//	kubernetes etcd|kube-apiserver|kube-controller-manager|kube-scheduler [flags of that part]
//
// One binary instead of four is one link instead of four and less than half of the disk. It is a module of its own,
// because k8s.io/kubernetes needs a replace for each of its parts, which the rehearsal must not inherit.
//
// Each part ends with its standard input: whoever starts it holds the other end of a pipe, which the system closes
// however that process ends. So a killed rehearsal leaves nothing running, on any Unix.
package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// orphanGrace is what a part gets to end in order after its starter is gone.
const orphanGrace = 5 * time.Second

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: kubernetes etcd|kube-apiserver|kube-controller-manager|kube-scheduler [flags]")
		os.Exit(2)
	}
	name := os.Args[1]
	os.Args = os.Args[1:]
	go endWithInput()
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(manager.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	default:
		fmt.Fprintf(os.Stderr, "kubernetes: no part is called %q\n", name)
		os.Exit(2)
	}
}

// endWithInput asks this process to stop when its input ends, and insists after a while.
func endWithInput() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
	time.Sleep(orphanGrace)
	os.Exit(1)
}
