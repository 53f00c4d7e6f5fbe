package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/specs"
)

// look for what there is of a desk's ledgers, which wishes for postgres or not.
func (w *workloads) look(ctx context.Context, namespace string, postgres bool) (standing, error) {
	var s standing
	set, deployment, claim := &appsv1.StatefulSet{}, &appsv1.Deployment{}, &corev1.PersistentVolumeClaim{}
	if there, err := w.find(ctx, w.cached, namespace, specs.Workload, set); err != nil {
		return s, err
	} else if there && ours(set) {
		s.set = set
	}
	if there, err := w.find(ctx, w.cached, namespace, specs.Workload, deployment); err != nil {
		return s, err
	} else if there && ours(deployment) {
		s.deployment = deployment
	}
	var from client.Reader = w.cached
	if s.deployment == nil && (postgres || s.set == nil) {
		// A ledger may be begun now, beside this one. Then the API server is asked: the cache may be behind, and
		// has no claim without labels, such as one that was restored from a snapshot.
		from = w.live
	}
	there, err := w.find(ctx, from, namespace, specs.Claim, claim)
	if err != nil {
		return s, err
	}
	if there {
		s.claim = claim
	}
	return s, nil
}

func (w *workloads) find(ctx context.Context, from client.Reader, namespace, name string, object client.Object) (bool, error) {
	err := from.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, object)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("reading the %T %s/%s: %w", object, namespace, name, err)
	}
	return err == nil, nil
}

// single keeps the pod with SQLite.
func (w *workloads) single(ctx context.Context, in specs.Input, there standing, early bool, out *outcome) error {
	if _, err := w.absent(ctx, in.Namespace, specs.Workload, &autoscalingv2.HorizontalPodAutoscaler{}, false); err != nil {
		return err
	}
	if gone, err := w.absent(ctx, in.Namespace, specs.Workload, &appsv1.Deployment{}, there.set == nil); err != nil {
		return err
	} else if !gone {
		out.state.Verdict = changing("Deployment")
	}
	if there.deployment != nil {
		if err := w.removeSecret(ctx, in.Namespace, specs.SecretPeer); err != nil {
			return err
		}
	}
	if !out.state.Verdict.OK() || early && there.set == nil {
		return nil
	}
	set := &appsv1.StatefulSet{}
	if there.set != nil {
		in.Storage = storageOf(there.set)
	}
	if specs.StorageDiffers(in) {
		out.state.Storage = Verdict{v1alpha1.ReasonStorageFixed, fmt.Sprintf(
			"the Desk asks for a volume of %s, but the one of %s that is there is never exchanged; write what is there into spec.storage, and to grow it enlarge the claim %s",
			words(&in.Desk.Storage), words(in.Storage), specs.Claim)}
	}
	return w.child(ctx, in.Namespace, set, specs.Workload, specs.StatefulSet(in))
}

// several keeps the pods with a database.
func (w *workloads) several(ctx context.Context, in specs.Input, there standing, out *outcome) error {
	if gone, err := w.absent(ctx, in.Namespace, specs.Workload, &appsv1.StatefulSet{}, there.deployment == nil); err != nil {
		return err
	} else if !gone {
		// Its pod has the old ledger open and may still acknowledge.
		out.state.Verdict = changing("StatefulSet")
		return nil
	}
	autoscaler := &autoscalingv2.HorizontalPodAutoscaler{}
	if in.Desk.Autoscaling == nil {
		if _, err := w.absent(ctx, in.Namespace, specs.Workload, autoscaler, false); err != nil {
			return err
		}
	} else if there.deployment != nil {
		if err := w.letScale(ctx, in, there.deployment); err != nil {
			return err
		}
		in.Scaled = true
	}
	if err := w.child(ctx, in.Namespace, &appsv1.Deployment{}, specs.Workload, specs.Deployment(in)); err != nil {
		return err
	}
	if in.Desk.Autoscaling == nil {
		return nil
	}
	return w.child(ctx, in.Namespace, autoscaler, specs.Workload, specs.Autoscaler(in))
}

// letScale gives up the number of pods without changing it. To apply without it is not enough: what
// nobody owns falls back to the default, which is one pod.
func (w *workloads) letScale(ctx context.Context, in specs.Input, d *appsv1.Deployment) error {
	if !ownsReplicas(d.ManagedFields) {
		return nil
	}
	data, err := json.Marshal(specs.Replica(in, ptr.Deref(d.Spec.Replicas, 1)))
	if err != nil {
		return fmt.Errorf("writing the number of pods: %w", err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &u.Object); err != nil {
		return fmt.Errorf("writing the number of pods: %w", err)
	}
	if err := w.apply(ctx, u, v1alpha1.FieldManagerScale, true); err != nil {
		return fmt.Errorf("giving up the number of pods of the Deployment %s/%s: %w", in.Namespace, specs.Workload, err)
	}
	return nil
}

// ownsReplicas says whether the operator is an owner of spec.replicas.
func ownsReplicas(fields []metav1.ManagedFieldsEntry) bool {
	for _, f := range fields {
		if f.Manager != v1alpha1.FieldManagerOperator || f.Operation != metav1.ManagedFieldsOperationApply || f.FieldsV1 == nil {
			continue
		}
		var owned struct {
			Spec map[string]json.RawMessage `json:"f:spec"`
		}
		if err := json.Unmarshal(f.FieldsV1.GetRawBytes(), &owned); err == nil && owned.Spec["f:replicas"] != nil {
			return true
		}
	}
	return false
}

func changing(kind string) Verdict {
	return Verdict{v1alpha1.ReasonStoreChanging, fmt.Sprintf(
		"the pods of the %s %q, on the store that was left, are ending; those on the other one follow at once", kind, specs.Workload)}
}

// absent deletes an object of ours and says whether it is gone, with its pods. Sure asks the API server and
// not the cache, which may not know yet what was made a moment ago.
func (w *workloads) absent(ctx context.Context, namespace, name string, object client.Object, sure bool) (bool, error) {
	var from client.Reader = w.cached
	if sure {
		from = w.live
	}
	there, err := w.find(ctx, from, namespace, name, object)
	if err != nil || !there || !ours(object) {
		return err == nil, err
	}
	if !object.GetDeletionTimestamp().IsZero() {
		return false, nil
	}
	// In the foreground: as long as there is a pod of it, so is the object.
	err = w.cached.Delete(ctx, object, client.Preconditions{UID: ptr.To(object.GetUID())}, client.PropagationPolicy(metav1.DeletePropagationForeground))
	switch {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("deleting the %T %s/%s: %w", object, namespace, name, err)
	}
	return false, nil
}

// words for a volume.
func words(s *v1alpha1.DeskStorage) string {
	if s.StorageClassName == nil {
		return s.Size
	}
	return fmt.Sprintf("%s of the class %s", s.Size, *s.StorageClassName)
}

func storageOf(set *appsv1.StatefulSet) *v1alpha1.DeskStorage {
	for _, t := range set.Spec.VolumeClaimTemplates {
		if t.Name == "data" {
			size := t.Spec.Resources.Requests[corev1.ResourceStorage]
			return &v1alpha1.DeskStorage{Size: size.String(), StorageClassName: t.Spec.StorageClassName}
		}
	}
	return nil
}
