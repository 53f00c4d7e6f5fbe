package access

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
)

// Secure metadata are facts that a site states about its signed-in customer, encrypted with a key that it shares with
// the desk (feature C9, ADR 16). They are a JWE in its compact form, by the key itself (dir) and AES-256 in Galois/Counter
// mode (A256GCM): whoever has the key made it, and nobody else can read it.

// Limits of secure metadata.
const (
	MaxSealed        = 8192 // characters of the sealed text
	MaxFacts         = 32   // names
	MaxFactName      = 100  // characters of a name
	MaxFactText      = 1000 // characters of a value
	MaxFactNumber    = 40   // digits and signs of a number
	MaxPreferredName = 100  // characters of preferred_username
	MaxMetadataKeys  = 16   // valid at once
	// SealedFor is how far ahead the end of secure metadata may be when they come.
	SealedFor = 7 * 24 * time.Hour
)

// clocksDiffer is how much the clock of a site may be ahead of the desk's.
const clocksDiffer = time.Minute

// Claims of secure metadata.
const (
	claimFacts      = "usher.chat/metadata"
	claimFactsOther = "ninchat.com/metadata"
	claimName       = "preferred_username"
	claimExpires    = "exp"
)

// What can be wrong with secure metadata. The text is for people, and tells nothing of what is sealed.
var (
	ErrSealTooLarge = fmt.Errorf("the secure metadata are too large: they have at most %d characters", MaxSealed)
	ErrNotSealed    = errors.New("the secure metadata are not encrypted as they should be")
	ErrUnknownKey   = errors.New("the secure metadata are encrypted with an unknown key")
	ErrUnopened     = errors.New("the secure metadata cannot be decrypted")
	ErrSealExpired  = errors.New("the secure metadata have expired")
	ErrSealTooLong  = errors.New("the secure metadata are good for more than a week")
	ErrSealEndless  = errors.New("the secure metadata have no expiry: state exp, in seconds")
	ErrNoFacts      = errors.New("the secure metadata have no metadata: state an object " + claimFacts)
	ErrBadFacts     = errors.New("the secure metadata are not as they should be")
)

// Facts are what was sealed.
type Facts struct {
	// Values are strings, booleans and [json.Number], by name.
	Values map[string]any
	// Name that the customer is to have; empty when the site states none.
	Name string
	// Key is the name of the key that sealed them.
	Key string
	// Expires is until when they could be brought.
	Expires time.Time
}

// Metadata opens what sites sealed. It can be used by many goroutines at once, also while its keys change.
type Metadata struct {
	keys atomic.Pointer[MetadataKeys]
	now  func() time.Time
}

// NewMetadata makes one with keys, and a clock.
func NewMetadata(keys MetadataKeys, now func() time.Time) *Metadata {
	m := &Metadata{now: now}
	m.SetKeys(keys)
	return m
}

// SetKeys exchanges the keys, for what is opened from now on.
func (m *Metadata) SetKeys(keys MetadataKeys) { m.keys.Store(&keys) }

// Accept opens what a customer brings: it must not have expired, nor be good for more than [SealedFor].
func (m *Metadata) Accept(sealed string) (Facts, error) {
	f, err := m.Open(sealed)
	if err != nil {
		return Facts{}, err
	}
	now := m.now()
	switch {
	case !now.Before(f.Expires):
		return Facts{}, ErrSealExpired
	case f.Expires.Sub(now) > SealedFor+clocksDiffer:
		return Facts{}, ErrSealTooLong
	}
	return f, nil
}

// Open opens what was accepted before, however long ago.
func (m *Metadata) Open(sealed string) (Facts, error) {
	if len(sealed) > MaxSealed {
		return Facts{}, ErrSealTooLarge
	}
	name, err := keyOf(sealed)
	if err != nil {
		return Facts{}, fmt.Errorf("%w: %w", ErrNotSealed, err)
	}
	key, known := (*m.keys.Load())[name]
	if !known {
		return Facts{}, fmt.Errorf("%w: %q", ErrUnknownKey, clip(name))
	}
	parsed, err := jose.ParseEncryptedCompact(sealed, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return Facts{}, fmt.Errorf("%w: this is not JWE compact", ErrNotSealed)
	}
	plain, err := parsed.Decrypt(key.secret)
	if err != nil {
		return Facts{}, ErrUnopened // why tells nothing more, and is best not told
	}
	f, err := readFacts(plain)
	f.Key = name
	return f, err
}

// KeyOf is the name of the key that secure metadata say they are sealed with; empty when they are none.
func KeyOf(sealed string) string {
	name, err := keyOf(sealed)
	if err != nil {
		return ""
	}
	return name
}

