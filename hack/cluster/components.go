package main

import (
	"context"
	"net"

	"usher.chat/hack/cluster/machine"
)

// controlDaemons are the processes of the control plane in the order in which they start. Programs gives the path of
// each by name.
func controlDaemons(p machine.Plan, programs map[string]string) []machine.Daemon {
	k := pki{dir: p.File("pki")}
	control := p.Control
	address := control.Address.String()
	secure := func(port string) func(context.Context) error {
		return machine.HTTPHealth("https://"+net.JoinHostPort(address, port)+"/healthz", k.cert("ca"))
	}
	return []machine.Daemon{
		{
			Name: "etcd", Netns: control.Netns,
			Healthy: machine.HTTPHealth("http://"+net.JoinHostPort(address, "2381")+"/health", ""),
			Command: []string{
				programs["etcd"],
				"--name=usher", "--data-dir=" + p.File("etcd"),
				"--listen-client-urls=https://127.0.0.1:2379", "--advertise-client-urls=https://127.0.0.1:2379",
				"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
				"--initial-cluster=usher=http://127.0.0.1:2380",
				"--listen-metrics-urls=http://" + address + ":2381",
				"--client-cert-auth", "--trusted-ca-file=" + k.cert("etcd-ca"),
				"--cert-file=" + k.cert("etcd"), "--key-file=" + k.key("etcd"),
				// The cluster may be lost with the machine's power, and the disk belongs to what is being measured.
				"--unsafe-no-fsync", "--log-level=warn",
			},
		},
		{
			Name: "kube-apiserver", Netns: control.Netns,
			Healthy: machine.HTTPHealth(p.APIServer()+"/readyz", k.cert("ca")),
			Command: []string{
				programs["kube-apiserver"],
				"--advertise-address=" + address, "--secure-port=6443",
				"--etcd-servers=https://127.0.0.1:2379", "--etcd-cafile=" + k.cert("etcd-ca"),
				"--etcd-certfile=" + k.cert("apiserver-etcd-client"), "--etcd-keyfile=" + k.key("apiserver-etcd-client"),
				"--client-ca-file=" + k.cert("ca"),
				"--tls-cert-file=" + k.cert("apiserver"), "--tls-private-key-file=" + k.key("apiserver"),
				"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
				"--service-cluster-ip-range=" + p.ServiceSubnet.String(),
				"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
				"--service-account-key-file=" + k.key("service-account"), "--service-account-signing-key-file=" + k.key("service-account"),
				"--kubelet-certificate-authority=" + k.cert("ca"),
				"--kubelet-client-certificate=" + k.cert("apiserver-kubelet-client"), "--kubelet-client-key=" + k.key("apiserver-kubelet-client"),
				"--kubelet-preferred-address-types=InternalIP",
				"--requestheader-client-ca-file=" + k.cert("front-proxy-ca"), "--requestheader-allowed-names=front-proxy-client",
				"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
				"--requestheader-extra-headers-prefix=X-Remote-Extra-",
				"--proxy-client-cert-file=" + k.cert("front-proxy-client"), "--proxy-client-key-file=" + k.key("front-proxy-client"),
				"--profiling=false",
			},
		},
		{
			Name: "kube-controller-manager", Netns: control.Netns, Healthy: secure("10257"),
			Command: []string{
				programs["kube-controller-manager"],
				"--bind-address=" + address, "--tls-cert-file=" + k.cert("control"), "--tls-private-key-file=" + k.key("control"),
				"--kubeconfig=" + p.File("pki", "controller-manager.kubeconfig"),
				"--authentication-kubeconfig=" + p.File("pki", "controller-manager.kubeconfig"),
				"--authorization-kubeconfig=" + p.File("pki", "controller-manager.kubeconfig"),
				"--use-service-account-credentials", "--service-account-private-key-file=" + k.key("service-account"),
				"--root-ca-file=" + k.cert("ca"),
				"--cluster-signing-cert-file=" + k.cert("ca"), "--cluster-signing-key-file=" + k.key("ca"),
				// One of each: an election would only make the start slower.
				"--leader-elect=false", "--profiling=false",
			},
		},
		{
			Name: "kube-scheduler", Netns: control.Netns, Healthy: secure("10259"),
			Command: []string{
				programs["kube-scheduler"],
				"--bind-address=" + address, "--tls-cert-file=" + k.cert("control"), "--tls-private-key-file=" + k.key("control"),
				"--kubeconfig=" + p.File("pki", "scheduler.kubeconfig"),
				"--authentication-kubeconfig=" + p.File("pki", "scheduler.kubeconfig"),
				"--authorization-kubeconfig=" + p.File("pki", "scheduler.kubeconfig"),
				"--leader-elect=false", "--profiling=false",
			},
		},
		{
			// Outside the network namespace's control plane, but beside it: it makes directories on this machine.
			Name: "volumes", Netns: control.Netns,
			Command: []string{p.File("bin", "cluster"), "volumes", "--dir=" + p.Dir},
			Healthy: func(context.Context) error { return nil },
		},
	}
}

// containerdDaemon runs containers on a node.
func containerdDaemon(n machine.Node) machine.Daemon {
	return machine.Daemon{
		Name: "containerd", Node: n.Name, Netns: n.Netns,
		Command: []string{"containerd", "--config", n.File("containerd.toml"), "--log-level", "warn"},
		Healthy: func(ctx context.Context) error {
			_, err := machine.Execute(ctx, ctr(n, "plugins", "list", "-q", "id==cri")...)
			return err
		},
	}
}

// kubeletDaemons make a node of a containerd: the kubelet and kube-proxy.
func kubeletDaemons(n machine.Node, programs map[string]string) []machine.Daemon {
	address := n.Address.String()
	return []machine.Daemon{
		{
			Name: "kubelet", Node: n.Name, Netns: n.Netns,
			Healthy: machine.HTTPHealth("http://"+net.JoinHostPort(address, "10248")+"/healthz", ""),
			Command: []string{
				programs["kubelet"],
				"--config=" + n.File("kubelet.yaml"), "--kubeconfig=" + n.File("kubelet.kubeconfig"),
				"--root-dir=" + n.File("kubelet"), "--cert-dir=" + n.File("kubelet", "pki"),
				"--hostname-override=" + n.Name, "--node-ip=" + address,
			},
		},
		{
			Name: "kube-proxy", Node: n.Name, Netns: n.Netns,
			Healthy: machine.HTTPHealth("http://"+net.JoinHostPort(address, "10256")+"/livez", ""),
			Command: []string{programs["kube-proxy"], "--config=" + n.File("kube-proxy.yaml")},
		},
	}
}

// ctr is the command line of containerd's own client for a node's images and containers of Kubernetes.
func ctr(n machine.Node, args ...string) []string {
	return append([]string{"ctr", "--address", n.Socket(), "--namespace", "k8s.io"}, args...)
}
