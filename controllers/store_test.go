package controllers_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/certs"
	"usher.chat/controllers/specs"
	"usher.chat/runtime/access"
	"usher.chat/runtime/settings"
)

const severalPods = "kind: Desk\nmetadata: {name: default}\nspec:\n  replicas: 3\n  store: {postgres: {secretRef: {name: usher-pg-app}, caSecretRef: {name: usher-pg-ca}}}\n"

// readyPods is a desk with three pods on PostgreSQL.
func readyPods(t *testing.T) (*desk, *appsv1.Deployment) {
	t.Helper()
	d := newDesk(t)
	// The Desk first: other tests moved the clock, and the time in which it may come after a Queue with it.
	d.apply("git", severalPods+"---\n"+plainQueue)
	d.run()
	d.ready(&v1alpha1.Desk{}, "default")
	deployment := &appsv1.Deployment{}
	d.until("the deployment", func() (bool, any) {
		err := d.Get(ctx, d.key("usher"), deployment)
		return err == nil, err
	})
	return d, deployment
}

func TestADeskWithADatabaseHasADeploymentAndACertificateForItsPods(t *testing.T) {
	d, deployment := readyPods(t)
	d.settle()
	all := d.everything()
	account := all["ServiceAccount/usher-runtime"]
	if all["StatefulSet/usher"] != nil || all["HorizontalPodAutoscaler/usher"] != nil || len(all) == 0 {
		t.Fatalf("there is %v", all)
	}
	for _, name := range []string{"Deployment/usher", "Secret/usher-peer", "PodDisruptionBudget/usher", "NetworkPolicy/usher", "Service/usher", "Service/usher-control"} {
		o := all[name]
		if o == nil {
			t.Fatalf("no %s in %v", name, all)
		}
		if owners := o.GetOwnerReferences(); len(owners) != 1 || owners[0].UID != account.GetUID() {
			t.Errorf("%s hangs on %v", name, owners)
		}
	}
	if *deployment.Spec.Replicas != 3 || deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 || deployment.Spec.Strategy.RollingUpdate.MaxSurge.IntValue() != 1 {
		t.Errorf("the deployment is %+v", deployment.Spec)
	}
	policy := all["NetworkPolicy/usher"].(*networkingv1.NetworkPolicy)
	if len(policy.Spec.Egress) != 3 || policy.Spec.Egress[1].Ports[0].Port.IntValue() != 5432 {
		t.Errorf("the pods reach %+v", policy.Spec.Egress)
	}

	data := d.secret(specs.SecretPeer)
	block, _ := pem.Decode(data[certs.KeyCert])
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(data[certs.KeyBundle])
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		options := x509.VerifyOptions{Roots: roots, DNSName: d.ns + ".peers.usher.chat", CurrentTime: operator.clock.Now(), KeyUsages: []x509.ExtKeyUsage{use}}
		if _, err := cert.Verify(options); err != nil {
			t.Errorf("the pods' certificate: %v", err)
		}
	}
	before := d.secret(specs.SecretPeer)
	operator.clock.move(61 * 24 * time.Hour)
	defer operator.clock.reset()
	d.apply("git", "kind: Queue\nmetadata: {name: support}\nspec: {displayName: Two months later}\n")
	d.until("the certificate renewed", func() (bool, any) {
		return !bytes.Equal(d.secret(specs.SecretPeer)[certs.KeyCert], before[certs.KeyCert]), nil
	})
	after := &appsv1.Deployment{}
	if err := d.Get(ctx, d.key("usher"), after); err != nil || after.Generation != deployment.Generation {
		t.Errorf("the pods restart because of a certificate: %v", err)
	}
}

