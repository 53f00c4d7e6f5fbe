// Package moving shows, with Kubernetes' own controllers, that a desk that changes its store never has pods
// on two ledgers, keeps its volume, and leaves no history because of a spec alone.
package moving

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers"
	"usher.chat/controllers/specs"
)

// patience is how long a test waits for what takes seconds.
const patience = 2 * time.Minute

var ctx = context.Background()

var operator struct {
	once    sync.Once
	stop    context.CancelFunc
	stopped chan error
}

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	os.Exit(apitest.Main(m, func() error {
		if operator.stop == nil {
			return nil
		}
		operator.stop()
		return <-operator.stopped
	}))
}

// desk is a namespace whose pods nobody runs: what they would say does not matter here.
type desk struct {
	client.WithWatch
	t  *testing.T
	ns string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	apitest.Controllers(t)
	operator.once.Do(func() {
		m, err := controllers.New(apitest.Config(t), controllers.Options{
			Image: "usher:test", Namespace: "usher-system", MetricsAddress: "0", HealthAddress: "0",
			Clock: clock.RealClock{}, Registry: prometheus.NewRegistry(), Log: logr.Discard(),
			Dial: func(context.Context, string) (net.Conn, error) { return nil, errors.New("no such host") },
		})
		if err != nil {
			t.Fatal(err)
		}
		var running context.Context
		running, operator.stop = context.WithCancel(ctx)
		operator.stopped = make(chan error, 1)
		go func() { operator.stopped <- m.Start(running) }()
	})
	return &desk{WithWatch: apitest.Client(t), t: t, ns: apitest.Namespace(t)}
}

func (d *desk) apply(text string) {
	d.t.Helper()
	if err := apitest.Apply(d, d.ns, "git", text); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) until(what string, ask func() (bool, any)) {
	d.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		ok, seen := ask()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("never %s; last seen: %+v", what, seen)
		}
		time.Sleep(20 * time.Millisecond) // between two looks at the API server
	}
}

func (d *desk) there(o client.Object, name string) bool {
	d.t.Helper()
	err := d.Get(ctx, client.ObjectKey{Namespace: d.ns, Name: name}, o)
	if client.IgnoreNotFound(err) != nil {
		d.t.Fatal(err)
	}
	return err == nil
}

func (d *desk) comes(o client.Object, name string) {
	d.t.Helper()
	d.until(fmt.Sprintf("a %T %s", o, name), func() (bool, any) { return d.there(o, name), nil })
}

func (d *desk) goes(o client.Object, name string) {
	d.t.Helper()
	d.until(fmt.Sprintf("rid of the %T %s", o, name), func() (bool, any) { return !d.there(o, name), o })
}

func (d *desk) condition(kind string, status metav1.ConditionStatus, reason string, words ...string) {
	d.t.Helper()
	o := &v1alpha1.Desk{}
	d.until(kind+" "+string(status)+" "+reason, func() (bool, any) {
		d.there(o, "default")
		c := meta.FindStatusCondition(o.Status.Conditions, kind)
		if c == nil || c.Status != status || c.Reason != reason || c.ObservedGeneration != o.Generation {
			return false, o.Status
		}
		for _, w := range words {
			if !strings.Contains(c.Message, w) {
				d.t.Fatalf("%q is not in %q", w, c.Message)
			}
		}
		return true, nil
	})
}

// annotate an object, as kubectl annotate does; with an empty text it takes the annotation away.
func (d *desk) annotate(o client.Object, name, text string) {
	d.t.Helper()
	o.SetNamespace(d.ns)
	o.SetName(name)
	value := "null"
	if text != "" {
		value = fmt.Sprintf("%q", text)
	}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationRetired+`":`+value+`}}}`))
	if err := d.Patch(ctx, o, patch); err != nil {
		d.t.Fatal(err)
	}
}

// bind the claim, as a cluster with volumes does.
func (d *desk) bind() {
	d.t.Helper()
	d.until("the claim bound", func() (bool, any) {
		claim := &corev1.PersistentVolumeClaim{}
		if !d.there(claim, specs.Claim) {
			return false, nil
		}
		claim.Status.Phase = corev1.ClaimBound
		err := d.Status().Update(ctx, claim)
		return err == nil, err
	})
}

const (
	queue  = "kind: Queue\nmetadata: {name: support}\nspec: {displayName: Support}\n"
	lite   = "kind: Desk\nmetadata: {name: default}\nspec: {storage: {size: 1Gi}}\n"
	byPods = "kind: Desk\nmetadata: {name: default}\nspec:\n  replicas: 3\n  store: {postgres: {secretRef: {name: usher-pg}}}\n"
	scaled = "kind: Desk\nmetadata: {name: default}\nspec:\n  store: {postgres: {secretRef: {name: usher-pg}}}\n  autoscaling: {minReplicas: 2, maxReplicas: 8, targetSocketsPerPod: 4000}\n"
)

