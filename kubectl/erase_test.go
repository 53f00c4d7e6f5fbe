package kubectl

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher.chat/runtime/gateway/gatewaytest"
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

func TestWhatWasErasedSinceABackupIsErasedAgainAfterItsRestoreAndNothingElse(t *testing.T) {
	s := onRuntime(t)
	const secret = "Kukkamäki"
	dir := t.TempDir()
	join := func(s *served, name string) *gatewaytest.Client {
		t.Helper()
		c := s.desk.Customer("web", "")
		s.do(c, protocol.Command{Type: protocol.TypeJoin, Name: name, Text: name})
		return c
	}
	for _, name := range []string{"erased before", secret, secret, "Liisa"} { // c1 to c4
		join(s, name)
	}
	s.run("erase", "conversation", "c1", "--end", "--yes").done()
	s.run("backup", dir+"/acme.usher").done()
	join(s, secret) // c5 is not in the backup
	s.run("erase", "conversation", "c2", "--end", "--yes", "--by", "dpo").done()
	s.run("erase", "conversation", "c3", "--end", "--yes").done()
	s.run("erase", "conversation", "c5", "--end", "--yes").done()
	list := s.run("erase", "list").done().out
	if n := strings.Count(list, "\n"); n != 4 || strings.Contains(list, secret) || !strings.Contains(list, `"conversation":"c2"`) || !strings.Contains(list, `"by":"dpo"`) {
		t.Errorf("the list is\n%s", list)
	}
	file := filepath.Join(dir, "acme.erased")
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}

	data := t.TempDir()
	if err := os.CopyFS(data+"/keys", os.DirFS(s.desk.Data+"/keys")); err != nil {
		t.Fatal(err)
	}
	s.desk.Stop()
	fresh := onRuntimeOf(t, s, data)
	fresh.run("restore", dir+"/acme.usher", "--timeout", "0").done()
	fresh.desk.Stop()
	fresh.desk.Start()
	join(fresh, "another one") // it is c5 now
	fresh.run("explain", "conversation", "c5").done()
	if files := filesWith(t, data, secret); len(files) == 0 {
		t.Fatal("the restore brought nothing back, so that this shows nothing")
	}

	const of = "of 4 conversations on the list 2 are here, 1 were erased already, and 1 are not in this desk"
	fresh.run("erase", "again", file, "--dry-run").done().says("conversation/c2 would be erased (dry run)\nconversation/c3 would be erased (dry run)\n").names(of)
	fresh.stdin = "no\n"
	fresh.run("erase", "again", file).ends(ExitUsage).names("2 conversations will be erased for good: c2, c3", "nothing was erased")
	fresh.stdin = "yes\n"
	fresh.run("erase", "again", file).done().says("conversation/c2 erased\nconversation/c3 erased\n")
	fresh.stdin = list
	fresh.run("erase", "again", "-", "--yes").done().says("").names("of 4 conversations on the list 0 are here, 3 were erased already, and 1 are not in this desk")
	if files := filesWith(t, data, secret); len(files) > 0 {
		t.Errorf("it is still in %q", files)
	}
	for _, name := range []string{"Liisa", "another one"} {
		fresh.run("log", "support").done().names(name)
	}
	fresh.run("explain", "conversation", "c3").done().names("erased before the restore of a backup")
}

// filesWith are those of a desk in which a text is.
func filesWith(t *testing.T, data, text string) (found []string) {
	t.Helper()
	files, err := os.ReadDir(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if b, err := os.ReadFile(filepath.Join(data, f.Name())); err == nil && bytes.Contains(b, []byte(text)) {
			found = append(found, f.Name())
		}
	}
	return found
}

func TestAListThatIsNoneIsRefusedWithoutACluster(t *testing.T) {
	p := offline(t)
	file := filepath.Join(t.TempDir(), "list")
	for text, args := range map[string][]string{
		"c1\n": nil, `{"conversation":"c1"}` + "\n": nil, `{"conversation":"c1","began":4}` + "\n": nil, "": {"more"},
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		p.run(append([]string{"erase", "again", file}, args...)...).ends(ExitUsage)
	}
	p.run("erase", "again").ends(ExitUsage)
	p.run("erase", "again", "-").ends(ExitUsage).names("add --yes")
	p.run("erase", "again", file+".none").ends(ExitUsage).names("no such file")
	p.run("erase", "list", "c1").ends(ExitUsage)
}
