package controllers_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"usher.chat/api/v1alpha1"
	"usher.chat/controllers/runtimeclient/runtimetest"
)

var refusal = runtimetest.Refusal{Status: 422, Code: "invalid_settings", Message: "queue support: no"}

func says(t *testing.T, c metav1.Condition, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(c.Message, w) {
			t.Fatalf("%s/%s says %q, without %q", c.Type, c.Reason, c.Message, w)
		}
	}
}

func TestWhatAQueueNamesAndIsNotThereIsToldAndHealsWhenItComes(t *testing.T) {
	d := newDesk(t)
	d.apply("git", `
kind: Queue
metadata: {name: support}
spec: {scheduleRef: {name: office}, teamRefs: [{name: tier1}, {name: tier2}]}
---
kind: Channel
metadata: {name: web}
spec: {type: Web, web: {}, route: {queueRef: {name: sales}}}
`)
	d.run()
	var q v1alpha1.Queue
	c := d.condition(&q, "support", v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, v1alpha1.ReasonScheduleNotFound)
	says(t, c, `Schedule "office"`, `Team "tier1"`, `Team "tier2"`, "create it")
	d.condition(&q, "support", v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed)
	d.condition(&q, "support", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonScheduleNotFound)
	c = d.condition(&v1alpha1.Channel{}, "web", v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, v1alpha1.ReasonQueueNotFound)
	says(t, c, `Queue "sales"`)

	d.apply("git", `
kind: Schedule
metadata: {name: office}
spec: {timeZone: Europe/Helsinki}
---
kind: Team
metadata: {name: tier1}
spec: {}
---
kind: Queue
metadata: {name: sales}
spec: {}
`)
	d.until("only the second team missed", func() (bool, any) {
		c := d.condition(&q, "support", v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, v1alpha1.ReasonTeamNotFound)
		return !strings.Contains(c.Message, "tier1") && strings.Contains(c.Message, "tier2"), c
	})
	d.apply("git", "kind: Team\nmetadata: {name: tier2}\nspec: {}\n")
	d.ready(&q, "support")
	d.ready(&v1alpha1.Channel{}, "web")

	if err := d.Delete(ctx, &v1alpha1.Team{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "tier2"}}); err != nil {
		t.Fatal(err)
	}
	d.condition(&q, "support", v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, v1alpha1.ReasonTeamNotFound)
}

func TestAnInvalidScheduleIsNotSentAndSaysWhatToChange(t *testing.T) {
	d := newDesk(t)
	d.apply("git", whole)
	d.run()
	d.ready(&v1alpha1.Schedule{}, "office")
	var before v1alpha1.Schedule
	if err := d.Get(ctx, d.key("office"), &before); err != nil {
		t.Fatal(err)
	}

	for _, bad := range []struct {
		spec  string
		words []string
	}{
		{`{timeZone: Europe/Helsinky}`, []string{"spec.timeZone", "Europe/Helsinky"}},
		{`{timeZone: UTC, weekly: [{days: [Mon], periods: [{start: "08:00", end: "12:00"}, {start: "11:00", end: "13:00"}]}]}`, []string{"spec.weekly[0].periods[1]"}},
		{`{timeZone: UTC, exceptions: [{name: never, date: "2026-02-30"}]}`, []string{"spec.exceptions[0].date", "2026-02-30"}},
		{`{timeZone: UTC, exceptions: [{name: a, date: "2026-12-24"}, {name: b, date: "2026-12-24"}]}`, []string{"2026-12-24"}},
	} {
		d.apply("git", "kind: Schedule\nmetadata: {name: office}\nspec: "+bad.spec+"\n")
		var s v1alpha1.Schedule
		c := d.condition(&s, "office", v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonInvalid)
		says(t, c, bad.words...)
		d.condition(&s, "office", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalid)
		d.condition(&s, "office", v1alpha1.ConditionProgrammed, metav1.ConditionFalse, v1alpha1.ReasonNotSent)
		d.condition(&v1alpha1.Queue{}, "support", v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, v1alpha1.ReasonScheduleInvalid)
		d.until("a schedule that is left out", func() (bool, any) {
			got, _ := d.runtime.Settings()
			return len(got.Schedules) == 0 && got.Queues[0].Schedule == "office", got
		})
	}

	d.apply("git", whole)
	d.ready(&v1alpha1.Schedule{}, "office")
	d.ready(&v1alpha1.Queue{}, "support")
}

