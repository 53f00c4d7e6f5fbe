package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/controllers/specs"
)

// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=serviceaccounts,resourceNames=usher-runtime,verbs=create;patch;delete
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=services,resourceNames=usher;usher-control,verbs=create;patch
// +kubebuilder:rbac:groups="",resources=secrets,resourceNames=usher-ca;usher-control;usher-operator;usher-viewer;usher-peer;usher-keys;usher-sign-in,verbs=get;create;patch
// +kubebuilder:rbac:groups="",resources=secrets,resourceNames=usher-peer,verbs=delete
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets;deployments,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets;deployments,resourceNames=usher,verbs=create;patch;delete
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,resourceNames=usher,verbs=create;patch;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,resourceNames=usher,verbs=create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,resourceNames=usher,verbs=create;patch

// foreignError: an object that is not Usher's bears a name that Usher needs.
type foreignError struct{ kind, name string }

func (e *foreignError) Error() string {
	return fmt.Sprintf("the %s %q of this namespace was not made by Usher (no labels %s=%s and %s); remove or rename it, for the desk needs the name",
		e.kind, e.name, v1alpha1.LabelManagedBy, v1alpha1.ManagedBy, v1alpha1.LabelDesk)
}

// workloads keeps the children of desks as they should be. It remembers what it applied, so that
// a desk at rest costs no request but the look at its Secrets.
type workloads struct {
	cached client.Client // the cache holds only what is labelled ours
	live   client.Reader
	clock  clock.PassiveClock

	mu      sync.Mutex
	applied map[childKey]childMark
	secrets map[string]secretsMark
}

type childKey struct{ namespace, kind, name string }

// childMark says what was applied and what the object was then.
type childMark struct{ wish, version string }

func newWorkloads(c client.Client, live client.Reader, clk clock.PassiveClock) *workloads {
	return &workloads{cached: c, live: live, clock: clk, applied: map[childKey]childMark{}, secrets: map[string]secretsMark{}}
}

// outcome of ensuring a desk's workload.
type outcome struct {
	state Workload
	pods  Pods
	creds runtimeclient.Credentials
	renew time.Time // when a certificate has to be renewed
}

// ensure brings the children of a desk to what they should be. The outcome stands as far as it got
// even with an error.
//
// Early holds the StatefulSet back if it is not there yet.
func (w *workloads) ensure(ctx context.Context, in specs.Input, early bool) (outcome, error) {
	var out outcome
	account := &corev1.ServiceAccount{}
	if err := w.child(ctx, in.Namespace, account, specs.ServiceAccount, specs.Account(in)); err != nil {
		return out, err
	}
	in.Owner = account.UID
	there, err := w.look(ctx, in.Namespace, in.Desk.Store.Postgres != nil)
	if err != nil {
		return out, err
	}
	chosen, err := choose(in.Namespace, in.Desk, there)
	if err != nil {
		return out, err
	}
	in.Desk, in.Opening = chosen.desk, chosen.opening
	out.state.Store, out.state.Hint = chosen.verdict, hint(in.Namespace, in.Desk)
	out.pods = podsOf(chosen.store, there)
	out.state.PodReady = out.pods.Ready > 0

	mark, err := w.ensureSecrets(ctx, in)
	if err != nil {
		return out, err
	}
	out.creds, out.renew = mark.creds, mark.renew
	for _, c := range []part{
		{&networkingv1.NetworkPolicy{}, specs.Workload, specs.NetworkPolicy(in)},
		{&corev1.Service{}, specs.ControlService, specs.Control(in)},
		{&corev1.Service{}, specs.Workload, specs.Service(in)},
		{&policyv1.PodDisruptionBudget{}, specs.Workload, specs.DisruptionBudget(in)},
	} {
		if err := w.child(ctx, in.Namespace, c.object, c.name, c.wish); err != nil {
			return out, err
		}
	}
	switch chosen.store {
	case v1alpha1.StorePostgreSQL:
		err = w.several(ctx, in, there, &out)
	case v1alpha1.StoreSQLite:
		err = w.single(ctx, in, there, early, &out)
	default:
		out.state.Verdict, out.state.Store = chosen.verdict, Verdict{}
	}
	return out, err
}

