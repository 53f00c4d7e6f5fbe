package access_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher.chat/runtime/access"
)

var start = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func key(t testing.TB, fill byte) access.Key {
	t.Helper()
	k, err := access.NewKey(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// desk makes the tokens of a desk whose clock stands at start plus *after.
func desk(name string, after *time.Duration, session, signIn access.Ring) *access.Tokens {
	return access.New(access.Options{Desk: name, Keys: access.Keys{Session: session, SignIn: signIn}, Now: func() time.Time {
		if after == nil {
			return start
		}
		return start.Add(*after)
	}})
}

func acme(t testing.TB) *access.Tokens {
	return desk("acme", nil, access.Ring{key(t, 1)}, access.Ring{key(t, 2)})
}

// issue makes one token of each kind.
func issue(t testing.TB, tokens *access.Tokens, expires time.Time) map[string]string {
	t.Helper()
	all := map[string]string{}
	var err error
	for kind, one := range map[string]func() (string, error){
		"customer": func() (string, error) { return tokens.IssueCustomer("s-1", "web", expires) },
		"agent":    func() (string, error) { return tokens.IssueAgent("ana", "session-1", expires) },
		"link":     func() (string, error) { return tokens.IssueLink("ana", "link-1", expires) },
		"support": func() (string, error) {
			return tokens.IssueSupport(access.Support{Channel: "web", Kind: "team", Name: "tier2", Expires: expires})
		},
	} {
		if all[kind], err = one(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// verify checks a token as one kind, and gives what it says.
func verify(tokens *access.Tokens, kind, token string) (string, error) {
	var a, b string
	var expires time.Time
	var err error
	switch kind {
	case "customer":
		a, b, expires, err = tokens.VerifyCustomer(token)
	case "agent":
		a, b, expires, err = tokens.VerifyAgent(token)
	case "link":
		a, b, expires, err = tokens.VerifyLink(token)
	case "support":
		var s access.Support
		s, err = tokens.VerifySupport(token)
		a, b, expires = s.Kind+s.Name, s.Channel, s.Expires
	}
	if err != nil {
		if a != "" || b != "" || !expires.IsZero() {
			err = fmt.Errorf("told %q %q %v beside %w", a, b, expires, errors.New(err.Error()))
		}
		return "", err
	}
	return a + " " + b + " " + expires.Format(time.RFC3339), nil
}

func TestEachKindReadsBackWhatItWasIssuedFor(t *testing.T) {
	tokens := acme(t)
	all := issue(t, tokens, start.Add(time.Hour))
	for kind, want := range map[string]string{
		"customer": "s-1 web 2026-11-21T11:00:00Z",
		"agent":    "ana session-1 2026-11-21T11:00:00Z",
		"link":     "ana link-1 2026-11-21T11:00:00Z",
		"support":  "teamtier2 web 2026-11-21T11:00:00Z",
	} {
		if got, err := verify(tokens, kind, all[kind]); err != nil || got != want {
			t.Errorf("%s reads %q, %v", kind, got, err)
		}
	}
}

func TestOneKindIsNeverTakenForAnother(t *testing.T) {
	// Even if somebody gives both rings the same key.
	for name, tokens := range map[string]*access.Tokens{
		"own keys": acme(t),
		"one key":  desk("acme", nil, access.Ring{key(t, 1)}, access.Ring{key(t, 1)}),
	} {
		for made, token := range issue(t, tokens, start.Add(time.Hour)) {
			for _, kind := range []string{"customer", "agent", "link", "support"} {
				_, err := verify(tokens, kind, token)
				if kind == made && err != nil || kind != made && !errors.Is(err, access.ErrForeign) {
					t.Errorf("%s: a %s token verified as %s gives %v", name, made, kind, err)
				}
			}
		}
	}
}

func TestATokenOfAnotherDeskIsForeign(t *testing.T) {
	for name, other := range map[string]*access.Tokens{
		"with keys of its own": desk("other", nil, access.Ring{key(t, 8)}, access.Ring{key(t, 9)}),
		"with the same keys":   desk("other", nil, access.Ring{key(t, 1)}, access.Ring{key(t, 2)}),
	} {
		for kind, token := range issue(t, other, start.Add(time.Hour)) {
			if _, err := verify(acme(t), kind, token); !errors.Is(err, access.ErrForeign) {
				t.Errorf("%s: %s gives %v", name, kind, err)
			}
		}
	}
}

func TestATokenExpiresAtItsSecond(t *testing.T) {
	var after time.Duration
	tokens := desk("acme", &after, access.Ring{key(t, 1)}, access.Ring{key(t, 2)})
	all := issue(t, tokens, start.Add(time.Hour))
	for kind, token := range all {
		after = time.Hour - time.Nanosecond
		if _, err := verify(tokens, kind, token); err != nil {
			t.Errorf("%s just before the end: %v", kind, err)
		}
		after = time.Hour
		if _, err := verify(tokens, kind, token); !errors.Is(err, access.ErrExpired) {
			t.Errorf("%s at the end: %v", kind, err)
		}
	}
}

func TestAnOldKeyIsAcceptedAndSignsNoMore(t *testing.T) {
	before := acme(t)
	old := issue(t, before, start.Add(time.Hour))
	during := desk("acme", nil, access.Ring{key(t, 3), key(t, 1)}, access.Ring{key(t, 4), key(t, 2)})
	fresh := issue(t, during, start.Add(time.Hour))
	after := desk("acme", nil, access.Ring{key(t, 3)}, access.Ring{key(t, 4)})
	for kind := range old {
		if _, err := verify(during, kind, old[kind]); err != nil {
			t.Errorf("%s of the old key, while both count: %v", kind, err)
		}
		if _, err := verify(after, kind, fresh[kind]); err != nil {
			t.Errorf("%s of the new key: %v", kind, err)
		}
		if _, err := verify(after, kind, old[kind]); !errors.Is(err, access.ErrForged) {
			t.Errorf("%s of the old key, after its time: %v", kind, err)
		}
	}
}

// raw makes a token by hand.
func raw(header, payload string, secret []byte) string {
	b64 := base64.RawURLEncoding.EncodeToString
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	return signed + "." + b64(mac.Sum(nil))
}

func TestWhatIsNoGoodTokenIsRefusedByName(t *testing.T) {
	secret := bytes.Repeat([]byte{1}, 32)
	kid := key(t, 1).ID()
	header := fmt.Sprintf(`{"alg":"HS256","kid":%q,"typ":"JWT"}`, kid)
	exp := start.Add(time.Hour).Unix()
	good := fmt.Sprintf(`{"aud":"usher.chat/customer","desk":"acme","sub":"s-1","channel":"web","exp":%d,"iat":%d}`, exp, start.Unix())
	if _, err := verify(acme(t), "customer", raw(header, good, secret)); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	signature := strings.Split(raw(header, good, secret), ".")[2]
	body := func(payload string) string { return base64.RawURLEncoding.EncodeToString([]byte(payload)) }
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"nothing":                   {"", access.ErrMalformed},
		"not a token":               {"hello", access.ErrMalformed},
		"two parts":                 {"a.b", access.ErrMalformed},
		"four parts":                {raw(header, good, secret) + ".x", access.ErrMalformed},
		"too long":                  {strings.Repeat("a", access.MaxToken+1), access.ErrMalformed},
		"a long one that is signed": {raw(header, strings.Replace(good, "s-1", strings.Repeat("s", access.MaxToken), 1), secret), access.ErrMalformed},
		"a header that is no JSON":  {raw("x", good, secret), access.ErrMalformed},
		"claims that are no JSON":   {raw(header, "x", secret), access.ErrMalformed},
		"claims of other types":     {raw(header, strings.Replace(good, `"s-1"`, "7", 1), secret), access.ErrMalformed},
		"another secret":            {raw(header, good, bytes.Repeat([]byte{7}, 32)), access.ErrForged},
		"other claims":              {body(header) + "." + body(strings.Replace(good, "s-1", "s-2", 1)) + "." + signature, access.ErrForged},
		"no signature":              {strings.TrimSuffix(raw(header, good, secret), signature), access.ErrForged},
		"algorithm none":            {raw(strings.Replace(header, "HS256", "none", 1), good, secret), access.ErrForged},
		"algorithm HS512":           {raw(strings.Replace(header, "HS256", "HS512", 1), good, secret), access.ErrForged},
		"algorithm RS256":           {raw(strings.Replace(header, "HS256", "RS256", 1), good, secret), access.ErrForged},
		"no key named":              {raw(`{"alg":"HS256"}`, good, secret), access.ErrForged},
		"a key nobody has":          {raw(strings.Replace(header, kid, "x", 1), good, secret), access.ErrForged},
		"no desk":                   {raw(header, strings.Replace(good, `"desk":"acme",`, "", 1), secret), access.ErrForeign},
		"no audience":               {raw(header, strings.Replace(good, `"aud":"usher.chat/customer",`, "", 1), secret), access.ErrForeign},
		"no subject":                {raw(header, strings.Replace(good, `"sub":"s-1",`, "", 1), secret), access.ErrMalformed},
		"no channel":                {raw(header, strings.Replace(good, `"channel":"web",`, "", 1), secret), access.ErrMalformed},
		"no end":                    {raw(header, strings.Replace(good, fmt.Sprintf(`"exp":%d,`, exp), "", 1), secret), access.ErrMalformed},
		"an end before all time":    {raw(header, strings.Replace(good, fmt.Sprint(exp), "-1", 1), secret), access.ErrExpired},
		"an end that is no number":  {raw(header, strings.Replace(good, fmt.Sprint(exp), `"soon"`, 1), secret), access.ErrMalformed},
	} {
		_, err := verify(acme(t), "customer", c.token)
		if !errors.Is(err, c.want) {
			t.Errorf("%s gives %v, want %v", name, err, c.want)
		}
	}
}

func TestATokenThatCouldNotBeReadIsNotIssued(t *testing.T) {
	long := strings.Repeat("a", access.MaxToken)
	if _, err := acme(t).IssueAgent(long, "x", start); err == nil {
		t.Error("a token that is too long was issued")
	}
	if _, err := acme(t).IssueAgent("", "x", start); err == nil {
		t.Error("a token for nobody was issued")
	}
	if _, err := acme(t).IssueSupport(access.Support{Channel: long, Kind: "team", Name: "tier2", Expires: start}); err == nil {
		t.Error("a support link that is too long was issued")
	}
	if _, err := acme(t).IssueSupport(access.Support{Channel: "web", Kind: "team", Expires: start}); err == nil {
		t.Error("a support link to nobody was issued")
	}
	if _, err := desk("acme", nil, nil, nil).IssueAgent("ana", "x", start); err == nil {
		t.Error("a token was issued without a key")
	}
}

func TestTheLongestNamesFit(t *testing.T) {
	name := strings.Repeat("n", 253) // the longest name of a resource
	tokens := desk(strings.Repeat("d", 63), nil, access.Ring{key(t, 1)}, access.Ring{key(t, 2)})
	token, err := tokens.IssueCustomer(access.NewID(rand.Reader), name, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if _, channel, _, err := tokens.VerifyCustomer(token); err != nil || channel != name {
		t.Errorf("%q, %v", channel, err)
	}
	support := access.Support{Channel: name, Kind: "agent", Name: name, Expires: start.Add(time.Hour)}
	if token, err = tokens.IssueSupport(support); err != nil {
		t.Fatal(err)
	}
	if got, err := tokens.VerifySupport(token); err != nil || got != support {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestIdsAreLongAndNeverTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		id := access.NewID(rand.Reader)
		if len(id) != 26 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") != "" || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
	if got := access.NewID(bytes.NewReader(make([]byte, 16))); got != "aaaaaaaaaaaaaaaaaaaaaaaaaa" {
		t.Errorf("the id follows from the random bytes: %q", got)
	}
}

func TestTheTokenOfASignInURLStaysInTheBrowser(t *testing.T) {
	for _, base := range []string{"https://desk.example", "https://desk.example/"} {
		if got := access.SignInURL(base, "abc.def"); got != "https://desk.example/sign-in#token=abc.def" {
			t.Errorf("got %s", got)
		}
	}
}

func TestTheAddressOfASupportLinkHoldsWhateverAChannelIsCalled(t *testing.T) {
	token, err := acme(t).IssueSupport(access.Support{Channel: "web", Kind: "queue", Name: "billing", Expires: start.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{"https://desk.example", "https://desk.example/"} {
		if got := access.SupportURL(base, "web", token); got != "https://desk.example/w/web?to="+token {
			t.Errorf("got %s", got)
		}
	}
	u, err := url.Parse(access.SupportURL("https://desk.example", "a/b?c", "x&y=z"))
	if err != nil || u.Path != "/w/a/b?c" || u.EscapedPath() != "/w/a%2Fb%3Fc" || u.Query().Get("to") != "x&y=z" || len(u.Query()) != 1 {
		t.Errorf("odd names give %v, %v", u, err)
	}
}

func TestASupportLinkWithoutChannelOrKindIsRefused(t *testing.T) {
	secret := bytes.Repeat([]byte{2}, 32)
	header := fmt.Sprintf(`{"alg":"HS256","kid":%q,"typ":"JWT"}`, key(t, 2).ID())
	good := fmt.Sprintf(`{"aud":"usher.chat/support","desk":"acme","sub":"tier2","kind":"team","channel":"web","exp":%d}`, start.Add(time.Hour).Unix())
	if s, err := acme(t).VerifySupport(raw(header, good, secret)); err != nil || s.Name != "tier2" || s.Kind != "team" || s.Channel != "web" {
		t.Fatalf("the good one reads %+v, %v", s, err)
	}
	for _, part := range []string{`"channel":"web",`, `"kind":"team",`, `"sub":"tier2",`} {
		if s, err := acme(t).VerifySupport(raw(header, strings.Replace(good, part, "", 1), secret)); !errors.Is(err, access.ErrMalformed) || s != (access.Support{}) {
			t.Errorf("without %s: %+v, %v", part, s, err)
		}
	}
	// Whoever changes where it leads has no key to sign that.
	parts := strings.Split(raw(header, good, secret), ".")
	forged := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(good, "tier2", "tier1", 1))) + "." + parts[2]
	if _, err := acme(t).VerifySupport(forged); !errors.Is(err, access.ErrForged) {
		t.Errorf("another team gives %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	tokens := acme(f)
	for _, token := range issue(f, tokens, start.Add(time.Hour)) {
		f.Add(token)
	}
	f.Add("")
	f.Add("a.b.c")
	f.Add(raw(`{"alg":"none"}`, `{}`, nil))
	f.Add(raw(fmt.Sprintf(`{"alg":"HS256","kid":%q}`, key(f, 1).ID()), `{"exp":1e300}`, bytes.Repeat([]byte{1}, 32)))
	f.Fuzz(func(t *testing.T, token string) {
		for _, kind := range []string{"customer", "agent", "link", "support"} {
			got, err := verify(tokens, kind, token)
			known := errors.Is(err, access.ErrExpired) || errors.Is(err, access.ErrForged) ||
				errors.Is(err, access.ErrMalformed) || errors.Is(err, access.ErrForeign)
			if err != nil && !known {
				t.Errorf("%q gives %v, which has no name", token, err)
			}
			// Without the keys, only what was issued is good.
			if err == nil && !strings.HasPrefix(got, "s-1 web ") && !strings.HasPrefix(got, "ana ") && !strings.HasPrefix(got, "teamtier2 web ") {
				t.Errorf("%q reads %q", token, got)
			}
		}
	})
}

// FuzzClaims signs anything: a good signature must not carry nonsense further.
func FuzzClaims(f *testing.F) {
	tokens := acme(f)
	secret := bytes.Repeat([]byte{1}, 32)
	header := fmt.Sprintf(`{"alg":"HS256","kid":%q}`, key(f, 1).ID())
	f.Add(`{"aud":"usher.chat/agent","desk":"acme","sub":"ana","jti":"x","exp":4000000000}`)
	f.Add(`{"aud":["usher.chat/agent"],"exp":1e400}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, claims string) {
		agent, session, expires, err := tokens.VerifyAgent(raw(header, claims, secret))
		if err == nil && (agent == "" || session == "" || !expires.After(start)) {
			t.Errorf("%q reads %q %q %v", claims, agent, session, expires)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	tokens := acme(b)
	token := issue(b, tokens, start.Add(time.Hour))["agent"]
	for b.Loop() {
		if _, _, _, err := tokens.VerifyAgent(token); err != nil {
			b.Fatal(err)
		}
	}
}
