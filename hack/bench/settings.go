package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"usher.chat/runtime/control"
	"usher.chat/runtime/control/controltest"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/settings"
)

// settingsAtLeast is how many changes make a p99.
const settingsAtLeast = 100

// benchSettings changes a queue's name over the control port, as the operator does, while 100 pairs talk on three pods:
// until the pod that was asked has it in force, and until customers on all three pods read it.
func benchSettings(ctx context.Context, e *env) (list []figure, err error) {
	const name = "usher-control"
	ca, err := controltest.NewCA("bench", time.Now())
	if err != nil {
		return nil, err
	}
	served, err := ca.Server(name)
	if err != nil {
		return nil, err
	}
	certificates, err := os.MkdirTemp(e.dir, "control-")
	if err != nil {
		return nil, err
	}
	if err := served.Write(certificates); err != nil {
		return nil, err
	}
	operator, err := ca.Client(control.Operator)
	if err != nil {
		return nil, err
	}
	config, err := operator.ClientConfig(name)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 2}}
	var ports []string
	for range 3 {
		port, err := freeAddress()
		if err != nil {
			return nil, err
		}
		ports = append(ports, port)
	}
	several, err := startThree(ctx, e, 100, func(pod int) []string {
		return []string{"--control", ports[pod], "--control-tls", certificates}
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, several.Close()) }()
	var lookers []*gatewaytest.Client
	for _, p := range several.Pods {
		c, err := gatewaytest.Customer(ctx, p.URL(), "web", "")
		if err != nil {
			return nil, err
		}
		defer c.Drop()
		lookers = append(lookers, c)
	}
	loaded, talked := make(chan struct{}), make(chan error, 1)
	talking := *e
	talking.duration = max(e.duration, 15*time.Second)
	var result pairsResult
	go func() {
		var err error
		result, err = pairsOver(ctx, &talking, 100, several.each, func() { close(loaded) })
		talked <- err
	}()
	select {
	case <-loaded:
	case err := <-talked:
		return nil, errors.Join(errors.New("nobody talked"), err)
	}
	set := several.settings
	var applied, seen []time.Duration
	for n, over := 0, false; !over; n++ {
		set.Queues[0].DisplayName = fmt.Sprint("line ", n)
		began := time.Now()
		if err := put(ctx, client, ports[n%3], set); err != nil {
			return nil, err
		}
		took := time.Since(began)
		for _, c := range lookers {
			if err := c.Until(ctx, func(v *gatewaytest.View) bool {
				return v.Channel != nil && v.Channel.DisplayName == set.Queues[0].DisplayName
			}); err != nil {
				return nil, fmt.Errorf("the name of a queue is not seen: %w", err)
			}
		}
		applied, seen = append(applied, took), append(seen, time.Since(began))
		select {
		case err := <-talked:
			if err != nil {
				return nil, err
			}
			over = true
		default:
		}
	}
	slices.Sort(applied)
	slices.Sort(seen)
	note := fmt.Sprintf("%d changes under %.0f messages/s of 100 pairs on 3 pods", len(applied), result.perSecond)
	if len(applied) < settingsAtLeast {
		note += "; too few for a p99"
	}
	return []figure{
		atMost("settings_applied_p99", percentile(applied, 99).Seconds(), "s", 1, 1, note+fmt.Sprintf("; p50 %v", percentile(applied, 50).Round(time.Millisecond))),
		atMost("settings_seen_p99", percentile(seen, 99).Seconds(), "s", 1, 1, fmt.Sprintf("by customers on all three pods; p50 %v", percentile(seen, 50).Round(time.Millisecond))),
	}, nil
}

// put puts settings in force as the operator does.
func put(ctx context.Context, client *http.Client, address string, s settings.Settings) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "https://"+address+"/control/v1/settings", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("put the settings: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var a control.Answer
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || resp.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("put the settings: %s", resp.Status), err)
	}
	return nil
}
