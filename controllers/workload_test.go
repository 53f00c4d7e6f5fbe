package controllers_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/certs"
	"usher.chat/controllers/specs"
)

// everything that the operator may have made or written, by kind and name.
func (d *desk) everything() map[string]client.Object {
	d.t.Helper()
	out := map[string]client.Object{}
	for kind, list := range map[string]client.ObjectList{
		"Secret": &corev1.SecretList{}, "Service": &corev1.ServiceList{}, "ServiceAccount": &corev1.ServiceAccountList{},
		"StatefulSet": &appsv1.StatefulSetList{}, "Deployment": &appsv1.DeploymentList{}, "PersistentVolumeClaim": &corev1.PersistentVolumeClaimList{},
		"HorizontalPodAutoscaler": &autoscalingv2.HorizontalPodAutoscalerList{}, "PodDisruptionBudget": &policyv1.PodDisruptionBudgetList{},
		"NetworkPolicy": &networkingv1.NetworkPolicyList{}, "Team": &v1alpha1.TeamList{}, "Channel": &v1alpha1.ChannelList{},
		"Schedule": &v1alpha1.ScheduleList{}, "Desk": &v1alpha1.DeskList{},
	} {
		if err := d.List(ctx, list, client.InNamespace(d.ns)); err != nil {
			d.t.Fatal(err)
		}
		for _, o := range items(list) {
			out[kind+"/"+o.GetName()] = o
		}
	}
	return out
}

func items(list client.ObjectList) []client.Object {
	var out []client.Object
	if err := meta.EachListItem(list, func(o runtime.Object) error {
		out = append(out, o.(client.Object))
		return nil
	}); err != nil {
		panic(err) // cannot be: it is a list
	}
	return out
}

func (d *desk) versions() map[string]string {
	d.t.Helper()
	out := map[string]string{}
	for name, o := range d.everything() {
		out[name] = o.GetResourceVersion()
	}
	return out
}

func equalVersions(a, b map[string]string) bool { return maps.Equal(a, b) }

// statefulSet waits for it: without a Desk it comes a little later.
func (d *desk) statefulSet() *appsv1.StatefulSet {
	d.t.Helper()
	set := &appsv1.StatefulSet{}
	d.until("the stateful set", func() (bool, any) {
		err := d.Get(ctx, d.key("usher"), set)
		return err == nil, err
	})
	return set
}

func TestTheWorkloadIsWholeAndHangsOnTheServiceAccount(t *testing.T) {
	d := readyDesk(t)
	d.statefulSet()
	d.settle()
	all := d.everything()
	account := all["ServiceAccount/usher-runtime"]
	want := []string{
		"NetworkPolicy/usher", "PodDisruptionBudget/usher", "Secret/usher-ca", "Secret/usher-control", "Secret/usher-keys",
		"Secret/usher-operator", "Secret/usher-sign-in", "Secret/usher-viewer", "Service/usher", "Service/usher-control",
		"ServiceAccount/usher-runtime", "StatefulSet/usher",
	}
	var got []string
	for name, o := range all {
		if strings.HasSuffix(name, "/default") {
			continue
		}
		got = append(got, name)
		if len(o.GetFinalizers()) > 0 {
			t.Errorf("%s has finalizers %v, so a namespace would not end without its operator", name, o.GetFinalizers())
		}
		if o.GetLabels()[v1alpha1.LabelManagedBy] != v1alpha1.ManagedBy || o.GetLabels()[v1alpha1.LabelDesk] != d.ns {
			t.Errorf("%s is not labelled ours: %v", name, o.GetLabels())
		}
		owners := o.GetOwnerReferences()
		switch name {
		case "ServiceAccount/usher-runtime", "Secret/usher-keys", "Secret/usher-sign-in":
			if len(owners) != 0 {
				t.Errorf("%s hangs on %v", name, owners)
			}
		default:
			if len(owners) != 1 || owners[0].UID != account.GetUID() {
				t.Errorf("%s hangs on %v", name, owners)
			}
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("there is\n%v, want\n%v", got, want)
	}
	if q := d.queue("support"); len(q.Finalizers) > 0 {
		t.Fatalf("the queue has finalizers %v", q.Finalizers)
	}
	for _, name := range []string{specs.SecretKeys, specs.SecretSignIn} {
		s := all["Secret/"+name].(*corev1.Secret)
		for key, value := range s.Data {
			if len(value) != specs.RandomBytes || ptr.Deref(s.Immutable, false) {
				t.Errorf("%s/%s has %d bytes, immutable %v", name, key, len(value), s.Immutable)
			}
		}
	}
}

func TestThePodMayRunWherePodSecurityIsRestricted(t *testing.T) {
	d := readyDesk(t)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: d.ns}}
	patch := client.MergeFrom(ns.DeepCopy())
	ns.Labels = map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}
	if err := d.Patch(ctx, ns, patch); err != nil {
		t.Fatal(err)
	}
	set := d.statefulSet()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher-0"}, Spec: set.Spec.Template.Spec}
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	if err := d.Create(ctx, pod, client.DryRunAll); err != nil {
		t.Fatalf("the pod is not let in: %v", err)
	}
	pod.ResourceVersion = ""
	pod.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = ptr.To(true)
	if err := d.Create(ctx, pod, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Fatalf("this API server does not enforce the restricted level: %v", err)
	}
}