// pods of the desk by the kind of their owner.
func (d *desk) pods() map[string]int {
	d.t.Helper()
	var list corev1.PodList
	if err := d.List(ctx, &list, client.InNamespace(d.ns)); err != nil {
		d.t.Fatal(err)
	}
	out := map[string]int{}
	for i := range list.Items {
		out[metav1.GetControllerOf(&list.Items[i]).Kind]++
	}
	return out
}

func (d *desk) podsBecome(kind string, n int) {
	d.t.Helper()
	d.until(fmt.Sprintf("%d pods of the %s alone", n, kind), func() (bool, any) {
		p := d.pods()
		return p[kind] == n && len(p) == min(n, 1), p
	})
}

func TestADeskMovesToPostgreSQLWhenItsLedgerWasGivenUpAndNeverHasPodsOnBoth(t *testing.T) {
	d := newDesk(t)
	d.apply(lite + "---\n" + queue)
	d.podsBecome("StatefulSet", 1)
	d.bind()

	d.apply(byPods)
	d.condition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonMigrationNeeded, "kubectl usher migrate -n "+d.ns, "data-usher-0")
	d.condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonMigrationNeeded)
	policy := &networkingv1.NetworkPolicy{}
	d.until("a way to the database", func() (bool, any) {
		return d.there(policy, "usher") && len(policy.Spec.Egress) == 2, policy.Spec.Egress
	})
	d.podsBecome("StatefulSet", 1)
	if d.there(&appsv1.Deployment{}, "usher") {
		t.Fatal("a Deployment began an empty desk")
	}

	// The pod is slow to end: as long as it is there, it has the old ledger.
	pod := &corev1.Pod{}
	d.until("the pod made slow", func() (bool, any) {
		if !d.there(pod, "usher-0") {
			return false, nil
		}
		pod.Finalizers = []string{"test.example/slow"}
		err := d.Update(ctx, pod)
		return err == nil, err
	})
	d.annotate(&corev1.PersistentVolumeClaim{}, specs.Claim, "moved, 12 groups compared")
	d.condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonStoreChanging, "StatefulSet")
	d.until("the pod on its way out", func() (bool, any) { d.there(pod, "usher-0"); return !pod.DeletionTimestamp.IsZero(), pod.Status })
	// Whatever makes the operator look again, it waits.
	d.apply("kind: Queue\nmetadata: {name: support}\nspec: {displayName: Again}\n")
	d.until("the queue seen again", func() (bool, any) {
		q := &v1alpha1.Queue{}
		return d.there(q, "support") && q.Status.ObservedGeneration == q.Generation, q.Status
	})
	if d.there(&appsv1.Deployment{}, "usher") {
		t.Fatal("pods on both ledgers")
	}
	d.until("the pod let go", func() (bool, any) {
		if !d.there(pod, "usher-0") {
			return true, nil
		}
		pod.Finalizers = nil
		return d.Update(ctx, pod) == nil, pod.Finalizers
	})
	d.podsBecome("ReplicaSet", 3)
	d.goes(&appsv1.StatefulSet{}, "usher")
	d.condition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	d.comes(&corev1.Secret{}, specs.SecretPeer)
	d.comes(&policyv1.PodDisruptionBudget{}, "usher")
	o := &v1alpha1.Desk{}
	d.until("what it runs on in the status", func() (bool, any) {
		return d.there(o, "default") && o.Status.Store == v1alpha1.StorePostgreSQL && ptr.Deref(o.Status.Replicas, 0) == 3, o.Status
	})
	if !d.there(&corev1.PersistentVolumeClaim{}, specs.Claim) {
		t.Fatal("the volume was deleted")
	}
}

