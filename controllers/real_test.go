package controllers_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/specs"
	"usher.chat/runtime/run"
)

// dialer reaches a real runtime in this process.
type dialer string

func (a dialer) Dial(ctx context.Context, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", string(a))
}

// runReal begins the desk's runtime as a pod would: the Secrets as files, and nothing else known.
func (d *desk) runReal() run.Addresses {
	d.t.Helper()
	dir := d.t.TempDir()
	for name, secret := range map[string]string{"control": specs.SecretControl, "keys": specs.SecretKeys, "sign-in": specs.SecretSignIn} {
		var data map[string][]byte
		d.until("the secret "+secret, func() (bool, any) {
			s := &corev1.Secret{}
			err := d.Get(ctx, d.key(secret), s)
			data = s.Data
			return err == nil, err
		})
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			d.t.Fatal(err)
		}
		for key, value := range data {
			if err := os.WriteFile(filepath.Join(dir, name, key), value, 0o600); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	running, stop := context.WithCancel(ctx)
	ready, ended := make(chan run.Addresses, 1), make(chan error, 1)
	go func() {
		ended <- run.Runtime(running, run.Options{
			Desk: d.ns, Data: filepath.Join(dir, "data"),
			Listen: "127.0.0.1:0", Ops: "127.0.0.1:0", Control: "127.0.0.1:0",
			ControlTLS: filepath.Join(dir, "control"), Keys: filepath.Join(dir, "keys"),
			SignInKey: filepath.Join(dir, "sign-in", specs.KeySignIn),
			Logger:    slog.New(slog.DiscardHandler), Version: "test",
			Ready: func(a run.Addresses) { ready <- a },
		})
	}()
	d.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			d.t.Errorf("the runtime ended with %v", err)
		}
	})
	select {
	case a := <-ready:
		operator.dials.Store(d.ns, dialer(a.Control))
		return a
	case err := <-ended:
		ended <- err
		d.t.Fatalf("the runtime did not start: %v", err)
	case <-time.After(patience):
		d.t.Fatal("the runtime was never ready")
	}
	return run.Addresses{}
}

// sample is the desk of config/samples, without its namespace, and without its port of the nodes, which only one desk
// of a cluster can have and a test before this one may have been given.
func sample(t *testing.T) string {
	t.Helper()
	kubectl, _ := apitest.Kubectl(t)
	out, err := exec.CommandContext(ctx, kubectl, "kustomize", filepath.Join(apitest.Root(), "config", "samples")).Output()
	if err != nil {
		t.Fatal(err)
	}
	const port = "    nodePort: 30080\n"
	if !strings.Contains(string(out), port) {
		t.Fatalf("the sample has no %q", port)
	}
	return strings.Join(slices.DeleteFunc(strings.Split(strings.Replace(string(out), port, "", 1), "\n---\n"), func(doc string) bool {
		return strings.Contains(doc, "\nkind: Namespace\n")
	}), "\n---\n")
}

func TestTheSampleDeskIsServedByARealRuntime(t *testing.T) {
	startOperator(t)
	operator.clock.reset() // the runtime's clock is the machine's
	d := newDesk(t)
	d.apply("kustomize-controller", sample(t))
	addresses := d.runReal()
	for _, name := range []string{"support", "billing", "overflow"} {
		d.ready(&v1alpha1.Queue{}, name)
		d.until(name+" in a state", func() (bool, any) { q := d.queue(name); return q.Status.State != "", q.Status })
	}
	d.ready(&v1alpha1.Schedule{}, "office")
	d.ready(&v1alpha1.Team{}, "tier1")
	d.ready(&v1alpha1.Team{}, "field")
	d.ready(&v1alpha1.Channel{}, "web")
	d.ready(&v1alpha1.Channel{}, "billing")
	d.ready(&v1alpha1.Desk{}, "default")
	var office v1alpha1.Schedule
	d.ready(&office, "office")
	if s := d.queue("support").Status; s.State != office.Status.State || s.NextChange.Summary != office.Status.NextChange.Summary {
		t.Fatalf("the runtime says %+v, the schedule %+v", s, office.Status)
	}
	if s := d.queue("billing").Status; s.State != v1alpha1.StateOpen || s.StateCause != "AlwaysOpen" || s.NextChange != nil {
		t.Fatalf("billing is %+v", s)
	}
	var channel v1alpha1.Channel
	d.ready(&channel, "web")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addresses.Listen+channel.Status.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the hosted page %s answers %s", channel.Status.URL, res.Status)
	}

	var took []time.Duration
	for range 4 {
		for _, state := range []v1alpha1.OpenState{v1alpha1.StateClosed, v1alpha1.StateOpen} {
			started := time.Now()
			patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"override":{"state":"`+string(state)+`","reason":"fire drill"}}}`))
			if err := d.Patch(ctx, d.queue("billing"), patch, client.FieldOwner(v1alpha1.FieldManagerCLI)); err != nil {
				t.Fatal(err)
			}
			d.until("billing "+string(state), func() (bool, any) {
				q := d.queue("billing")
				return q.Status.State == state && q.Status.StateCause == "Override", q.Status
			})
			took = append(took, time.Since(started))
		}
	}
	slices.Sort(took)
	t.Logf("from the patch to the status, by way of the runtime's ledger: median %s, worst %s of %d", took[len(took)/2], took[len(took)-1], len(took))
	d.condition(&v1alpha1.Queue{}, "billing", v1alpha1.ConditionOverridden, metav1.ConditionTrue, v1alpha1.ReasonOverrideInForce)
	d.settle()
	before := len(operator.writes.of(d.ns))
	d.poke("billing")
	d.settle()
	if after := operator.writes.of(d.ns); len(after) != before {
		t.Fatalf("an idle desk with a real runtime was written to: %v", after[before:])
	}
}
