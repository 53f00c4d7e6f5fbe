package kubectl

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
)

// HeldError says that somebody else holds spec.override, so that it was left as it is.
type HeldError struct {
	Queue    string
	Managers []string
	Override v1alpha1.Override
}

func (e *HeldError) Error() string {
	what := string(e.Override.State)
	if e.Override.Reason != "" {
		what += fmt.Sprintf(", %q", clean(e.Override.Reason))
	}
	return fmt.Sprintf("queue/%s: the field manager %s holds spec.override (%s); change it there, or take it over with --force, which lasts until that manager applies again",
		e.Queue, list(e.Managers), what)
}

// strangers are the holders of spec.override that are not people with this plugin or the console: a
// GitOps controller, or somebody with a field manager of their own.
func strangers(q *v1alpha1.Queue) []string {
	return slices.DeleteFunc(compile.OverrideOwners(q), func(manager string) bool {
		return manager == v1alpha1.FieldManagerCLI || manager == v1alpha1.FieldManagerConsole
	})
}

// mayTake says whether spec.override may be changed without offence.
func mayTake(q *v1alpha1.Queue, force bool) error {
	if others := strangers(q); len(others) > 0 && !force {
		held := &HeldError{Queue: q.Name, Managers: others}
		if q.Spec.Override != nil {
			held.Override = *q.Spec.Override
		}
		return held
	}
	return nil
}

// mostTries bounds how often a write is begun anew because the queue changed meanwhile, as its status
// does all the time.
const mostTries = 10

// writeOverride puts an override into a queue that was read, or takes it away when it is nil. It
// returns the queue as the server has it then. The queue is written only as it was read: whoever came
// in between is looked at again.
func (c *cluster) writeOverride(ctx context.Context, q *v1alpha1.Queue, override *v1alpha1.Override, force, dryRun bool) (*v1alpha1.Queue, error) {
	uid := q.UID
	for try := 1; ; try++ {
		if err := mayTake(q, force); err != nil {
			return nil, err
		}
		if override == nil && q.Spec.Override == nil {
			return q, nil // nothing to take away, and nothing to write
		}
		var written *v1alpha1.Queue
		var err error
		if override == nil {
			written, err = c.removeOverride(ctx, q, dryRun)
		} else {
			written, err = c.applyOverride(ctx, q, override, dryRun)
		}
		doing := fmt.Sprintf("change spec.override of the queue %s", q.Name)
		switch {
		case err == nil:
			return written, nil
		case !apierrors.IsConflict(err) || try == mostTries:
			return nil, advise(err, doing)
		}
		if q, err = c.queue(ctx, q.Name); err != nil {
			return nil, err
		}
		if q.UID != uid {
			return nil, fmt.Errorf("could not %s: it was deleted and another was made meanwhile; look at it and try again", doing)
		}
	}
}

// applyOverride by server-side apply. Force is for the holders that mayTake let pass; the version that
// was read goes along, so that it is for no others.
func (c *cluster) applyOverride(ctx context.Context, q *v1alpha1.Queue, o *v1alpha1.Override, dryRun bool) (*v1alpha1.Queue, error) {
	fields := map[string]any{"state": string(o.State)}
	if o.Until != nil {
		fields["until"] = o.Until.UTC().Format(time.RFC3339)
	}
	if o.Reason != "" {
		fields["reason"] = o.Reason
	}
	if o.By != "" {
		fields["by"] = o.By
	}
	u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"override": fields}}}
	u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Queue"))
	u.SetNamespace(q.Namespace)
	u.SetName(q.Name)
	u.SetUID(q.UID) // without it an apply would create a queue that was just deleted
	u.SetResourceVersion(q.ResourceVersion)
	options := []client.ApplyOption{client.FieldOwner(v1alpha1.FieldManagerCLI), client.ForceOwnership}
	if dryRun {
		options = append(options, client.DryRunAll)
	}
	if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), options...); err != nil {
		return nil, err
	}
	written := &v1alpha1.Queue{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, written); err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	return written, nil
}

// removeOverride by a patch, for an apply only gives back what an apply took: an override that came by
// "kubectl patch --field-manager=usher-cli", or from the console, would stay.
func (c *cluster) removeOverride(ctx context.Context, q *v1alpha1.Queue, dryRun bool) (*v1alpha1.Queue, error) {
	patch := fmt.Appendf(nil, `{"metadata":{"uid":%q,"resourceVersion":%q},"spec":{"override":null}}`, q.UID, q.ResourceVersion)
	options := []client.PatchOption{client.FieldOwner(v1alpha1.FieldManagerCLI)}
	if dryRun {
		options = append(options, client.DryRunAll)
	}
	written := q.DeepCopy()
	if err := c.Patch(ctx, written, client.RawPatch(types.MergePatchType, patch), options...); err != nil {
		return nil, err
	}
	return written, nil
}
