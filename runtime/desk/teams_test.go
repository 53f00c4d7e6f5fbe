package desk_test

import (
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// design: semantics, Routing and Rights; seed 003.

func TestInAGrabTeamTheFirstToGrabWinsAndTheOthersHearWhoHasIt(t *testing.T) {
	w := newWorld(t, acme())
	w.online("dan", "eve", "fay")
	id := w.shop("s1")
	if !w.s.Grabbed(w.conv(id)) {
		t.Fatal("it is not notified to be grabbed")
	}
	w.sees(id, "dan", "eve", "fay")
	w.must(w.grab("fay", id))
	w.is(id, "with fay")
	e := w.refused(w.grab("eve", id), desk.AlreadyTaken)
	if e.By != "fay" {
		t.Errorf("taken by %q", e.By)
	}
	w.sees(id, "dan", "fay") // afterwards only the owner and admins
	w.refused(w.enter("eve", id), desk.NotFound)
	w.refused(w.answer("eve", id), desk.NotFound)
	if got := events[desk.Picked](w, 0)[0]; got.How != desk.PickedGrab || got.Team != "tier2" {
		t.Errorf("%+v", got)
	}
}

func TestInACollaborationTeamAllMembersSeeAndMayJoin(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "cem")
	id := w.join("s1")
	w.sees(id, "ana", "ben", "cem")
	w.must(w.choose("cem", id))
	w.sees(id, "ana", "ben", "cem")
	w.must(w.enter("ben", id))
	w.is(id, "with cem and ben")
	w.must(w.answer("ben", id))
	w.refused(w.enter("ben", id), desk.AlreadyIn)
	w.refused(w.grab("ben", w.join("s2")), desk.BadRequest) // there is nothing to be grabbed
}

func TestAdminsSeeAndJoinAllButCannotGrabFromTheNotification(t *testing.T) {
	w := newWorld(t, acme())
	w.online("dan", "eve")
	id, other := w.shop("s1"), w.shop("s2")
	w.refused(w.grab("dan", id), desk.NotEntitled)
	w.is(id, "waits in billing, place 1")
	w.must(w.grab("eve", id))
	w.sees(id, "dan", "eve")
	w.must(w.enter("dan", id))
	w.is(id, "with eve and dan")
	w.must(w.enter("dan", other)) // one that waits: joining takes it
	w.is(other, "with dan")
}

func TestAnAdminJoinsWhatWaitsForAMemberInPerson(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben")
	id := w.join("s1")
	w.must(w.choose("ana", id))
	w.must(w.hand("ana", id, toAgent("ben")))
	w.sees(id, "ana", "ben")
	w.must(w.enter("ana", id))
	w.is(id, "with ana")
}

func TestAGrabIsForRepresentativesOfTheTeamOnly(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "eve", "gus")
	id := w.shop("s1")
	w.refused(w.grab("ben", id), desk.NotFound)
	w.refused(w.grab("gus", id), desk.NotFound)
	w.refused(w.choose("ben", id), desk.NotFound)
	w.refused(w.enter("ben", id), desk.NotFound)
	w.must(w.grab("eve", id))
	w.refused(w.grab("ben", id), desk.NotFound) // and hears nothing of who has it
}

func TestARepresentativeWritesOnlyAfterJoining(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "cem")
	id := w.join("s1")
	w.must(w.choose("cem", id))
	w.refused(w.answer("ben", id), desk.NotEntitled)
	w.refused(w.end("ben", id), desk.NotEntitled)
	w.refused(w.hand("ben", id, toTeam("tier2")), desk.NotEntitled)
	w.refused(w.ask("ben", id, toAgent("gus")), desk.NotEntitled)
	w.must(w.enter("ben", id))
	w.must(w.answer("ben", id))
	w.must(w.leave("ben", id))
	w.is(id, "with cem")
	w.refused(w.answer("ben", id), desk.NotEntitled)
}

