package gateway_test

import (
	"testing"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

func TestMembersOfACollaborationTeamSeeWhatColleaguesServeAndMayEnter(t *testing.T) {
	w := open(t)
	ana, ben, cem := w.Agent("ana"), w.Agent("ben"), w.Agent("cem")
	maria, c := w.joins("web", protocol.Command{Name: "Maria"})
	if err := cem.Send(protocol.Command{Type: protocol.TypeWatch, Views: []string{"team"}}); err != nil {
		t.Fatal(err)
	}
	w.do(ben, protocol.Command{Type: protocol.TypePick, Conversation: c})
	w.until(cem, "who watches sees it", func(v *gatewaytest.View) bool {
		o := v.Opens[c]
		return o.Name == "Maria" && o.Team == "helpers" && len(o.Agents) == 1 && o.Agents[0].DisplayName == "Ben Okoro"
	})
	w.never(ana, "who does not watch is told of it", func(v *gatewaytest.View) bool { return len(v.Opens) > 0 })
	w.do(cem, protocol.Command{Type: protocol.TypeEnter, Conversation: c})
	w.refused(cem, protocol.Command{Type: protocol.TypeEnter, Conversation: c}, "already_in")
	w.until(cem, "it is the agent's own now, with its history", func(v *gatewaytest.View) bool {
		_, open := v.Opens[c]
		return !open && v.Conversations[c].State == protocol.StateInService && len(v.Texts(c)) == 1
	})
	w.until(maria, "the customer sees both", func(v *gatewaytest.View) bool { return len(v.Conversation().Agents) == 2 })

	w.do(ben, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "from ben"})
	w.do(cem, protocol.Command{Type: protocol.TypeSay, Conversation: c, Text: "from cem"})
	for _, who := range []*gatewaytest.Client{ben, cem, maria} {
		w.until(who, "all get each other's messages", said(c, "hello", "from ben", "from cem"))
	}
	typing := protocol.Command{Type: protocol.TypeTyping, Conversation: c, Typing: true}
	if err := ben.Send(typing); err != nil {
		t.Fatal(err)
	}
	for _, who := range []*gatewaytest.Client{cem, maria} {
		w.until(who, "and each other's typing", func(v *gatewaytest.View) bool { return v.Typing == 1 })
	}
	w.never(ben, "one's own typing comes back", func(v *gatewaytest.View) bool { return v.Typing > 0 })

	w.do(ben, protocol.Command{Type: protocol.TypeLeave, Conversation: c})
	w.until(cem, "who stays is told to be the owner", func(v *gatewaytest.View) bool {
		_, told := v.Noticed("owner")
		return told && v.Conversations[c].Agent == "cem"
	})
	w.until(ben, "who left has it no more", gone(protocol.KindConversation, c, "left", "Ben Okoro"))
	w.do(cem, protocol.Command{Type: protocol.TypeLeave, Conversation: c})
	w.until(ana, "when the last leaves, the customer waits again", func(v *gatewaytest.View) bool { return v.Waiting[c].Returned == "left" })
}

func TestAnInvitationIsTakenByTheFirstAndGoneForTheOthers(t *testing.T) {
	w := open(t)
	ben, eva, fay, gus := w.Agent("ben"), w.Agent("eva"), w.Agent("fay"), w.Agent("gus")
	_, c := w.joins("web", protocol.Command{Name: "Maria"})
	w.do(ben, protocol.Command{Type: protocol.TypePick, Conversation: c})
	invite := func(who *protocol.Target) protocol.Command {
		return protocol.Command{Type: protocol.TypeInvite, Conversation: c, To: who, Text: "please look"}
	}
	w.refused(ben, invite(to("agent", "ben")), "self")
	w.refused(ben, invite(to("agent", "nobody")), "not_found")
	w.refused(ben, invite(to("team", "nobodies")), "not_found")
	w.refused(ben, invite(to("queue", "shop")), "bad_request")
	w.refused(ben, invite(nil), "bad_request")
	w.refused(gus, invite(to("agent", "hal")), "not_found")

	w.do(ben, invite(to("team", "grabbers")))
	w.refused(ben, invite(to("team", "grabbers")), "already_in")
	for _, who := range []*gatewaytest.Client{eva, fay} {
		w.until(who, "all members are asked", func(v *gatewaytest.View) bool {
			i := v.Invitations[c]
			return i.Team == "grabbers" && i.ByName == "Ben Okoro" && i.Note == "please look" && i.Name == "Maria"
		})
	}
	w.until(ben, "the agent sees who is asked", func(v *gatewaytest.View) bool { return len(v.Conversations[c].Invited) == 1 })
	w.do(eva, protocol.Command{Type: protocol.TypeEnter, Conversation: c})
	w.until(fay, "the first has it", gone(protocol.KindInvitation, c, "taken", "Eva Ruiz"))
	w.until(eva, "and is in it, with its history", func(v *gatewaytest.View) bool { return len(v.Texts(c)) == 1 && len(v.Invitations) == 0 })
	w.until(ben, "nobody is asked any more", func(v *gatewaytest.View) bool {
		return len(v.Conversations[c].Invited) == 0 && len(v.Conversations[c].Agents) == 2
	})

	w.do(ben, invite(to("agent", "gus")))
	w.until(gus, "an agent is asked in person", func(v *gatewaytest.View) bool { return v.Invitations[c].Team == "" && v.Invitations[c].By == "ben" })
	w.do(ben, protocol.Command{Type: protocol.TypeUninvite, Conversation: c, To: to("agent", "gus")})
	w.until(gus, "the invitation is taken back", gone(protocol.KindInvitation, c, "withdrawn", "Ben Okoro"))
	w.refused(gus, protocol.Command{Type: protocol.TypeEnter, Conversation: c}, "not_found")
	w.refused(ben, protocol.Command{Type: protocol.TypeUninvite, Conversation: c, To: to("agent", "gus")}, "not_found")
	w.do(ben, invite(to("agent", "gus")))
	w.until(gus, "asked again", func(v *gatewaytest.View) bool { return len(v.Invitations) == 1 })
	w.do(gus, protocol.Command{Type: protocol.TypeDecline, Conversation: c})
	w.until(ben, "who asked hears that it was declined", noticed("invitation_gone"))
	w.until(gus, "it is gone", func(v *gatewaytest.View) bool { return len(v.Invitations) == 0 })
	w.do(ben, invite(to("agent", "gus")))
	w.until(gus, "asked again", func(v *gatewaytest.View) bool { return len(v.Invitations) == 1 })
	w.do(ben, protocol.Command{Type: protocol.TypeEnd, Conversation: c})
	w.until(gus, "the end of the conversation ends invitations", gone(protocol.KindInvitation, c, "ended", "Ben Okoro"))
}

