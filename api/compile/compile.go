// Package compile puts resources into the calendar's words. The operator does it with what it
// watches, kubectl-usher with what it reads from a cluster or from files; both must read a Schedule
// alike, and so do it here. It is pure.
//
//	plain := compile.Schedule(&schedule)
//	file := compile.Holidays(&schedule, configMap, time.Now().Year())
//	if file.Reason == "" {
//		plain.Holidays = file.Days
//	}
//	compiled, err := calendar.Compile(plain)
//	answer := calendar.Resolve(compiled, compile.Override(&queue), time.Now())
//
// (Features K1, X2.)
package compile

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar"
)

// Schedule in the calendar's words, without its holidays.
func Schedule(s *v1alpha1.Schedule) calendar.Schedule {
	plain := calendar.Schedule{
		Name:       s.Name,
		Generation: s.Generation,
		TimeZone:   s.Spec.TimeZone,
		State:      calendar.State(s.Spec.State),
	}
	for _, rule := range s.Spec.Weekly {
		days := make([]calendar.Weekday, len(rule.Days))
		for i, d := range rule.Days {
			days[i] = calendar.Weekday(d)
		}
		plain.Weekly = append(plain.Weekly, calendar.WeeklyRule{Days: days, Periods: periods(rule.Periods)})
	}
	for _, e := range s.Spec.Exceptions {
		plain.Exceptions = append(plain.Exceptions, calendar.Exception{
			Name: e.Name, Date: e.Date,
			Recurrence: calendar.Recurrence(e.Recurrence),
			Periods:    periods(e.Periods),
		})
	}
	return plain
}

func periods(list []v1alpha1.Period) []calendar.Period {
	var out []calendar.Period
	for _, p := range list {
		out = append(out, calendar.Period{Start: p.Start, End: p.End})
	}
	return out
}

// Override of a Queue in the calendar's words, nil when it carries none. Without a spec.override.by
// the field manager is who did it.
func Override(q *v1alpha1.Queue) *calendar.Override {
	o := q.Spec.Override
	if o == nil {
		return nil
	}
	plain := &calendar.Override{State: calendar.OverrideState(o.State), Reason: o.Reason, By: cmp.Or(o.By, overrideOwner(q))}
	if o.Until != nil {
		until := o.Until.UTC()
		plain.Until = &until
	}
	return plain
}

// OverrideOwners are the field managers that hold spec.override, each once, in the order of the
// resource's managedFields. More than one holds it when they agree on every word of it.
func OverrideOwners(q *v1alpha1.Queue) []string {
	var owners []string
	seen := map[string]bool{}
	for _, entry := range overrideEntries(q) {
		if !seen[entry.Manager] {
			seen[entry.Manager] = true
			owners = append(owners, entry.Manager)
		}
	}
	return owners
}

// overrideOwner is the field manager that holds spec.override; the latest one if several do.
func overrideOwner(q *v1alpha1.Queue) string {
	var owner string
	var last time.Time
	for _, entry := range overrideEntries(q) {
		var at time.Time
		if entry.Time != nil {
			at = entry.Time.Time
		}
		if owner == "" || at.After(last) {
			owner, last = entry.Manager, at
		}
	}
	return owner
}

func overrideEntries(q *v1alpha1.Queue) []metav1.ManagedFieldsEntry {
	var list []metav1.ManagedFieldsEntry
	for _, entry := range q.ManagedFields {
		if entry.FieldsV1 != nil && entry.Subresource == "" && holds(entry) {
			list = append(list, entry)
		}
	}
	return list
}

func holds(entry metav1.ManagedFieldsEntry) bool {
	path := fieldpath.MakePathOrDie("spec", "override")
	var set fieldpath.Set
	if err := set.FromJSON(entry.FieldsV1.GetRawReader()); err != nil {
		return false // of a kind that cannot be read here; it holds nothing that is known here
	}
	if set.Has(path) {
		return true
	}
	// An update that sets fields of it one by one, on a server that knows no atomic struct.
	return set.WithPrefix(path[0]).WithPrefix(path[1]).Size() > 0
}
