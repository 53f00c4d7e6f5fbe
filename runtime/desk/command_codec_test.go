package desk_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

var updateCommands = flag.Bool("update-commands", false, "write the golden commands anew: only to add kinds")

// everyCommand is each kind that travels between pods, with every field set.
func everyCommand() []desk.Command {
	o := desk.Origin{Principal: "a:ana", Client: "client-1", CID: 3}
	team := desk.Target{Kind: desk.ToTeam, Name: "tier1"}
	set := oneQueue()
	set.Sort()
	return []desk.Command{
		desk.ApplySettings{Settings: set},
		desk.Connect{Principal: "s:s1", Gateway: "pod-1/x"},
		desk.Disconnect{Principal: "a:ana", Gateway: "pod-1/x"},
		desk.SignIn{Agent: "ana", Session: "s", Link: "l", Expires: 10, LinkExpires: 5},
		desk.SignOut{Agent: "ana", Session: "s", Force: true},
		desk.LockKeys{Source: "192.0.2.1", Tries: 10, Until: 99},
		desk.Join{Origin: o, Session: "s1", Channel: "web", Name: "Åsa", Page: "https://example.org/", Text: "👋", Email: "a@example.org",
			Phone: "+358", Issue: "support/returns", Key: "1234567", Agent: "ana", To: team,
			Secure: "eyJ", SecureName: "Maria Lind", SecureError: "it has expired"},
		desk.Contact{Origin: o, Session: "s1", Channel: "web", Name: "Åsa", Email: "a@example.org", Phone: "+358", Page: "p", Text: "t", Issue: "i"},
		desk.Say{Origin: o, Conversation: "c1", Text: "hello"},
		desk.End{Origin: o, Conversation: "c1"},
		desk.Pick{Origin: o, Agent: "ana", Queue: "support", Team: "tier1", Conversation: "c1", Grab: true},
		desk.Enter{Origin: o, Agent: "ana", Conversation: "c1"},
		desk.Transfer{Origin: o, Agent: "ana", Conversation: "c1", To: team, Note: "please"},
		desk.Invite{Origin: o, Agent: "ana", Conversation: "c1", To: team, Note: "please"},
		desk.Uninvite{Origin: o, Agent: "ana", Conversation: "c1", To: team},
		desk.Decline{Origin: o, Agent: "ana", Conversation: "c1"},
		desk.SetPresence{Origin: o, Agent: "ana", Presence: desk.Away},
		desk.NewKey{Origin: o, Agent: "ana", Keys: []string{"1234567", "7654321"}},
		desk.DropKey{Origin: o, Agent: "ana", Key: "1234567"},
		desk.Favour{Origin: o, Agent: "ana", To: team, On: true},
		desk.Post{Origin: o, Agent: "ana", Room: "t:tier1", Text: "hello"},
		desk.ReadRoom{Origin: o, Agent: "ana", Room: "t:tier1", Seq: 7},
		desk.Accept{Origin: o, Agent: "ana", Conversation: "c1"},
		desk.Refuse{Origin: o, Agent: "ana", Conversation: "c1"},
		desk.Leave{Origin: o, Agent: "ana", Conversation: "c1"},
		desk.Switch{Origin: o, Agent: "ana", ID: "r1", Queue: "support", State: settings.QueueClosed, Until: 99, Reason: "fire drill"},
		desk.Sync{},
		desk.Erase{Conversations: []desk.ConversationID{"c1", "c2"}, By: "dpo", Why: "asked for", Cause: desk.ErasedRequest, End: true, From: 3, To: 9},
	}
}