const holidaySchedule = `
kind: Schedule
metadata: {name: office}
spec:
  timeZone: Europe/Helsinki
  holidays: {configMapRef: {name: holidays-fi, key: holidays.ics}}
---
kind: Queue
metadata: {name: support}
spec: {scheduleRef: {name: office}}
`

func ics(day string) string {
	return strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//usher//test//EN",
		"BEGIN:VEVENT", "UID:1@usher.example", "DTSTAMP:20260101T000000Z", "SUMMARY:Independence Day",
		"DTSTART;VALUE=DATE:" + day, "RRULE:FREQ=YEARLY", "END:VEVENT", "END:VCALENDAR", "",
	}, "\r\n")
}

func TestHolidaysComeFromALabelledConfigMapAndFollowIt(t *testing.T) {
	d := newDesk(t)
	d.apply("git", holidaySchedule)
	d.run()
	var s v1alpha1.Schedule
	refs := v1alpha1.ConditionResolvedRefs
	says(t, d.condition(&s, "office", refs, metav1.ConditionFalse, v1alpha1.ReasonHolidaysNotFound), `ConfigMap "holidays-fi"`, "create it")

	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: d.ns, Name: "holidays-fi"}, Data: map[string]string{"other.ics": ics("20261206")}}
	create(t, d, cm)
	d.apply("git", strings.Replace(holidaySchedule, "Europe/Helsinki", "UTC", 1)) // an unlabelled one is not watched
	says(t, d.condition(&s, "office", refs, metav1.ConditionFalse, v1alpha1.ReasonHolidaysNotLabelled), "usher.chat/holidays", "add the label")

	update := func(alter func()) {
		t.Helper()
		alter()
		if err := d.Update(ctx, cm); err != nil {
			t.Fatal(err)
		}
	}
	update(func() { cm.Labels = map[string]string{v1alpha1.LabelHolidays: "true"} })
	says(t, d.condition(&s, "office", refs, metav1.ConditionFalse, v1alpha1.ReasonHolidaysNotFound), `no key "holidays.ics"`)
	update(func() { cm.Data["holidays.ics"] = "not a calendar" })
	says(t, d.condition(&s, "office", refs, metav1.ConditionFalse, v1alpha1.ReasonHolidaysInvalid), "holidays.ics", "cannot be used")
	d.condition(&s, "office", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonHolidaysInvalid)
	update(func() { cm.Data["holidays.ics"] = ics("20261206") })
	d.ready(&s, "office")
	has := func(date string) func() (bool, any) {
		return func() (bool, any) {
			got, _ := d.runtime.Settings()
			if len(got.Schedules) == 1 {
				for _, h := range got.Schedules[0].Holidays {
					if h.Date == date && h.Name == "Independence Day" {
						return true, nil
					}
				}
			}
			return false, got.Schedules
		}
	}
	d.until("the holiday, yearly", has("2028-12-06"))
	update(func() { cm.Data["holidays.ics"] = ics("20261207") })
	d.until("the changed holiday", has("2028-12-07"))
}

func TestWithoutAQueueNothingRunsAndTheConditionSaysSo(t *testing.T) {
	d := newDesk(t)
	d.apply("git", "kind: Team\nmetadata: {name: tier1}\nspec: {}\n")
	says(t, d.condition(&v1alpha1.Team{}, "tier1", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNoQueue), "create one")
	d.settle()
	for _, line := range operator.writes.of(d.ns) {
		if !strings.HasSuffix(line, "/status") {
			t.Fatalf("the operator made something: %s", line)
		}
	}
	d.apply("git", plainQueue)
	d.run()
	d.ready(&v1alpha1.Team{}, "tier1")
}
