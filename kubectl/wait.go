package kubectl

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
)

// pending says what a queue still lacks to be in the wanted state by its generation, in words; empty
// when it lacks nothing. Without a state it is enough that the override is gone.
func pending(q *v1alpha1.Queue, generation int64, want v1alpha1.OpenState) string {
	programmed := meta.FindStatusCondition(q.Status.Conditions, v1alpha1.ConditionProgrammed)
	switch {
	case programmed == nil || programmed.ObservedGeneration < generation:
		return "the operator has not reported on this change yet"
	case programmed.Status != metav1.ConditionTrue:
		return programmed.Message
	case want != "" && q.Status.State != want:
		return fmt.Sprintf("the runtime has the change, but reports %s still", orUnknown(q.Status.State))
	case want == "" && q.Status.StateCause == "Override":
		return "the runtime has the change, but reports the override still"
	}
	return ""
}

func orUnknown(s v1alpha1.OpenState) string {
	if s == "" {
		return "no state"
	}
	return string(s)
}

// again is how long to wait before a watch is begun anew; polling, where nobody may watch.
const again = time.Second

// await waits until nothing is pending, and tells what is while that changes. An override that somebody
// replaced meanwhile ends it: what was waited for will not come.
func (c *cluster) await(ctx context.Context, q *v1alpha1.Queue, want v1alpha1.OpenState, tell func(string)) (*v1alpha1.Queue, error) {
	key, uid, generation := client.ObjectKeyFromObject(q), q.UID, q.Generation
	last := ""
	look := func(now *v1alpha1.Queue) (bool, error) {
		if now.UID != uid {
			return false, fmt.Errorf("queue/%s was deleted while it was waited for", q.Name)
		}
		if now.Generation > generation && !sameOverride(now.Spec.Override, q.Spec.Override) {
			return false, fmt.Errorf("queue/%s: somebody changed spec.override while it was waited for; see \"kubectl usher status %s\"", q.Name, q.Name)
		}
		what := pending(now, generation, want)
		if what != last && what != "" {
			tell(what)
		}
		last = what
		return what == "", nil
	}
	for {
		var now v1alpha1.Queue
		err := c.Get(ctx, key, &now)
		switch {
		case apierrors.IsNotFound(err):
			return nil, fmt.Errorf("queue/%s was deleted while it was waited for", q.Name)
		case err == nil:
			if done, err := look(&now); done || err != nil {
				return &now, err
			}
			if found, err := c.follow(ctx, &now, look); found != nil || err != nil {
				return found, err
			}
		case ctx.Err() == nil && !transient(err):
			return nil, advise(err, "wait for the queue "+q.Name)
		}
		select {
		case <-ctx.Done():
			if last == "" {
				last = "the API server did not answer"
			}
			return nil, &TimeoutError{Message: last}
		case <-time.After(again):
		}
	}
}

// transient errors are tried again while somebody waits.
func transient(err error) bool {
	return apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || apierrors.ReasonForError(err) == metav1.StatusReasonUnknown
}

// follow watches one queue until look is content. It returns nothing when the watch ends before that,
// or when there is none.
func (c *cluster) follow(ctx context.Context, from *v1alpha1.Queue, look func(*v1alpha1.Queue) (bool, error)) (*v1alpha1.Queue, error) {
	w, err := c.Watch(ctx, &v1alpha1.QueueList{}, &client.ListOptions{
		Namespace: from.Namespace, FieldSelector: fields.OneTermEqualSelector("metadata.name", from.Name),
		Raw: &metav1.ListOptions{ResourceVersion: from.ResourceVersion},
	})
	if err != nil {
		return nil, nil //nolint:nilerr // who may not watch may still look, once a second
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, nil
		case event, open := <-w.ResultChan():
			if !open {
				return nil, nil
			}
			now, ok := event.Object.(*v1alpha1.Queue)
			if !ok || event.Type == watch.Deleted || event.Type == watch.Error {
				return nil, nil
			}
			if done, err := look(now); done || err != nil {
				return now, err
			}
		}
	}
}

func sameOverride(a, b *v1alpha1.Override) bool {
	switch {
	case a == nil || b == nil:
		return a == b
	case a.State != b.State || a.Reason != b.Reason || a.By != b.By:
		return false
	case a.Until == nil || b.Until == nil:
		return a.Until == b.Until
	}
	return a.Until.Equal(b.Until)
}