func TestAPodOfSeveralMayRunWherePodSecurityIsRestricted(t *testing.T) {
	d, deployment := readyPods(t)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: d.ns}}
	patch := client.MergeFrom(ns.DeepCopy())
	ns.Labels = map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}
	if err := d.Patch(ctx, ns, patch); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher-1", Labels: deployment.Spec.Template.Labels},
		Spec:       deployment.Spec.Template.Spec,
	}
	if err := d.Create(ctx, pod, client.DryRunAll); err != nil {
		t.Fatalf("the pod is not let in: %v", err)
	}
}

func TestADeskWithFewerPodsThanItShouldHaveIsReadyAndSaysSo(t *testing.T) {
	d, deployment := readyPods(t)
	pods := func(ready int32, conditions ...appsv1.DeploymentCondition) {
		t.Helper()
		d.until("the deployment's status", func() (bool, any) {
			if err := d.Get(ctx, d.key("usher"), deployment); err != nil {
				return false, err
			}
			deployment.Status.Replicas, deployment.Status.ReadyReplicas, deployment.Status.Conditions = 3, ready, conditions
			err := d.Status().Update(ctx, deployment)
			return err == nil, err
		})
	}
	pods(2)
	o := &v1alpha1.Desk{}
	d.until("two in the status", func() (bool, any) {
		err := d.Get(ctx, d.key("default"), o)
		return err == nil && ptr.Deref(o.Status.ReadyReplicas, 0) == 2, o.Status
	})
	says(t, d.condition(&v1alpha1.Desk{}, "default", v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonPodsNotReady), "2 of 3 pods are ready")
	d.ready(&v1alpha1.Desk{}, "default")
	pods(3)
	d.until("nothing left to do", func() (bool, any) {
		err := d.Get(ctx, d.key("default"), o)
		return err == nil && meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReconciling) == nil, o.Status
	})
	if s := o.Status; s.Store != v1alpha1.StorePostgreSQL || ptr.Deref(s.Replicas, 0) != 3 || ptr.Deref(s.ReadyReplicas, 0) != 3 {
		t.Errorf("the status says %+v", s)
	}
	for _, leader := range []string{"usher-6c-x7", "usher-6c-b2"} {
		d.runtime.Report(func(r *settings.Report) { r.Leader = leader })
		d.until("the pod that leads", func() (bool, any) {
			err := d.Get(ctx, d.key("default"), o)
			return err == nil && o.Status.Leader == leader, o.Status
		})
	}
	pods(3, appsv1.DeploymentCondition{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded",
		Message: `ReplicaSet "usher-6c" has timed out progressing.`,
	})
	says(t, d.condition(&v1alpha1.Desk{}, "default", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRolloutStuck), "usher-6c", "kubectl describe pods")
	d.ready(&v1alpha1.Desk{}, "default")
	d.ready(&v1alpha1.Queue{}, "support")
	d.settle()
	count := len(operator.writes.of(d.ns))
	d.poke("support")
	d.settle()
	if after := operator.writes.of(d.ns); len(after) != count {
		t.Errorf("a desk at rest was written to: %v", after[count:])
	}
}

func TestPodsThatDoNotStartSayWhichSecretTheyNeed(t *testing.T) {
	startOperator(t)
	operator.clock.reset()
	d := newDesk(t)
	d.apply("git", severalPods+"---\n"+plainQueue)
	operator.clock.move(time.Minute)
	defer operator.clock.reset()
	d.apply("git", "kind: Desk\nmetadata: {name: default}\nspec: {displayName: Acme, replicas: 3, store: {postgres: {secretRef: {name: usher-pg-app}}}}\n")
	says(t, d.condition(&v1alpha1.Desk{}, "default", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRuntimeUnreachable), `Secret "usher-pg-app"`, "uri, or host, port, dbname, user and password")
}

