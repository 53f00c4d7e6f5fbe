package main

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func exampleClaim() *corev1.PersistentVolumeClaim {
	class := "local"
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "data", UID: "u-1", Annotations: map[string]string{selectedNode: "usher-1"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

func TestAClaimWaitsForUsOnlyOnceItsNodeIsChosen(t *testing.T) {
	if !wanted(exampleClaim()) {
		t.Error("a claim with a node is not served")
	}
	for name, change := range map[string]func(*corev1.PersistentVolumeClaim){
		"no node yet":   func(c *corev1.PersistentVolumeClaim) { c.Annotations = nil },
		"bound already": func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "pv" },
		"another class": func(c *corev1.PersistentVolumeClaim) { other := "fast"; c.Spec.StorageClassName = &other },
		"no class":      func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = nil },
		"being deleted": func(c *corev1.PersistentVolumeClaim) { c.DeletionTimestamp = &metav1.Time{} },
	} {
		c := exampleClaim()
		change(c)
		if wanted(c) {
			t.Errorf("%s: it is served", name)
		}
	}
}

func TestAVolumeBelongsToItsClaimAndItsNode(t *testing.T) {
	pv := volumeFor(exampleClaim(), "/state/volumes")
	if pv.Name != "pvc-u-1" || pv.Spec.Local.Path != "/state/volumes/pvc-u-1" {
		t.Errorf("name %s, path %s", pv.Name, pv.Spec.Local.Path)
	}
	if ref := pv.Spec.ClaimRef; ref.Namespace != "acme" || ref.Name != "data" || ref.UID != "u-1" {
		t.Errorf("claim %+v", ref)
	}
	if got := pv.Spec.Capacity[corev1.ResourceStorage]; got.String() != "1Gi" {
		t.Errorf("size %s", got.String())
	}
	if got := pv.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values[0]; got != "usher-1" {
		t.Errorf("node %s", got)
	}
}

func TestOnlyOurReleasedVolumesAreOver(t *testing.T) {
	released := func() *corev1.PersistentVolume {
		pv := volumeFor(exampleClaim(), "/state/volumes")
		pv.Status.Phase = corev1.VolumeReleased
		return pv
	}
	if !over(released()) {
		t.Error("a released volume is kept")
	}
	for name, change := range map[string]func(*corev1.PersistentVolume){
		"bound": func(pv *corev1.PersistentVolume) { pv.Status.Phase = corev1.VolumeBound },
		"to be kept": func(pv *corev1.PersistentVolume) {
			pv.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
		},
		"not ours":      func(pv *corev1.PersistentVolume) { pv.Annotations = nil },
		"being deleted": func(pv *corev1.PersistentVolume) { pv.DeletionTimestamp = &metav1.Time{} },
	} {
		pv := released()
		change(pv)
		if over(pv) {
			t.Errorf("%s: it is removed", name)
		}
	}
}
