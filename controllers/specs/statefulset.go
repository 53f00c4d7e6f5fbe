package specs

import (
	"cmp"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"usher.chat/api/v1alpha1"
)

// user is nonroot of the image.
const user = 65532

// gracePeriodSeconds is how long a pod that stops has to tell its clients and close the ledger.
const gracePeriodSeconds = 30

const dataPath = "/var/lib/usher"

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
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Namespace))).
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

func pod(in Input) *corev1ac.PodSpecApplyConfiguration {
	return corev1ac.PodSpec().
		WithServiceAccountName(ServiceAccount).
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(gracePeriodSeconds).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithRunAsNonRoot(true).
			WithRunAsUser(user).
			WithRunAsGroup(user).
			WithFSGroup(user).
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithContainers(container(in)).
		WithVolumes(
			corev1ac.Volume().WithName("tmp").WithEmptyDir(corev1ac.EmptyDirVolumeSource().
				WithSizeLimit(resource.MustParse("256Mi"))),
			secretVolume("control", SecretControl),
			secretVolume("keys", SecretKeys),
			secretVolume("sign-in", SecretSignIn),
		)
}

func secretVolume(name, secret string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).
		WithSecret(corev1ac.SecretVolumeSource().WithSecretName(secret).WithDefaultMode(0o440))
}

func container(in Input) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().
		WithName("runtime").
		WithImage(in.Image).
		WithImagePullPolicy(corev1.PullIfNotPresent).
		WithArgs("runtime",
			"--desk="+in.Namespace,
			"--data="+dataPath,
			"--listen=:"+strconv.Itoa(PortHTTP),
			"--ops=:"+strconv.Itoa(PortOps),
			"--control=:"+strconv.Itoa(PortControl),
			"--control-tls=/etc/usher/control",
			"--keys=/etc/usher/keys",
			"--sign-in-key=/etc/usher/sign-in/"+KeySignIn).
		WithPorts(
			corev1ac.ContainerPort().WithName("http").WithContainerPort(PortHTTP).WithProtocol(corev1.ProtocolTCP),
			corev1ac.ContainerPort().WithName("ops").WithContainerPort(PortOps).WithProtocol(corev1.ProtocolTCP),
			corev1ac.ContainerPort().WithName("control").WithContainerPort(PortControl).WithProtocol(corev1.ProtocolTCP)).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithResources(resources(in.Desk.Resources)).
		// A ledger of years may take minutes to read at the start; after that, silence is a fault.
		WithStartupProbe(probe("/healthz").WithPeriodSeconds(1).WithFailureThreshold(600)).
		WithLivenessProbe(probe("/healthz").WithPeriodSeconds(10).WithTimeoutSeconds(5).WithFailureThreshold(6)).
		WithReadinessProbe(probe("/readyz").WithPeriodSeconds(2).WithTimeoutSeconds(2).WithFailureThreshold(2)).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName("data").WithMountPath(dataPath),
			corev1ac.VolumeMount().WithName("tmp").WithMountPath("/tmp"),
			corev1ac.VolumeMount().WithName("control").WithMountPath("/etc/usher/control").WithReadOnly(true),
			corev1ac.VolumeMount().WithName("keys").WithMountPath("/etc/usher/keys").WithReadOnly(true),
			corev1ac.VolumeMount().WithName("sign-in").WithMountPath("/etc/usher/sign-in").WithReadOnly(true))
}

func probe(path string) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString("ops")))
}

// Requests of the container when the Desk says nothing.
const (
	defaultCPU    = "100m"
	defaultMemory = "128Mi"
)

func resources(r v1alpha1.DeskResources) *corev1ac.ResourceRequirementsApplyConfiguration {
	requests := amounts(&r.Requests)
	if len(requests) == 0 {
		requests = corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse(defaultCPU),
			corev1.ResourceMemory: resource.MustParse(defaultMemory),
		}
	}
	out := corev1ac.ResourceRequirements().WithRequests(requests)
	if limits := amounts(r.Limits); len(limits) > 0 {
		out.WithLimits(limits)
	}
	return out
}

func amounts(a *v1alpha1.ComputeAmounts) corev1.ResourceList {
	list := corev1.ResourceList{}
	if a == nil {
		return list
	}
	if a.CPU != nil {
		list[corev1.ResourceCPU] = *a.CPU
	}
	if a.Memory != nil {
		list[corev1.ResourceMemory] = *a.Memory
	}
	return list
}
