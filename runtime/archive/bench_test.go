package archive_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/desk"
)

// chat makes records of messages of so many bytes, in turns of so many conversations.
func chat(t testing.TB, conversations, messages, size int) *world {
	w := newWorld(t)
	w.online("ana")
	var ids []desk.ConversationID
	for i := range conversations {
		ids = append(ids, desk.ConversationID(w.join(fmt.Sprintf("s%d", i), "web", "")))
	}
	text := strings.Repeat("x", size)
	for i := range messages {
		w.log = append(w.log, desk.Record{
			Seq: uint64(len(w.log) + 1), At: desk.Millis(w.now), Event: desk.MessageSent{Conversation: ids[i%len(ids)], From: desk.SideCustomer, Text: text},
			Origin: &desk.Origin{Principal: "s:s1", Client: "tab-0123456789abcdef", CID: uint64(i + 1)},
		})
	}
	return w
}

// BenchmarkArchive fills a new archive from the ledger: messages a second.
func BenchmarkArchive(b *testing.B) {
	const messages = 200_000
	w := chat(b, 200, messages, 180)
	for b.Loop() {
		a := open(b, filepath.Join(b.TempDir(), "archive.db"))
		stop := run(b, a, w.read)
		wait(b, a, messages)
		stop()
	}
	b.ReportMetric(float64(b.N)*messages/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkBurst is the router at 50,000 messages a second in commits of 100, for two seconds: how long a commit is
// held up by Follow, how far behind the archive is at the end, and how much did not fit into its queue.
func BenchmarkBurst(b *testing.B) {
	const messages, commit, every = 100_000, 100, 2 * time.Millisecond
	w := chat(b, 200, messages, 180)
	records := w.records(0, 0)
	for b.Loop() {
		a := open(b, filepath.Join(b.TempDir(), "archive.db"))
		stop := run(b, a, upTo(w, 1))
		wait(b, a, 1)
		var all, worst time.Duration
		ticker := time.NewTicker(every)
		commits := 0
		for rest := records[1:]; len(rest) > 0; rest = rest[min(commit, len(rest)):] {
			<-ticker.C
			began := time.Now()
			a.Follow(rest[:min(commit, len(rest))])
			took := time.Since(began)
			all, worst = all+took, max(worst, took)
			commits++
		}
		ticker.Stop()
		began := time.Now()
		wait(b, a, uint64(len(records)))
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms-behind")
		b.ReportMetric(float64(all.Nanoseconds())/float64(commits), "ns/Follow")
		b.ReportMetric(float64(worst.Microseconds()), "worst-µs/Follow")
		b.ReportMetric(float64(a.Status().Dropped), "dropped")
		stop()
	}
}

// BenchmarkDecisions fills a new archive with conversations that were offered among eight agents, accepted and ended:
// decisions a second, each with its line in the log and its step of the explanation.
func BenchmarkDecisions(b *testing.B) {
	const conversations = 20_000
	w := newWorld(b)
	choice := &desk.Choice{Strategy: "LeastBusy", Free: 8}
	for i := range 8 {
		choice.Candidates = append(choice.Candidates, desk.Candidate{Agent: fmt.Sprintf("agent-%d", i), Load: i, Limit: 8, Since: desk.Millis(w.now), Why: desk.PassedScore})
	}
	choice.Candidates[0].Why = ""
	first := len(w.log)
	for i := range conversations {
		id := desk.ConversationID(fmt.Sprintf("c%d", i+1))
		for _, e := range []desk.Event{
			desk.CustomerJoined{Conversation: id, Session: "s", Queue: "support", Channel: "web", Name: "Maria"},
			desk.Offered{Conversation: id, Agent: "agent-0", Until: desk.Millis(w.now), Choice: choice},
			desk.Picked{Conversation: id, Agent: "agent-0", How: desk.PickedOffer, Team: "tier1"},
			desk.Ended{Conversation: id, Why: desk.EndedByAgent, By: "agent-0"},
		} {
			w.log = append(w.log, desk.Record{Seq: uint64(len(w.log) + 1), At: desk.Millis(w.now), Event: e})
		}
	}
	last := uint64(len(w.log))
	for b.Loop() {
		a := open(b, filepath.Join(b.TempDir(), "archive.db"))
		stop := run(b, a, w.read)
		wait(b, a, last)
		stop()
	}
	b.ReportMetric(float64(b.N)*float64(len(w.log)-first)/b.Elapsed().Seconds(), "decisions/s")
}
