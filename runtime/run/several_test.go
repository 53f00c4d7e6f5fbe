package run_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"usher.chat/runtime/run"
)

func TestTheStoresAddressIsReadFromTheFilesOfASecret(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string // host, port, user, password, database
		fails string
	}{
		"a URI": {files: map[string]string{"uri": "postgresql://app:se%2Fcret@db-rw.acme:5432/app\n", "host": "other"},
			want: "db-rw.acme 5432 app se/cret app"},
		"its parts": {files: map[string]string{"host": "db-rw", "port": "6432", "dbname": "app", "user": "u", "password": "p:/?#@ ä\n"},
			want: "db-rw 6432 u p:/?#@ ä app"},
		"its parts as CloudNativePG names them": {files: map[string]string{"host": "db-rw", "dbname": "app", "username": "u", "password": "p", "pgpass": "x"},
			want: "db-rw 5432 u p app"},
		"no database": {files: map[string]string{"host": "db-rw", "user": "u", "password": "geheim"}, fails: "neither uri nor all of host, dbname and user"},
		"no URL":      {files: map[string]string{"uri": "postgres://u:geheim@[::1"}, fails: "uri is not a URL"},
		"nothing":     {fails: "neither uri"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			url, err := run.StoreURL(dir)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "geheim") {
					t.Errorf("got %q, %v", url, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			config, err := pgx.ParseConfig(url)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join([]string{config.Host, strconv.Itoa(int(config.Port)), config.User, config.Password, config.Database}, " ")
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestAnAuthorityBesideTheAddressMeansThatTheServersNameIsChecked(t *testing.T) {
	dir := t.TempDir()
	for file, text := range map[string]string{"uri": "postgres://u:p@db-rw:5432/app", "ca.crt": "x"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	url, err := run.StoreURL(dir)
	if err != nil || !strings.Contains(url, "sslmode=verify-full") || !strings.Contains(url, "sslrootcert=") {
		t.Errorf("got %q, %v", url, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sslmode"), []byte("require\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if url, err = run.StoreURL(dir); err != nil || !strings.Contains(url, "sslmode=require") {
		t.Errorf("with an sslmode of its own: %q, %v", url, err)
	}
}

func TestFlagsThatDoNotFitTogetherAreRefusedWithWhatToDo(t *testing.T) {
	for _, c := range []struct {
		args  string
		fails string
	}{
		{"--store postgres://x/y --store-dir /z", "give one"},
		{"--peer-listen 127.0.0.1:0 --store postgres://x/y", "--peer-tls"},
		{"--peer-listen 127.0.0.1:0 --peer-tls /z", "a database they share"},
		{"--peer-listen 127.0.0.1:0 --peer-tls /z --store sqlite:///x", "a database they share"},
		{"--lease 10ms", "at least 300ms"},
	} {
		command := run.Command("test")
		command.SetArgs(append([]string{"--desk", "acme", "--data", t.TempDir()}, strings.Fields(c.args)...))
		if err := command.Execute(); err == nil || !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %v", c.args, err)
		}
	}
}
