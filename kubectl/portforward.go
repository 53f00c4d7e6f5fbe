package kubectl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
)

// forwarded is a port-forward of the API server, on a port of this machine that only it can reach.
type forwarded struct {
	address string
	stop    context.CancelFunc
	done    chan struct{}
}

// Dial connects.
func (f *forwarded) Dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", f.address)
}

// Close ends the forwarding and its connections.
func (f *forwarded) Close() {
	f.stop()
	<-f.done
}

// portForward opens a way to the control port of a ready runtime pod. The pod needs no Service, ingress
// or address for it, and its NetworkPolicy does not stand in the way: the kubelet brings it.
func portForward(ctx context.Context, c *cluster) (tunnel, error) {
	pod, err := c.runtimePod(ctx)
	if err != nil {
		return nil, err
	}
	upgrade, err := c.forwardDialer(pod)
	if err != nil {
		return nil, fmt.Errorf("could not prepare the port-forward: %w", err)
	}
	dialer := &remembering{Dialer: upgrade}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ready, done := make(chan struct{}), make(chan struct{})
	forwarder, err := portforward.NewOnAddressesForStreamingWithContext(running, dialer, []string{"127.0.0.1"},
		[]string{"0:" + strconv.Itoa(controlPort)}, ready, io.Discard, io.Discard)
	if err != nil {
		stop()
		return nil, fmt.Errorf("could not prepare the port-forward: %w", err)
	}
	var failed error
	go func() {
		defer close(done)
		failed = forwarder.ForwardPorts()
	}()
	select {
	case <-ready:
	case <-done:
		stop()
		return nil, forwardError(cmp.Or(dialer.err, failed), pod)
	case <-ctx.Done():
		stop()
		return nil, ctx.Err()
	}
	ports, err := forwarder.GetPorts()
	if err != nil || len(ports) != 1 {
		stop()
		return nil, errors.Join(fmt.Errorf("the port-forward to the pod %s has no port", pod), err)
	}
	return &forwarded{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(int(ports[0].Local))), stop: stop, done: done}, nil
}

// remembering keeps the error of a dialer, which the forwarder puts into a text.
type remembering struct {
	httpstream.Dialer
	err error
}

// Dial and remember.
func (r *remembering) Dial(protocols ...string) (httpstream.Connection, string, error) {
	conn, protocol, err := r.Dialer.Dial(protocols...)
	r.err = err
	return conn, protocol, err
}

func forwardError(err error, pod string) error {
	if apierrors.IsForbidden(err) || err != nil && strings.Contains(err.Error(), "is forbidden") {
		return &advised{err: err, what: fmt.Sprintf(
			"you may not forward ports to the pod %s, which live figures and the log need; ask for \"create\" on pods/portforward (status and explain do without)", pod)}
	}
	return advise(err, "forward a port to the pod "+pod)
}

// forwardDialer speaks WebSocket, and SPDY to servers and proxies that do not.
func (c *cluster) forwardDialer(pod string) (httpstream.Dialer, error) {
	config, err := c.env.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	config.APIPath, config.GroupVersion = "/api", &corev1.SchemeGroupVersion
	config.NegotiatedSerializer = serializer.NewCodecFactory(c.env.scheme).WithoutConversion()
	core, err := rest.RESTClientFor(config)
	if err != nil {
		return nil, err
	}
	address := core.Post().Namespace(c.namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	old := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	modern, err := portforward.NewSPDYOverWebsocketDialerForStreaming(address, config)
	if err != nil {
		return nil, err
	}
	return portforward.NewFallbackDialerForStreaming(modern, old, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// runtimePod finds a pod of the desk's runtime that is ready.
func (c *cluster) runtimePod(ctx context.Context) (string, error) {
	var pods corev1.PodList
	labels := client.MatchingLabels{
		"app.kubernetes.io/name": "usher", "app.kubernetes.io/component": "runtime", v1alpha1.LabelDesk: c.namespace,
	}
	if err := c.List(ctx, &pods, client.InNamespace(c.namespace), labels); err != nil {
		return "", advise(err, "find the runtime's pod in namespace "+c.namespace)
	}
	if len(pods.Items) == 0 {
		return "", &advised{what: fmt.Sprintf(
			"namespace %s has no runtime pod; it runs while the namespace has a Queue: see \"kubectl get queues.usher.chat,statefulsets,pods -n %s\"", c.namespace, c.namespace)}
	}
	for i := range pods.Items {
		if pod := &pods.Items[i]; pod.DeletionTimestamp == nil && (isReady(pod) || c.unready && pod.Status.Phase == corev1.PodRunning) {
			return pod.Name, nil
		}
	}
	pod := &pods.Items[0]
	return "", &advised{what: fmt.Sprintf("the runtime's pod %s is not ready (%s); see \"kubectl describe pod %s -n %s\"",
		pod.Name, whyNotReady(pod), pod.Name, c.namespace)}
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func whyNotReady(pod *corev1.Pod) string {
	if pod.DeletionTimestamp != nil {
		return "it is being deleted"
	}
	for _, s := range pod.Status.ContainerStatuses {
		if s.State.Waiting != nil && s.State.Waiting.Reason != "" {
			return s.State.Waiting.Reason
		}
		if s.State.Terminated != nil && s.State.Terminated.Reason != "" {
			return s.State.Terminated.Reason
		}
	}
	return string(pod.Status.Phase)
}
