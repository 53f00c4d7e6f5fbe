package access_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"usher.chat/runtime/access"
	"usher.chat/runtime/access/sealtest"
)

var sealedAt = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// ringOf has keys of one repeated byte, by their name.
func ringOf(t testing.TB, bytesOf map[string]byte) access.MetadataKeys {
	t.Helper()
	keys := access.MetadataKeys{}
	for name, b := range bytesOf {
		k, err := access.NewKey(secretOf(b))
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = k
	}
	return keys
}

func secretOf(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func opener(t testing.TB) *access.Metadata {
	return access.NewMetadata(ringOf(t, map[string]byte{"k1": 1}), func() time.Time { return sealedAt })
}

func TestFactsThatASiteSealedAreRead(t *testing.T) {
	claims := sealtest.Claims(sealedAt.Add(time.Hour), map[string]any{
		"customerNumber": json.Number("12345678901234567890"), "plan": "gold – ❤", "verified": true, "blocked": false, "balance": -12.5, "note": "",
	})
	claims["preferred_username"] = " Maria Lind "
	claims["sub"] = "of no concern"
	sealed := sealtest.Seal(t, "k1", secretOf(1), claims)
	got, err := opener(t).Accept(sealed)
	if err != nil {
		t.Fatal(err)
	}
	want := access.Facts{
		Values: map[string]any{
			"customerNumber": json.Number("12345678901234567890"), "plan": "gold – ❤", "verified": true, "blocked": false,
			"balance": json.Number("-12.5"), "note": "",
		},
		Name: "Maria Lind", Key: "k1", Expires: sealedAt.Add(time.Hour),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if name := access.KeyOf(sealed); name != "k1" {
		t.Errorf("the key is %q", name)
	}
	other := map[string]any{"exp": sealedAt.Unix() + 60, "ninchat.com/metadata": map[string]any{"plan": "gold"}}
	if got, err := opener(t).Accept(sealtest.Seal(t, "k1", secretOf(1), other)); err != nil || got.Values["plan"] != "gold" {
		t.Errorf("by the other name: %+v, %v", got, err)
	}
}

// TestEverythingElseIsRefusedByName: a change of one thing each in what is taken.
func TestEverythingElseIsRefusedByName(t *testing.T) {
	good := func() map[string]any { return sealtest.Claims(sealedAt.Add(time.Hour), map[string]any{"plan": "gold"}) }
	plain := func(c any) []byte {
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	with := func(name string, value any) string {
		c := good()
		c[name] = value
		return sealtest.Seal(t, "k1", secretOf(1), c)
	}
	without := func(name string) string {
		c := good()
		delete(c, name)
		return sealtest.Seal(t, "k1", secretOf(1), c)
	}
	fact := func(name string, value any) string { return with("usher.chat/metadata", map[string]any{name: value}) }
	text := func(b []byte) string {
		return sealtest.Raw(t, jose.DIRECT, jose.A256GCM, secretOf(1), b, map[jose.HeaderKey]any{"kid": "k1"})
	}
	header := func(h map[jose.HeaderKey]any) string {
		return sealtest.Raw(t, jose.DIRECT, jose.A256GCM, secretOf(1), plain(good()), h)
	}
	sealed := with("x", 1)
	part := func(i int, f func(string) string) string {
		parts := strings.Split(sealed, ".")
		parts[i] = f(parts[i])
		return strings.Join(parts, ".")
	}
	headed := func(h string) string {
		return part(0, func(string) string { return base64.RawURLEncoding.EncodeToString([]byte(h)) })
	}
	flip := func(s string) string {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		return base64.RawURLEncoding.EncodeToString(b)
	}
	many := map[string]any{}
	for i := range 33 {
		many[fmt.Sprint("n", i)] = i
	}
	signed := func() string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secretOf(1)}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Sign(plain(good()))
		if err != nil {
			t.Fatal(err)
		}
		token, err := o.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	week := access.SealedFor + time.Minute
	for name, c := range map[string]struct {
		sealed string
		want   error
		says   string
	}{
		"nothing":                        {" ", access.ErrNotSealed, "five parts"},
		"plain JSON":                     {string(plain(good())), access.ErrNotSealed, "five parts"},
		"signed, not encrypted":          {signed(), access.ErrNotSealed, "five parts"},
		"six parts":                      {sealed + ".x", access.ErrNotSealed, "five parts"},
		"a header in other letters":      {part(0, func(s string) string { return s + "=" }), access.ErrNotSealed, "base64url"},
		"a header that is no object":     {headed("null"), access.ErrNotSealed, "JSON object"},
		"another way to the key":         {sealtest.Raw(t, jose.A256KW, jose.A256GCM, secretOf(1), plain(good()), map[jose.HeaderKey]any{"kid": "k1"}), access.ErrNotSealed, `alg is "A256KW"`},
		"a key of a password":            {sealtest.Raw(t, jose.PBES2_HS256_A128KW, jose.A256GCM, "password", plain(good()), map[jose.HeaderKey]any{"kid": "k1"}), access.ErrNotSealed, "alg is"},
		"a shorter cipher":               {sealtest.Raw(t, jose.DIRECT, jose.A128GCM, secretOf(1)[:16], plain(good()), map[jose.HeaderKey]any{"kid": "k1"}), access.ErrNotSealed, `enc is "A128GCM"`},
		"another cipher of that length":  {sealtest.Raw(t, jose.DIRECT, jose.A128CBC_HS256, secretOf(1), plain(good()), map[jose.HeaderKey]any{"kid": "k1"}), access.ErrNotSealed, "enc is"},
		"no alg":                         {headed(`{"enc":"A256GCM","kid":"k1"}`), access.ErrNotSealed, `alg is ""`},
		"alg in capitals":                {headed(`{"ALG":"dir","enc":"A256GCM","kid":"k1"}`), access.ErrNotSealed, `alg is ""`},
		"compressed":                     {header(map[jose.HeaderKey]any{"kid": "k1", "zip": "DEF"}), access.ErrNotSealed, `"zip"`},
		"something critical":             {headed(`{"alg":"dir","enc":"A256GCM","kid":"k1","crit":["x"]}`), access.ErrNotSealed, `"crit"`},
		"no key named":                   {header(nil), access.ErrNotSealed, "kid"},
		"a key that is a number":         {headed(`{"alg":"dir","enc":"A256GCM","kid":1}`), access.ErrNotSealed, "kid"},
		"a key beside dir":               {part(1, func(string) string { return "AAAA" }), access.ErrNotSealed, "second part"},
		"an unknown key":                 {sealtest.Seal(t, "k3", secretOf(1), good()), access.ErrUnknownKey, `"k3"`},
		"a key that tries to be a path":  {sealtest.Seal(t, "../k1", secretOf(1), good()), access.ErrUnknownKey, `"../k1"`},
		"the name of another key":        {sealtest.Seal(t, "k1", secretOf(2), good()), access.ErrUnopened, ""},
		"text that was changed":          {part(3, flip), access.ErrUnopened, ""},
		"a seal that was changed":        {part(4, flip), access.ErrUnopened, ""},
		"another start":                  {part(2, flip), access.ErrUnopened, ""},
		"a seal that was cut":            {part(4, func(s string) string { return s[:8] }), access.ErrUnopened, ""},
		"a header that says more":        {headed(`{"alg":"dir","enc":"A256GCM","kid":"k1","typ":"JWT"}`), access.ErrUnopened, ""},
		"not base64url within":           {part(3, func(s string) string { return s + "*" }), access.ErrNotSealed, "JWE compact"},
		"too large":                      {fact("plan", strings.Repeat("x", 1000)) + strings.Repeat("A", 8192), access.ErrSealTooLarge, "8192"},
		"no expiry":                      {without("exp"), access.ErrSealEndless, "exp"},
		"expired now":                    {with("exp", sealedAt.Unix()), access.ErrSealExpired, "expired"},
		"expired long ago":               {with("exp", 0), access.ErrSealExpired, "expired"},
		"good for more than a week":      {with("exp", sealedAt.Add(week).Unix()+1), access.ErrSealTooLong, "week"},
		"good for ever":                  {with("exp", 1e300), access.ErrSealTooLong, "week"},
		"in milliseconds":                {with("exp", sealedAt.Add(time.Hour).UnixMilli()), access.ErrSealTooLong, "week"},
		"an expiry that is text":         {with("exp", "1772449200"), access.ErrBadFacts, "exp"},
		"an expiry that is null":         {with("exp", nil), access.ErrBadFacts, "exp"},
		"an expiry before all time":      {with("exp", -1), access.ErrBadFacts, "exp"},
		"an expiry in capitals":          {text([]byte(`{"EXP":1772449200,"usher.chat/metadata":{"a":1}}`)), access.ErrSealEndless, "exp"},
		"no metadata":                    {without("usher.chat/metadata"), access.ErrNoFacts, "usher.chat/metadata"},
		"metadata of no name":            {with("usher.chat/metadata", map[string]any{}), access.ErrNoFacts, ""},
		"metadata that are a list":       {with("usher.chat/metadata", []int{1}), access.ErrBadFacts, "object"},
		"metadata that are null":         {with("usher.chat/metadata", nil), access.ErrBadFacts, "object"},
		"33 names":                       {with("usher.chat/metadata", many), access.ErrBadFacts, "33"},
		"a name without letters":         {fact("", 1), access.ErrBadFacts, "a name"},
		"a name of 101":                  {fact(strings.Repeat("ä", 101), 1), access.ErrBadFacts, "a name"},
		"a name over two lines":          {fact("a\nb", 1), access.ErrBadFacts, "a name"},
		"text of 1001":                   {fact("a", strings.Repeat("ä", 1001)), access.ErrBadFacts, "1000"},
		"a number of 41":                 {fact("a", json.Number(strings.Repeat("1", 41))), access.ErrBadFacts, "40"},
		"a list for a value":             {fact("a", []int{1}), access.ErrBadFacts, "a value"},
		"an object for a value":          {fact("a", map[string]any{}), access.ErrBadFacts, "a value"},
		"null for a value":               {fact("a", nil), access.ErrBadFacts, "a value"},
		"a customer's name of 101":       {with("preferred_username", strings.Repeat("ä", 101)), access.ErrBadFacts, "preferred_username"},
		"a customer's name on two lines": {with("preferred_username", "a\nb"), access.ErrBadFacts, "preferred_username"},
		"a customer's name of a number":  {with("preferred_username", 7), access.ErrBadFacts, "preferred_username"},
		"a list within":                  {text([]byte("[]")), access.ErrBadFacts, "JSON object"},
		"nothing within":                 {text([]byte("null")), access.ErrBadFacts, "JSON object"},
		"no UTF-8 within":                {text([]byte("{\"exp\":1772449200,\"usher.chat/metadata\":{\"a\":\"\xff\"}}")), access.ErrBadFacts, "JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := opener(t).Accept(c.sealed)
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Fatalf("%v; want %v with %q", err, c.want, c.says)
			}
			if strings.Contains(err.Error(), "gold") || got.Values != nil {
				t.Errorf("it tells what is sealed: %v %v", err, got)
			}
		})
	}
	// And each limit is met.
	edge := good()
	delete(many, "n32")
	for name := range many {
		many[name] = strings.Repeat("ä", 2)
	}
	many["n0"], many[strings.Repeat("ä", 100)] = strings.Repeat("ä", 1000), json.Number(strings.Repeat("1", 40))
	delete(many, "n1")
	edge["usher.chat/metadata"], edge["exp"], edge["preferred_username"] = many, sealedAt.Add(week).Unix(), strings.Repeat("ä", 100)
	if got, err := opener(t).Accept(sealtest.Seal(t, "k1", secretOf(1), edge)); err != nil || len(got.Values) != 32 {
		t.Errorf("at the limits: %v, %d names", err, len(got.Values))
	}
}

