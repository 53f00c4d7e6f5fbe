package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"

	"usher.chat/hack/cluster/machine"
)

// provisioner is the name that the storage class calls and that our volumes carry.
const provisioner = "usher.chat/local"

const (
	// selectedNode is where the scheduler writes down the node of the first pod that uses a claim.
	selectedNode = "volume.kubernetes.io/selected-node"
	// provisionedBy is where a volume says who made it.
	provisionedBy = "pv.kubernetes.io/provisioned-by"
)

// A provisioning turns claims of the class `local` into directories of this machine, and removes them when their claim is
// gone. The size that a claim asks for is not enforced: the disk is shared.
type provisioning struct {
	client  kubernetes.Interface
	claims  corelisters.PersistentVolumeClaimLister
	volumes corelisters.PersistentVolumeLister
	// dir holds one directory a volume.
	dir string
	say console
}

// serveVolumes is the cluster's background process for storage. It runs until it is told to end.
func serveVolumes(ctx context.Context, say console, o options) error {
	p := machine.NewPlan(o.dir, 1)
	config, err := clientcmd.BuildConfigFromFlags("", p.File("pki", "volumes.kubeconfig"))
	if err != nil {
		return fmt.Errorf("read the access to the cluster: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	// A change that was missed is found again at the next resync.
	factory := informers.NewSharedInformerFactory(client, 30*time.Second)
	core := factory.Core().V1()
	v := &provisioning{
		client: client, dir: p.File("volumes"), say: say,
		claims: core.PersistentVolumeClaims().Lister(), volumes: core.PersistentVolumes().Lister(),
	}
	changed := make(chan struct{}, 1)
	poke := func() {
		select {
		case changed <- struct{}{}:
		default: // It will look anyway.
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { poke() },
		UpdateFunc: func(any, any) { poke() },
		DeleteFunc: func(any) { poke() },
	}
	for _, informer := range []cache.SharedIndexInformer{core.PersistentVolumeClaims().Informer(), core.PersistentVolumes().Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("watch claims and volumes: %w", err)
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			if err := v.reconcile(ctx); err != nil {
				say.step("volumes: %v", err)
			}
		}
	}
}

// reconcile makes every volume that is waited for and removes every one that is over.
func (v *provisioning) reconcile(ctx context.Context) error {
	claims, err := v.claims.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("list claims: %w", err)
	}
	var problems []error
	for _, c := range claims {
		if wanted(c) {
			problems = append(problems, v.provide(ctx, c))
		}
	}
	volumes, err := v.volumes.List(labels.Everything())
	if err != nil {
		return fmt.Errorf("list volumes: %w", err)
	}
	for _, pv := range volumes {
		if over(pv) {
			problems = append(problems, v.remove(ctx, pv))
		}
	}
	return errors.Join(problems...)
}

// wanted says whether a claim waits for a volume of ours and the scheduler has chosen its node.
func wanted(c *corev1.PersistentVolumeClaim) bool {
	return c.Spec.StorageClassName != nil && *c.Spec.StorageClassName == "local" && c.Spec.VolumeName == "" &&
		c.DeletionTimestamp == nil && c.Annotations[selectedNode] != ""
}

// over says whether a volume of ours has lost its claim.
func over(pv *corev1.PersistentVolume) bool {
	return pv.Annotations[provisionedBy] == provisioner && pv.Status.Phase == corev1.VolumeReleased &&
		pv.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete && pv.DeletionTimestamp == nil
}

// volumeFor describes the volume of a claim. The kind is `local`, not `hostPath`, because that one honours fsGroup as
// real storage does.
func volumeFor(c *corev1.PersistentVolumeClaim, dir string) *corev1.PersistentVolume {
	name := "pvc-" + string(c.UID)
	mode := corev1.PersistentVolumeFilesystem
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: c.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   c.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			StorageClassName:              "local",
			VolumeMode:                    &mode,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: c.Namespace, Name: c.Name, UID: c.UID, ResourceVersion: c.ResourceVersion,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: filepath.Join(dir, name)}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{c.Annotations[selectedNode]},
				}},
			}}}},
		},
	}
}

func (v *provisioning) provide(ctx context.Context, c *corev1.PersistentVolumeClaim) error {
	pv := volumeFor(c, v.dir)
	if _, err := v.volumes.Get(pv.Name); err == nil {
		return nil // Made before, and not bound yet.
	}
	// Root's, as a new file system is: a pod that is not root needs fsGroup, here as on real storage.
	if err := os.MkdirAll(pv.Spec.Local.Path, 0o755); err != nil {
		return fmt.Errorf("make the directory for %s/%s: %w", c.Namespace, c.Name, err)
	}
	_, err := v.client.CoreV1().PersistentVolumes().Create(ctx, pv, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make a volume for %s/%s: %w", c.Namespace, c.Name, err)
	}
	v.say.step("volumes: made %s for %s/%s", pv.Name, c.Namespace, c.Name)
	return nil
}

func (v *provisioning) remove(ctx context.Context, pv *corev1.PersistentVolume) error {
	// From the name, never from the path in the object: that one could be changed to any directory of the machine.
	if !strings.HasPrefix(pv.Name, "pvc-") || strings.ContainsAny(pv.Name, "/") {
		return nil
	}
	if err := removeTree(filepath.Join(v.dir, pv.Name)); err != nil {
		return err
	}
	err := v.client.CoreV1().PersistentVolumes().Delete(ctx, pv.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("remove the volume %s: %w", pv.Name, err)
	}
	v.say.step("volumes: removed %s", pv.Name)
	return nil
}
