package controllers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/certs"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/controllers/specs"
)

// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=serviceaccounts,resourceNames=usher-runtime,verbs=create;patch;delete
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=services,resourceNames=usher;usher-control,verbs=create;patch
// +kubebuilder:rbac:groups="",resources=secrets,resourceNames=usher-ca;usher-control;usher-operator;usher-viewer;usher-keys;usher-sign-in,verbs=get;create;patch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=statefulsets,resourceNames=usher,verbs=create;patch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,resourceNames=usher,verbs=create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,resourceNames=usher,verbs=create;patch

// secretsEvery is how often the Secrets of a desk are looked at while nothing else happens to it.
const secretsEvery = time.Minute

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

// secretsMark is the last look at a desk's Secrets.
type secretsMark struct {
	owner types.UID
	at    time.Time
	renew time.Time
	creds runtimeclient.Credentials
}

func newWorkloads(c client.Client, live client.Reader, clk clock.PassiveClock) *workloads {
	return &workloads{cached: c, live: live, clock: clk, applied: map[childKey]childMark{}, secrets: map[string]secretsMark{}}
}

// outcome of ensuring a desk's workload.
type outcome struct {
	state Workload
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
	mark, err := w.ensureSecrets(ctx, in)
	if err != nil {
		return out, err
	}
	out.creds, out.renew = mark.creds, mark.renew

	set := &appsv1.StatefulSet{}
	key := types.NamespacedName{Namespace: in.Namespace, Name: specs.Workload}
	if err := w.cached.Get(ctx, key, set); client.IgnoreNotFound(err) != nil {
		return out, fmt.Errorf("reading the stateful set %s: %w", key, err)
	} else if err == nil {
		early = false
		in.Storage = storageOf(set)
		out.state.PodReady = set.Status.ReadyReplicas > 0
	}
	if specs.StorageDiffers(in) {
		out.state.Storage = Verdict{v1alpha1.ReasonStorageFixed, fmt.Sprintf(
			"the Desk asks for a volume of %s, but the one of %s that is there is never exchanged; write what is there into spec.storage, and to grow it enlarge the claim %s",
			words(&in.Desk.Storage), words(in.Storage), specs.Claim)}
	}
	type part struct {
		object client.Object
		name   string
		wish   any
	}
	parts := []part{
		{&networkingv1.NetworkPolicy{}, specs.Workload, specs.NetworkPolicy(in)},
		{&corev1.Service{}, specs.ControlService, specs.Control(in)},
		{&corev1.Service{}, specs.Workload, specs.Service(in)},
		{&policyv1.PodDisruptionBudget{}, specs.Workload, specs.DisruptionBudget(in)},
	}
	if !early {
		parts = append(parts, part{set, specs.Workload, specs.StatefulSet(in)})
	}
	for _, c := range parts {
		if err := w.child(ctx, in.Namespace, c.object, c.name, c.wish); err != nil {
			return out, err
		}
	}
	return out, nil
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
	if err := w.apply(ctx, u, there); err != nil {
		return fmt.Errorf("applying the %s %s: %w", kind.Kind, key, err)
	}
	object.SetUID(u.GetUID())
	mark.version = versionOf(u)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.applied[id] = mark
	return nil
}

