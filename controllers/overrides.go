package controllers

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

// carryOverrides brings opens and closes that a person made in the console into the Queue, by
// server-side apply and never by force: somebody else's override stands, and the runtime is told
// whose. It is the only thing that this operator ever writes into a spec. (Rule 1 of the API.)
func (r queues) carryOverrides(ctx context.Context, q *v1alpha1.Queue, view runtimeclient.View) error {
	if view.Report == nil || !q.DeletionTimestamp.IsZero() {
		return nil
	}
	for i := range view.Report.Overrides {
		request := &view.Report.Overrides[i]
		if request.Queue != q.Name {
			continue
		}
		if a, ok := r.Hub.Answer(q.Namespace, q.Name); ok && a.Request == request.ID {
			continue // answered, and the answer is on its way
		}
		if !isLast(view.Report.Overrides[i+1:], q.Name) {
			continue // a later one of the same queue replaces it
		}
		answer, err := r.carry(ctx, q, request)
		if err != nil {
			return fmt.Errorf("carrying the override %s into the queue %s/%s: %w", request.ID, q.Namespace, q.Name, err)
		}
		r.Hub.PutAnswer(q.Namespace, q.Name, answer)
		if answer.Refused != "" {
			r.Events.Eventf(q, nil, corev1.EventTypeWarning, v1alpha1.EventOverrideRefused, "Override",
				"%s wanted %s from the console, but %s", request.By, wanted(request), answer.Refused)
			continue
		}
		r.Events.Eventf(q, nil, corev1.EventTypeNormal, v1alpha1.EventOverrideCarried, "Override",
			"%s from the console by %s", wanted(request), request.By)
	}
	return nil
}

func isLast(rest []settings.OverrideRequest, queue string) bool {
	for _, o := range rest {
		if o.Queue == queue {
			return false
		}
	}
	return true
}

func wanted(o *settings.OverrideRequest) string {
	if o.State == "" {
		return "back to the schedule"
	}
	return string(o.State)
}

// carry applies one request. A refusal is an answer; an error is a reason to try again.
func (r queues) carry(ctx context.Context, q *v1alpha1.Queue, request *settings.OverrideRequest) (Answer, error) {
	u := &unstructured.Unstructured{Object: map[string]any{"spec": overrideSpec(request)}}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Queue"))
	u.SetNamespace(q.Namespace)
	u.SetName(q.Name)
	u.SetUID(q.UID) // without it an apply would create a queue that was just deleted
	err := r.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(v1alpha1.FieldManagerConsole))
	answer := Answer{OverrideAnswer: settings.OverrideAnswer{Request: request.ID}}
	switch {
	case apierrors.IsConflict(err):
		holder, ok := conflictWith(err)
		if !ok {
			return Answer{}, err
		}
		answer.Refused = held(holder)
		return answer, nil
	case apierrors.IsInvalid(err):
		answer.Refused = "the API server refused it: " + clip(err.Error())
		return answer, nil
	case err != nil:
		return Answer{}, err
	}
	if _, still, _ := unstructured.NestedMap(u.Object, "spec", "override"); still && request.State == "" {
		var now v1alpha1.Queue
		if err := r.Client.Get(ctx, client.ObjectKeyFromObject(q), &now); err != nil {
			return Answer{}, err
		}
		answer.Refused = held(otherOwner(&now))
		return answer, nil
	}
	answer.Generation = u.GetGeneration()
	return answer, nil
}

func overrideSpec(o *settings.OverrideRequest) map[string]any {
	if o.State == "" {
		return map[string]any{}
	}
	override := map[string]any{"state": string(o.State)}
	if o.Until != nil {
		override["until"] = o.Until.UTC().Format(time.RFC3339)
	}
	if o.Reason != "" {
		override["reason"] = o.Reason
	}
	if o.By != "" {
		override["by"] = o.By
	}
	return map[string]any{"override": override}
}

func held(manager string) string {
	return fmt.Sprintf("field manager %s holds spec.override; whoever uses it has to give it back first", manager)
}

// otherOwner names the holder of spec.override that is not the console.
func otherOwner(q *v1alpha1.Queue) string {
	for _, owner := range compile.OverrideOwners(q) {
		if owner != v1alpha1.FieldManagerConsole {
			return owner
		}
	}
	return "(unknown)"
}

var conflictPattern = regexp.MustCompile(`conflict with "([^"]+)"`)

// conflictWith names the manager of a field conflict; false when the conflict is of another kind,
// such as an object that was replaced meanwhile.
func conflictWith(err error) (string, bool) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return "", false
	}
	for _, cause := range status.Status().Details.Causes {
		if m := conflictPattern.FindStringSubmatch(cause.Message); m != nil {
			return m[1], true
		}
	}
	return "", false
}