// keyOf reads the header, which is not secret, and refuses whatever else than one way of sealing: what it asks for may
// not choose how it is opened.
func keyOf(sealed string) (string, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 5 {
		return "", errors.New("JWE compact has five parts")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[0])
	var header map[string]json.RawMessage
	if err != nil || json.Unmarshal(raw, &header) != nil || header == nil {
		return "", errors.New("the header is not a JSON object in base64url")
	}
	stated := func(name string) (text string) {
		_ = json.Unmarshal(header[name], &text) // what is not a string is refused like none
		return text
	}
	if alg := stated("alg"); alg != string(jose.DIRECT) {
		return "", fmt.Errorf(`alg is %q and must be "dir"`, clip(alg))
	}
	if enc := stated("enc"); enc != string(jose.A256GCM) {
		return "", fmt.Errorf(`enc is %q and must be "A256GCM"`, clip(enc))
	}
	for name := range header {
		switch name {
		case "alg", "enc", "kid", "typ", "cty":
		default:
			return "", fmt.Errorf("the header has %q, which is not taken", clip(name))
		}
	}
	name := stated("kid")
	switch {
	case name == "":
		return "", errors.New("the header names no key: state kid")
	case parts[1] != "":
		return "", errors.New("with dir the second part is empty")
	}
	return name, nil
}

// readFacts reads the claims. Names are matched byte for byte, unlike fields of a struct.
func readFacts(plain []byte) (Facts, error) {
	var claims map[string]json.RawMessage
	if !utf8.Valid(plain) || json.Unmarshal(plain, &claims) != nil || claims == nil {
		return Facts{}, fmt.Errorf("%w: what is sealed is not a JSON object", ErrBadFacts)
	}
	var f Facts
	var err error
	if f.Expires, err = readExpiry(claims[claimExpires]); err != nil {
		return Facts{}, err
	}
	if f.Name, err = readName(claims[claimName]); err != nil {
		return Facts{}, err
	}
	sealed, stated := claims[claimFacts]
	if !stated {
		sealed, stated = claims[claimFactsOther]
	}
	if !stated {
		return Facts{}, ErrNoFacts
	}
	if f.Values, err = readValues(sealed); err != nil {
		return Facts{}, err
	}
	return f, nil
}

// latest is the last second that is taken for a time: that of the year 9999.
const latest = 253402300799

func readExpiry(raw json.RawMessage) (time.Time, error) {
	if raw == nil {
		return time.Time{}, ErrSealEndless
	}
	var seconds float64
	if raw[0] == 'n' || json.Unmarshal(raw, &seconds) != nil || seconds < 0 {
		return time.Time{}, fmt.Errorf("%w: exp is a number of seconds", ErrBadFacts)
	}
	return time.Unix(int64(math.Min(seconds, latest)), 0).UTC(), nil
}

func readName(raw json.RawMessage) (string, error) {
	if raw == nil {
		return "", nil
	}
	var name string
	if raw[0] != '"' || json.Unmarshal(raw, &name) != nil || utf8.RuneCountInString(name) > MaxPreferredName || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fmt.Errorf("%w: %s is text of at most %d characters, in one line", ErrBadFacts, claimName, MaxPreferredName)
	}
	return strings.TrimSpace(name), nil
}

func readValues(raw json.RawMessage) (map[string]any, error) {
	var sealed map[string]json.RawMessage
	if json.Unmarshal(raw, &sealed) != nil || sealed == nil {
		return nil, fmt.Errorf("%w: the metadata are an object", ErrBadFacts)
	}
	if len(sealed) == 0 {
		return nil, ErrNoFacts
	}
	if len(sealed) > MaxFacts {
		return nil, fmt.Errorf("%w: the metadata have %d names and may have %d", ErrBadFacts, len(sealed), MaxFacts)
	}
	values := make(map[string]any, len(sealed))
	for name, raw := range sealed {
		if n := utf8.RuneCountInString(name); n == 0 || n > MaxFactName || strings.ContainsFunc(name, unicode.IsControl) {
			return nil, fmt.Errorf("%w: a name has 1 to %d characters, in one line", ErrBadFacts, MaxFactName)
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber() // as it was written: an order's number may have more digits than a float
		var v any
		if err := decoder.Decode(&v); err != nil {
			return nil, fmt.Errorf("%w: a value cannot be read", ErrBadFacts)
		}
		switch v := v.(type) {
		case string:
			if utf8.RuneCountInString(v) > MaxFactText {
				return nil, fmt.Errorf("%w: text has at most %d characters", ErrBadFacts, MaxFactText)
			}
		case json.Number:
			if len(v) > MaxFactNumber {
				return nil, fmt.Errorf("%w: a number has at most %d digits", ErrBadFacts, MaxFactNumber)
			}
		case bool:
		default:
			return nil, fmt.Errorf("%w: a value is text, a number, true or false", ErrBadFacts)
		}
		values[name] = v
	}
	return values, nil
}

// clip makes what somebody sent fit for a message.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
