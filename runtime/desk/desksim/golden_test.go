package desksim_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
)

// The golden ledgers stand for all ledgers that were ever written by a release. They must be read for
// ever, so they are never made again: new kinds of events get a ledger of their own. The first has the
// kinds that there were before routing, the second those before several pods, the third has all, and
// was written anew after an erasure, with another one under way.
//
//   - "the facts differ": a release would read old ledgers differently. Mend the code.
//   - "the hash differs" and the facts do not: the state has a new field, or its snapshot is encoded
//     differently. If that is meant, raise desk.SnapshotVersion and run with -update=hash.
//   - -update=ledger makes the newest ledger itself anew. Only before the first release that wrote it.
var update = flag.String("update", "", `"hash" writes the golden hashes anew, "ledger" the newest golden ledger too`)

// goldens are the golden ledgers, with how many kinds of events each has.
func goldens() map[string]int {
	return map[string]int{"golden-v1": 15, "golden-v2": 34, newest: allKinds}
}

const (
	newest   = "golden-v3"
	allKinds = 37
)

// facts is what anybody can see of a state, whatever its encoding.
type facts struct {
	Hash         string
	Seq          uint64
	At           int64
	Kinds        map[string]int
	Queues       map[string]queueFacts
	Agents       map[string]agentFacts
	Teams        map[string]desk.TeamFigures `json:",omitempty"`
	LastNumber   uint64
	Known        int
	NextDeadline int64
	// Erasures are those under way.
	Erasures []desk.Erasure `json:",omitempty"`
}

type queueFacts struct {
	State, Cause string
	Line         []string
	Figures      desk.Figures
	Inactive     []string `json:",omitempty"`
}

type agentFacts struct {
	Online bool
	Has    []string
	// For and Invited are what waits for the agent in person, and where the agent is invited.
	For, Invited []string `json:",omitempty"`
	Presence     string   `json:",omitempty"`
	Unread       int      `json:",omitempty"`
	Keys         int      `json:",omitempty"`
}

func factsOf(t *testing.T, entries [][]byte) facts {
	t.Helper()
	s, err := desksim.Replay(entries)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := s.Hash()
	if err != nil {
		t.Fatal(err)
	}
	f := facts{Hash: hash, Seq: s.Seq, At: s.At, Kinds: map[string]int{}, Queues: map[string]queueFacts{}, Agents: map[string]agentFacts{}, LastNumber: s.LastConversation, Known: len(s.Conversations), Erasures: s.Erasures}
	f.NextDeadline, _ = s.NextDeadline()
	for i, b := range entries {
		r, err := desk.Decode(uint64(i+1), b)
		if err != nil {
			t.Fatal(err)
		}
		f.Kinds[reflect.TypeOf(r.Event).Name()]++
	}
	for name, q := range s.Queues {
		figures, _ := s.Figures(name)
		v := queueFacts{State: string(q.State), Cause: q.Cause, Figures: figures, Line: []string{}}
		for _, c := range s.Line(name) {
			v.Line = append(v.Line, fmt.Sprintf("%s arrived %d, let pass by %v", c.ID, c.ArrivedAt, c.Refused))
		}
		for _, c := range s.InactiveOf(name) {
			v.Inactive = append(v.Inactive, fmt.Sprintf("%s %s", c.ID, c.EndedWhy))
		}
		f.Queues[name] = v
	}
	for _, team := range s.Settings.Teams {
		if figures := s.TeamFigures(team.Name); figures.Waiting > 0 {
			if f.Teams == nil {
				f.Teams = map[string]desk.TeamFigures{}
			}
			f.Teams[team.Name] = figures
		}
	}
	for name, a := range s.Agents {
		v := agentFacts{Online: a.Online(), Has: []string{}}
		for _, c := range s.ConversationsOf(name) {
			v.Has = append(v.Has, fmt.Sprintf("%s place %d", c.ID, c.Place))
		}
		for _, c := range s.PersonalLine(name) {
			v.For = append(v.For, fmt.Sprintf("%s by %s from %q, visited %v", c.ID, c.Via, c.From, c.Visited))
		}
		for _, c := range s.InvitationsFor(name) {
			v.Invited = append(v.Invited, string(c.ID))
		}
		if a.Presence != desk.Available {
			v.Presence = string(a.Presence)
		}
		for _, room := range s.RoomsOf(name) {
			v.Unread += s.Rooms[room].Unread(name)
		}
		v.Keys = len(s.KeysOf(name, s.At))
		f.Agents[name] = v
	}
	return f
}

func TestTheGoldenLedgersReadAsTheyDidWhenTheyWereWritten(t *testing.T) {
	if *update == "ledger" {
		writeGolden(t)
	}
	for name, kinds := range goldens() {
		t.Run(name, func(t *testing.T) { readsAsWritten(t, name, kinds) })
	}
}

