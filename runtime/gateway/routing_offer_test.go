package gateway_test

import (
	"testing"
	"time"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

func TestAnOfferIsShownWithItsHistoryBeforeItIsAcceptedAndARefusedOneGoesToTheNext(t *testing.T) {
	w := open(t)
	gus := w.Agent("gus")
	maria, c := w.joins("desk", protocol.Command{Name: "Maria", Text: "my invoice"})
	w.until(gus, "the offer is shown", state(c, protocol.StateOffered))
	w.until(gus, "with its history", said(c, "my invoice"))
	w.until(gus, "and with its end, and counts against the limit", func(v *gatewaytest.View) bool {
		return v.Conversations[c].OfferUntil > time.Now().UnixMilli() && v.Me.Load == 1
	})
	w.until(maria, "the customer is not served yet", func(v *gatewaytest.View) bool { return v.Conversation().Agent == "" })

	hal := w.Agent("hal")
	w.until(hal, "the other sees to whom it is offered", func(v *gatewaytest.View) bool { return v.Waiting[c].OfferedTo == "gus" })
	if e := w.refused(hal, protocol.Command{Type: protocol.TypePick, Conversation: c}, "already_taken"); e.By != "gus" {
		t.Errorf("taken by %q", e.By)
	}
	w.do(gus, protocol.Command{Type: protocol.TypeRefuse, Conversation: c})
	w.until(hal, "the next is offered it, with its history", func(v *gatewaytest.View) bool {
		return v.Conversations[c].State == protocol.StateOffered && len(v.Texts(c)) == 1
	})
	w.until(gus, "who refused has it no more", gone(protocol.KindConversation, c, "offered", "hal"))
	w.do(hal, protocol.Command{Type: protocol.TypeAccept, Conversation: c})
	w.until(maria, "the customer is served", func(v *gatewaytest.View) bool { return v.Conversation().Agent == "hal" })
	w.until(gus, "nobody waits", func(v *gatewaytest.View) bool { return len(v.Waiting) == 0 && v.Me.Load == 0 })
	w.refused(gus, protocol.Command{Type: protocol.TypeAccept, Conversation: c}, "already_taken")

	var why protocol.Explanation
	if status, e := w.call(hal, "GET", "/v1/conversations/"+c+"/explanation", nil, &why); status != 200 || len(why.Steps) < 4 {
		t.Errorf("explanation: %d %+v %+v", status, e, why)
	}
	for _, who := range []string{"eva", "ana"} {
		if status, e := w.call(w.Agent(who), "GET", "/v1/conversations/"+c+"/explanation", nil, &why); status != 404 || e.Code != "not_found" {
			t.Errorf("%s, of another team, is told why: %d %+v", who, status, e)
		}
	}
}

func TestAnOfferThatIsNotAcceptedInTimeIsTakenBackAndTheAgentIsTold(t *testing.T) {
	w := open(t)
	gus := w.Agent("gus")
	_, c := w.joins("desk", protocol.Command{})
	w.until(gus, "the offer is shown", state(c, protocol.StateOffered))
	w.until(gus, "after its time it is in the line again", func(v *gatewaytest.View) bool {
		_, mine := v.Conversations[c]
		return !mine && v.Waiting[c].Returned == "expired" && v.Waiting[c].OfferedTo == ""
	})
	w.until(gus, "and the agent is told", noticed("offer_expired"))
	w.refused(gus, protocol.Command{Type: protocol.TypeAccept, Conversation: c}, "offer_expired")
	w.do(gus, protocol.Command{Type: protocol.TypePick, Conversation: c})
}

func TestWhoEndsAConversationIsOfferedTheFirstInLineAtOnce(t *testing.T) {
	w := open(t)
	gus := w.Agent("gus")
	_, first := w.joins("desk", protocol.Command{})
	w.until(gus, "the offer is shown", state(first, protocol.StateOffered))
	w.do(gus, protocol.Command{Type: protocol.TypeAccept, Conversation: first})
	_, second := w.joins("desk", protocol.Command{})
	w.until(gus, "the second waits", waits(second))
	w.do(gus, protocol.Command{Type: protocol.TypeEnd, Conversation: first})
	w.until(gus, "the second is offered, from the queue", func(v *gatewaytest.View) bool {
		return v.Conversations[second].State == protocol.StateOffered && v.Conversations[second].FromQueue
	})
}

func TestAGrabHasOneWinnerAndTheOthersHearWho(t *testing.T) {
	w := open(t)
	dan, eva, fay, ana := w.Agent("dan"), w.Agent("eva"), w.Agent("fay"), w.Agent("ana")
	watch := protocol.Command{Type: protocol.TypeWatch, Views: []string{"team"}}
	for _, c := range []*gatewaytest.Client{dan, eva, fay} {
		if err := c.Send(watch); err != nil {
			t.Fatal(err)
		}
	}
	_, c := w.joins("shop", protocol.Command{})
	for _, who := range []*gatewaytest.Client{dan, eva, fay} {
		w.until(who, "all members are notified", func(v *gatewaytest.View) bool { return v.Waiting[c].Grab })
	}
	w.refused(dan, protocol.Command{Type: protocol.TypeGrab, Conversation: c}, "not_entitled")
	w.refused(ana, protocol.Command{Type: protocol.TypeGrab, Conversation: c}, "not_found")
	w.do(eva, protocol.Command{Type: protocol.TypeGrab, Conversation: c})
	w.until(fay, "the other hears who has it", gone(protocol.KindWaiting, c, "grabbed", "Eva Ruiz"))
	if e := w.refused(fay, protocol.Command{Type: protocol.TypeGrab, Conversation: c}, "already_taken"); e.By != "eva" {
		t.Errorf("taken by %q", e.By)
	}
	w.until(dan, "the admin sees it among what the team serves", func(v *gatewaytest.View) bool { return len(v.Opens[c].Agents) == 1 })
	w.never(fay, "the other representative does", func(v *gatewaytest.View) bool { return len(v.Opens) > 0 })
	w.refused(fay, protocol.Command{Type: protocol.TypeEnter, Conversation: c}, "not_found")
	if status, _ := w.call(fay, "GET", "/v1/conversations/"+c+"/messages", nil, nil); status != 404 {
		t.Errorf("the other reads it: %d", status)
	}
	w.do(dan, protocol.Command{Type: protocol.TypeEnter, Conversation: c})
	w.until(eva, "the admin is in it", func(v *gatewaytest.View) bool { return len(v.Conversations[c].Agents) == 2 })
	w.never(ana, "an agent of another team knows of it", func(v *gatewaytest.View) bool { return len(v.Waiting)+len(v.Gone) > 0 })
}