func TestAConversationIsHandedToAnAgentATeamAndAQueue(t *testing.T) {
	w := open(t)
	ana, ben, cem, eva := w.Agent("ana"), w.Agent("ben"), w.Agent("cem"), w.Agent("eva")
	maria, c := w.joins("web", protocol.Command{Name: "Maria"})
	w.do(ben, protocol.Command{Type: protocol.TypePick, Conversation: c})
	hand := func(who *protocol.Target) protocol.Command {
		return protocol.Command{Type: protocol.TypeTransfer, Conversation: c, To: who, Text: "speaks French"}
	}
	w.refused(ben, hand(to("agent", "ben")), "self")
	w.refused(ben, hand(to("queue", "support")), "self")
	w.refused(ben, hand(to("agent", "nobody")), "not_found")
	w.refused(ben, hand(to("person", "cem")), "bad_request")
	w.refused(cem, hand(to("agent", "ana")), "not_entitled")
	w.refused(eva, hand(to("agent", "fay")), "not_found")

	w.do(ben, hand(to("agent", "cem")))
	w.until(ben, "the sender has it no more", gone(protocol.KindConversation, c, "transferred", "Ben Okoro"))
	personal := func(v *gatewaytest.View) bool {
		e := v.Waiting[c]
		return e.Agent == "cem" && e.Via == "transfer" && e.FromName == "Ben Okoro" && e.Note == "speaks French"
	}
	w.until(cem, "it waits for the agent in person", personal)
	w.until(ana, "admins see that", personal)
	w.never(ben, "others do", waits(c))
	w.until(maria, "the customer is told", func(v *gatewaytest.View) bool {
		return v.Conversation().HandedTo != nil && v.Conversation().HandedToName == "cem" && v.Conversation().Place == 1
	})
	w.refused(ben, protocol.Command{Type: protocol.TypePick, Conversation: c}, "not_found")
	w.do(cem, protocol.Command{Type: protocol.TypeDecline, Conversation: c})
	w.until(ben, "a declined one comes back to the sender, who is told", func(v *gatewaytest.View) bool {
		_, told := v.Noticed("handed_back")
		return told && v.Waiting[c].Agent == "ben"
	})
	w.until(cem, "and is gone", gone(protocol.KindWaiting, c, "declined", "cem"))
	w.do(ben, protocol.Command{Type: protocol.TypePick, Conversation: c})

	w.do(ben, hand(to("team", "grabbers")))
	w.until(eva, "it waits in the team's queue", func(v *gatewaytest.View) bool {
		return v.Waiting[c].Team == "grabbers" && v.Teams["grabbers"].Waiting == 1
	})
	w.never(cem, "other teams see that", waits(c))
	w.do(eva, protocol.Command{Type: protocol.TypePick, Queue: "", To: to("team", "grabbers")})
	w.until(eva, "with its history", said(c, "hello"))
	w.until(eva, "the team's row follows", func(v *gatewaytest.View) bool { return v.Teams["grabbers"].Waiting == 0 })
	w.do(eva, hand(to("queue", "shop")))
	w.until(eva, "it waits in the queue", func(v *gatewaytest.View) bool { return v.Waiting[c].Queue == "shop" && v.Waiting[c].Team == "" })
	w.until(maria, "the customer is told the queue", func(v *gatewaytest.View) bool { return v.Conversation().HandedToName == "shop" })
}
