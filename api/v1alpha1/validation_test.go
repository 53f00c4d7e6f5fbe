package v1alpha1_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"usher.chat/api/apitest"
	"usher.chat/api/v1alpha1"
)

// rule is a spec that the API server is asked to take.
type rule struct {
	name string
	spec string
	// refused has words of the refusal; empty when it is to be taken.
	refused string
}

func long(n int) string { return strings.Repeat("a", n) }

// listOf repeats a format with a number in it.
func listOf(n int, format string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf(format, i)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func check(t *testing.T, kind, name string, rules []rule) {
	t.Helper()
	c, ns := apitest.Client(t), apitest.Namespace(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			u := &unstructured.Unstructured{Object: map[string]any{}}
			var spec any
			if err := yaml.Unmarshal([]byte(r.spec), &spec); err != nil {
				t.Fatal(err)
			}
			u.Object["spec"] = spec
			u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
			u.SetNamespace(ns)
			u.SetName(name)
			err := c.Create(ctx, u, client.DryRunAll, client.FieldValidation("Strict"))
			switch {
			case r.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case r.refused != "" && err == nil:
				t.Errorf("taken, want a refusal with %q", r.refused)
			case r.refused != "" && !strings.Contains(err.Error(), r.refused):
				t.Errorf("refused with %q, want %q in it", err, r.refused)
			}
		})
	}
}

// number gives the rules of a bounded integer.
func number(field, format string, least, most int) []rule {
	return []rule{
		{field + " at its least", fmt.Sprintf(format, least), ""},
		{field + " at its most", fmt.Sprintf(format, most), ""},
		{field + " under its least", fmt.Sprintf(format, least-1), fmt.Sprintf("should be greater than or equal to %d", least)},
		{field + " over its most", fmt.Sprintf(format, most+1), fmt.Sprintf("should be less than or equal to %d", most)},
	}
}

// text gives the rules of a bounded string.
func text(field, format string, most int) []rule {
	return []rule{
		{field + " at its most", fmt.Sprintf(format, long(most)), ""},
		{field + " too long", fmt.Sprintf(format, long(most+1)), "Too long: may not be more than "},
	}
}

// reference gives the rules of the name of another resource.
func reference(field, format string) []rule {
	return []rule{
		{field + " with dots", fmt.Sprintf(format, `{name: a.b-c}`), ""},
		{field + " without a name", fmt.Sprintf(format, `{}`), "name: Required value"},
		{field + " with an empty name", fmt.Sprintf(format, `{name: ""}`), "should be at least 1 chars long"},
		{field + " with capitals", fmt.Sprintf(format, `{name: Office}`), "should match"},
		{field + " too long", fmt.Sprintf(format, "{name: "+long(254)+"}"), "Too long: may not be more than 253"},
		{field + " in another namespace", fmt.Sprintf(format, `{name: a, namespace: b}`), "unknown field"},
	}
}

