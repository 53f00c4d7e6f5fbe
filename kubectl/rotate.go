package kubectl

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/runtime/access"
)

// Where the keys of sessions are, and what a Secret says of a rotation.
const (
	secretKeys     = "usher-keys"
	keySession     = "session"
	annotationStep = "usher.chat/keys-step" // stepAccepted or stepSigns
	annotationAt   = "usher.chat/keys-at"   // when it was taken
)

// Steps of a rotation; a Secret without one has one key.
const (
	stepAccepted = "accepted" // the key under -old is new: accepted everywhere soon, signs nothing yet
	stepSigns    = "signs"    // the key under -old is the one before: signs nothing any more, accepted still
)

// settled is how long it takes until every pod has the files of a Secret.
const settled = 2 * time.Minute

// ring is a Secret with keys and how long what an old one has signed is good.
type ring struct {
	secret, key string
	life        time.Duration
	signs       string
}

func rings() []ring {
	return []ring{
		{secretKeys, keySession, 7 * 24 * time.Hour, "sessions"},
		{secretSignIn, keySignIn, 30 * 24 * time.Hour, "links"},
	}
}

type rotateOptions struct {
	env     *env
	dropOld bool
	now     bool
	settle  time.Duration
}

func (e *env) rotateKeysCommand() *cobra.Command {
	o := &rotateOptions{env: e}
	c := &cobra.Command{
		Use:   "rotate-keys",
		Short: "Exchange the keys that sign sessions and links, with nobody signed out",
		Long: `Exchange the keys that sign sessions (Secret usher-keys) and links (Secret usher-sign-in). First the new ones are put
beside the old ones, so that every pod accepts them; when all have them, they sign and the old ones are accepted still.
Broken off in between, it goes on where it was when it is run again. The pods are not restarted.

What the old keys have signed stays good until --drop-old takes them away: that waits seven days for sessions and thirty
for links; support links that were made for longer end then. When a key has leaked, --drop-old --now ends everything it has
signed, and people come back: customers in the same browser begin anew, agents sign in with a new link.

Rights: get and update on the Secrets usher-keys and usher-sign-in.`,
		Example: `  kubectl usher rotate-keys -n acme
  kubectl usher rotate-keys -n acme --drop-old`,
		Args:              cobra.NoArgs,
		RunE:              runs(o),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := c.Flags()
	f.BoolVar(&o.dropOld, "drop-old", false, "take the old keys away when nothing that they have signed is good any more")
	f.BoolVar(&o.now, "now", false, "with --drop-old: at once, whatever they have signed")
	f.DurationVar(&o.settle, "settle", settled, "how long to wait until every pod has the new keys")
	return c
}

// Complete has nothing to read.
func (o *rotateOptions) Complete(*cobra.Command, []string) error { return nil }

// Validate what can be judged without a cluster.
func (o *rotateOptions) Validate() error {
	if o.now && !o.dropOld {
		return usagef("--now goes with --drop-old")
	}
	if o.settle < 0 {
		return usagef("--settle %s: write 0 or more", o.settle)
	}
	return nil
}

// Run takes the steps that are due.
func (o *rotateOptions) Run(ctx context.Context) error {
	c, err := o.env.connect()
	if err != nil {
		return err
	}
	var errs []error
	if o.dropOld {
		for _, r := range rings() {
			errs = append(errs, o.drop(ctx, c, r))
		}
		return errors.Join(errs...)
	}
	if err := o.ready(ctx, c); err != nil {
		return err
	}
	// Both at once: there is one wait for them.
	var due time.Time
	for _, r := range rings() {
		at, err := o.accept(ctx, c, r)
		if errs = append(errs, err); at.After(due) {
			due = at
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if wait := due.Sub(o.env.now()); wait > 0 {
		fmt.Fprintf(o.env.ErrOut, "waiting %s until every pod accepts the new keys; broken off, run this again\n", wait.Round(time.Second))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	for _, r := range rings() {
		errs = append(errs, o.sign(ctx, c, r))
	}
	return errors.Join(errs...)
}

// keys reads a Secret.
func (c *cluster) keys(ctx context.Context, r ring) (*corev1.Secret, error) {
	var s corev1.Secret
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: r.secret}, &s)
	if apierrors.IsNotFound(err) {
		return nil, &advised{err: err, what: fmt.Sprintf(
			"there is no Secret %s in namespace %s: the operator makes it when the namespace has its first Queue", r.secret, c.namespace)}
	}
	if err != nil {
		return nil, advise(err, "read the Secret "+r.secret)
	}
	if _, err := access.NewKey(s.Data[r.key]); err != nil {
		return nil, fmt.Errorf("the Secret %s holds no usable key under %q: %w", r.secret, r.key, err)
	}
	if s.Immutable != nil && *s.Immutable {
		return nil, &advised{what: fmt.Sprintf(
			"the Secret %s is immutable, as an older release made it: replace it by one with the same data and without \"immutable\", and restart the pods, once", r.secret)}
	}
	return &s, nil
}

// write puts a step into the cluster, unless somebody else changed the Secret meanwhile.
func (o *rotateOptions) write(ctx context.Context, c *cluster, s *corev1.Secret, step string) error {
	if s.Annotations == nil {
		s.Annotations = map[string]string{}
	}
	s.Annotations[annotationStep], s.Annotations[annotationAt] = step, o.env.now().UTC().Format(time.RFC3339)
	if step == "" {
		delete(s.Annotations, annotationStep)
		delete(s.Annotations, annotationAt)
	}
	if err := c.Update(ctx, s); apierrors.IsConflict(err) {
		return &advised{err: err, what: fmt.Sprintf("somebody else changed the Secret %s just now; run this again", s.Name)}
	} else if err != nil {
		return advise(err, "change the Secret "+s.Name)
	}
	return nil
}

// since is when the step was taken that a Secret is in.
func since(s *corev1.Secret) time.Time {
	at, err := time.Parse(time.RFC3339, s.Annotations[annotationAt])
	if err != nil {
		return time.Time{}
	}
	return at
}

// ready tells whether a rotation may begin, or go on: an old key may only be there while one of them is in the middle of it.
func (o *rotateOptions) ready(ctx context.Context, c *cluster) error {
	var errs []error
	for _, r := range rings() {
		s, err := c.keys(ctx, r)
		switch {
		case err != nil:
			errs = append(errs, err)
		case s.Annotations[annotationStep] == stepAccepted:
			return nil
		case len(s.Data[r.key+access.OldSuffix]) > 0:
			errs = append(errs, &advised{what: fmt.Sprintf(
				"the Secret %s has an old key still (since %s); take it away first: kubectl usher rotate-keys -n %s --drop-old", r.secret, since(s).Format(time.RFC3339), c.namespace)})
		}
	}
	return errors.Join(errs...)
}

// accept puts a new key beside the old one, and tells when every pod will have it.
func (o *rotateOptions) accept(ctx context.Context, c *cluster, r ring) (due time.Time, err error) {
	s, err := c.keys(ctx, r)
	if err != nil {
		return due, err
	}
	switch {
	case s.Annotations[annotationStep] == stepAccepted && len(s.Data[r.key+access.OldSuffix]) > 0:
		return since(s).Add(o.settle), nil // gone on with
	case len(s.Data[r.key+access.OldSuffix]) > 0:
		return due, nil // the other Secret was behind: this one is through
	}
	fresh := make([]byte, access.MinKeyBytes)
	if _, err := rand.Read(fresh); err != nil {
		return due, fmt.Errorf("could not make a key: %w", err)
	}
	s.Data[r.key+access.OldSuffix] = fresh
	if err := o.write(ctx, c, s, stepAccepted); err != nil {
		return due, err
	}
	fmt.Fprintf(o.env.ErrOut, "%s: the new key for %s is accepted soon\n", r.secret, r.signs)
	return o.env.now().Add(o.settle), nil
}

// sign exchanges the two.
func (o *rotateOptions) sign(ctx context.Context, c *cluster, r ring) error {
	s, err := c.keys(ctx, r)
	if err != nil || s.Annotations[annotationStep] != stepAccepted {
		return err
	}
	old := r.key + access.OldSuffix
	if _, err := access.NewKey(s.Data[old]); err != nil {
		return fmt.Errorf("the Secret %s holds no usable key under %q: %w", r.secret, old, err)
	}
	s.Data[r.key], s.Data[old] = s.Data[old], s.Data[r.key]
	if err := o.write(ctx, c, s, stepSigns); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.env.Out, "%s: the new key signs %s; the old one is accepted until \"kubectl usher rotate-keys -n %s --drop-old\", from %s\n",
		r.secret, r.signs, c.namespace, o.env.now().Add(r.life).UTC().Format("2006-01-02 15:04Z"))
	return err
}

// drop takes an old key away.
func (o *rotateOptions) drop(ctx context.Context, c *cluster, r ring) error {
	s, err := c.keys(ctx, r)
	if err != nil {
		return err
	}
	old := r.key + access.OldSuffix
	if len(s.Data[old]) == 0 {
		_, err := fmt.Fprintf(o.env.Out, "%s has no old key\n", r.secret)
		return err
	}
	if s.Annotations[annotationStep] == stepAccepted {
		return &advised{what: fmt.Sprintf("the Secret %s is in the middle of a rotation; end it first: kubectl usher rotate-keys -n %s, with --settle 0 if it is urgent", r.secret, c.namespace)}
	}
	if !o.now {
		if good := since(s).Add(r.life); o.env.now().Before(good) {
			return &advised{what: fmt.Sprintf("what the old key in %s has signed may be good until %s; wait, or give --now to end it", r.secret, good.UTC().Format("2006-01-02 15:04Z"))}
		}
	}
	delete(s.Data, old)
	if err := o.write(ctx, c, s, ""); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.env.Out, "%s: the old key is gone; %s that it has signed end within two minutes\n", r.secret, r.signs)
	return err
}
