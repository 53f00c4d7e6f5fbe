// Package tenant has no code: the test applies the sample to a real API server, with Kubernetes' own controllers,
// and tries its bounds.
package tenant

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
)

const (
	namespace = "acme"
	patience  = 2 * time.Minute
)

var ctx = context.Background()

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	os.Exit(apitest.Main(m))
}

// sample applies config/samples/tenant and the roles that it binds to, once.
func sample(t *testing.T) client.Client {
	t.Helper()
	apitest.Controllers(t)
	c := apitest.Client(t)
	if err := c.Get(ctx, client.ObjectKey{Name: namespace}, &corev1.Namespace{}); err == nil {
		return c
	}
	kubectl, _ := apitest.Kubectl(t)
	out, err := exec.CommandContext(ctx, kubectl, "kustomize", filepath.Join(apitest.Root(), "config", "samples", "tenant")).Output()
	if err != nil {
		t.Fatal(err)
	}
	people, err := os.ReadFile(filepath.Join(apitest.Root(), "config", "rbac", "people.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range strings.Split(string(people)+"\n---\n"+string(out), "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(doc), &u.Object); err != nil {
			t.Fatal(err)
		}
		if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("platform")); err != nil {
			t.Fatalf("applying %s %s: %v", u.GetKind(), u.GetName(), err)
		}
	}
	return c
}

func until(t *testing.T, what string, ask func() (bool, any)) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		ok, seen := ask()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("never %s; last seen: %+v", what, seen)
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the API server
	}
}

func TestTheQuotaRefusesTheOneObjectTooManyOfEachKind(t *testing.T) {
	c := sample(t)
	quota := &corev1.ResourceQuota{}
	until(t, "counted quota", func() (bool, any) {
		err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "usher"}, quota)
		return err == nil && len(quota.Status.Hard) == len(quota.Spec.Hard), quota.Status
	})
	for _, kind := range []struct{ kind, plural, spec string }{
		{"Queue", "queues", `{}`},
		{"Team", "teams", `{}`},
		{"Channel", "channels", `{type: Web, web: {}, route: {queueRef: {name: support}}}`},
		{"Schedule", "schedules", `{timeZone: UTC}`},
	} {
		most := quota.Spec.Hard[corev1.ResourceName("count/"+kind.plural+".usher.chat")]
		object := func(i int64) *unstructured.Unstructured {
			u := &unstructured.Unstructured{}
			var spec map[string]any
			if err := yaml.Unmarshal([]byte(kind.spec), &spec); err != nil {
				t.Fatal(err)
			}
			u.Object = map[string]any{"spec": spec}
			u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind.kind))
			u.SetNamespace(namespace)
			u.SetName(fmt.Sprintf("n%d", i))
			return u
		}
		if most.Value() < 1 {
			t.Fatalf("no bound for %s", kind.plural)
		}
		for i := range most.Value() {
			if err := c.Create(ctx, object(i)); err != nil {
				t.Fatalf("%s %d of %d: %v", kind.kind, i+1, most.Value(), err)
			}
		}
		err := c.Create(ctx, object(most.Value()))
		if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "exceeded quota: usher") {
			t.Errorf("%s number %d: %v", kind.kind, most.Value()+1, err)
		}
		// One less makes room again, once Kubernetes has counted.
		if err := c.Delete(ctx, object(0)); err != nil {
			t.Fatal(err)
		}
		until(t, "room for another "+kind.kind, func() (bool, any) {
			err := c.Create(ctx, object(most.Value()))
			return err == nil, err
		})
	}
}

func TestTheTenantsPeopleMayDoWhatIsTheirsAndNothingInOtherNamespaces(t *testing.T) {
	sample(t)
	admin := apitest.ClientOf(t, apitest.User(t, "ana", "acme-admins"))
	supervisor := apitest.ClientOf(t, apitest.User(t, "sam", "acme-supervisors"))
	other := apitest.Namespace(t)
	named := func(ns, name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: ns, Name: name} }
	dry := client.DryRunAll
	team := func(ns string) *v1alpha1.Team { return &v1alpha1.Team{ObjectMeta: named(ns, "people")} }
	for what, err := range map[string]error{
		"an admin makes a Desk":         admin.Create(ctx, &v1alpha1.Desk{ObjectMeta: named(namespace, "default")}, dry),
		"an admin reads queues":         admin.List(ctx, &v1alpha1.QueueList{}, client.InNamespace(namespace)),
		"a supervisor reads queues":     supervisor.List(ctx, &v1alpha1.QueueList{}, client.InNamespace(namespace)),
		"a supervisor closes the queue": client.IgnoreNotFound(supervisor.Patch(ctx, &v1alpha1.Queue{ObjectMeta: named(namespace, "gone")}, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"override":{"state":"Closed"}}}`)), dry)),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, err := range map[string]error{
		"an admin makes a Team elsewhere":       admin.Create(ctx, team(other), dry),
		"an admin reads queues elsewhere":       admin.List(ctx, &v1alpha1.QueueList{}, client.InNamespace(other)),
		"an admin reads the sign-in key":        admin.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "usher-sign-in"}, &corev1.Secret{}),
		"an admin widens the quota":             admin.Delete(ctx, &corev1.ResourceQuota{ObjectMeta: named(namespace, "usher")}, dry),
		"an admin gives rights":                 admin.Create(ctx, &rbacv1.RoleBinding{ObjectMeta: named(namespace, "x"), RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "admin"}}, dry),
		"an admin gives a ledger up":            admin.Patch(ctx, &corev1.PersistentVolumeClaim{ObjectMeta: named(namespace, "data-usher-0")}, client.RawPatch("application/merge-patch+json", []byte(`{}`)), dry),
		"a supervisor makes a Team":             supervisor.Create(ctx, team(namespace), dry),
		"a supervisor reads queues elsewhere":   supervisor.List(ctx, &v1alpha1.QueueList{}, client.InNamespace(other)),
		"a supervisor deletes a queue":          supervisor.Delete(ctx, &v1alpha1.Queue{ObjectMeta: named(namespace, "gone")}, dry),
		"a supervisor reads the control port's": supervisor.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "usher-viewer"}, &corev1.Secret{}),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
