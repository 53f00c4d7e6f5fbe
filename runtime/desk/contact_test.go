package desk_test

import (
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// Contact forms: what customers leave while the chat is not offered.

func (w *world) form(session string, f func(*desk.Contact)) desk.Contact {
	c := desk.Contact{Origin: w.by(desk.CustomerPrincipal(session)), Session: session, Channel: "web", Name: "Maria", Email: "maria@example.org", Text: "please call me"}
	f(&c)
	return c
}

func TestAContactFormIsListedAsInactiveInTheQueueWithItsData(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ana")
	w.byHand(settings.QueueClosed, time.Time{})
	id := w.must(w.form("s1", func(c *desk.Contact) { c.Phone, c.Page = "+358 (40) 123-4567", "https://acme.example/help" })).Conversation
	w.is(id, "inactive in support: contact")
	c := w.conv(id)
	if c.Name != "Maria" || c.Email != "maria@example.org" || c.Phone != "+358 (40) 123-4567" || c.Page != "https://acme.example/help" || c.Opening != "please call me" {
		t.Fatalf("%+v", c)
	}
	w.sees(id, "ana", "ben", "cem")
	// A second form is one more message, with what is new of the person.
	again := w.must(w.form("s1", func(c *desk.Contact) { c.Name, c.Email, c.Phone, c.Text = "Maria V", "", "112", "urgent" })).Conversation
	if again != id || w.conv(id).Messages != 2 || w.conv(id).Email != "maria@example.org" || w.conv(id).Phone != "112" || w.conv(id).Name != "Maria V" {
		t.Fatalf("%s: %+v", again, w.conv(id))
	}
	count[desk.ContactLeft](t, w, 2)
	if f, _ := w.s.Figures("support"); f.Inactive != 1 || f.Waiting != 0 {
		t.Errorf("%+v", f)
	}
}

func TestAContactFormOfAnIssueGoesToTheIssuesQueue(t *testing.T) {
	w := newWorld(t, acme())
	id := w.must(w.form("s1", func(c *desk.Contact) { c.Issue = "billing/refund" })).Conversation
	w.is(id, "inactive in billing: contact")
	if w.conv(id).Issue != "Refunds" {
		t.Errorf("issue %q", w.conv(id).Issue)
	}
	w.sees(id, "dan", "eve", "fay")
	w.refused(w.form("s2", func(c *desk.Contact) { c.Issue = "billing/none" }), desk.NotFound)
}

func TestAContactFormThatIsMalformedOrTooLongIsRefused(t *testing.T) {
	w := newWorld(t, acme())
	for name, c := range map[string]struct {
		f    func(*desk.Contact)
		code desk.Code
	}{
		"no way to answer":              {func(c *desk.Contact) { c.Email = "" }, desk.TextEmpty},
		"blanks for a way to answer":    {func(c *desk.Contact) { c.Email, c.Phone = " \t", "  " }, desk.TextEmpty},
		"no message":                    {func(c *desk.Contact) { c.Text = " \n" }, desk.TextEmpty},
		"a long message":                {func(c *desk.Contact) { c.Text = strings.Repeat("é", desk.MaxText+1) }, desk.TextTooLong},
		"a long name":                   {func(c *desk.Contact) { c.Name = strings.Repeat("é", desk.MaxName+1) }, desk.TextTooLong},
		"a long address":                {func(c *desk.Contact) { c.Email = strings.Repeat("a", desk.MaxEmail) + "@b" }, desk.TextTooLong},
		"a long phone number":           {func(c *desk.Contact) { c.Phone = strings.Repeat("1", desk.MaxPhone+1) }, desk.TextTooLong},
		"an address without a place":    {func(c *desk.Contact) { c.Email = "maria@" }, desk.TextInvalid},
		"an address without a person":   {func(c *desk.Contact) { c.Email = "@example.org" }, desk.TextInvalid},
		"an address without an at":      {func(c *desk.Contact) { c.Email = "maria" }, desk.TextInvalid},
		"an address with a blank":       {func(c *desk.Contact) { c.Email = "maria v@example.org" }, desk.TextInvalid},
		"an address with a second line": {func(c *desk.Contact) { c.Email = "a@b.org\r\nBcc: all@example.org" }, desk.TextInvalid},
		"a phone number of letters":     {func(c *desk.Contact) { c.Phone = "call me" }, desk.TextInvalid},
		"a phone number without any":    {func(c *desk.Contact) { c.Phone = "+-()" }, desk.TextInvalid},
		"a phone number with a bell":    {func(c *desk.Contact) { c.Phone = "112\a" }, desk.TextInvalid},
		"a name with an escape":         {func(c *desk.Contact) { c.Name = "Mar\x1b[31mia" }, desk.TextInvalid},
		"a name of two lines":           {func(c *desk.Contact) { c.Name = "Mar\nia" }, desk.TextInvalid},
		"a name that is no text":        {func(c *desk.Contact) { c.Name = "\xff" }, desk.TextInvalid},
		"a page with an escape":         {func(c *desk.Contact) { c.Page = "https://x/\x1b]0;" }, desk.TextInvalid},
		"a message with a zero":         {func(c *desk.Contact) { c.Text = "a\x00" }, desk.TextInvalid},
		"a channel that is not there":   {func(c *desk.Contact) { c.Channel = "fax" }, desk.NotFound},
		"a channel that has no form":    {func(c *desk.Contact) { c.Channel = "shop" }, desk.FeatureOff},
	} {
		t.Run(name, func(t *testing.T) {
			before, _ := w.s.Hash()
			w.refused(w.form("s1", c.f), c.code)
			if after, _ := w.s.Hash(); before != after {
				t.Error("a refusal changed the state")
			}
		})
	}
	w.change(func(s *settings.Settings) { s.Channels[1].Queue = "gone" })
	w.refused(w.form("s1", func(*desk.Contact) {}), desk.NotOffered)
}

func TestAContactFormWhileAConversationIsOpenIsRefusedAndWhileTheChatIsOfferedTaken(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.must(w.form("s1", func(*desk.Contact) {})).Conversation // filled in before the queue opened
	w.is(id, "inactive in support: contact")
	open := w.join("s2")
	w.refused(w.form("s2", func(*desk.Contact) {}), desk.AlreadyJoined)
	w.must(w.choose("ben", open))
	w.refused(w.form("s2", func(*desk.Contact) {}), desk.AlreadyJoined)
	w.must(w.end("ben", open))
	w.must(w.form("s2", func(*desk.Contact) {}))
}

func TestAFormOfOneStateOnlyIsEnoughToTakeIt(t *testing.T) {
	w := newWorld(t, acme())
	state := &settings.UnavailableState{Action: settings.UnavailableContactForm}
	for _, u := range []settings.Unavailable{{Busy: state}, {Offline: state}, {Closed: state}} {
		w.change(func(s *settings.Settings) { s.Channels[0].Unavailable = u }) // shop
		id := w.must(w.form("s1", func(c *desk.Contact) { c.Channel = "shop" })).Conversation
		w.is(id, "inactive in billing: contact")
	}
}

func TestWhoLeftAFormAndWritesInTheChatIsRevived(t *testing.T) {
	w := newWorld(t, acme())
	w.online("ben")
	id := w.must(w.form("s1", func(*desk.Contact) {})).Conversation
	w.must(w.write("s1", "now you are open"))
	w.is(id, "waits in support, place 1")
	w.must(w.choose("ben", id))
	w.is(id, "with ben")
}