func TestAChildThatSomebodyChangedIsBroughtBackAndItsOtherFieldsAreLeftAlone(t *testing.T) {
	d := readyDesk(t)
	var set *appsv1.StatefulSet
	d.until("the change", func() (bool, any) { // the operator may write at the same time
		set = d.statefulSet()
		set.Spec.Replicas = ptr.To[int32](3)
		set.Annotations = map[string]string{"team.example/note": "ours"}
		err := d.Update(ctx, set)
		return err == nil, err
	})
	d.until("one replica", func() (bool, any) {
		err := d.Get(ctx, d.key("usher"), set)
		return err == nil && *set.Spec.Replicas == 1, set.Spec.Replicas
	})
	if set.Annotations["team.example/note"] != "ours" {
		t.Fatal("an annotation of somebody else was taken away")
	}
	if err := d.Delete(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher"}}); err != nil {
		t.Fatal(err)
	}
	d.until("the service again", func() (bool, any) {
		err := d.Get(ctx, d.key("usher"), &corev1.Service{})
		return err == nil, err
	})
}

func TestAForeignObjectIsNeitherAdoptedNorChanged(t *testing.T) {
	d := newDesk(t)
	foreign := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}},
	}
	create(t, d, foreign)
	d.apply("git", plainQueue)
	c := d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict)
	says(t, c, `Service "usher"`, "remove or rename it")
	now := &corev1.Service{}
	if err := d.Get(ctx, d.key("usher"), now); err != nil || now.ResourceVersion != foreign.ResourceVersion {
		t.Fatalf("the foreign service was touched: %v", err)
	}
	if err := d.Delete(ctx, foreign); err != nil {
		t.Fatal(err)
	}
	d.apply("git", "kind: Queue\nmetadata: {name: support}\nspec: {displayName: Again}\n")
	d.run()
	d.ready(&v1alpha1.Queue{}, "support")
}

func TestAForeignSecretIsNotReadIntoTheDesk(t *testing.T) {
	d := newDesk(t)
	create(t, d, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher-ca"}, StringData: map[string]string{"tls.crt": "mine"}})
	d.apply("git", plainQueue)
	says(t, d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict), `Secret "usher-ca"`)
}

func (d *desk) secret(name string) map[string][]byte {
	d.t.Helper()
	var s corev1.Secret
	if err := d.Get(ctx, d.key(name), &s); err != nil {
		d.t.Fatal(err)
	}
	return s.Data
}

func TestCertificatesAreRenewedInTimeAndKeysNever(t *testing.T) {
	d := readyDesk(t)
	names := []string{specs.SecretControl, specs.SecretOperator, specs.SecretViewer}
	before := map[string]map[string][]byte{}
	for _, name := range append(names, specs.SecretCA, specs.SecretKeys, specs.SecretSignIn) {
		before[name] = d.secret(name)
	}
	operator.clock.move(59 * 24 * time.Hour)
	d.apply("git", "kind: Queue\nmetadata: {name: support}\nspec: {displayName: Two months later}\n")
	d.ready(&v1alpha1.Queue{}, "support")
	d.settle()
	if !bytes.Equal(d.secret(specs.SecretControl)[certs.KeyCert], before[specs.SecretControl][certs.KeyCert]) {
		t.Fatal("renewed before two thirds of its life")
	}
	operator.clock.move(2 * 24 * time.Hour)
	d.apply("git", "kind: Queue\nmetadata: {name: support}\nspec: {displayName: And two days}\n")
	d.until("renewed certificates", func() (bool, any) {
		for _, name := range names {
			if bytes.Equal(d.secret(name)[certs.KeyCert], before[name][certs.KeyCert]) {
				return false, name
			}
		}
		return true, nil
	})
	d.ready(&v1alpha1.Queue{}, "support")
	for _, name := range []string{specs.SecretCA, specs.SecretKeys, specs.SecretSignIn} {
		if now := d.secret(name); !maps.EqualFunc(now, before[name], bytes.Equal) {
			t.Errorf("%s was made anew", name)
		}
	}
	// The runtime reads its files again, and the operator has its own by then.
	d.runtime.Renew(t, d.secret(specs.SecretControl))
	d.apply("git", plainQueue)
	d.ready(&v1alpha1.Queue{}, "support")
}

func TestTheLastQueueTakesTheWorkloadAlongAndLeavesTheKeys(t *testing.T) {
	d := readyDesk(t)
	keys := d.secret(specs.SecretKeys)
	if err := d.Delete(ctx, d.queue("support")); err != nil {
		t.Fatal(err)
	}
	// The garbage collector, which is not here, does the rest.
	d.until("no service account", func() (bool, any) {
		err := d.Get(ctx, d.key(specs.ServiceAccount), &corev1.ServiceAccount{})
		return gone(err), err
	})
	d.apply("git", plainQueue)
	account := &corev1.ServiceAccount{}
	d.until("a service account again", func() (bool, any) {
		err := d.Get(ctx, d.key(specs.ServiceAccount), account)
		return err == nil, err
	})
	d.ready(&v1alpha1.Queue{}, "support")
	d.settle()
	for name, o := range d.everything() {
		for _, owner := range o.GetOwnerReferences() {
			if owner.UID != account.UID {
				t.Errorf("%s still hangs on the old account", name)
			}
		}
	}
	if !maps.EqualFunc(keys, d.secret(specs.SecretKeys), bytes.Equal) {
		t.Fatal("the session key was made anew")
	}
}

