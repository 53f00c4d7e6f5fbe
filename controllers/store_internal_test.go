package controllers

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/specs"
)

func TestALedgerIsLeftOnlyWhenSomebodySaysSo(t *testing.T) {
	given := map[string]string{v1alpha1.AnnotationRetired: "left"}
	claim := func(phase corev1.PersistentVolumeClaimPhase, annotations map[string]string) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Annotations: annotations}, Status: corev1.PersistentVolumeClaimStatus{Phase: phase}}
	}
	pg := v1alpha1.DeskSpec{
		DisplayName: "Acme", Replicas: ptr.To[int32](3),
		Store: v1alpha1.DeskStore{Postgres: &v1alpha1.PostgresStore{SecretRef: v1alpha1.LocalRef{Name: "usher-pg"}}},
	}
	lite := v1alpha1.DeskSpec{DisplayName: "Acme"}
	built := specs.Deployment(specs.Input{Namespace: "acme", Desk: pg}).Annotations
	deployment := func(extra map[string]string) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{}}}
		for _, m := range []map[string]string{built, extra} {
			for k, v := range m {
				d.Annotations[k] = v
			}
		}
		return d
	}
	set := &appsv1.StatefulSet{}
	const sqlite, postgres = v1alpha1.StoreSQLite, v1alpha1.StorePostgreSQL
	for _, c := range []struct {
		name  string
		wish  v1alpha1.DeskSpec
		there standing
		store v1alpha1.StoreKind
		words []string // of MigrationNeeded; none when the wish is followed
	}{
		{"PostgreSQL from nothing", pg, standing{}, postgres, nil},
		{"PostgreSQL beside a claim that was never bound", pg, standing{set: set, claim: claim(corev1.ClaimPending, nil)}, postgres, nil},
		{"PostgreSQL beside a history", pg, standing{set: set, claim: claim(corev1.ClaimBound, nil)}, sqlite, []string{"kubectl usher migrate -n acme", "pvc/data-usher-0 usher.chat/ledger-retired=left", "remove spec.store"}},
		{"PostgreSQL beside a history whose volume is lost", pg, standing{claim: claim(corev1.ClaimLost, nil)}, sqlite, []string{"kubectl usher migrate"}},
		{"PostgreSQL beside a history that was given up", pg, standing{set: set, claim: claim(corev1.ClaimBound, given)}, postgres, nil},
		{"PostgreSQL as it is, whatever a claim says", pg, standing{deployment: deployment(nil), claim: claim(corev1.ClaimBound, nil)}, postgres, nil},
		{"SQLite from nothing", lite, standing{}, sqlite, nil},
		{"SQLite with its history", lite, standing{claim: claim(corev1.ClaimBound, nil)}, sqlite, nil},
		{"SQLite after PostgreSQL", lite, standing{deployment: deployment(nil)}, postgres, []string{"secretRef.name: usher-pg", "deployment/usher usher.chat/ledger-retired=left"}},
		{"SQLite after PostgreSQL that was given up", lite, standing{deployment: deployment(given)}, sqlite, nil},
		{"SQLite when both were given up", lite, standing{deployment: deployment(given), claim: claim(corev1.ClaimBound, given)}, postgres, []string{"delete that claim", "pvc/data-usher-0 usher.chat/ledger-retired-"}},
		{"SQLite whose history was given up, with nothing else", lite, standing{claim: claim(corev1.ClaimBound, given)}, "", []string{"nothing runs", "Set spec.store.postgres"}},
		{"SQLite that serves a history that was given up too early", lite, standing{set: set, claim: claim(corev1.ClaimBound, given)}, sqlite, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := choose("acme", c.wish, c.there)
			if err != nil {
				t.Fatal(err)
			}
			if got.store != c.store {
				t.Errorf("it runs on %q, want %q", got.store, c.store)
			}
			if (got.verdict.Reason == v1alpha1.ReasonMigrationNeeded) != (c.words != nil) {
				t.Errorf("the verdict is %+v", got.verdict)
			}
			if len(got.verdict.Message) > 1000 {
				t.Errorf("the message has %d letters and would be cut", len(got.verdict.Message))
			}
			for _, w := range c.words {
				if !strings.Contains(got.verdict.Message, w) {
					t.Errorf("%q is not in %q", w, got.verdict.Message)
				}
			}
			if several := got.desk.Store.Postgres != nil; several != (c.store == postgres) || several && *got.desk.Replicas != 3 || !several && got.desk.Replicas != nil || got.desk.DisplayName != "Acme" {
				t.Errorf("it is built from %+v", got.desk)
			}
			if (got.opening != nil) != (c.store == sqlite && c.wish.Store.Postgres != nil) {
				t.Errorf("open towards %+v", got.opening)
			}
		})
	}
	if _, err := choose("acme", lite, standing{deployment: &appsv1.Deployment{}}); err == nil {
		t.Error("a Deployment of which nobody knows what it was built from is thought to be understood")
	}
}

func TestWhoOwnsTheNumberOfPodsIsReadFromTheManagedFields(t *testing.T) {
	entry := func(manager, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: metav1.ManagedFieldsOperationApply, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	for fields, want := range map[string]bool{
		`{"f:spec":{"f:replicas":{},"f:selector":{}}}`: true,
		`{"f:spec":{"f:selector":{}}}`:                 false,
		`{"f:metadata":{}}`:                            false,
	} {
		if got := ownsReplicas([]metav1.ManagedFieldsEntry{entry(v1alpha1.FieldManagerOperator, fields)}); got != want {
			t.Errorf("%s: %v", fields, got)
		}
		if ownsReplicas([]metav1.ManagedFieldsEntry{entry("kube-controller-manager", fields)}) {
			t.Errorf("%s of somebody else is ours", fields)
		}
	}
}
