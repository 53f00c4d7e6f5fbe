package kubectl

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
)

func keyFile(t *testing.T) (path, recipient string) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "key.txt")
	if err := os.WriteFile(path, []byte("# a key\n"+key.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, key.Recipient().String()
}

func changedFile(t *testing.T, from string, change func([]byte) []byte) string {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "changed")
	if err := os.WriteFile(path, change(bytes.Clone(b)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestADeskIsSavedWhileItRunsAndRestoredIntoANewOne(t *testing.T) {
	s := onRuntime(t)
	dir := t.TempDir()
	maria := s.desk.Customer("web", "")
	s.do(maria, protocol.Command{Type: protocol.TypeJoin, Name: "Maria"})
	s.do(s.desk.Agent("ana"), protocol.Command{Type: protocol.TypePick, Queue: "support"})
	s.do(maria, protocol.Command{Type: protocol.TypeSay, Text: "a very private question"})

	plain, locked := dir+"/acme.usher", dir+"/acme.usher.age"
	key, recipient := keyFile(t)
	s.run("backup", plain).done().names("100%", "is not encrypted", "desk "+s.namespace, "entries in", "hash ")
	s.run("backup", plain).ends(ExitUsage).names("is there already")
	s.run("backup", locked, "--recipient", recipient).done()
	byFile := dir + "/by-file.age"
	s.run("backup", byFile, "--key-file", key).done()
	for _, path := range []string{locked, byFile} {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(b, []byte("age-encryption.org/v1")) {
			t.Errorf("%s begins with %.20q, %v", path, b, err)
		}
	}
	if info, err := os.Stat(plain); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}

	// A desk with a history is not for restoring.
	s.run("restore", plain).ends(ExitFailed).names("has a history already", "restore into a new one")

	// What cannot be restored is told apart, before the desk is touched.
	wrong, _ := keyFile(t)
	s.run("restore", locked).ends(ExitFailed).names("is encrypted; give --key-file")
	s.run("restore", locked, "--key-file", wrong).ends(ExitFailed).names("for other keys")
	s.run("restore", locked, "--key-file", plain).ends(ExitUsage).names("no secret keys of age")
	s.run("restore", dir+"/none").ends(ExitUsage).names("no such file")
	for name, c := range map[string]struct {
		path  string
		words string
	}{
		"truncated": {changedFile(t, plain, func(b []byte) []byte { return b[:len(b)-30] }), "ends too early"},
		"damaged":   {changedFile(t, plain, func(b []byte) []byte { b[len(b)-40] ^= 1; return b }), "is damaged"},
		"too new":   {changedFile(t, plain, func(b []byte) []byte { b[11]++; return b }), "of a newer release"},
		"no backup": {changedFile(t, plain, func([]byte) []byte { return []byte("kind: Queue\n") }), "no backup of a desk"},
	} {
		t.Run(name, func(t *testing.T) { s.run("restore", c.path).ends(ExitFailed).names(c.words) })
	}
	half := changedFile(t, locked, func(b []byte) []byte { return b[:len(b)-30] })
	s.run("restore", half, "--key-file", key).ends(ExitFailed).names("nothing was changed")

	// The new desk has the same keys, as somebody who keeps the Secrets has.
	data := t.TempDir()
	if err := os.CopyFS(data+"/keys", os.DirFS(s.desk.Data+"/keys")); err != nil {
		t.Fatal(err)
	}
	old := s.desk
	old.Stop()
	fresh := onRuntimeOf(t, s, data)
	fresh.online(fresh.desk.Agent("ana")) // somebody has looked in
	fresh.run("restore", locked, "--key-file", key, "--timeout", "0").done().names("is whole", "restored: ", "hash ")
	fresh.desk.Stop()
	fresh.desk.Start()
	maria.Move(fresh.desk.URL)
	if err := maria.Connect(fresh.desk.Context()); err != nil {
		t.Fatal(err)
	}
	fresh.do(maria, protocol.Command{Type: protocol.TypeSay, Text: "still here"})
	if err := maria.Until(fresh.desk.Context(), func(v *gatewaytest.View) bool {
		for _, messages := range v.Messages {
			if len(messages) == 2 && messages[0].Text == "a very private question" {
				return true
			}
		}
		return false
	}); err != nil {
		t.Error(err)
	}
	fresh.run("log", "support").done().names("Maria")
	fresh.run("restore", plain).ends(ExitFailed).names("has a history already")
	if names, err := filepath.Glob(data + "/ledger.db.rest*"); err != nil || len(names) > 0 {
		t.Errorf("the restore left %q, %v", names, err)
	}
}

func TestABackupOfAnotherDeskIsRefused(t *testing.T) {
	s := onRuntime(t)
	path := t.TempDir() + "/file"
	s.run("backup", path).done()
	other := onRuntime(t)
	other.run("restore", path).ends(ExitFailed).names("the backup is of desk \"" + s.namespace)
}

func TestSavingNeedsTheOperatorsCertificate(t *testing.T) {
	s := onRuntime(t)
	if err := s.Delete(t.Context(), secretNamed(s.namespace, secretOperator)); err != nil {
		t.Fatal(err)
	}
	r := s.run("backup", t.TempDir()+"/file").ends(ExitFailed).names("no Secret usher-operator")
	if strings.Contains(r.err, "panic") {
		t.Error(r.err)
	}
}

func TestABackupOfPostgreSQLSaysWhatToDoInstead(t *testing.T) {
	s := onRuntime(t)
	d := runtest.Start(t, runtest.Options{Settings: s.settings, Store: postgresDatabase(t), ControlTLS: s.tls})
	s.desk = d
	dir := t.TempDir()
	s.run("backup", dir+"/file").ends(ExitFailed).names("in PostgreSQL", "docs/operations.md")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
