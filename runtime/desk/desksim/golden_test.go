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

// The golden ledger stands for all ledgers that were ever written by a release. It must be read for
// ever, so it is never made again: a new kind of event gets a ledger of its own (golden-v2).
//
//   - "the facts differ": a release would read old ledgers differently. Mend the code.
//   - "the hash differs" and the facts do not: the state has a new field, or its snapshot is encoded
//     differently. If that is meant, raise desk.SnapshotVersion and run with -update=hash.
//   - -update=ledger makes the ledger itself anew. Only before the first release that wrote it.
var update = flag.String("update", "", `"hash" writes the golden hash anew, "ledger" the golden ledger too`)

const (
	goldenLedger = "testdata/golden-v1.cbor.gz"
	goldenFacts  = "testdata/golden-v1.json"
)

// facts is what anybody can see of a state, whatever its encoding.
type facts struct {
	Hash         string
	Seq          uint64
	At           int64
	Kinds        map[string]int
	Queues       map[string]queueFacts
	Agents       map[string]agentFacts
	LastNumber   uint64
	Known        int
	NextDeadline int64
}

type queueFacts struct {
	State, Cause string
	Line         []string
	Figures      desk.Figures
}

type agentFacts struct {
	Online bool
	Has    []string
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
	f := facts{Hash: hash, Seq: s.Seq, At: s.At, Kinds: map[string]int{}, Queues: map[string]queueFacts{}, Agents: map[string]agentFacts{}, LastNumber: s.LastConversation, Known: len(s.Conversations)}
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
		f.Queues[name] = v
	}
	for name, a := range s.Agents {
		v := agentFacts{Online: a.Online(), Has: []string{}}
		for _, c := range s.ConversationsOf(name) {
			v.Has = append(v.Has, fmt.Sprintf("%s place %d", c.ID, c.Place))
		}
		f.Agents[name] = v
	}
	return f
}

func TestTheGoldenLedgerReadsAsItDidWhenItWasWritten(t *testing.T) {
	if *update == "ledger" {
		writeGolden(t)
	}
	entries := readGolden(t)
	got := factsOf(t, entries)
	if *update != "" {
		b, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenFacts, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(goldenFacts)
	if err != nil {
		t.Fatal(err)
	}
	var want facts
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Kinds) != 15 {
		t.Errorf("the ledger has %d kinds of events, there are 15: %v", len(want.Kinds), want.Kinds)
	}
	hash := got.Hash
	got.Hash = want.Hash
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the facts differ:\n%+v\n%+v", got, want)
	}
	if hash != want.Hash {
		t.Fatalf("the hash differs: %s, it was %s", hash, want.Hash)
	}
	// What is read can be written: the same bytes, for the encoding is one and deterministic.
	for i, b := range entries {
		r, err := desk.Decode(uint64(i+1), b)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := desk.Encode(r); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("entry %d is written differently now (%v): %x, was %x", i+1, err, again, b)
		}
	}
}

// writeGolden draws a ledger that has every kind of event, and people in all places at its end.
func writeGolden(t *testing.T) {
	t.Helper()
	from := time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC)
	r, err := desksim.Chaos(desksim.ChaosConfig{Seed: 20261121, Steps: 1200, From: from})
	if err != nil {
		t.Fatal(err)
	}
	b, err := cbor.Marshal(r.Entries)
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
	if err := os.WriteFile(goldenLedger, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readGolden(t *testing.T) [][]byte {
	t.Helper()
	file, err := os.Open(goldenLedger)
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
