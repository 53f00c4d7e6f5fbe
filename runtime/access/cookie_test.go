package access_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"usher.chat/runtime/access"
)

func TestTheSessionCookieIsForTheHostAndNoScript(t *testing.T) {
	for secure, want := range map[bool]string{
		true:  "__Host-usher=abc.def; Path=/; Expires=Sat, 21 Nov 2026 11:00:00 GMT; HttpOnly; Secure; SameSite=Lax",
		false: "usher=abc.def; Path=/; Expires=Sat, 21 Nov 2026 11:00:00 GMT; HttpOnly; SameSite=Lax",
	} {
		w := httptest.NewRecorder()
		access.SetSession(w, "abc.def", start.Add(time.Hour), secure)
		if got := w.Header().Get("Set-Cookie"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestABrowserKeepsTheSessionUntilItIsCleared(t *testing.T) {
	for _, secure := range []bool{true, false} {
		mux := http.NewServeMux()
		mux.HandleFunc("/in", func(w http.ResponseWriter, _ *http.Request) {
			access.SetSession(w, "abc.def", time.Now().Add(time.Hour), secure)
		})
		mux.HandleFunc("/out", func(w http.ResponseWriter, _ *http.Request) { access.ClearSession(w, secure) })
		got := ""
		mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) { got = access.ReadSession(r, secure) })
		server := httptest.NewUnstartedServer(mux)
		if secure {
			server.StartTLS()
		} else {
			server.Start()
		}
		t.Cleanup(server.Close)
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		client := server.Client()
		client.Jar = jar
		visit := func(path string) {
			t.Helper()
			res, err := client.Get(server.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
		}
		for _, step := range []struct{ path, want string }{{"/", ""}, {"/in", ""}, {"/", "abc.def"}, {"/out", "abc.def"}, {"/", ""}} {
			got = ""
			if visit(step.path); step.path == "/" && got != step.want {
				t.Errorf("secure %v: the page reads %q, want %q", secure, got, step.want)
			}
		}
		if u, _ := url.Parse(server.URL); len(jar.Cookies(u)) != 0 {
			t.Errorf("left in the browser: %v", jar.Cookies(u))
		}
	}
}

func TestADeskBehindHTTPSDoesNotTakeThePlainCookie(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "usher", Value: "planted"})
	if got := access.ReadSession(r, true); got != "" {
		t.Errorf("got %q", got)
	}
	if got := access.ReadSession(r, false); got != "planted" {
		t.Errorf("got %q", got)
	}
}
