// Package postgres has no code: the test applies the sample to a real API server.
package postgres

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
)

var ctx = context.Background()

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	os.Exit(apitest.Main(m))
}

func TestTheSampleIsTakenByAnAPIServerAndItsDatabaseMayRunWherePodSecurityIsRestricted(t *testing.T) {
	c, ns := apitest.Client(t), apitest.Namespace(t)
	kubectl, _ := apitest.Kubectl(t)
	out, err := exec.CommandContext(ctx, kubectl, "kustomize", filepath.Join(apitest.Root(), "config", "samples-postgres")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var docs []string
	for _, doc := range strings.Split(string(out), "\n---\n") {
		if !strings.Contains(doc, "\nkind: Namespace\n") {
			docs = append(docs, doc)
		}
	}
	if err := apitest.Apply(c, ns, "git", strings.Join(docs, "\n---\n")); err != nil {
		t.Fatal(err)
	}
	var desk v1alpha1.Desk
	if err := c.Get(ctx, client.ObjectKey{Namespace: ns, Name: "default"}, &desk); err != nil {
		t.Fatal(err)
	}
	secret := &corev1.Secret{}
	if err := c.Get(ctx, client.ObjectKey{Namespace: ns, Name: desk.Spec.Store.Postgres.SecretRef.Name}, secret); err != nil {
		t.Fatalf("the Secret that the Desk names: %v", err)
	}
	for _, key := range []string{"host", "port", "dbname", "user", "password"} {
		if len(secret.Data[key]) == 0 {
			t.Errorf("the Secret has no %s", key)
		}
	}
	if *desk.Spec.Replicas != 3 || desk.Spec.Service.NodePort == nil || *desk.Spec.Service.NodePort != 30080 {
		t.Errorf("the Desk is %+v, want that of the sample with three pods", desk.Spec)
	}
	set := &appsv1.StatefulSet{}
	if err := c.Get(ctx, client.ObjectKey{Namespace: ns, Name: "database"}, set); err != nil {
		t.Fatal(err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}
	restrict := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}`))
	if err := c.Patch(ctx, namespace, restrict); err != nil {
		t.Fatal(err)
	}
	// As a controller does it where one runs.
	if err := c.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "default"}}); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "database-0"}, Spec: set.Spec.Template.Spec}
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	if err := c.Create(ctx, pod, client.DryRunAll); err != nil {
		t.Fatalf("the database's pod is not let in: %v", err)
	}
}