func TestADeskOnPostgreSQLStaysThereWhateverBecomesOfItsSpecUntilSomebodyGivesItUp(t *testing.T) {
	d := newDesk(t)
	d.apply(byPods + "---\n" + queue)
	d.podsBecome("ReplicaSet", 3)
	before := &appsv1.Deployment{}
	d.comes(before, "usher")

	d.apply(lite)
	d.condition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonMigrationNeeded, "secretRef.name: usher-pg", "deployment/usher "+v1alpha1.AnnotationRetired)
	if err := d.Delete(ctx, &v1alpha1.Desk{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "default"}}); err != nil {
		t.Fatal(err)
	}
	d.until("the queue told, as there is no Desk", func() (bool, any) {
		q := &v1alpha1.Queue{}
		d.there(q, "support")
		c := meta.FindStatusCondition(q.Status.Conditions, v1alpha1.ConditionReady)
		return c != nil && c.Reason == v1alpha1.ReasonMigrationNeeded, q.Status
	})
	d.podsBecome("ReplicaSet", 3)
	after := &appsv1.Deployment{}
	d.comes(after, "usher")
	if after.UID != before.UID || after.Generation != before.Generation {
		t.Fatalf("the Deployment was changed: %+v", after.Spec)
	}

	d.apply(lite)
	d.condition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonMigrationNeeded)
	d.annotate(&appsv1.Deployment{}, "usher", "left")
	d.podsBecome("StatefulSet", 1)
	d.goes(&appsv1.Deployment{}, "usher")
	d.goes(&corev1.Secret{}, specs.SecretPeer)
	d.condition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
}

func TestAVolumeThatWasGivenUpServesNobodyUntilThatIsTakenBack(t *testing.T) {
	d := newDesk(t)
	// Restored from elsewhere: without the labels that the StatefulSet gives.
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: specs.Claim, Annotations: map[string]string{v1alpha1.AnnotationRetired: "moved"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	if err := d.Create(ctx, claim); err != nil {
		t.Fatal(err)
	}
	d.bind()
	d.apply(lite + "---\n" + queue)
	d.condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonMigrationNeeded, "nothing runs")
	if d.there(&appsv1.StatefulSet{}, "usher") {
		t.Fatal("an old ledger serves again")
	}
	d.annotate(&corev1.PersistentVolumeClaim{}, specs.Claim, "")
	// The claim has no labels, so nobody notices by itself before the next look.
	d.apply("kind: Desk\nmetadata: {name: default}\nspec: {storage: {size: 1Gi}, displayName: Acme}\n")
	d.podsBecome("StatefulSet", 1)
}

func TestAnAutoscalerHasTheNumberOfPodsAndGivesItBack(t *testing.T) {
	d := newDesk(t)
	d.apply(byPods + "---\n" + queue)
	d.podsBecome("ReplicaSet", 3)
	watch, err := d.Watch(ctx, &appsv1.DeploymentList{}, client.InNamespace(d.ns))
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Stop()
	d.apply(scaled)
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	d.comes(hpa, "usher")
	if *hpa.Spec.MinReplicas != 2 || hpa.Spec.MaxReplicas != 8 || hpa.Spec.Metrics[0].Pods.Metric.Name != "usher_sockets" {
		t.Fatalf("the autoscaler is %+v", hpa.Spec)
	}
	d.podsBecome("ReplicaSet", 3)

	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "usher"}}
	d.until("scaled as an autoscaler does it", func() (bool, any) {
		scale := &autoscalingv1.Scale{}
		if err := d.SubResource("scale").Get(ctx, deployment, scale); err != nil {
			return false, err
		}
		scale.Spec.Replicas = 5
		err := d.SubResource("scale").Update(ctx, deployment, client.WithSubResourceBody(scale), client.FieldOwner("kube-controller-manager"))
		return err == nil, err
	})
	d.podsBecome("ReplicaSet", 5)
	// The operator applies the Deployment anew, for another reason.
	d.apply(strings.Replace(scaled, "spec:", "spec:\n  resources: {requests: {cpu: 200m, memory: 128Mi}}", 1))
	d.until("the new request", func() (bool, any) {
		d.there(deployment, "usher")
		r := deployment.Spec.Template.Spec.Containers[0].Resources.Requests
		return r.Cpu().String() == "200m", r
	})
	if *deployment.Spec.Replicas != 5 {
		t.Fatalf("the operator set the pods to %d", *deployment.Spec.Replicas)
	}
	d.until("the pods in the status", func() (bool, any) {
		o := &v1alpha1.Desk{}
		return d.there(o, "default") && ptr.Deref(o.Status.Replicas, 0) == 5, o.Status
	})
	for e := range watch.ResultChan() { // all that happened since
		seen := e.Object.(*appsv1.Deployment)
		if n := *seen.Spec.Replicas; n < 3 {
			t.Fatalf("for a moment there were to be %d pods", n)
		}
		if seen.ResourceVersion == deployment.ResourceVersion {
			break
		}
	}

	d.apply(strings.Replace(byPods, "replicas: 3", "replicas: 4", 1))
	d.goes(hpa, "usher")
	d.until("four pods by the Desk", func() (bool, any) {
		d.there(deployment, "usher")
		return *deployment.Spec.Replicas == 4, *deployment.Spec.Replicas
	})
}