// TestFactsThatOtherLibrariesSealedAreTaken: what docs/guides/secure-metadata.md has sites do, done once by each of its
// programs, with the key 00 01 02 … 1f and an end in the year 2100.
func TestFactsThatOtherLibrariesSealedAreTaken(t *testing.T) {
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(i)
	}
	key, err := access.NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := access.NewMetadata(access.MetadataKeys{"shop-2026": key}, func() time.Time { return time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC) })
	for name, sealed := range map[string]string{
		"jose, in JavaScript": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoic2hvcC0yMDI2In0..0COOLoRD-ZhED82s.TR3SCY6bsNVRHpmxh8g-laIym66I" +
			"8-ILZ6RmcvnX4YjwvOeJLs_SpFOOJAFtoniWQtdzbLvqHgBxHJVdUYIWpEAWdWoqqTX6DeDnj9JdTn-MCaBwZO7I4wZU6QXlHLYaxcCpUa_eGa" +
			"P6s1sugB0Ga0E5CXjj6HO2OoGZj0AYO7fe3Q.7nre6JwS7ELKGD0UkrpAXA",
		"cryptography, in Python": "eyJhbGciOiAiZGlyIiwgImVuYyI6ICJBMjU2R0NNIiwgImtpZCI6ICJzaG9wLTIwMjYifQ..PJ7OwUOYuP2bpk6-.JO-4ruK4Oum_8M08aQbPT" +
			"rW89HANmU3bFgyGjXvDrkEThcqCz5xgysqjTyQQIbN_vlsGJpGzbTeVLYwkfjQ8SX5nDWYAf7wDEv0MxQ7H2Z6JVyg6fILyYPYiqU-uIohObHP" +
			"o3Wk7e5QxT2xm6RiJFESef-Oss9uqMnbjCAmGgoOpsRCDdvB8wBV7QXA.sDwFYVpjTNvsBq0KwkieJw",
	} {
		f, err := m.Accept(sealed)
		if err != nil || f.Name != "Maria Lind" || f.Values["customerNumber"] != "4711" || f.Values["plan"] != "gold" || f.Values["verified"] != true || f.Expires.Year() != 2100 {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

func TestWhatWasAcceptedIsReadLongAfterItsEndAsLongAsTheKeyIsThere(t *testing.T) {
	now := sealedAt
	m := access.NewMetadata(ringOf(t, map[string]byte{"k1": 1}), func() time.Time { return now })
	sealed := sealtest.Seal(t, "k1", secretOf(1), sealtest.Claims(sealedAt.Add(time.Minute), map[string]any{"a": "b"}))
	now = now.AddDate(1, 0, 0)
	if _, err := m.Accept(sealed); !errors.Is(err, access.ErrSealExpired) {
		t.Errorf("a year later it is accepted: %v", err)
	}
	if f, err := m.Open(sealed); err != nil || f.Values["a"] != "b" {
		t.Errorf("a year later: %v", err)
	}
	m.SetKeys(ringOf(t, map[string]byte{"k2": 2}))
	if _, err := m.Open(sealed); !errors.Is(err, access.ErrUnknownKey) {
		t.Errorf("without its key: %v", err)
	}
	m.SetKeys(ringOf(t, map[string]byte{"k1": 2}))
	if _, err := m.Open(sealed); !errors.Is(err, access.ErrUnopened) {
		t.Errorf("with another key of its name: %v", err)
	}
}

// TestWhatEitherOfTwoKeysSealsOpensAndWhatAThirdSealsDoesNot: for any keys, names and facts.
func TestWhatEitherOfTwoKeysSealsOpensAndWhatAThirdSealsDoesNot(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		secrets := rapid.SliceOfNDistinct(rapid.SliceOfN(rapid.Byte(), 32, 32), 3, 3, func(b []byte) string { return string(b) }).Draw(r, "secrets")
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[-._a-zA-Z0-9]{1,40}`), 3, 3, func(s string) string { return s }).Draw(r, "names")
		facts := rapid.MapOfN(rapid.StringMatching(`\PC{1,20}`), rapid.OneOf(
			rapid.Map(rapid.StringN(0, 50, -1), func(s string) any { return strings.ToValidUTF8(s, "?") }),
			rapid.Map(rapid.Int64(), func(n int64) any { return json.Number(fmt.Sprint(n)) }),
			rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		), 1, 8).Draw(r, "facts")
		keys := access.MetadataKeys{}
		for i := range 2 {
			k, err := access.NewKey(secrets[i])
			if err != nil {
				r.Fatal(err)
			}
			keys[names[i]] = k
		}
		m := access.NewMetadata(keys, func() time.Time { return sealedAt })
		claims := sealtest.Claims(sealedAt.Add(time.Hour), facts)
		for i := range 2 {
			f, err := m.Accept(sealtest.Seal(t, names[i], secrets[i], claims))
			if err != nil || f.Key != names[i] || !reflect.DeepEqual(f.Values, facts) {
				r.Fatalf("key %d: %v, %v", i, f, err)
			}
			if _, err := m.Accept(sealtest.Seal(t, names[1-i], secrets[i], claims)); !errors.Is(err, access.ErrUnopened) {
				r.Fatalf("key %d by the other's name: %v", i, err)
			}
			if _, err := m.Accept(sealtest.Seal(t, names[i], secrets[2], claims)); !errors.Is(err, access.ErrUnopened) {
				r.Fatalf("the third by the name of key %d: %v", i, err)
			}
		}
		if _, err := m.Accept(sealtest.Seal(t, names[2], secrets[2], claims)); !errors.Is(err, access.ErrUnknownKey) {
			r.Fatalf("the third: %v", err)
		}
	})
}

func TestAKeyOfSecureMetadataIsRawOrInBase64AndItsNameIsThatOfItsFile(t *testing.T) {
	dir := t.TempDir()
	secret := append(secretOf(7)[:30], '\n', 0xfb)
	want, err := access.NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"raw": string(secret), "std": base64.StdEncoding.EncodeToString(secret) + "\n", "url": base64.URLEncoding.EncodeToString(secret),
		"rawstd": base64.RawStdEncoding.EncodeToString(secret), "raw.url-1": base64.RawURLEncoding.EncodeToString(secret),
	} {
		write(t, filepath.Join(dir, name), []byte(content))
	}
	// As a kubelet mounts a Secret: what is hidden are its own things.
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "..2026_03_02"), 0o700), os.Symlink("..2026_03_02", filepath.Join(dir, "..data"))); err != nil {
		t.Fatal(err)
	}
	keys, err := access.LoadMetadataKeys(dir)
	if err != nil || len(keys) != 5 {
		t.Fatalf("%v, %v", keys, err)
	}
	for name, k := range keys {
		if k.ID() != want.ID() {
			t.Errorf("%s is another key", name)
		}
	}
	if names := keys.Names(); !slices.IsSorted(names) || !strings.HasPrefix(names[0], "raw (") || strings.Contains(fmt.Sprint(names, keys), string(secret[:8])) {
		t.Errorf("%q", names)
	}
}

func TestWhatIsNoKeyIsToldAndDoesNotMakeTheOthersVoid(t *testing.T) {
	if keys, err := access.LoadMetadataKeys(filepath.Join(t.TempDir(), "none")); err != nil || len(keys) != 0 || keys == nil {
		t.Errorf("no directory: %v, %v", keys, err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"good": string(secretOf(1)), "short": string(secretOf(2)[:31]), "long": string(append(secretOf(2), 1)), "empty": "",
		"half": base64.StdEncoding.EncodeToString(secretOf(2)[:16]), "hex": strings.Repeat("ab", 32),
	} {
		write(t, filepath.Join(dir, name), []byte(content))
	}
	keys, err := access.LoadMetadataKeys(dir)
	if len(keys) != 1 || keys["good"].ID() == "" {
		t.Errorf("%v", keys)
	}
	for _, name := range []string{"short", "long", "empty", "half", "hex"} {
		if !strings.Contains(fmt.Sprint(err), "the key "+name+": ") {
			t.Errorf("of %s nothing is told: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "abab") {
		t.Errorf("the content is told: %v", err)
	}
	many := t.TempDir()
	for i := range 17 {
		write(t, filepath.Join(many, fmt.Sprintf("k%02d", i)), secretOf(byte(i)))
	}
	keys, err = access.LoadMetadataKeys(many)
	if _, last := keys["k16"]; len(keys) != 16 || last || !strings.Contains(fmt.Sprint(err), "k16") {
		t.Errorf("of 17: %d, %v", len(keys), err)
	}
}

// FuzzSecureMetadata: whatever comes is refused or read, and what is read keeps the limits.
func FuzzSecureMetadata(f *testing.F) {
	f.Add("", []byte(`{"exp":1772449200,"usher.chat/metadata":{"a":"b","n":1.5,"t":true}}`))
	f.Add("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiazEifQ..AAAA.AAAA.AAAA", []byte(`{}`))
	f.Add("a.b.c.d.e", []byte(`{"exp":1e999,"ninchat.com/metadata":{"":null},"preferred_username":"\u0000"}`))
	f.Fuzz(func(t *testing.T, sealed string, plain []byte) {
		m := opener(t)
		if _, err := m.Accept(sealed); err == nil {
			t.Errorf("%q is accepted", sealed) // nobody has sealed it
		}
		within := sealtest.Raw(t, jose.DIRECT, jose.A256GCM, secretOf(1), plain, map[jose.HeaderKey]any{"kid": "k1"})
		facts, err := m.Open(within)
		if err != nil {
			return
		}
		if len(facts.Values) == 0 || len(facts.Values) > access.MaxFacts || facts.Key != "k1" || len([]rune(facts.Name)) > access.MaxPreferredName {
			t.Errorf("%q gives %+v", plain, facts)
		}
		if _, err := json.Marshal(facts.Values); err != nil {
			t.Errorf("%q gives what cannot be told: %v", plain, err)
		}
	})
}
