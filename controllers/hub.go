package controllers

import (
	"context"
	"maps"
	"reflect"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient"
	"usher.chat/runtime/settings"
)

// Hub holds, in memory, what the reconcilers know of the desks together, and wakes the objects for
// which it changed. All of it is found again after a restart.
type Hub struct {
	mu    sync.Mutex
	desks map[string]*deskFacts
	work  map[string]workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// deskFacts is one desk.
type deskFacts struct {
	exists   bool
	findings map[Key]Finding
	routes   map[string][]string // channels of a queue
	workload Workload
	answers  map[string]Answer
}

// Workload is the state of a desk's pod and of what it needs.
type Workload struct {
	// Verdict says what stands in the way of the workload.
	Verdict Verdict
	// Storage says that the Desk asks for another volume than there is. It concerns the Desk alone.
	Storage Verdict
	// Store says that the Desk asks for another store than the desk runs on. It concerns the Desk alone.
	Store Verdict
	// Hint says what the pods need of people before they can start.
	Hint string
	// PodReady: the runtime's pod is ready.
	PodReady bool
}

// NewHub returns an empty hub.
func NewHub() *Hub {
	return &Hub{
		desks: map[string]*deskFacts{},
		work:  map[string]workqueue.TypedRateLimitingInterface[reconcile.Request]{},
	}
}

// Source wakes the reconciler of a kind. It adds to the reconciler's own queue, which keeps each
// name once, so that waking never waits and never piles up.
func (h *Hub) Source(kind string) source.Source {
	return source.Func(func(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.work[kind] = q
		return nil
	})
}

// wake is called with the hub locked.
func (h *Hub) wake(namespace string, keys ...Key) {
	for _, k := range keys {
		if q := h.work[k.Kind]; q != nil {
			q.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: k.Name}})
		}
	}
}

func (h *Hub) wakeAll(namespace string, d *deskFacts) {
	for k := range d.findings {
		h.wake(namespace, k)
	}
}

func (h *Hub) desk(namespace string) *deskFacts {
	d := h.desks[namespace]
	if d == nil {
		d = &deskFacts{answers: map[string]Answer{}}
		h.desks[namespace] = d
	}
	return d
}

// Put stores what compiling found, and wakes what it changed for.
func (h *Hub) Put(namespace string, exists bool, c Compiled) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !exists && len(c.Findings) == 0 {
		delete(h.desks, namespace)
		return
	}
	d := h.desk(namespace)
	before := d.findings
	d.findings = c.Findings
	d.routes = map[string][]string{}
	for _, ch := range c.Settings.Channels {
		d.routes[ch.Queue] = append(d.routes[ch.Queue], ch.Name)
	}
	for queue := range d.answers {
		if _, ok := c.Findings[Key{KindQueue, queue}]; !ok {
			delete(d.answers, queue)
		}
	}
	if d.exists != exists {
		d.exists = exists
		h.wakeAll(namespace, d)
		return
	}
	for k, f := range c.Findings {
		if old, ok := before[k]; !ok || !old.equal(f) {
			h.wake(namespace, k)
		}
	}
}

func (f Finding) equal(o Finding) bool {
	zone, other := f.Zone.String(), o.Zone.String()
	f.Zone, o.Zone, f.Schedule, o.Schedule = nil, nil, nil, nil
	return f == o && zone == other
}

// PutWorkload stores the state of the workload.
func (h *Hub) PutWorkload(namespace string, w Workload) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.desk(namespace)
	if d.workload != w {
		d.workload = w
		h.wakeAll(namespace, d)
	}
}

// Facts are what the status of one object needs to know beside the object.
type Facts struct {
	Finding  Finding
	Exists   bool // the namespace has a desk
	Workload Workload
}

// Facts of an object; false as long as nothing was found of this generation.
func (h *Hub) Facts(namespace string, k Key, generation int64) (Facts, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.desks[namespace]
	if d == nil {
		return Facts{}, false
	}
	f, ok := d.findings[k]
	if !ok || f.Generation < generation {
		return Facts{}, false
	}
	return Facts{Finding: f, Exists: d.exists, Workload: d.workload}, true
}

// Answers of a desk, for compiling.
func (h *Hub) Answers(namespace string) map[string]Answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.desks[namespace]; d != nil {
		return maps.Clone(d.answers)
	}
	return nil
}

// Answer that was last given for a queue.
func (h *Hub) Answer(namespace, queue string) (Answer, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d := h.desks[namespace]; d != nil {
		a, ok := d.answers[queue]
		return a, ok
	}
	return Answer{}, false
}

// PutAnswer stores an answer and has the desk compiled with it.
func (h *Hub) PutAnswer(namespace, queue string, a Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.desk(namespace).answers[queue] = a
	h.wake(namespace, Key{KindDesk, v1alpha1.DeskName})
}

// Notify wakes what a change at a runtime concerns. It is runtimeclient.Options.Notify.
func (h *Hub) Notify(namespace string, before, after runtimeclient.View) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.desks[namespace]
	if d == nil {
		return
	}
	if before.Connected != after.Connected || before.Refused != after.Refused || before.Report == nil {
		h.wakeAll(namespace, d)
		h.wake(namespace, Key{KindDesk, v1alpha1.DeskName})
		return
	}
	if before.Acked != after.Acked {
		h.wake(namespace, Key{KindDesk, v1alpha1.DeskName})
	}
	if after.Report == nil {
		return
	}
	h.notifyReport(namespace, d, before.Report, after.Report)
}

func (h *Hub) notifyReport(namespace string, d *deskFacts, before, after *settings.Report) {
	for name, figures := range after.Queues {
		if old, ok := before.Queues[name]; !ok || !reflect.DeepEqual(old, figures) {
			h.wake(namespace, Key{KindQueue, name})
			if old.Availability != figures.Availability {
				for _, channel := range d.routes[name] {
					h.wake(namespace, Key{KindChannel, channel})
				}
			}
		}
	}
	for name, figures := range after.Teams {
		if old, ok := before.Teams[name]; !ok || old != figures {
			h.wake(namespace, Key{KindTeam, name})
		}
	}
	for _, kind := range []struct {
		kind       string
		old, fresh map[string]int64
	}{
		{KindQueue, before.Applied.Queues, after.Applied.Queues},
		{KindTeam, before.Applied.Teams, after.Applied.Teams},
		{KindChannel, before.Applied.Channels, after.Applied.Channels},
		{KindSchedule, before.Applied.Schedules, after.Applied.Schedules},
	} {
		for name, generation := range kind.fresh {
			if kind.old[name] != generation {
				h.wake(namespace, Key{kind.kind, name})
			}
		}
	}
	if before.Version != after.Version || before.Leader != after.Leader {
		h.wake(namespace, Key{KindDesk, v1alpha1.DeskName})
	}
	for _, o := range after.Overrides {
		h.wake(namespace, Key{KindQueue, o.Queue})
	}
}