func readsAsWritten(t *testing.T, name string, kinds int) {
	entries := readGolden(t, name)
	got := factsOf(t, entries)
	file := "testdata/" + name + ".json"
	if *update == "hash" || *update == "ledger" && name == newest {
		b, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want facts
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Kinds) != kinds {
		t.Errorf("the ledger has %d kinds of events, there are %d: %v", len(want.Kinds), kinds, want.Kinds)
	}
	hash := got.Hash
	got.Hash = want.Hash
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the facts differ:\n%+v\n%+v", got, want)
	}
	if hash != want.Hash {
		t.Fatalf("the hash differs: %s, it was %s", hash, want.Hash)
	}
	erased := map[uint64]map[desk.ConversationID]bool{} // by each record that tells so, until it is done
	// What is read can be written: the same bytes, for the encoding is one and deterministic.
	for i, b := range entries {
		r, err := desk.Decode(uint64(i+1), b)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := desk.Encode(r); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("entry %d is written differently now (%v): %x, was %x", i+1, err, again, b)
		}
		switch e := r.Event.(type) {
		case desk.Erased:
			erased[r.Seq] = map[desk.ConversationID]bool{}
			for _, id := range e.Conversations {
				erased[r.Seq][id] = true
			}
		case desk.Rewritten:
			for j, b := range entries[:e.Erased] {
				before, err := desk.Decode(uint64(j+1), b)
				if err != nil {
					t.Fatal(err)
				}
				if _, more := desk.Scrub(before.Event, erased[e.Erased]); more {
					t.Errorf("entry %d, a %T, has to be written anew now; it was left as it is", j+1, before.Event)
				}
			}
		}
	}
}

// writeGolden draws a ledger that has every kind of event, and people in all places at its end.
func writeGolden(t *testing.T) {
	t.Helper()
	from := time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC)
	var entries [][]byte
	for seed := uint64(20261138); len(entries) == 0; seed++ {
		r, err := desksim.Chaos(desksim.ChaosConfig{Seed: seed, Steps: 2400, From: from})
		if err != nil {
			t.Fatal(err)
		}
		entries = busy(t, r.Entries)
	}
	b, err := cbor.Marshal(withErasures(t, entries))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("testdata/"+newest+".cbor.gz", packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// in tells which conversations are in a place.
func in(s *desk.State, p desk.Place) (found []desk.ConversationID) {
	for n := range s.LastConversation {
		id := desk.ConversationID(fmt.Sprint("c", n+1))
		if c := s.Conversations[id]; c != nil && c.Place == p {
			found = append(found, id)
		}
	}
	return found
}

// busy cuts a ledger where a command begins and people are last in all places; nil where they never are, or where a kind
// of event is missing before.
func busy(t *testing.T, entries [][]byte) [][]byte {
	t.Helper()
	s, end, kinds := desk.New(), 0, map[reflect.Type]bool{}
	for i, b := range entries {
		r, err := desk.Decode(uint64(i+1), b)
		if err != nil {
			t.Fatal(err)
		}
		if r.Origin != nil && len(kinds) == allKinds-3 && len(in(s, desk.Over)) > 2 && len(in(s, desk.Inactive)) > 1 && len(in(s, desk.Waiting)) > 1 && len(in(s, desk.InService)) > 1 {
			end = i
		}
		kinds[reflect.TypeOf(r.Event)] = true
		s.Apply(r)
	}
	return entries[:end]
}

// withErasures goes on with a ledger: conversations in all places are erased and the ledger is written anew, others are
// being erased, and a gateway is lost in between.
func withErasures(t *testing.T, entries [][]byte) [][]byte {
	t.Helper()
	s, err := desksim.Replay(entries)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Lead(); err != nil {
		t.Fatal(err)
	}
	put := func(c desk.Command) {
		t.Helper()
		at := s.At + 1000
		d, err := desk.Decide(s, c, desk.Instant(at))
		if err != nil || len(d.Events) == 0 {
			t.Fatalf("%+v gives %+v, %v", c, d, err)
		}
		for _, e := range d.Events {
			r := desk.Record{Seq: s.Seq + 1, At: at, Event: e}
			b, err := desk.Encode(r)
			if err != nil {
				t.Fatal(err)
			}
			entries = append(entries, b)
			s.Apply(r)
		}
	}
	over, inactive, served := in(s, desk.Over), in(s, desk.Inactive), in(s, desk.InService)
	put(desk.Erase{Conversations: []desk.ConversationID{over[0], over[1], inactive[0], served[0]}, By: "dpo", Why: "asked for",
		Cause: desk.ErasedRequest, End: true})
	erased, seq := map[desk.ConversationID]bool{}, s.Seq
	for _, id := range s.Erasures[0].Conversations {
		erased[id] = true
	}
	put(desk.LoseGateway{Gateway: s.Gateways()[0]})
	rewritten := uint64(0)
	for i, b := range entries {
		r, err := desk.Decode(uint64(i+1), b)
		if err != nil {
			t.Fatal(err)
		}
		event, changed := desk.Scrub(r.Event, erased)
		if !changed {
			continue
		}
		rewritten++
		r.Event = event
		if entries[i], err = desk.Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	put(desk.FinishErasure{Erased: seq, Entries: rewritten})
	put(desk.Erase{Conversations: []desk.ConversationID{over[2], inactive[1]}, Cause: desk.ErasedRetention, From: 1, To: s.Seq})
	return entries
}

func readGolden(t *testing.T, name string) [][]byte {
	t.Helper()
	file, err := os.Open("testdata/" + name + ".cbor.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	var entries [][]byte
	if err := cbor.Unmarshal(b, &entries); err != nil {
		t.Fatal(err)
	}
	return entries
}
