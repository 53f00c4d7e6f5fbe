package controllers

import (
	"cmp"
	"fmt"
	"time"

	"k8s.io/utils/ptr"

	"usher.chat/api/compile"
	"usher.chat/api/v1alpha1"
	"usher.chat/runtime/calendar"
	"usher.chat/runtime/settings"
)

// Objects is everything that a desk's settings are compiled from.
type Objects struct {
	Namespace string
	Desk      *v1alpha1.Desk // nil without one
	Queues    []v1alpha1.Queue
	Teams     []v1alpha1.Team
	Channels  []v1alpha1.Channel
	Schedules []v1alpha1.Schedule
	// Holidays of each Schedule that names some, by the Schedule's name.
	Holidays map[string]compile.HolidayFile
	// Answers to opens and closes from the console, by the Queue's name.
	Answers map[string]Answer
}

// Answer is what became of an open or close from the console.
type Answer struct {
	settings.OverrideAnswer
	// Generation of the Queue that carries it; the answer is given together with that generation,
	// never before. Zero for a refusal.
	Generation int64
}

// Verdict is one condition's worth of judgement. Its zero value is good.
type Verdict struct {
	Reason  string // empty: nothing is wrong
	Message string
}

// OK says that nothing is wrong.
func (v Verdict) OK() bool { return v.Reason == "" }

// Finding is what compiling found of one object.
type Finding struct {
	Generation int64
	Accepted   Verdict
	Resolved   Verdict
	// Loop of waiting rules that a Queue is on. It makes nothing not ready.
	Loop Verdict
	// Sent says that this generation is in the settings.
	Sent bool
	// Zone in which the next change of a Queue is told.
	Zone *time.Location
	// Schedule compiled, of a Schedule that is whole.
	Schedule *calendar.Compiled
	// Digest of a Schedule with its holidays, for these have no generation.
	Digest string
	// Queues that a Team serves.
	Queues int
	// PublicURL of the desk, for Channels.
	PublicURL string
}

// Key names an object of a desk.
type Key struct {
	Kind string // Queue, Team, Channel, Schedule, Desk
	Name string
}

// Kinds of a Key.
const (
	KindQueue    = "Queue"
	KindTeam     = "Team"
	KindChannel  = "Channel"
	KindSchedule = "Schedule"
	KindDesk     = "Desk"
)

// Compiled is a desk in the runtime's words, and what was found on the way.
type Compiled struct {
	Settings settings.Settings
	Findings map[Key]Finding
}

// Compile puts a desk's objects into the runtime's words. It is pure, and does as well as it can:
// a Schedule that is not whole is left out, for the runtime keeps the last one that was.
func Compile(o Objects) Compiled {
	c := Compiled{Findings: map[Key]Finding{}}
	c.desk(o)
	c.schedules(o)
	c.teams(o)
	c.queues(o)
	c.loops()
	c.channels(o)
	c.Settings.Sort()
	return c
}

func (c *Compiled) desk(o Objects) {
	c.Settings.Desk = settings.Desk{Name: o.Namespace}
	if o.Desk != nil {
		c.Settings.Desk.DisplayName = o.Desk.Spec.DisplayName
		c.Settings.Desk.PublicURL = o.Desk.Spec.PublicURL
		c.Settings.Desk.Retention = plainRetention(o.Desk.Spec.Retention)
		c.Findings[Key{KindDesk, o.Desk.Name}] = Finding{Generation: o.Desk.Generation, Sent: true}
	}
}

func (c *Compiled) schedules(o Objects) {
	for i := range o.Schedules {
		s := &o.Schedules[i]
		f := Finding{Generation: s.Generation}
		plain := compile.Schedule(s)
		if s.Spec.Holidays != nil {
			file := o.Holidays[s.Name]
			f.Resolved = Verdict{file.Reason, file.Message}
			plain.Holidays = file.Days
		}
		compiled, err := calendar.Compile(plain)
		if err != nil {
			f.Accepted = Verdict{v1alpha1.ReasonInvalid, compile.Problems(err)}
		}
		if f.Accepted.OK() && f.Resolved.OK() {
			f.Sent, f.Schedule, f.Zone = true, compiled, compiled.Zone()
			f.Digest = (&settings.Settings{Schedules: []calendar.Schedule{plain}}).Version()
			c.Settings.Schedules = append(c.Settings.Schedules, plain)
		}
		c.Findings[Key{KindSchedule, s.Name}] = f
	}
}

func (c *Compiled) teams(o Objects) {
	serves := map[string]int{}
	for i := range o.Queues {
		for _, ref := range o.Queues[i].Spec.TeamRefs {
			serves[ref.Name]++
		}
	}
	for i := range o.Teams {
		t := &o.Teams[i]
		plain := settings.Team{
			Name:             t.Name,
			Generation:       t.Generation,
			DisplayName:      t.Spec.DisplayName,
			MaxConversations: int(cmp.Or(t.Spec.Defaults.MaxConversations, settings.DefaultMaxConversations)),
			Mode:             settings.TeamMode(cmp.Or(t.Spec.Mode, v1alpha1.TeamCollaboration)),
			Chat:             settings.TeamChat(cmp.Or(t.Spec.TeamChat, v1alpha1.Enabled)),
		}
		for _, m := range t.Spec.Members {
			plain.Members = append(plain.Members, settings.Member{
				Name:             m.Name,
				DisplayName:      m.DisplayName,
				Subject:          m.Subject,
				Role:             settings.Role(cmp.Or(m.Role, v1alpha1.RoleRepresentative)),
				MaxConversations: int(ptr.Deref(m.MaxConversations, 0)),
				Skills:           texts(m.Skills),
				Listing:          settings.Listing(cmp.Or(m.Listing, v1alpha1.ListingHidden)),
			})
		}
		c.Settings.Teams = append(c.Settings.Teams, plain)
		c.Findings[Key{KindTeam, t.Name}] = Finding{Generation: t.Generation, Sent: true, Queues: serves[t.Name]}
	}
}