func join(lists ...[]rule) []rule {
	var out []rule
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func TestQueuesAreTakenOrRefusedWithWords(t *testing.T) {
	check(t, "Queue", "support", join(
		[]rule{
			{"nothing but a name", `{}`, ""},
			{"an unknown field", `{colour: red}`, "unknown field"},
			{"capacity with Queue", `{whenBusy: {offer: Queue, capacity: {mode: Fixed, places: 3}}}`, ""},
			{"Queue without capacity", `{whenBusy: {offer: Queue}}`, ""},
			{"capacity with Nothing", `{whenBusy: {offer: Nothing, capacity: {mode: Fixed, places: 3}}}`, "capacity counts waiting places and so needs offer: Queue; set offer to Queue or remove capacity"},
			{"capacity with the default offer", `{whenBusy: {capacity: {mode: Fixed, places: 3}}}`, "set offer to Queue or remove capacity"},
			{"an unknown offer", `{whenBusy: {offer: Form}}`, `supported values: "Nothing", "Queue"`},
			{"capacity without a mode", `{whenBusy: {offer: Queue, capacity: {places: 3}}}`, "mode: Required value"},
			{"capacity without places", `{whenBusy: {offer: Queue, capacity: {mode: Fixed}}}`, "places: Required value"},
			{"an unknown mode", `{whenBusy: {offer: Queue, capacity: {mode: Some, places: 3}}}`, `supported values: "Fixed", "PerOnlineAgent"`},
			{"facts required", `{secureMetadata: Required}`, ""},
			{"facts ignored", `{secureMetadata: Ignore}`, ""},
			{"an unknown secureMetadata", `{secureMetadata: Always}`, `supported values: "Ignore", "Optional", "Required"`},
			{"an unknown manualSwitch", `{manualSwitch: Nobody}`, `supported values: "Members", "Admins"`},
			{"a team twice", `{teamRefs: [{name: a}, {name: a}]}`, "Duplicate value"},
			{"sixty-four teams", "{teamRefs: " + listOf(64, "{name: t%d}") + "}", ""},
			{"sixty-five teams", "{teamRefs: " + listOf(65, "{name: t%d}") + "}", "must have at most 64 items"},
			{"an override", `{override: {state: Closed, until: "2026-11-22T08:00:00Z", reason: fire drill, by: ana}}`, ""},
			{"an override without a state", `{override: {reason: fire drill}}`, "state: Required value"},
			{"an override to something else", `{override: {state: Draining}}`, `supported values: "Open", "Closed"`},
			{"an until that is no time", `{override: {state: Open, until: tomorrow}}`, "must be of type date-time"},
		},
		text("displayName", `{displayName: %s}`, 128),
		text("override.reason", `{override: {state: Open, reason: %s}}`, 256),
		text("override.by", `{override: {state: Open, by: %s}}`, 253),
		reference("scheduleRef", `{scheduleRef: %s}`),
		reference("teamRefs", `{teamRefs: [%s]}`),
		number("places", `{whenBusy: {offer: Queue, capacity: {mode: Fixed, places: %d}}}`, 1, 10000),
		number("agentLostSeconds", `{thresholds: {agentLostSeconds: %d}}`, 5, 3600),
		number("customerLostSeconds", `{thresholds: {customerLostSeconds: %d}}`, 5, 3600),
		number("closeAfterIdleSeconds", `{thresholds: {closeAfterIdleSeconds: %d}}`, 60, 2592000),
	))
}

func TestTeamsAreTakenOrRefusedWithWords(t *testing.T) {
	check(t, "Team", "tier1", join(
		[]rule{
			{"nobody", `{}`, ""},
			{"an agent", `{members: [{name: ana}]}`, ""},
			{"an agent twice", `{members: [{name: ana}, {name: ana}]}`, "Duplicate value"},
			{"an agent without a name", `{members: [{displayName: Ana}]}`, "name: Required value"},
			{"an agent with an empty name", `{members: [{name: ""}]}`, "should be at least 1 chars long"},
			{"a name with a capital", `{members: [{name: Ana}]}`, "should match"},
			{"a name with a dot", `{members: [{name: a.b}]}`, "should match"},
			{"an unknown role", `{members: [{name: ana, role: Owner}]}`, `supported values: "Representative", "Admin"`},
			{"five hundred members", "{members: " + listOf(500, "{name: a%d}") + "}", ""},
			{"five hundred and one", "{members: " + listOf(501, "{name: a%d}") + "}", "must have at most 500 items"},
		},
		text("displayName", `{displayName: %s}`, 128),
		text("member's name", `{members: [{name: %s}]}`, 63),
		text("member's displayName", `{members: [{name: a, displayName: %s}]}`, 128),
		text("subject", `{members: [{name: a, subject: %s}]}`, 253),
		number("maxConversations", `{members: [{name: a, maxConversations: %d}]}`, 1, 100),
		number("defaults.maxConversations", `{defaults: {maxConversations: %d}}`, 1, 100),
	))
}

func TestChannelsAreTakenOrRefusedWithWords(t *testing.T) {
	web := func(block string) string { return `{type: Web, web: ` + block + `, route: {queueRef: {name: a}}}` }
	check(t, "Channel", "web", join(
		[]rule{
			{"the least", web(`{}`), ""},
			{"nothing", `{}`, "Required value"},
			{"no route", `{type: Web, web: {}}`, "route: Required value"},
			{"no queueRef", `{type: Web, web: {}, route: {}}`, "queueRef: Required value"},
			{"no block", `{type: Web, route: {queueRef: {name: a}}}`, "type Web needs the block web; add web: {} or fill it"},
			{"another type", `{type: Email, route: {queueRef: {name: a}}}`, `supported values: "Web"`},
			{"origins", web(`{allowedOrigins: ["https://www.acme.example", "http://localhost:8080", "*"]}`), ""},
			{"an origin twice", web(`{allowedOrigins: ["*", "*"]}`), "Duplicate value"},
			{"an origin with a path", web(`{allowedOrigins: ["https://www.acme.example/"]}`), "should match"},
			{"an origin without a scheme", web(`{allowedOrigins: [www.acme.example]}`), "should match"},
			{"an origin with a star in it", web(`{allowedOrigins: ["https://*.acme.example"]}`), "should match"},
			{"an origin too long", web(`{allowedOrigins: ["https://` + long(246) + `"]}`), "Too long: may not be more than 253"},
			{"sixty-four origins", web(`{allowedOrigins: ` + listOf(64, `"https://a%d.example"`) + `}`), ""},
			{"sixty-five origins", web(`{allowedOrigins: ` + listOf(65, `"https://a%d.example"`) + `}`), "must have at most 64 items"},
			{"a colour", web(`{accentColor: "#0b6E4f"}`), ""},
			{"a colour by name", web(`{accentColor: green}`), "should match"},
			{"a short colour", web(`{accentColor: "#abc"}`), "should match"},
			{"a colour too long", web(`{accentColor: "#0b6e4f00"}`), "Too long: may not be more than 7"},
			{"another action", `{type: Web, web: {}, route: {queueRef: {name: a}}, whenUnavailable: {action: Ring}}`, `supported values: "Message", "Hide", "ContactForm"`},
		},
		text("greeting", web(`{greeting: %s}`), 500),
		text("message", `{type: Web, web: {}, route: {queueRef: {name: a}}, whenUnavailable: {message: %s}}`, 500),
		text("displayName", `{type: Web, web: {}, route: {queueRef: {name: a}}, displayName: %s}`, 128),
		reference("queueRef", `{type: Web, web: {}, route: {queueRef: %s}}`),
	))
}

func TestSchedulesAreTakenOrRefusedWithWords(t *testing.T) {
	weekly := func(days, periods string) string {
		return `{timeZone: UTC, weekly: [{days: ` + days + `, periods: ` + periods + `}]}`
	}
	period := func(start, end string) string {
		return weekly(`[Mon]`, fmt.Sprintf(`[{start: %q, end: %q}]`, start, end))
	}
	exception := func(e string) string { return `{timeZone: UTC, exceptions: [` + e + `]}` }
	holidays := func(ref string) string { return `{timeZone: UTC, holidays: {configMapRef: ` + ref + `}}` }
	check(t, "Schedule", "office", []rule{
		{"the least", `{timeZone: Europe/Helsinki}`, ""},
		{"a zone with signs", `{timeZone: Etc/GMT+2}`, ""},
		{"a zone of three parts", `{timeZone: America/Argentina/Buenos_Aires}`, ""},
		{"no zone", `{}`, "timeZone: Required value"},
		{"an empty zone", `{timeZone: ""}`, "should be at least 1 chars long"},
		{"the machine's zone", `{timeZone: Local}`, "Local depends on the machine; name an IANA zone such as Europe/Helsinki, or UTC"},
		{"a zone that leaves", `{timeZone: ../etc/passwd}`, "should match"},
		{"a zone too long", `{timeZone: ` + long(65) + `}`, "Too long: may not be more than 64"},
		{"suspended", `{timeZone: UTC, state: Suspended}`, ""},
		{"another state", `{timeZone: UTC, state: Paused}`, `supported values: "Active", "Suspended"`},
		{"a day", period("00:00", "24:00"), ""},
		{"over midnight", period("22:00", "02:00"), ""},
		{"a start at 24:00", period("24:00", "02:00"), "should match"},
		{"a start without a nought", period("8:00", "12:00"), "should be at least 5 chars long"},
		{"a minute too many", period("08:60", "12:00"), "should match"},
		{"an end past midnight", period("08:00", "24:01"), "should match"},
		{"an end with seconds", period("08:00", "12:00:00"), "Too long: may not be more than 5"},
		{"an empty period", period("08:00", "08:00"), "start and end are equal, which could mean nothing or everything; write 00:00 and 24:00 for the whole day, or remove the period"},
		{"no start", weekly(`[Mon]`, `[{end: "12:00"}]`), "start: Required value"},
		{"no end", weekly(`[Mon]`, `[{start: "12:00"}]`), "end: Required value"},
		{"no days", weekly(`[]`, `[{start: "08:00", end: "12:00"}]`), "should have at least 1 items"},
		{"no periods", weekly(`[Mon]`, `[]`), "should have at least 1 items"},
		{"a day twice", weekly(`[Mon, Mon]`, `[{start: "08:00", end: "12:00"}]`), "Duplicate value"},
		{"a day in full", weekly(`[Monday]`, `[{start: "08:00", end: "12:00"}]`), `supported values: "Mon"`},
		{"twelve periods", weekly(`[Mon]`, listOf(12, `{start: "%02d:00", end: "24:00"}`)), ""},
		{"thirteen periods", weekly(`[Mon]`, listOf(13, `{start: "%02d:00", end: "24:00"}`)), "must have at most 12 items"},
		{"fifteen rules", `{timeZone: UTC, weekly: ` + listOf(15, `{days: [Mon], periods: [{start: "%02d:00", end: "24:00"}]}`) + `}`, "must have at most 14 items"},
		{"an exception", exception(`{name: a, date: "2026-12-24"}`), ""},
		{"a yearly exception", exception(`{name: a, date: "2026-12-24", recurrence: Yearly, periods: [{start: "08:00", end: "12:00"}]}`), ""},
		{"a monthly exception", exception(`{name: a, date: "2026-12-24", recurrence: Monthly}`), `supported values: "Yearly"`},
		{"an exception without a name", exception(`{date: "2026-12-24"}`), "name: Required value"},
		{"an exception with a blank", exception(`{name: a b, date: "2026-12-24"}`), "should match"},
		{"an exception with a long name", exception(`{name: ` + long(64) + `, date: "2026-12-24"}`), "Too long: may not be more than 63"},
		{"two of one name", exception(`{name: a, date: "2026-12-24"}, {name: a, date: "2026-12-25"}`), "Duplicate value"},
		{"an exception without a date", exception(`{name: a}`), "date: Required value"},
		{"a month too many", exception(`{name: a, date: "2026-13-01"}`), "should match"},
		{"a date of another order", exception(`{name: a, date: "24.12.2026"}`), "should match"},
		{"a date too long", exception(`{name: a, date: "2026-12-240"}`), "Too long: may not be more than 10"},
		{"an exception of thirteen periods", exception(`{name: a, date: "2026-12-24", periods: ` + listOf(13, `{start: "%02d:00", end: "24:00"}`) + `}`), "must have at most 12 items"},
		{"two hundred exceptions", `{timeZone: UTC, exceptions: ` + listOf(200, `{name: e%d, date: "2026-12-24"}`) + `}`, ""},
		{"two hundred and one", `{timeZone: UTC, exceptions: ` + listOf(201, `{name: e%d, date: "2026-12-24"}`) + `}`, "must have at most 200 items"},
		{"holidays", holidays(`{name: holidays-fi, key: holidays.ics}`), ""},
		{"holidays without a file", `{timeZone: UTC, holidays: {}}`, "configMapRef: Required value"},
		{"holidays without a name", holidays(`{key: holidays.ics}`), "name: Required value"},
		{"holidays without a key", holidays(`{name: holidays-fi}`), "key: Required value"},
		{"holidays with an empty key", holidays(`{name: holidays-fi, key: ""}`), "should be at least 1 chars long"},
		{"holidays with a path", holidays(`{name: holidays-fi, key: a/b}`), "should match"},
		{"holidays with a long key", holidays(`{name: holidays-fi, key: ` + long(254) + `}`), "Too long: may not be more than 253"},
	})
}

func TestDesksAreTakenOrRefusedWithWords(t *testing.T) {
	check(t, "Desk", "default", join(
		[]rule{
			{"the least", `{}`, ""},
			{"an address", `{publicURL: "https://chat.acme.example:8443"}`, ""},
			{"an address with a slash", `{publicURL: "https://chat.acme.example/"}`, "should match"},
			{"an address without a scheme", `{publicURL: chat.acme.example}`, "should match"},
			{"an address too long", `{publicURL: "https://` + long(246) + `"}`, "Too long: may not be more than 253"},
			{"a node port", `{service: {type: NodePort, nodePort: 30080}}`, ""},
			{"a node port chosen by the cluster", `{service: {type: NodePort}}`, ""},
			{"a node port without the type", `{service: {nodePort: 30080}}`, "nodePort needs type: NodePort; set the type or remove nodePort"},
			{"a node port of a balancer", `{service: {type: LoadBalancer, nodePort: 30080}}`, "set the type or remove nodePort"},
			{"another type", `{service: {type: ExternalName}}`, `supported values: "ClusterIP", "NodePort", "LoadBalancer"`},
			{"a size", `{storage: {size: 20Gi, storageClassName: fast.ssd}}`, ""},
			{"a size without a unit", `{storage: {size: "20"}}`, "should match"},
			{"a size of nothing", `{storage: {size: 0Gi}}`, "should match"},
			{"a size too long", `{storage: {size: 123456789Gi}}`, "Too long: may not be more than 10"},
			{"a class with capitals", `{storage: {storageClassName: Fast}}`, "should match"},
			{"a class too long", `{storage: {storageClassName: ` + long(254) + `}}`, "Too long: may not be more than 253"},
			{"resources", `{resources: {requests: {cpu: 250m, memory: 256Mi}, limits: {memory: 1Gi}}}`, ""},
			{"resources in words", `{resources: {requests: {memory: much}}}`, "should match"},
		},
		text("displayName", `{displayName: %s}`, 128),
		number("nodePort", `{service: {type: NodePort, nodePort: %d}}`, 1, 65535),
	))
	check(t, "Desk", "acme", []rule{{"another name", `{}`, "a namespace has one Desk and it is named default; rename it"}})
}

func TestDefaultsAreThoseOfTheDocumentation(t *testing.T) {
	c, ns := apitest.Client(t), apitest.Namespace(t)
	if err := apitest.Apply(c, ns, "git", "kind: Queue\nmetadata: {name: q}\n---\nkind: Team\nmetadata: {name: t}\nspec: {members: [{name: ana}]}\n---\n"+
		"kind: Channel\nmetadata: {name: c}\nspec: {type: Web, web: {}, route: {queueRef: {name: q}}}\n---\n"+
		"kind: Schedule\nmetadata: {name: s}\nspec: {timeZone: UTC}\n---\nkind: Desk\nmetadata: {name: default}\n"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		object client.Object
		name   string
		spec   string
	}{
		{&v1alpha1.Queue{}, "q", `{manualSwitch: Members, secureMetadata: Optional, whenBusy: {offer: Nothing}, distribution: {mode: Manual, offerTimeoutSeconds: 30}, priority: 0,
			features: {emoji: Enabled, typing: Enabled, preview: Enabled, transfer: Enabled, invitations: Enabled},
			thresholds: {agentLostSeconds: 30, customerLostSeconds: 60, closeAfterIdleSeconds: 86400, soonOverdueSeconds: 180, overdueSeconds: 300,
			clock: WallClock, agentLost: ReturnToQueue, idleAfterSeconds: 600, idle: Count}}`},
		{&v1alpha1.Team{}, "t", `{mode: Collaboration, teamChat: Enabled, members: [{name: ana, role: Representative, listing: Hidden}], defaults: {maxConversations: 3}}`},
		{&v1alpha1.Channel{}, "c", `{type: Web, web: {agents: Hidden, sessionKeys: Accepted}, route: {queueRef: {name: q}}, whenUnavailable: {action: Message}}`},
		{&v1alpha1.Schedule{}, "s", `{timeZone: UTC, state: Active}`},
		{&v1alpha1.Desk{}, "default", `{service: {type: ClusterIP}, storage: {size: 10Gi}, resources: {requests: {cpu: 100m, memory: 128Mi}}}`},
	} {
		u := &unstructured.Unstructured{}
		gvk, err := c.GroupVersionKindFor(want.object)
		if err != nil {
			t.Fatal(err)
		}
		u.SetGroupVersionKind(gvk)
		if err := c.Get(ctx, client.ObjectKey{Namespace: ns, Name: want.name}, u); err != nil {
			t.Fatal(err)
		}
		got, err := yaml.Marshal(u.Object["spec"])
		if err != nil {
			t.Fatal(err)
		}
		var spec any
		if err := yaml.Unmarshal([]byte(want.spec), &spec); err != nil {
			t.Fatal(err)
		}
		expected, err := yaml.Marshal(spec)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(expected) {
			t.Errorf("%s has the spec\n%s\nwant\n%s", gvk.Kind, got, expected)
		}
		if generation, _, _ := unstructured.NestedInt64(u.Object, "status", "observedGeneration"); generation != -1 {
			t.Errorf("a new %s has observedGeneration %d, want -1", gvk.Kind, generation)
		}
	}
}