func (w *workloads) apply(ctx context.Context, u *unstructured.Unstructured, ours bool) error {
	options := []client.ApplyOption{client.FieldOwner(v1alpha1.FieldManagerOperator)}
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

// known says what was last found of a desk's Secrets.
func (w *workloads) known(namespace string) (secretsMark, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, ok := w.secrets[namespace]
	return m, ok
}

// ensureSecrets makes and renews certificates, and makes the random keys once. Secrets are read
// from the API server each time: they are in no cache, which would hold all of the cluster's.
func (w *workloads) ensureSecrets(ctx context.Context, in specs.Input) (secretsMark, error) {
	now := w.clock.Now()
	if m, ok := w.known(in.Namespace); ok && m.owner == in.Owner && now.Sub(m.at) < secretsEvery && now.Before(m.renew) {
		return m, nil
	}
	for _, random := range []struct{ name, key string }{
		{specs.SecretKeys, specs.KeySession}, {specs.SecretSignIn, specs.KeySignIn},
	} {
		if err := w.ensureRandom(ctx, in, random.name, random.key); err != nil {
			return secretsMark{}, err
		}
	}
	stored, err := w.secret(ctx, in.Namespace, specs.SecretCA)
	if err != nil {
		return secretsMark{}, err
	}
	authority, changed, err := certs.EnsureAuthority(stored.Data, in.Namespace, now)
	if err != nil {
		return secretsMark{}, fmt.Errorf("making the authority of the desk %s: %w", in.Namespace, err)
	}
	if err := w.putSecret(ctx, in, stored, specs.SecretCA, authority.Data(), changed); err != nil {
		return secretsMark{}, err
	}
	mark := secretsMark{owner: in.Owner, at: now, renew: authority.NextStep()}
	server := runtimeclient.ServerName(in.Namespace)
	for name, leaf := range map[string]certs.Leaf{
		specs.SecretControl:  {CommonName: server, DNSNames: []string{server}},
		specs.SecretOperator: {CommonName: "operator"},
		specs.SecretViewer:   {CommonName: "viewer"},
	} {
		stored, err := w.secret(ctx, in.Namespace, name)
		if err != nil {
			return secretsMark{}, err
		}
		data, renew, changed, err := authority.EnsureLeaf(stored.Data, leaf, now)
		if err != nil {
			return secretsMark{}, fmt.Errorf("making the certificate %s of the desk %s: %w", name, in.Namespace, err)
		}
		if err := w.putSecret(ctx, in, stored, name, data, changed); err != nil {
			return secretsMark{}, err
		}
		if renew.Before(mark.renew) {
			mark.renew = renew
		}
		if name == specs.SecretOperator {
			mark.creds = runtimeclient.Credentials{Cert: data[certs.KeyCert], Key: data[certs.KeyKey], Roots: data[certs.KeyBundle]}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets[in.Namespace] = mark
	return mark, nil
}

// secret reads one, empty when it is not there.
func (w *workloads) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	var s corev1.Secret
	key := types.NamespacedName{Namespace: namespace, Name: name}
	err := w.live.Get(ctx, key, &s)
	switch {
	case apierrors.IsNotFound(err):
		return &corev1.Secret{}, nil
	case err != nil:
		return nil, fmt.Errorf("reading the secret %s: %w", key, err)
	case !ours(&s):
		return nil, &foreignError{"Secret", name}
	}
	return &s, nil
}

func (w *workloads) putSecret(ctx context.Context, in specs.Input, stored *corev1.Secret, name string, data map[string][]byte, changed bool) error {
	there := stored.UID != ""
	if there && !changed && len(stored.OwnerReferences) == 1 && stored.OwnerReferences[0].UID == in.Owner {
		return nil
	}
	return w.applySecret(ctx, specs.Secret(in, name, data), name, there)
}

func (w *workloads) ensureRandom(ctx context.Context, in specs.Input, name, key string) error {
	stored, err := w.secret(ctx, in.Namespace, name)
	if err != nil || stored.UID != "" {
		return err
	}
	random := make([]byte, specs.RandomBytes)
	if _, err := rand.Read(random); err != nil {
		return fmt.Errorf("making the key %s: %w", name, err)
	}
	err = w.applySecret(ctx, specs.RandomSecret(in, name, key, random), name, false)
	if apierrors.IsInvalid(errors.Unwrap(err)) || apierrors.IsConflict(errors.Unwrap(err)) {
		return nil // somebody was first, and it is immutable: theirs stands
	}
	return err
}

func (w *workloads) applySecret(ctx context.Context, wish any, name string, there bool) error {
	data, err := json.Marshal(wish)
	if err != nil {
		return fmt.Errorf("writing the secret %s: %w", name, err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &u.Object); err != nil {
		return fmt.Errorf("writing the secret %s: %w", name, err)
	}
	if err := w.apply(ctx, u, there); err != nil {
		return fmt.Errorf("applying the secret %s: %w", name, err)
	}
	return nil
}