func TestADeskThatWasGivenUpWhileTheOperatorWasAwayIsTakenDownAfterwards(t *testing.T) {
	d := newDesk(t)
	d.apply("git", whole)
	d.run()
	d.ready(&v1alpha1.Desk{}, "default")
	if err := d.Delete(ctx, d.queue("support")); err != nil {
		t.Fatal(err)
	}
	d.until("no queue left", func() (bool, any) {
		var desk v1alpha1.Desk
		err := d.Get(ctx, d.key("default"), &desk)
		return err == nil && *desk.Status.Queues == 0, desk.Status
	})
	if err := d.Get(ctx, d.key(specs.ServiceAccount), &corev1.ServiceAccount{}); err != nil {
		t.Fatalf("the Desk alone does not keep the workload: %v", err)
	}
	stopOperator(t)
	if err := d.Delete(ctx, &v1alpha1.Desk{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "default"}}); err != nil {
		t.Fatal(err)
	}
	runOperator(t)
	d.until("no service account", func() (bool, any) {
		err := d.Get(ctx, d.key(specs.ServiceAccount), &corev1.ServiceAccount{})
		return gone(err), err
	})
}

func TestADeskShapesTheServiceAndItsStorageIsFixed(t *testing.T) {
	startOperator(t)
	operator.clock.reset() // other tests moved it, and the grace is counted from the creation
	d := readyDesk(t)
	d.apply("git", "kind: Desk\nmetadata: {name: default}\nspec: {service: {type: NodePort, nodePort: 31980}, storage: {size: 1Gi}}\n")
	svc := &corev1.Service{}
	d.until("the node port", func() (bool, any) {
		err := d.Get(ctx, d.key("usher"), svc)
		return err == nil && svc.Spec.Ports[0].NodePort == 31980, svc.Spec
	})
	d.statefulSet()
	d.apply("git", "kind: Desk\nmetadata: {name: default}\nspec: {service: {type: NodePort, nodePort: 31980}, storage: {size: 2Gi}}\n")
	says(t, d.condition(&v1alpha1.Desk{}, "default", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonStorageFixed), "2Gi", "1Gi", "data-usher-0")
	d.ready(&v1alpha1.Queue{}, "support")
	d.apply("git", "kind: Desk\nmetadata: {name: default}\nspec: {service: {type: NodePort, nodePort: 31980}, storage: {size: 1Gi}}\n")
	d.ready(&v1alpha1.Desk{}, "default")
	if err := d.Delete(ctx, &v1alpha1.Desk{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "default"}}); err != nil {
		t.Fatal(err)
	}
	d.until("the defaults", func() (bool, any) {
		err := d.Get(ctx, d.key("usher"), svc)
		return err == nil && svc.Spec.Type == corev1.ServiceTypeClusterIP, svc.Spec
	})
	d.ready(&v1alpha1.Queue{}, "support")
}

func TestWhatTheAPIServerRefusesOfTheWorkloadIsToldInItsWords(t *testing.T) {
	d := readyDesk(t)
	d.apply("git", "kind: Desk\nmetadata: {name: default}\nspec: {service: {type: NodePort, nodePort: 80}, storage: {size: 10Gi}}\n")
	says(t, d.condition(&v1alpha1.Desk{}, "default", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWorkloadFailed), "nodePort")
	d.apply("git", "kind: Desk\nmetadata: {name: default}\nspec: {storage: {size: 10Gi}}\n")
	d.ready(&v1alpha1.Desk{}, "default")
}

func TestTheOperatorMayDoNoMoreThanItNeeds(t *testing.T) {
	d := readyDesk(t)
	c := apitest.ClientOf(t, apitest.User(t, "usher-operator"))
	create(t, d, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "other"}})
	forbidden := func(what string, err error) {
		t.Helper()
		if !apierrors.IsForbidden(err) {
			t.Errorf("the operator may %s: %v", what, err)
		}
	}
	forbidden("read any secret", c.Get(ctx, d.key("other"), &corev1.Secret{}))
	forbidden("list secrets", c.List(ctx, &corev1.SecretList{}, client.InNamespace(d.ns)))
	forbidden("delete its secrets", c.Delete(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher-keys"}}))
	forbidden("delete queues", c.Delete(ctx, d.queue("support")))
	forbidden("make pods", c.Create(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "p"}}))
	forbidden("change config maps", c.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "c"}}))
	forbidden("make other stateful sets", c.Create(ctx, &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "s"}}))
	team := &v1alpha1.Team{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "tier1"}}
	forbidden("write teams", c.Patch(ctx, team, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"displayName":"x"}}`))))
}
