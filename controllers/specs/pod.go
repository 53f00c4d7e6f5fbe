package specs

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"usher.chat/api/v1alpha1"
)

// user is nonroot of the image.
const user = 65532

// How long a pod that stops has to tell its clients and, alone, to close the ledger, or else to hand
// over and to let its clients leave at times of their own; the latter with the time to leave the
// Services.
const (
	gracePeriodSeconds = 30
	drainSeconds       = 60
)

// leaveSeconds is how long a pod that stops still takes connections, because it takes so long until
// the last node no longer sends it any.
const leaveSeconds = 3

// Where things are in the container.
const (
	dataPath  = "/var/lib/usher"
	storePath = "/etc/usher/store"
	peerPath  = "/etc/usher/peer"
)

func pod(in Input) *corev1ac.PodSpecApplyConfiguration {
	spec := corev1ac.PodSpec().
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
		WithVolumes(
			corev1ac.Volume().WithName("tmp").WithEmptyDir(corev1ac.EmptyDirVolumeSource().
				WithSizeLimit(resource.MustParse("256Mi"))),
			secretVolume("control", SecretControl),
			secretVolume("keys", SecretKeys),
			secretVolume("sign-in", SecretSignIn),
			metadataVolume(),
		)
	c := container(in)
	if store := in.Desk.Store.Postgres; store != nil {
		spec.WithTerminationGracePeriodSeconds(drainSeconds).
			WithTopologySpreadConstraints(overNodes(in)).
			WithAffinity(corev1ac.Affinity().WithPodAntiAffinity(overZones(in))).
			WithVolumes(
				// What is in it can be made again from the ledger. Without a limit: one that is reached
				// would end all pods of the desk at about the same time.
				corev1ac.Volume().WithName("data").WithEmptyDir(corev1ac.EmptyDirVolumeSource()),
				storeVolume(store),
				secretVolume("peer", SecretPeer))
		several(c)
	}
	return spec.WithContainers(c)
}

// overNodes spreads the pods of one revision evenly, as far as there is room.
func overNodes(in Input) *corev1ac.TopologySpreadConstraintApplyConfiguration {
	return corev1ac.TopologySpreadConstraint().
		WithMaxSkew(1).
		WithTopologyKey(corev1.LabelHostname).
		WithWhenUnsatisfiable(corev1.ScheduleAnyway).
		WithLabelSelector(labelSelector(in)).
		WithMatchLabelKeys("pod-template-hash")
}

// overZones prefers zones that have no pod of the desk. It is no second constraint of spread: the scheduler leaves out of
// all of them a node that lacks the label of one, so that on a cluster without zones nothing would be spread.
func overZones(in Input) *corev1ac.PodAntiAffinityApplyConfiguration {
	return corev1ac.PodAntiAffinity().WithPreferredDuringSchedulingIgnoredDuringExecution(
		corev1ac.WeightedPodAffinityTerm().WithWeight(100).WithPodAffinityTerm(
			corev1ac.PodAffinityTerm().WithTopologyKey(corev1.LabelTopologyZone).WithLabelSelector(labelSelector(in))))
}

func secretVolume(name, secret string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).
		WithSecret(corev1ac.SecretVolumeSource().WithSecretName(secret).WithDefaultMode(0o440))
}

// metadataVolume has the keys of secure metadata. They are a site's affair: a desk runs without them, and those that
// come later appear in it.
func metadataVolume() *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName("metadata").WithSecret(corev1ac.SecretVolumeSource().
		WithSecretName(SecretMetadata).WithDefaultMode(0o440).WithOptional(true))
}

// storeVolume has the files with which the runtime reaches its database. They change under it when the
// Secret does; nothing of their content is in the template, so no pod restarts for it.
func storeVolume(store *v1alpha1.PostgresStore) *corev1ac.VolumeApplyConfiguration {
	sources := corev1ac.ProjectedVolumeSource().WithDefaultMode(0o440).
		WithSources(corev1ac.VolumeProjection().WithSecret(corev1ac.SecretProjection().WithName(store.SecretRef.Name)))
	if store.CASecretRef != nil {
		// After the other, so that this ca.crt is the one that counts.
		sources.WithSources(corev1ac.VolumeProjection().WithSecret(corev1ac.SecretProjection().
			WithName(store.CASecretRef.Name).
			WithItems(corev1ac.KeyToPath().WithKey("ca.crt").WithPath("ca.crt"))))
	}
	return corev1ac.Volume().WithName("store").WithProjected(sources)
}

func container(in Input) *corev1ac.ContainerApplyConfiguration {
	c := corev1ac.Container().
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
			"--sign-in-key=/etc/usher/sign-in/"+KeySignIn,
			"--metadata-keys=/etc/usher/metadata").
		WithPorts(
			port("http", PortHTTP),
			port("ops", PortOps),
			port("control", PortControl)).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithResources(resources(in.Desk.Resources)).
		// Why it does not start is told by kubectl describe: the database's certificate, its password.
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		// A ledger of years may take minutes to read at the start; after that, silence is a fault.
		WithStartupProbe(probe("/healthz").WithPeriodSeconds(1).WithFailureThreshold(600)).
		WithLivenessProbe(probe("/healthz").WithPeriodSeconds(10).WithTimeoutSeconds(5).WithFailureThreshold(6)).
		WithReadinessProbe(probe("/readyz").WithPeriodSeconds(2).WithTimeoutSeconds(2).WithFailureThreshold(2)).
		WithVolumeMounts(
			corev1ac.VolumeMount().WithName("data").WithMountPath(dataPath),
			corev1ac.VolumeMount().WithName("tmp").WithMountPath("/tmp"),
			mount("control", "/etc/usher/control"),
			mount("keys", "/etc/usher/keys"),
			mount("sign-in", "/etc/usher/sign-in"),
			mount("metadata", "/etc/usher/metadata"))
	if proxies := in.Desk.Service.TrustedProxies; len(proxies) > 0 {
		c.WithArgs("--trusted-proxies=" + strings.Join(proxies, ","))
	}
	return c
}

// several makes of the container one of many, with a database.
func several(c *corev1ac.ContainerApplyConfiguration) {
	c.WithArgs(
		"--store-dir="+storePath,
		"--peer-listen=:"+strconv.Itoa(PortPeer),
		"--peer-tls="+peerPath,
		// In brackets, which an IPv6 address needs and an IPv4 address bears.
		"--peer-address=[$(POD_IP)]:"+strconv.Itoa(PortPeer)).
		WithEnv(corev1ac.EnvVar().WithName("POD_IP").WithValueFrom(corev1ac.EnvVarSource().
			WithFieldRef(corev1ac.ObjectFieldSelector().WithFieldPath("status.podIP")))).
		WithPorts(port("peer", PortPeer)).
		WithLifecycle(corev1ac.Lifecycle().WithPreStop(corev1ac.LifecycleHandler().
			WithSleep(corev1ac.SleepAction().WithSeconds(leaveSeconds)))).
		WithVolumeMounts(mount("store", storePath), mount("peer", peerPath))
}

func mount(name, path string) *corev1ac.VolumeMountApplyConfiguration {
	return corev1ac.VolumeMount().WithName(name).WithMountPath(path).WithReadOnly(true)
}

func port(name string, number int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithContainerPort(number).WithProtocol(corev1.ProtocolTCP)
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
