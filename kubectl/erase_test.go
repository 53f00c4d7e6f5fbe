package kubectl

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"usher.chat/runtime/protocol"
)

func TestAConversationAndAPersonAreErasedAfterAQuestion(t *testing.T) {
	s := onRuntime(t)
	const secret = "Kukkamäki"
	for range 3 {
		maria := s.desk.Customer("web", "")
		s.do(maria, protocol.Command{Type: protocol.TypeJoin, Name: secret, Email: "maria@example.org", Text: secret})
	}
	liisa := s.desk.Customer("web", "")
	s.do(liisa, protocol.Command{Type: protocol.TypeJoin, Name: "Liisa", Phone: "040 123"})

	s.run("erase", "conversation", "c1").ends(ExitUsage).names("1 conversation will be erased for good: c1", "nobody said yes, and nothing was erased")
	s.stdin = "no\n"
	s.run("erase", "conversation", "c1").ends(ExitUsage).names("nothing was erased")
	s.stdin = "yes\n"
	s.run("erase", "conversation", "c1").ends(ExitFailed).names("conversation c1 goes on", "With --end it is ended first")
	s.run("erase", "conversation", "c1", "--end", "--reason", "asked for").done().says("conversation/c1 erased\n")
	s.stdin = ""
	s.run("erase", "person", "--email", "MARIA@example.org", "--dry-run").done().says("conversation/c2 would be erased (dry run)\nconversation/c3 would be erased (dry run)\n")
	s.run("erase", "person", "--email", "MARIA@example.org", "--end", "--yes", "--by", "dpo").done().says("conversation/c2 erased\nconversation/c3 erased\n")
	s.run("erase", "person", "--email", "maria@example.org", "-y").ends(ExitFailed).names("no conversation has this address")
	s.run("erase", "conversation", "c99", "-y").ends(ExitFailed).names("there is no conversation c99 in desk " + s.namespace)
	s.run("log", "support").done().names("dpo", "erased")
	s.run("explain", "conversation", "c2").done().names("Erased for dpo")
	s.run("erase", "person", "--phone", "(040) 12 3", "--dry-run", "-o", "json").done().names(`"c4"`)

	files, err := os.ReadDir(s.desk.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(s.desk.Data, f.Name()))
		if err == nil && bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s still has it", f.Name())
		}
	}
}

func TestAnErasureThatIsWrittenWronglyIsRefusedWithoutACluster(t *testing.T) {
	p := offline(t)
	for _, args := range [][]string{
		{"erase", "conversation"}, {"erase", "conversation", "x"}, {"erase", "conversation", "c1", "c2"}, {"erase", "person"},
		{"erase", "person", "maria"}, {"erase", "person", "--email", "a@b", "--phone", "1"}, {"erase", "everything"},
	} {
		p.run(args...).ends(ExitUsage)
	}
}