func encodeCommand(t testing.TB, c desk.Command) []byte {
	t.Helper()
	b, err := desk.EncodeCommand(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryCommandThatTravelsReadsAsItWasWritten(t *testing.T) {
	kinds := map[byte]bool{}
	for _, c := range everyCommand() {
		b := encodeCommand(t, c)
		got, err := desk.DecodeCommand(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, large := c.(desk.ApplySettings); large { // empty and absent lists read alike
			if !bytes.Equal(encodeCommand(t, got), b) {
				t.Error("settings read differently")
			}
		} else if !reflect.DeepEqual(got, c) {
			t.Errorf("%+v reads as %+v", c, got)
		}
		if v := reflect.ValueOf(c); v.NumField() > 0 {
			for i := range v.NumField() {
				if v.Field(i).IsZero() {
					t.Errorf("%T: the test leaves %s empty", c, v.Type().Field(i).Name)
				}
			}
		}
		kind := b[2]
		if kind == 24 { // CBOR: the number is in the next byte
			kind = b[3]
		}
		kinds[kind] = true
	}
	if len(kinds) != len(everyCommand()) {
		t.Errorf("%d commands have %d numbers", len(everyCommand()), len(kinds))
	}
	known := 0
	for kind := range 256 {
		b, err := cbor.Marshal([]any{1, kind, map[string]any{}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := desk.DecodeCommand(b); err == nil {
			known++
		}
	}
	if known != len(everyCommand()) {
		t.Errorf("%d kinds travel, %d are tried; a new one needs its place in everyCommand", known, len(everyCommand()))
	}
}

func TestTheRoutersOwnCommandsDoNotTravel(t *testing.T) {
	for _, c := range []desk.Command{desk.Tick{}, desk.Start{Epoch: 3}, desk.LoseGateway{Gateway: "g"}} {
		var refused *desk.CommandError
		if b, err := desk.EncodeCommand(c); !errors.As(err, &refused) {
			t.Errorf("%T is %x, %v", c, b, err)
		}
	}
	for _, kind := range []int{2, 28, 29} {
		b, err := cbor.Marshal([]any{1, kind, map[string]any{"Gateway": "g"}})
		if err != nil {
			t.Fatal(err)
		}
		var refused *desk.CommandError
		if c, err := desk.DecodeCommand(b); !errors.As(err, &refused) {
			t.Errorf("kind %d reads as %+v, %v", kind, c, err)
		}
	}
}

func TestACommandOfAnotherReleaseIsRefusedByItsKindAndAddedFieldsAreLeftOut(t *testing.T) {
	for name, v := range map[string]any{
		"a kind of later":    []any{1, 200, map[string]any{}},
		"a version of later": []any{2, 10, map[string]any{}},
	} {
		b, err := cbor.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var refused *desk.CommandError
		if _, err := desk.DecodeCommand(b); !errors.As(err, &refused) || !refused.Unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := cbor.Marshal([]any{1, 10, map[string]any{"Text": "hello", "Colour": "red"}})
	if err != nil {
		t.Fatal(err)
	}
	if c, err := desk.DecodeCommand(b); err != nil || c.(desk.Say).Text != "hello" {
		t.Errorf("a field of later: %+v, %v", c, err)
	}
	for name, b := range map[string][]byte{"nothing": nil, "no list": {0xa0}, "cut off": encodeCommand(t, desk.Say{Text: "hello"})[:9]} {
		var refused *desk.CommandError
		if _, err := desk.DecodeCommand(b); !errors.As(err, &refused) || refused.Unknown {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// earlier are the golden commands of earlier releases: which fields they did not have yet.
func earlier() map[string]func(desk.Command) desk.Command {
	return map[string]func(desk.Command) desk.Command{
		"commands-v1.txt": func(c desk.Command) desk.Command {
			if j, join := c.(desk.Join); join {
				j.Secure, j.SecureName, j.SecureError = "", "", ""
				return j
			}
			return c
		},
		newestCommands: func(c desk.Command) desk.Command { return c },
	}
}

const newestCommands = "commands-v2.txt"

// A pod of an earlier release sends these bytes to this one: what is here is read for ever. A command that gets a field
// needs a file more, for what is in the others stays.
func TestCommandsOfEarlierReleasesAreReadAsTheyWereMeant(t *testing.T) {
	if *updateCommands {
		var out strings.Builder
		for _, c := range everyCommand() {
			fmt.Fprintf(&out, "%T %x\n", c, encodeCommand(t, c))
		}
		if err := os.WriteFile(filepath.Join("testdata", newestCommands), []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, as := range earlier() {
		t.Run(name, func(t *testing.T) { readsAs(t, filepath.Join("testdata", name), as) })
	}
}

func readsAs(t *testing.T, path string, as func(desk.Command) desk.Command) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	now := map[string]desk.Command{}
	for _, c := range everyCommand() {
		now[fmt.Sprintf("%T", c)] = as(c)
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := desk.DecodeCommand(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := now[name]; !bytes.Equal(encodeCommand(t, got), encodeCommand(t, want)) {
			t.Errorf("%s reads as %+v, was %+v", name, got, want)
		}
		delete(now, name)
	}
	for name := range now {
		t.Errorf("%s is not in %s; run with -update-commands to add it", name, path)
	}
}

func FuzzDecodeCommand(f *testing.F) {
	for _, c := range everyCommand() {
		f.Add(encodeCommand(f, c))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := desk.DecodeCommand(b)
		var refused *desk.CommandError
		if err != nil {
			if !errors.As(err, &refused) {
				t.Fatalf("%T is not a CommandError", err)
			}
			return
		}
		once, err := desk.EncodeCommand(c)
		if err != nil {
			t.Fatalf("what was read cannot be written: %+v: %v", c, err)
		}
		again, err := desk.DecodeCommand(once)
		if err != nil {
			t.Fatal(err)
		}
		if twice := encodeCommand(t, again); !bytes.Equal(once, twice) {
			t.Fatalf("%x, then %x", once, twice)
		}
	})
}
