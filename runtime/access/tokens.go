package access

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// MaxToken is the length of the longest token that is looked at, in bytes.
const MaxToken = 2048

// audience says what a token is for.
type audience string

const (
	audienceCustomer audience = "usher.chat/customer"
	audienceAgent    audience = "usher.chat/agent"
	audienceSignIn   audience = "usher.chat/sign-in"
	audienceSupport  audience = "usher.chat/support"
)

// Options of New.
type Options struct {
	// Desk is the desk's name. Tokens carry it, and those of another are refused.
	Desk string
	Keys Keys
	// Now is the clock.
	Now func() time.Time
}

// Tokens issues and verifies the tokens of one desk. It can be used by many goroutines at once.
type Tokens struct {
	desk string
	keys atomic.Pointer[Keys]
	now  func() time.Time
}

// New makes Tokens. A desk without a name, or a ring without a key, is a defect of the caller and
// shows at the first use.
func New(o Options) *Tokens {
	t := &Tokens{desk: o.Desk, now: o.Now}
	t.SetKeys(o.Keys)
	return t
}

// SetKeys exchanges the keys, for what is issued and verified from now on.
func (t *Tokens) SetKeys(keys Keys) { t.keys.Store(&keys) }

// claims of all kinds.
type claims struct {
	Audience audience `json:"aud"`
	Desk     string   `json:"desk"`
	// Subject is a customer's session, or an agent.
	Subject string `json:"sub"`
	// ID is an agent's session, or the link.
	ID string `json:"jti,omitempty"`
	// Channel is where a customer came in.
	Channel string `json:"channel,omitempty"`
	// Kind of the subject of a support link: agent, team or queue.
	Kind    string           `json:"kind,omitempty"`
	Expires *jwt.NumericDate `json:"exp"`
	Issued  *jwt.NumericDate `json:"iat"`
}

// IssueCustomer makes the token of a customer's session on a channel.
func (t *Tokens) IssueCustomer(session, channel string, expires time.Time) (string, error) {
	return t.issue(t.keys.Load().Session, claims{Audience: audienceCustomer, Subject: session, Channel: channel}, expires)
}

// VerifyCustomer reads what IssueCustomer made.
func (t *Tokens) VerifyCustomer(token string) (session, channel string, expires time.Time, err error) {
	c, err := t.verify(t.keys.Load().Session, audienceCustomer, token)
	if err == nil && c.Channel == "" {
		err = fmt.Errorf("customer session: %w: it names no channel", ErrMalformed)
	}
	if err != nil {
		return "", "", time.Time{}, err
	}
	return c.Subject, c.Channel, c.Expires.Time().UTC(), nil
}

// IssueAgent makes the token of an agent's session; session is its id in the desk's state.
func (t *Tokens) IssueAgent(agent, session string, expires time.Time) (string, error) {
	return t.issue(t.keys.Load().Session, claims{Audience: audienceAgent, Subject: agent, ID: session}, expires)
}

// VerifyAgent reads what IssueAgent made. Whether the session is still in force is in the desk's state.
func (t *Tokens) VerifyAgent(token string) (agent, session string, expires time.Time, err error) {
	return t.verifyWithID(t.keys.Load().Session, audienceAgent, token)
}

// IssueLink makes the token of a sign-in link for an agent. It is good once: the desk's state keeps
// the ids of those that were used.
func (t *Tokens) IssueLink(agent, id string, expires time.Time) (string, error) {
	return t.issue(t.keys.Load().SignIn, claims{Audience: audienceSignIn, Subject: agent, ID: id}, expires)
}

// VerifyLink reads what IssueLink made.
func (t *Tokens) VerifyLink(token string) (agent, id string, expires time.Time, err error) {
	return t.verifyWithID(t.keys.Load().SignIn, audienceSignIn, token)
}

// Support is where a support link leads: an agent, a team or a queue, by a channel (features R9, R18).
type Support struct {
	Channel    string
	Kind, Name string
	Expires    time.Time
}

// IssueSupport makes the token of a support link. It is good for everybody until it expires.
func (t *Tokens) IssueSupport(s Support) (string, error) {
	if s.Channel == "" || s.Kind == "" {
		return "", fmt.Errorf("issue %s: a channel and what it leads to are needed", audienceSupport)
	}
	return t.issue(t.keys.Load().SignIn, claims{Audience: audienceSupport, Subject: s.Name, Kind: s.Kind, Channel: s.Channel}, s.Expires)
}

