package main

import (
	"context"
	"net"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"usher.chat/hack/cluster/machine"
)

// awaitNode waits until pods can be put on a node.
func awaitNode(ctx context.Context, client kubernetes.Interface, name string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return machine.Poll(ctx, func() (bool, error) {
		n, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, nil // The kubelet has not registered it yet.
		}
		for _, condition := range n.Status.Conditions {
			if condition.Type == corev1.NodeReady {
				return condition.Status == corev1.ConditionTrue, nil
			}
		}
		return false, nil
	})
}

// awaitNames waits until the cluster's DNS answers this machine about a name that every cluster has. That needs CoreDNS,
// its Service, the rules of kube-proxy and the route from here, so it shows that all of them work.
func awaitNames(ctx context.Context, dns netip.Addr) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, netip.AddrPortFrom(dns, 53).String())
	}}
	return machine.Poll(ctx, func() (bool, error) {
		once, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		addresses, err := resolver.LookupHost(once, "kubernetes.default.svc.cluster.local.")
		return err == nil && len(addresses) > 0, nil
	})
}