func (c *Compiled) queues(o Objects) {
	names := map[string]bool{}
	for i := range o.Queues {
		names[o.Queues[i].Name] = true
	}
	queueThere := func(name string) bool { return names[name] }
	teamThere := func(name string) bool { _, found := c.Findings[Key{KindTeam, name}]; return found }
	for i := range o.Queues {
		q := &o.Queues[i]
		spec := &q.Spec
		plain := settings.Queue{
			Name:         q.Name,
			Generation:   q.Generation,
			DisplayName:  spec.DisplayName,
			Override:     compile.Override(q),
			WhenBusy:     plainWhenBusy(spec.WhenBusy),
			ManualSwitch: settings.ManualSwitch(cmp.Or(spec.ManualSwitch, v1alpha1.SwitchMembers)),
			Thresholds:   plainThresholds(spec.Thresholds),
			Retention:    plainRetention(spec.Retention),
		}
		if s := settings.SecureMetadata(spec.SecureMetadata); s != settings.SecureOptional {
			plain.SecureMetadata = s // what is the default is not said: a runtime of an earlier release knows no such field
		}
		plainRouting(&plain, spec)
		if a, ok := o.Answers[q.Name]; ok && q.Generation >= a.Generation {
			plain.OverrideAnswer = &a.OverrideAnswer
		}
		f := Finding{Generation: q.Generation, Sent: true, Zone: time.UTC}
		var missing []Verdict
		if spec.ScheduleRef != nil {
			plain.Schedule = spec.ScheduleRef.Name
			s, found := c.Findings[Key{KindSchedule, spec.ScheduleRef.Name}]
			switch {
			case !found:
				missing = append(missing, Verdict{v1alpha1.ReasonScheduleNotFound, fmt.Sprintf(
					"spec.scheduleRef names the Schedule %q, which is not in this namespace; create it or name another. Until then the last schedule stays in force, if there was one",
					spec.ScheduleRef.Name)})
			case !s.Sent:
				missing = append(missing, Verdict{v1alpha1.ReasonScheduleInvalid, fmt.Sprintf(
					"the Schedule %q is not usable as it is now; its own conditions say what to change. Until then its last good version stays in force, if there was one",
					spec.ScheduleRef.Name)})
			default:
				f.Zone = s.Zone
			}
		}
		for _, ref := range spec.TeamRefs {
			plain.Teams = append(plain.Teams, ref.Name)
			if !teamThere(ref.Name) {
				missing = append(missing, Verdict{v1alpha1.ReasonTeamNotFound, fmt.Sprintf(
					"spec.teamRefs names the Team %q, which is not in this namespace; create it or remove it from the list", ref.Name)})
			}
		}
		f.Resolved = together(append(missing, missingTargets(spec, queueThere, teamThere)...))
		c.Settings.Queues = append(c.Settings.Queues, plain)
		c.Findings[Key{KindQueue, q.Name}] = f
	}
}

// together has the first reason and up to five messages.
func together(list []Verdict) Verdict {
	if len(list) == 0 {
		return Verdict{}
	}
	out := list[0]
	for i, v := range list[1:] {
		if i == 4 {
			out.Message += fmt.Sprintf("; and %d more", len(list)-5)
			break
		}
		out.Message += "; " + v.Message
	}
	return out
}

func plainRetention(r *v1alpha1.Retention) *settings.Retention {
	if r == nil {
		return nil
	}
	return &settings.Retention{DeleteAfterDays: int(r.DeleteAfterDays)}
}

func plainWhenBusy(w v1alpha1.WhenBusy) settings.WhenBusy {
	plain := settings.WhenBusy{Offer: settings.Offer(cmp.Or(w.Offer, v1alpha1.OfferNothing))}
	if w.Capacity != nil {
		plain.Capacity = &settings.Capacity{Mode: settings.CapacityMode(w.Capacity.Mode), Places: int(w.Capacity.Places)}
	}
	return plain
}

func (c *Compiled) channels(o Objects) {
	for i := range o.Channels {
		ch := &o.Channels[i]
		plain := settings.Channel{
			Name:        ch.Name,
			Generation:  ch.Generation,
			Type:        settings.ChannelType(ch.Spec.Type),
			DisplayName: ch.Spec.DisplayName,
			Queue:       ch.Spec.Route.QueueRef.Name,
			Unavailable: plainUnavailable(ch.Spec.WhenUnavailable),
		}
		if web := ch.Spec.Web; web != nil {
			plainWeb(&plain, web)
		}
		f := Finding{Generation: ch.Generation, Sent: true, PublicURL: c.Settings.Desk.PublicURL}
		var missing []Verdict
		if _, found := c.Findings[Key{KindQueue, plain.Queue}]; !found {
			missing = append(missing, Verdict{v1alpha1.ReasonQueueNotFound, fmt.Sprintf(
				"spec.route.queueRef names the Queue %q, which is not in this namespace; create it or name another. Until then the channel offers nothing", plain.Queue)})
		}
		for _, name := range plain.IssueQueues {
			if _, found := c.Findings[Key{KindQueue, name}]; !found {
				missing = append(missing, Verdict{v1alpha1.ReasonQueueNotFound, fmt.Sprintf(
					"spec.web.issueQueueRefs names the Queue %q, which is not in this namespace; create it or remove it from the list. Until then its issues are not listed", name)})
			}
		}
		f.Resolved = together(missing)
		c.Settings.Channels = append(c.Settings.Channels, plain)
		c.Findings[Key{KindChannel, ch.Name}] = f
	}
}