func TestRightsFollowMembershipAndNobodyElseSees(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana", "ben", "dan", "eve", "gus")
	support, billing := w.join("s1"), w.shop("s2")
	w.sees(support, "ana", "ben", "cem")
	w.sees(billing, "dan", "eve", "fay")
	// Handed to a team: its members, and the admins of the queue that it came through.
	w.must(w.choose("ben", support))
	w.must(w.hand("ben", support, toTeam("tier2")))
	w.sees(support, "ana", "dan", "eve", "fay")
	// Handed to a person.
	w.must(w.grab("eve", support))
	w.sees(support, "ana", "dan", "eve")
	w.must(w.hand("eve", support, toAgent("gus")))
	w.sees(support, "ana", "gus")
	w.must(w.choose("gus", support))
	w.sees(support, "ana", "gus")
	// Over: who had it, and the admins.
	w.must(w.end("gus", support))
	w.sees(support, "ana", "gus")
	if w.s.MaySee("nobody", w.conv(support)) || w.s.MayTake("nobody", w.conv(support)) || w.s.Admin("nobody", w.conv(support)) {
		t.Error("somebody who is no member may see it")
	}
}

func TestAnInvitationLetsTheInvitedSeeItBeforeJoining(t *testing.T) {
	w := newWorld(t, acme())
	w.online("eve", "fay", "gus")
	id := w.shop("s1")
	w.must(w.grab("eve", id))
	w.sees(id, "dan", "eve")
	w.must(w.ask("eve", id, toTeam("night")))
	w.sees(id, "dan", "eve", "gus")
	w.must(desk.Uninvite{Origin: w.who("eve"), Agent: "eve", Conversation: id, To: toTeam("night")})
	w.sees(id, "dan", "eve")
}

func TestAQueueOfTwoTeamsIsServedByBothEachByItsMode(t *testing.T) {
	set := acme()
	set.Queues[1].Teams = []string{"tier2", "night"}
	w := newWorld(t, set)
	w.online("eve", "gus")
	first, second := w.shop("s1"), w.shop("s2")
	w.sees(first, "dan", "eve", "fay", "gus")
	w.must(w.grab("eve", first)) // a Grab team's
	w.sees(first, "dan", "eve")
	w.must(w.choose("gus", second)) // a Collaboration team's
	w.sees(second, "dan", "gus")
}

func TestSwitchingATeamsModeChangesAtOnceWhoSeesWhat(t *testing.T) {
	w := newWorld(t, acme())
	w.online("eve", "fay")
	id := w.shop("s1")
	w.must(w.grab("eve", id))
	w.sees(id, "dan", "eve")
	w.team("tier2", func(team *settings.Team) { team.Mode = settings.TeamCollaboration })
	w.sees(id, "dan", "eve", "fay")
	waiting := w.shop("s2")
	w.refused(w.grab("fay", waiting), desk.BadRequest)
	w.must(w.enter("fay", id))
	w.team("tier2", func(team *settings.Team) { team.Mode = settings.TeamGrab })
	w.is(id, "with eve and fay") // who is in it stays
	w.sees(id, "dan", "eve", "fay")
	w.must(w.leave("fay", id))
	w.sees(id, "dan", "eve")
	w.must(w.grab("fay", waiting))
}

func TestPreviewReadsWithoutStartingAndMayBeSwitchedOff(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben", "cem")
	id := w.join("s1")
	if !w.s.MayPreview("ben", w.conv(id)) || w.s.MayPreview("eve", w.conv(id)) {
		t.Error("ben may read it, eve may not")
	}
	w.is(id, "waits in support, place 1")
	w.queue("support", func(q *settings.Queue) { q.Disabled = []settings.Feature{settings.FeaturePreview} })
	if w.s.MayPreview("ben", w.conv(id)) {
		t.Error("the preview is switched off")
	}
	if !w.s.MaySee("ben", w.conv(id)) {
		t.Error("the row is seen all the same")
	}
	w.must(w.choose("cem", id))
	if !w.s.MayPreview("cem", w.conv(id)) || w.s.MayPreview("ben", w.conv(id)) {
		t.Error("who serves it reads it, others do not")
	}
}

func TestRacingGrabsHaveOneWinnerWhateverTheirOrder(t *testing.T) {
	for _, order := range [][]string{{"eve", "fay"}, {"fay", "eve"}} {
		w := newWorld(t, acme())
		w.online("eve", "fay")
		id := w.shop("s1")
		w.pass(time.Second)
		w.must(w.grab(order[0], id))
		if e := w.refused(w.grab(order[1], id), desk.AlreadyTaken); e.By != order[0] {
			t.Errorf("%v: by %q", order, e.By)
		}
		count[desk.Picked](t, w, 1)
	}
}