// VerifySupport reads what IssueSupport made. Whether its target is still there is in the desk's state.
func (t *Tokens) VerifySupport(token string) (Support, error) {
	c, err := t.verify(t.keys.Load().SignIn, audienceSupport, token)
	if err == nil && (c.Channel == "" || c.Kind == "") {
		err = fmt.Errorf("support link: %w: it lacks a claim", ErrMalformed)
	}
	if err != nil {
		return Support{}, err
	}
	return Support{Channel: c.Channel, Kind: c.Kind, Name: c.Subject, Expires: c.Expires.Time().UTC()}, nil
}

func (t *Tokens) verifyWithID(ring Ring, kind audience, token string) (subject, id string, expires time.Time, err error) {
	c, err := t.verify(ring, kind, token)
	if err == nil && c.ID == "" {
		err = fmt.Errorf("%s: %w: it has no id", kind, ErrMalformed)
	}
	if err != nil {
		return "", "", time.Time{}, err
	}
	return c.Subject, c.ID, c.Expires.Time().UTC(), nil
}

func (t *Tokens) issue(ring Ring, c claims, expires time.Time) (string, error) {
	if len(ring) == 0 || t.desk == "" || c.Subject == "" {
		return "", fmt.Errorf("issue %s: a key, a desk and whom it is for are needed", c.Audience)
	}
	c.Desk, c.Expires, c.Issued = t.desk, jwt.NewNumericDate(expires), jwt.NewNumericDate(t.now())
	key := jose.SigningKey{Algorithm: jose.HS256, Key: ring[0].secret}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader(jose.HeaderKey("kid"), ring[0].id)
	signer, err := jose.NewSigner(key, options)
	if err != nil {
		return "", fmt.Errorf("issue %s: %w", c.Audience, err)
	}
	token, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		return "", fmt.Errorf("issue %s: %w", c.Audience, err)
	}
	if len(token) > MaxToken {
		return "", fmt.Errorf("issue %s: %d bytes; a token has at most %d", c.Audience, len(token), MaxToken)
	}
	return token, nil
}

func (t *Tokens) verify(ring Ring, kind audience, token string) (claims, error) {
	c, err := t.check(ring, kind, token)
	if err != nil {
		return claims{}, fmt.Errorf("%s: %w", kind, err)
	}
	return c, nil
}

func (t *Tokens) check(ring Ring, kind audience, token string) (claims, error) {
	if len(token) > MaxToken {
		return claims{}, fmt.Errorf("%w: %d bytes", ErrMalformed, len(token))
	}
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		var algorithm *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &algorithm) {
			return claims{}, fmt.Errorf("%w: algorithm %q", ErrForged, algorithm.Got)
		}
		return claims{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(parsed.Headers) != 1 {
		return claims{}, fmt.Errorf("%w: %d signatures", ErrMalformed, len(parsed.Headers))
	}
	key, known := ring.find(parsed.Headers[0].KeyID)
	if !known {
		return claims{}, t.stranger(kind, parsed)
	}
	var c claims
	if err := parsed.Claims(key.secret, &c); err != nil {
		if errors.Is(err, jose.ErrCryptoFailure) {
			return claims{}, ErrForged
		}
		return claims{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	switch {
	case c.Audience != kind || c.Desk != t.desk:
		return claims{}, foreign(c)
	case c.Subject == "" || c.Expires == nil:
		return claims{}, fmt.Errorf("%w: it lacks a claim", ErrMalformed)
	case !t.now().Before(c.Expires.Time()):
		return claims{}, ErrExpired
	}
	return c, nil
}

// stranger is the error for a token whose key is not on the ring. What it says of itself is not
// trusted, but chooses the words: a token of another desk is a mistake more often than an attack.
func (t *Tokens) stranger(kind audience, parsed *jwt.JSONWebToken) error {
	var c claims
	if err := parsed.UnsafeClaimsWithoutVerification(&c); err == nil && c.Audience != "" && (c.Audience != kind || c.Desk != t.desk) {
		return foreign(c)
	}
	return fmt.Errorf("%w: the key is not known", ErrForged)
}

func foreign(c claims) error {
	return fmt.Errorf("%w: %q of desk %q", ErrForeign, c.Audience, c.Desk)
}

// SignInURL is the address that an agent opens to sign in. The token stands behind the #, which a
// browser sends to nobody, so that it is in no access log.
func SignInURL(base, token string) string {
	return strings.TrimRight(base, "/") + "/sign-in#token=" + token
}

// SupportURL is the address of a channel's page by a support link.
func SupportURL(base, channel, token string) string {
	return strings.TrimRight(base, "/") + "/w/" + url.PathEscape(channel) + "?to=" + url.QueryEscape(token)
}

// NewID is a new name that nobody can guess: 128 bits from random, in 26 characters of a-z and 2-7.
// The random source is a crypto/rand.Reader; one that fails leaves nothing to go on with, and panics.
func NewID(random io.Reader) string {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		panic(fmt.Sprintf("access: no randomness: %v", err))
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}