func TestAForeignDeploymentOrAutoscalerIsNeitherAdoptedNorDeleted(t *testing.T) {
	d := newDesk(t)
	labels := map[string]string{"app": "other"}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "other"}}},
			},
		},
	}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			MaxReplicas: 2, ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "usher"},
		},
	}
	create(t, d, deployment, hpa)
	d.apply("git", severalPods+"---\n"+plainQueue)
	says(t, d.condition(&v1alpha1.Desk{}, "default", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict), `Deployment "usher"`)
	for _, o := range []client.Object{deployment, hpa} {
		before := o.GetResourceVersion()
		if err := d.Get(ctx, d.key("usher"), o); err != nil || o.GetResourceVersion() != before {
			t.Errorf("%T was touched: %v", o, err)
		}
	}
	// A desk on SQLite does not need the names.
	d.apply("git", "kind: Desk\nmetadata: {name: default}\nspec: {storage: {size: 1Gi}}\n")
	d.statefulSet()
	if err := d.Get(ctx, d.key("usher"), deployment); err != nil || deployment.DeletionTimestamp != nil {
		t.Errorf("the foreign deployment was deleted: %v", err)
	}
}

func TestTheOperatorMayDoNoMoreThanItNeedsWithSeveralPods(t *testing.T) {
	d, _ := readyPods(t)
	c := apitest.ClientOf(t, apitest.User(t, "usher-operator"))
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: d.ns, Name: name} }
	create(t, d, &corev1.Secret{ObjectMeta: named("usher-pg-app")},
		&corev1.PersistentVolumeClaim{ObjectMeta: named(specs.Claim), Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		}})
	merge := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"a":"b"}}}`))
	for what, err := range map[string]error{
		"read the password of a database": c.Get(ctx, d.key("usher-pg-app"), &corev1.Secret{}),
		"delete a volume":                 c.Delete(ctx, &corev1.PersistentVolumeClaim{ObjectMeta: named(specs.Claim)}),
		"give a ledger up":                c.Patch(ctx, &corev1.PersistentVolumeClaim{ObjectMeta: named(specs.Claim)}, merge),
		"change other deployments":        c.Patch(ctx, &appsv1.Deployment{ObjectMeta: named("other")}, merge),
		"delete other deployments":        c.Delete(ctx, &appsv1.Deployment{ObjectMeta: named("other")}),
		"delete other stateful sets":      c.Delete(ctx, &appsv1.StatefulSet{ObjectMeta: named("other")}),
		"delete other autoscalers":        c.Delete(ctx, &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: named("other")}),
		"delete the authority":            c.Delete(ctx, &corev1.Secret{ObjectMeta: named(specs.SecretCA)}),
		"list pods":                       c.List(ctx, &corev1.PodList{}, client.InNamespace(d.ns)),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("the operator may %s: %v", what, err)
		}
	}
}

// ring is what a runtime reads from the two Secrets, mounted as files.
func (d *desk) ring() access.Keys {
	d.t.Helper()
	dir := d.t.TempDir()
	for name, secret := range map[string]string{"keys": specs.SecretKeys, "sign-in": specs.SecretSignIn} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			d.t.Fatal(err)
		}
		for key, value := range d.secret(secret) {
			if err := os.WriteFile(filepath.Join(dir, name, key), value, 0o600); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	keys, err := access.LoadKeyFiles(filepath.Join(dir, "keys", specs.KeySession), filepath.Join(dir, "sign-in", specs.KeySignIn))
	if err != nil {
		d.t.Fatal(err)
	}
	return keys
}

func TestKeysAreExchangedWithTwoValidAtOnceAndTheOperatorLeavesThemAlone(t *testing.T) {
	d := readyDesk(t)
	d.settle()
	tokens := func() *access.Tokens {
		return access.New(access.Options{Desk: d.ns, Keys: d.ring(), Now: time.Now})
	}
	later := time.Now().Add(time.Hour)
	issue := func(by *access.Tokens) (session, link string) {
		t.Helper()
		session, err := by.IssueCustomer("session-1", "web", later)
		if err != nil {
			t.Fatal(err)
		}
		if link, err = by.IssueLink("ana", "link-1", later); err != nil {
			t.Fatal(err)
		}
		return session, link
	}
	taken := func(by *access.Tokens, session, link string) bool {
		_, _, _, err := by.VerifyCustomer(session)
		_, _, _, err2 := by.VerifyLink(link)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("one is taken and the other is not: %v, %v", err, err2)
		}
		return err == nil
	}
	put := func(secret, key string, current, other []byte) {
		t.Helper()
		d.until("the keys in their Secret", func() (bool, any) { // the operator may write at the same time
			s := &corev1.Secret{}
			if err := d.Get(ctx, d.key(secret), s); err != nil {
				return false, err
			}
			s.Data = map[string][]byte{key: current}
			if other != nil {
				s.Data[key+specs.KeyOldSuffix] = other
			}
			err := d.Update(ctx, s, client.FieldOwner(v1alpha1.FieldManagerCLI))
			return err == nil, err
		})
	}
	first := map[string][]byte{specs.SecretKeys: d.secret(specs.SecretKeys)[specs.KeySession], specs.SecretSignIn: d.secret(specs.SecretSignIn)[specs.KeySignIn]}
	fresh := map[string][]byte{specs.SecretKeys: bytes.Repeat([]byte("s"), 32), specs.SecretSignIn: bytes.Repeat([]byte("l"), 32)}
	keys := map[string]string{specs.SecretKeys: specs.KeySession, specs.SecretSignIn: specs.KeySignIn}

	before := tokens()
	session, link := issue(before)
	for secret, key := range keys { // 1: accepted everywhere, and signs nowhere
		put(secret, key, first[secret], fresh[secret])
	}
	first1 := tokens()
	for secret, key := range keys { // 2: signs; what was signed before is accepted
		put(secret, key, fresh[secret], first[secret])
	}
	second := tokens()
	if !taken(second, session, link) {
		t.Error("who had signed in with the key before is out")
	}
	newSession, newLink := issue(second)
	if !taken(first1, newSession, newLink) {
		t.Error("a pod that has not read the files again refuses what another one signed")
	}
	if taken(before, newSession, newLink) {
		t.Error("the new key was not new")
	}

	// Through a restart, and whatever makes the operator look at its Secrets, the keys stay as they are.
	restartOperator(t)
	operator.clock.move(2 * time.Minute)
	defer operator.clock.reset()
	d.apply("git", "kind: Queue\nmetadata: {name: support}\nspec: {displayName: After the exchange}\n")
	d.ready(&v1alpha1.Queue{}, "support")
	d.settle()
	for secret, key := range keys {
		want := map[string][]byte{key: fresh[secret], key + specs.KeyOldSuffix: first[secret]}
		if got := d.secret(secret); !maps.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%s was changed", secret)
		}
	}
	for secret, key := range keys { // 3: dropped
		put(secret, key, fresh[secret], nil)
	}
	third := tokens()
	if taken(third, session, link) || !taken(third, newSession, newLink) {
		t.Error("after the exchange the old key is taken, or the new one is not")
	}
}

func TestOfTwoOperatorsThatMakeAKeyAtOnceTheSecondLeavesThatOfTheFirst(t *testing.T) {
	d := newDesk(t)
	in := specs.Input{Namespace: d.ns}
	first, second := bytes.Repeat([]byte("1"), 32), bytes.Repeat([]byte("2"), 32)
	put := func(random []byte) error {
		return d.Apply(ctx, specs.RandomSecret(in, specs.SecretKeys, specs.KeySession, random), client.FieldOwner(specs.RandomManager(random)))
	}
	if err := put(first); err != nil {
		t.Fatal(err)
	}
	if err := put(second); !apierrors.IsConflict(err) {
		t.Fatalf("the second key: %v", err)
	}
	if got := d.secret(specs.SecretKeys)[specs.KeySession]; !bytes.Equal(got, first) {
		t.Fatal("the key was exchanged")
	}
}
