package access_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"usher.chat/runtime/access"
)

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestKeysAreMadeOnceAndForTheirOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	first, err := access.GenerateKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%v, %v", entries, err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 32 {
			t.Errorf("%s has mode %v and %d bytes, %v", entry.Name(), info.Mode(), info.Size(), err)
		}
	}
	if first.Session[0].ID() == first.SignIn[0].ID() {
		t.Error("both keys are the same")
	}
	again, err := access.GenerateKeys(dir)
	if err != nil || again.Session[0].ID() != first.Session[0].ID() || again.SignIn[0].ID() != first.SignIn[0].ID() {
		t.Errorf("the keys are others the second time, %v", err)
	}
	other, err := access.GenerateKeys(t.TempDir())
	if err != nil || other.Session[0].ID() == first.Session[0].ID() {
		t.Errorf("two directories have the same key, %v", err)
	}
}

func TestManyWhoMakeKeysAtOnceAgree(t *testing.T) {
	dir := t.TempDir()
	ids := make([]string, 16)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			keys, err := access.GenerateKeys(dir)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = keys.Session[0].ID() + keys.SignIn[0].ID()
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("%s and %s", id, ids[0])
		}
	}
}

func TestAnOldKeyBesideTheNewOneIsReadToo(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "session"), bytes.Repeat([]byte{3}, 32))
	write(t, filepath.Join(dir, "session-old"), bytes.Repeat([]byte{1}, 32))
	write(t, filepath.Join(dir, "sign-in"), bytes.Repeat([]byte{2}, 32))
	keys, err := access.LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys.Session) != 2 || keys.Session[0].ID() != key(t, 3).ID() || keys.Session[1].ID() != key(t, 1).ID() || len(keys.SignIn) != 1 {
		t.Errorf("%v", keys)
	}
}

func TestAKeyIsReadByteForByte(t *testing.T) {
	dir := t.TempDir()
	secret := append(bytes.Repeat([]byte{5}, 31), '\n')
	write(t, filepath.Join(dir, "a"), secret)
	write(t, filepath.Join(dir, "b"), secret)
	keys, err := access.LoadKeyFiles(filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	want, _ := access.NewKey(secret)
	if err != nil || keys.Session[0].ID() != want.ID() {
		t.Errorf("%v, %v", keys, err)
	}
}

func TestAKeyThatIsMissingOrWeakIsRefusedWithItsFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := access.LoadKeys(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty directory gives %v", err)
	}
	write(t, filepath.Join(dir, "session"), bytes.Repeat([]byte{3}, 32))
	write(t, filepath.Join(dir, "sign-in"), []byte("short"))
	if _, err := access.LoadKeys(dir); err == nil || !strings.Contains(err.Error(), "sign-in") || strings.Contains(err.Error(), "short") {
		t.Errorf("a short key gives %v", err)
	}
	write(t, filepath.Join(dir, "sign-in"), bytes.Repeat([]byte{2}, 32))
	write(t, filepath.Join(dir, "session-old"), nil)
	if _, err := access.LoadKeys(dir); err == nil || !strings.Contains(err.Error(), "session-old") {
		t.Errorf("an empty old key gives %v", err)
	}
}

func TestAKeyDoesNotShowItsSecret(t *testing.T) {
	k := key(t, 'Q')
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, access.Keys{Session: access.Ring{k}}); strings.Contains(got, "QQQ") || strings.Contains(got, "81 81") || strings.Contains(got, "0x51, 0x51") {
			t.Errorf("%s shows %s", format, got)
		}
	}
}
