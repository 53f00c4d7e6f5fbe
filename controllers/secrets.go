package controllers

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/certs"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/controllers/specs"
)

// secretsEvery is how often the Secrets of a desk are looked at while nothing else happens to it.
const secretsEvery = time.Minute

// secretsMark is the last look at a desk's Secrets.
type secretsMark struct {
	owner types.UID
	at    time.Time
	renew time.Time
	creds runtimeclient.Credentials
	peers bool // the one of the pods among themselves is there
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
	peers := in.Desk.Store.Postgres != nil
	if m, ok := w.known(in.Namespace); ok && m.owner == in.Owner && m.peers == peers && now.Sub(m.at) < secretsEvery && now.Before(m.renew) {
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
	mark := secretsMark{owner: in.Owner, at: now, renew: authority.NextStep(), peers: peers}
	server, peer := runtimeclient.ServerName(in.Namespace), specs.PeerName(in.Namespace)
	leaves := map[string]certs.Leaf{
		specs.SecretControl:  {CommonName: server, DNSNames: []string{server}},
		specs.SecretOperator: {CommonName: "operator"},
		specs.SecretViewer:   {CommonName: "viewer"},
	}
	if peers {
		leaves[specs.SecretPeer] = certs.Leaf{CommonName: peer, DNSNames: []string{peer}, Peer: true}
	}
	for name, leaf := range leaves {
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
	return w.applySecret(ctx, specs.Secret(in, name, data), name, v1alpha1.FieldManagerOperator, there)
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
	err = w.applySecret(ctx, specs.RandomSecret(in, name, key, random), name, specs.RandomManager(random), false)
	if apierrors.IsConflict(errors.Unwrap(err)) {
		return nil // somebody was first: theirs stands
	}
	return err
}

func (w *workloads) applySecret(ctx context.Context, wish any, name, manager string, there bool) error {
	data, err := json.Marshal(wish)
	if err != nil {
		return fmt.Errorf("writing the secret %s: %w", name, err)
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(data, &u.Object); err != nil {
		return fmt.Errorf("writing the secret %s: %w", name, err)
	}
	if err := w.apply(ctx, u, manager, there); err != nil {
		return fmt.Errorf("applying the secret %s: %w", name, err)
	}
	return nil
}

// removeSecret deletes one that can be made anew.
func (w *workloads) removeSecret(ctx context.Context, namespace, name string) error {
	stored, err := w.secret(ctx, namespace, name)
	if err != nil || stored.UID == "" {
		return err
	}
	if err := w.cached.Delete(ctx, stored, client.Preconditions{UID: &stored.UID}); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the secret %s/%s: %w", namespace, name, err)
	}
	return nil
}