func TestANewDeskThatIsScaledBeginsWithTheLeastNumberOfPods(t *testing.T) {
	d := newDesk(t)
	d.apply(scaled + "---\n" + queue)
	d.podsBecome("ReplicaSet", 2)
	d.until("the number given up", func() (bool, any) {
		o := &appsv1.Deployment{}
		d.comes(o, "usher")
		for _, f := range o.ManagedFields {
			if f.Manager == v1alpha1.FieldManagerOperator {
				var fields struct {
					Spec map[string]json.RawMessage `json:"f:spec"`
				}
				if err := json.Unmarshal(f.FieldsV1.GetRawBytes(), &fields); err != nil {
					t.Fatal(err)
				}
				return fields.Spec["f:replicas"] == nil && *o.Spec.Replicas == 2, o.ManagedFields
			}
		}
		return false, o.ManagedFields
	})
}

func TestANodeDrainsOnePodAfterTheOther(t *testing.T) {
	d := newDesk(t)
	d.apply(byPods + "---\n" + queue)
	d.podsBecome("ReplicaSet", 3)
	var list corev1.PodList
	if err := d.List(ctx, &list, client.InNamespace(d.ns)); err != nil {
		t.Fatal(err)
	}
	for i := range list.Items {
		running := client.RawPatch(types.MergePatchType, []byte(`{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}`))
		if err := d.Status().Patch(ctx, &list.Items[i], running); err != nil {
			t.Fatal(err)
		}
	}
	budget := &policyv1.PodDisruptionBudget{}
	d.until("a budget of one", func() (bool, any) {
		return d.there(budget, "usher") && budget.Status.DisruptionsAllowed == 1 && budget.Status.CurrentHealthy == 3, budget.Status
	})
	evict := func(i int) error {
		return d.SubResource("eviction").Create(ctx, &list.Items[i], &policyv1.Eviction{})
	}
	if err := evict(0); err != nil {
		t.Fatalf("the first pod cannot be moved away: %v", err)
	}
	if err := evict(1); !apierrors.IsTooManyRequests(err) {
		t.Fatalf("a second pod at the same moment: %v", err)
	}
}

func TestTheLastQueueAndTheDeskTakeAllOfItAlongButTheKeys(t *testing.T) {
	d := newDesk(t)
	d.apply(scaled + "---\n" + queue)
	d.podsBecome("ReplicaSet", 2)
	d.comes(&autoscalingv2.HorizontalPodAutoscaler{}, "usher")
	for _, o := range []client.Object{&v1alpha1.Queue{}, &v1alpha1.Desk{}} {
		if err := d.DeleteAllOf(ctx, o, client.InNamespace(d.ns)); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []client.Object{&appsv1.Deployment{}, &autoscalingv2.HorizontalPodAutoscaler{}, &policyv1.PodDisruptionBudget{}, &networkingv1.NetworkPolicy{}, &corev1.Service{}} {
		d.goes(o, "usher")
	}
	d.goes(&corev1.Secret{}, specs.SecretPeer)
	d.podsBecome("ReplicaSet", 0)
	for _, name := range []string{specs.SecretKeys, specs.SecretSignIn} {
		if !d.there(&corev1.Secret{}, name) {
			t.Errorf("%s is gone", name)
		}
	}
}

func TestADeskOfFourPodsAndItsUpgradeFitTheQuotaOfTheSample(t *testing.T) {
	d := newDesk(t)
	quota, err := os.ReadFile(filepath.Join(apitest.Root(), "config", "samples", "tenant", "quota.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d.apply(string(quota))
	d.until("a counted quota", func() (bool, any) {
		q := &corev1.ResourceQuota{}
		return d.there(q, "usher") && len(q.Status.Hard) == len(q.Spec.Hard), q.Status
	})
	four := strings.Replace(byPods, "replicas: 3", "replicas: 4", 1)
	d.apply(four + "---\n" + queue)
	d.podsBecome("ReplicaSet", 4)
	// A change of the template lets a fifth one come before one of the four may go.
	d.apply(strings.Replace(four, "spec:", "spec:\n  resources: {requests: {cpu: 200m, memory: 256Mi}}", 1))
	d.podsBecome("ReplicaSet", 5)

	// What the quota refuses of the workload is told in its words, and the pods go on.
	d.apply(strings.Replace(four, "spec:", "spec:\n  service: {type: NodePort}", 1))
	d.condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWorkloadFailed, "exceeded quota: usher", "services.nodeports")
}
