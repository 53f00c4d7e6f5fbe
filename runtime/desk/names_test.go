package desk_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

func TestANameReadsAsItStandsThere(t *testing.T) {
	for name, want := range map[string]string{
		"Maria":                       "Maria",
		" Maija  Virtanen\u200e ":     "Maija  Virtanen",
		"\u202egro.knab@nimda\u202c":  "gro.knab@nimda",
		"Ana\u2066 (admin)\u2069":     "Ana (admin)",
		"a\u200bna\ufeff":             "ana",
		"two\nlines\u2028and\tmore":   "two lines and more",
		"bell\u0007 escape\u001b[31m": "bell escape[31m",
		"می\u200cخواهم":               "می\u200cخواهم",   // the joiner is part of the word
		"👩\u200d👩\u200d👧":             "👩\u200d👩\u200d👧", // and of the picture
		"نورة":                        "نورة",
		"\u202e\u2066":                "",
	} {
		if got := desk.Visible(name); got != want {
			t.Errorf("%q reads %q, want %q", name, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		got := desk.Visible(rapid.String().Draw(t, "name"))
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
			t.Fatalf("%q", got)
		}
		if again := desk.Visible(got); again != got {
			t.Fatalf("%q, and read again %q", got, again)
		}
	})
}

func TestNamesAreCleanedAtTheEntrance(t *testing.T) {
	set := oneQueue()
	set.Teams[0].Members[0].DisplayName = "\u202eanA\u202c\u0007"
	set.Teams[0].Members = append(set.Teams[0].Members, settings.Member{Name: "zoe", DisplayName: "\u200f"})
	w := newWorld(t, set)
	if got := w.s.Member(set.Teams[0].Members[0].Name).DisplayName; got != "anA" {
		t.Errorf("an agent's name reads %q", got)
	}
	if got := w.s.Member("zoe").DisplayName; got != "zoe" {
		t.Errorf("an agent of whose name nothing is seen is called %q", got)
	}
	d := w.must(desk.Join{Origin: w.by("s:s1"), Session: "s1", Channel: "web", Name: "\u202eMaria\u202c", Email: "\u200emaria@acme.example", Phone: "\u202a+358 40 123\u202c"})
	if c := w.conv(d.Conversation); c.Name != "Maria" || c.Email != "maria@acme.example" || c.Phone != "+358 40 123" {
		t.Errorf("a customer's name, address and phone read %q, %q, %q", c.Name, c.Email, c.Phone)
	}
	set.Channels[0].Unavailable.Action = settings.UnavailableContactForm
	w.must(desk.ApplySettings{Settings: set})
	d = w.must(desk.Contact{Origin: w.by("s:s2"), Session: "s2", Channel: "web", Name: "\u2067Otto", Email: "otto@acme.example", Text: "call me"})
	if c := w.conv(d.Conversation); c.Name != "Otto" {
		t.Errorf("a contact form's name reads %q", c.Name)
	}
}