// part is an object of a desk, by what it should be.
type part struct {
	object client.Object
	name   string
	wish   any
}

// child applies one object unless it is as it was when the same was applied before. object is
// filled with what is there.
func (w *workloads) child(ctx context.Context, namespace string, object client.Object, name string, wish any) error {
	kind, err := w.cached.GroupVersionKindFor(object)
	if err != nil {
		return fmt.Errorf("naming the kind of %T: %w", object, err)
	}
	key := types.NamespacedName{Namespace: namespace, Name: name}
	err = w.cached.Get(ctx, key, object)
	if apierrors.IsNotFound(err) {
		// Not there, or there and not labelled ours.
		err = w.live.Get(ctx, key, object)
	}
	there := err == nil
	switch {
	case client.IgnoreNotFound(err) != nil:
		return fmt.Errorf("reading the %s %s: %w", kind.Kind, key, err)
	case there && !ours(object):
		return &foreignError{kind.Kind, name}
	}
	data, err := json.Marshal(wish)
	if err != nil {
		return fmt.Errorf("writing the %s %s: %w", kind.Kind, key, err)
	}
	sum := sha256.Sum256(data)
	mark := childMark{wish: hex.EncodeToString(sum[:]), version: versionOf(object)}
	id := childKey{namespace, kind.Kind, name}
	if there && w.remembered(id) == mark {
		return nil
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &u.Object); err != nil {
		return fmt.Errorf("writing the %s %s: %w", kind.Kind, key, err)
	}
	if err := w.apply(ctx, u, v1alpha1.FieldManagerOperator, there); err != nil {
		return fmt.Errorf("applying the %s %s: %w", kind.Kind, key, err)
	}
	object.SetUID(u.GetUID())
	mark.version = versionOf(u)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.applied[id] = mark
	return nil
}

func (w *workloads) apply(ctx context.Context, u *unstructured.Unstructured, manager string, ours bool) error {
	options := []client.ApplyOption{client.FieldOwner(manager)}
	if ours {
		// Whoever changed a field of ours by hand loses it; the others keep theirs.
		options = append(options, client.ForceOwnership)
	}
	return w.cached.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), options...)
}

func (w *workloads) remembered(id childKey) childMark {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.applied[id]
}

// versionOf changes when somebody changes what we wish for, and not with the object's status
// where the API server can tell these apart.
func versionOf(o client.Object) string {
	if g := o.GetGeneration(); g != 0 {
		return fmt.Sprintf("%s/%d", o.GetUID(), g)
	}
	return fmt.Sprintf("%s/%s", o.GetUID(), o.GetResourceVersion())
}

func ours(o client.Object) bool {
	l := o.GetLabels()
	return l[v1alpha1.LabelManagedBy] == v1alpha1.ManagedBy && l[v1alpha1.LabelDesk] == o.GetNamespace()
}

// remove deletes the ServiceAccount on which a desk's children hang; the garbage collector does the
// rest. What must outlive the last Queue does not hang on it.
func (w *workloads) remove(ctx context.Context, namespace string) error {
	w.forget(namespace)
	account := &corev1.ServiceAccount{}
	key := types.NamespacedName{Namespace: namespace, Name: specs.ServiceAccount}
	if err := w.cached.Get(ctx, key, account); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("reading the service account %s: %w", key, err)
	}
	if !ours(account) || !account.DeletionTimestamp.IsZero() {
		return nil
	}
	err := w.cached.Delete(ctx, account, client.Preconditions{UID: &account.UID})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the service account %s: %w", key, err)
	}
	return nil
}

func (w *workloads) forget(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.secrets, namespace)
	for id := range w.applied {
		if id.namespace == namespace {
			delete(w.applied, id)
		}
	}
}
