package specs

import (
	"cmp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
)

// StatefulSet is the runtime: one pod with the ledger on a volume of its own. Settings and keys
// that change reach it over the control port and as files, so that nothing but the image, the
// resources and the arguments restarts it.
func StatefulSet(in Input) *appsv1ac.StatefulSetApplyConfiguration {
	return appsv1ac.StatefulSet(Workload, in.Namespace).
		WithLabels(Labels(in.Namespace)).
		WithOwnerReferences(owner(in)).
		WithSpec(appsv1ac.StatefulSetSpec().
			WithReplicas(1).
			WithServiceName(ControlService).
			// Parallel: a pod that never became ready must not keep a better one from coming.
			WithPodManagementPolicy(appsv1.ParallelPodManagement).
			WithRevisionHistoryLimit(3).
			WithSelector(labelSelector(in)).
			WithPersistentVolumeClaimRetentionPolicy(appsv1ac.StatefulSetPersistentVolumeClaimRetentionPolicy().
				WithWhenDeleted(appsv1.RetainPersistentVolumeClaimRetentionPolicyType).
				WithWhenScaled(appsv1.RetainPersistentVolumeClaimRetentionPolicyType)).
			WithTemplate(corev1ac.PodTemplateSpec().
				WithLabels(Labels(in.Namespace)).
				WithSpec(pod(in))).
			WithVolumeClaimTemplates(claim(in)))
}

// StorageDiffers says whether the Desk asks for another volume than there is.
func StorageDiffers(in Input) bool {
	have, want := in.Storage, in.Desk.Storage
	if have == nil || want.Size == "" {
		return false
	}
	a, b := resource.MustParse(have.Size), resource.MustParse(want.Size)
	if a.Cmp(b) != 0 {
		return true
	}
	return want.StorageClassName != nil && ptr.Deref(have.StorageClassName, "") != *want.StorageClassName
}

func claim(in Input) *corev1ac.PersistentVolumeClaimApplyConfiguration {
	storage := in.Desk.Storage
	if in.Storage != nil {
		storage = *in.Storage
	}
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{
			corev1.ResourceStorage: resource.MustParse(cmp.Or(storage.Size, DefaultStorage)),
		}))
	if storage.StorageClassName != nil {
		spec.WithStorageClassName(*storage.StorageClassName)
	}
	return corev1ac.PersistentVolumeClaim("data", "").
		WithLabels(selector(in.Namespace)).
		WithSpec(spec)
}
