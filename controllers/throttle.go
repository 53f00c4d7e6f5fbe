package controllers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/v1alpha1"
)

// statusEvery is the least time between two writes of figures to one object.
const statusEvery = 15 * time.Second

// statusWriter writes status, only when it changed and, when only figures did, not too often.
type statusWriter struct {
	client client.Client
	clock  clock.PassiveClock

	mu   sync.Mutex
	last map[types.NamespacedName]time.Time
}

func newStatusWriter(c client.Client, clk clock.PassiveClock) *statusWriter {
	return &statusWriter{client: c, clock: clk, last: map[types.NamespacedName]time.Time{}}
}

// write brings the status of fresh to the API server unless it equals that of old. Without urgent
// it may be put off; the delay until then is returned. old is as the cache gave it: should it be
// older than the object, the API server refuses, and the object comes again with its next event.
func (w *statusWriter) write(ctx context.Context, old, fresh client.Object, oldStatus, freshStatus any, urgent bool) (time.Duration, error) {
	if equality.Semantic.DeepEqual(oldStatus, freshStatus) {
		return 0, nil
	}
	name := client.ObjectKeyFromObject(old)
	now := w.clock.Now()
	w.mu.Lock()
	left := statusEvery - now.Sub(w.last[name])
	if !urgent && left > 0 {
		w.mu.Unlock()
		return left, nil
	}
	w.last[name] = now
	w.mu.Unlock()
	patch := client.MergeFromWithOptions(old, client.MergeFromWithOptimisticLock{})
	err := w.client.Status().Patch(ctx, fresh, patch, client.FieldOwner(v1alpha1.FieldManagerOperator))
	switch {
	case err == nil || apierrors.IsNotFound(err):
		return 0, nil
	case apierrors.IsConflict(err):
		return 100 * time.Millisecond, nil // its next event is on the way; this is for safety
	}
	w.forget(name)
	return 0, fmt.Errorf("writing the status of %s: %w", name, err)
}

// forget an object that is gone.
func (w *statusWriter) forget(name types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.last, name)
}
