package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"usher.chat/runtime/gateway/gatewaytest"
)

// closeToWidget patches spec.override of the sample desk's queue n times, closing and opening in turn,
// and measures until a customer's socket has been told. The queue is left as it was found.
func closeToWidget(ctx context.Context, kubeconfig string, n int) ([]time.Duration, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 100, 100
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	const namespace = "acme"
	channels := client.Resource(schema.GroupVersionResource{Group: "usher.chat", Version: "v1alpha1", Resource: "channels"}).Namespace(namespace)
	queues := client.Resource(schema.GroupVersionResource{Group: "usher.chat", Version: "v1alpha1", Resource: "queues"}).Namespace(namespace)
	channel, err := channels.Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("the sample desk: %w", err)
	}
	spec, _ := channel.Object["spec"].(map[string]any)
	route, _ := spec["route"].(map[string]any)
	ref, _ := route["queueRef"].(map[string]any)
	queue, _ := ref["name"].(string)
	url, err := deskURL(ctx, client, namespace)
	if err != nil {
		return nil, err
	}
	c, err := gatewaytest.Customer(ctx, url, "web", "")
	if err != nil {
		return nil, err
	}
	defer c.Drop()
	patch := func(override string) error {
		_, err := queues.Patch(ctx, queue, types.MergePatchType, []byte(`{"spec":{"override":`+override+`}}`), metav1.PatchOptions{FieldManager: "usher-cli"})
		return err
	}
	defer func() { _ = patch("null") }()
	var waits []time.Duration
	for i := range n {
		state := []string{"Closed", "Open"}[i%2]
		began := time.Now()
		if err := patch(`{"state":"` + state + `","reason":"bench"}`); err != nil {
			return nil, err
		}
		within, cancel := context.WithTimeout(ctx, 20*time.Second)
		err := c.Until(within, func(v *gatewaytest.View) bool { return v.Channel != nil && v.Channel.QueueState == state })
		cancel()
		if err != nil {
			return nil, fmt.Errorf("the widget was not told %s: %w", state, err)
		}
		if i > 0 { // the first may find the queue in that state already
			waits = append(waits, time.Since(began))
		}
		pause(ctx, 50*time.Millisecond)
	}
	return waits, nil
}

func deskURL(ctx context.Context, client dynamic.Interface, namespace string) (string, error) {
	services := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "services"}).Namespace(namespace)
	service, err := services.Get(ctx, "usher", metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	spec, _ := service.Object["spec"].(map[string]any)
	ip, _ := spec["clusterIP"].(string)
	return "http://" + ip, nil
}
