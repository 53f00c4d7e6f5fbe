package gateway

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"unicode/utf8"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
	"usher.chat/runtime/settings"
)

// who is behind a command: exactly one of agent and customer session.
type who struct {
	agent   string
	session string
	channel string
	client  string
	from    string // the address of a customer
	// link is where the support link of a join leads, checked.
	link desk.Target
	// secure is what the secure metadata of a join come to, opened.
	secure secureJoin
}

func (w who) principal() desk.Principal {
	if w.agent != "" {
		return desk.AgentPrincipal(w.agent)
	}
	return desk.CustomerPrincipal(w.session)
}

// maxCID is the largest number that a JavaScript client counts without error.
const maxCID = 1<<53 - 1

func badRequest(message string) *protocol.Error {
	return &protocol.Error{Code: string(desk.BadRequest), Message: message}
}

// parseCommand reads a command's frame.
func parseCommand(data []byte) (protocol.Command, *protocol.Error) {
	var c protocol.Command
	if !utf8.Valid(data) {
		return c, &protocol.Error{Code: string(desk.TextInvalid), Message: "the frame is not valid UTF-8"}
	}
	if c, ok := readCommand(data); ok {
		return c, nil
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return c, badRequest("the frame is not a JSON object of this protocol: " + err.Error())
	}
	return c, nil
}

// command turns a frame into the domain's command. A kind of command that this side may not give is
// the same as one that does not exist.
func command(c protocol.Command, w who) (desk.Command, *protocol.Error) {
	if c.CID == 0 || c.CID > maxCID {
		return nil, badRequest("a command has a cid, from 1 up")
	}
	if len(c.Conversation) > 32 || len(c.Queue) > 253 || len(c.Room) > 600 || len(c.Agent) > 253 || len(c.Issue) > 512 || len(c.Key) > 32 {
		return nil, badRequest("conversation, queue, room, agent, issue or key is not a name")
	}
	to, bad := target(c.To)
	if bad != nil {
		return nil, bad
	}
	o := desk.Origin{Principal: w.principal(), Client: w.client, CID: c.CID}
	id := desk.ConversationID(c.Conversation)
	if w.agent == "" {
		switch c.Type {
		case protocol.TypeJoin:
			return desk.Join{
				Origin: o, Session: w.session, Channel: w.channel, Name: c.Name, Page: c.Page, Text: c.Text, Email: c.Email, Phone: c.Phone,
				Issue: c.Issue, Key: c.Key, Agent: c.Agent, To: w.link,
				Secure: w.secure.sealed, SecureName: w.secure.name, SecureError: w.secure.wrong,
			}, nil
		case protocol.TypeContact:
			return desk.Contact{
				Origin: o, Session: w.session, Channel: w.channel, Name: c.Name, Email: c.Email, Phone: c.Phone,
				Page: c.Page, Text: c.Text, Issue: c.Issue,
			}, nil
		case protocol.TypeSay:
			return desk.Say{Origin: o, Text: c.Text}, nil
		case protocol.TypeEnd:
			return desk.End{Origin: o}, nil
		}
		return nil, badRequest("there is no command " + quote(c.Type) + " for customers")
	}
	switch c.Type {
	case protocol.TypeSay, protocol.TypeEnd, protocol.TypeAccept, protocol.TypeRefuse, protocol.TypeLeave,
		protocol.TypeGrab, protocol.TypeEnter, protocol.TypeTransfer, protocol.TypeInvite, protocol.TypeUninvite, protocol.TypeDecline:
		if id == "" {
			return nil, badRequest(c.Type + " needs a conversation")
		}
	case protocol.TypeOpen, protocol.TypeClose, protocol.TypeAuto:
		if c.Queue == "" {
			return nil, badRequest(c.Type + " needs a queue")
		}
		if c.Until < 0 || c.Until > maxCID {
			return nil, badRequest("until is not a time in milliseconds")
		}
	}
	switch c.Type {
	case protocol.TypeSay:
		return desk.Say{Origin: o, Conversation: id, Text: c.Text}, nil
	case protocol.TypeEnd:
		return desk.End{Origin: o, Conversation: id}, nil
	case protocol.TypePick:
		p := desk.Pick{Origin: o, Agent: w.agent, Queue: c.Queue, Conversation: id}
		if to.Kind == desk.ToTeam {
			p.Team = to.Name
		}
		return p, nil
	case protocol.TypeGrab:
		return desk.Pick{Origin: o, Agent: w.agent, Conversation: id, Grab: true}, nil
	case protocol.TypeEnter:
		return desk.Enter{Origin: o, Agent: w.agent, Conversation: id}, nil
	case protocol.TypeTransfer:
		return desk.Transfer{Origin: o, Agent: w.agent, Conversation: id, To: to, Note: c.Text}, nil
	case protocol.TypeInvite:
		return desk.Invite{Origin: o, Agent: w.agent, Conversation: id, To: to, Note: c.Text}, nil
	case protocol.TypeUninvite:
		return desk.Uninvite{Origin: o, Agent: w.agent, Conversation: id, To: to}, nil
	case protocol.TypeDecline:
		return desk.Decline{Origin: o, Agent: w.agent, Conversation: id}, nil
	case protocol.TypePresence:
		return desk.SetPresence{Origin: o, Agent: w.agent, Presence: presenceOf(c.Presence)}, nil
	case protocol.TypeNewKey:
		return desk.NewKey{Origin: o, Agent: w.agent, Keys: randomKeys(rand.Reader)}, nil
	case protocol.TypeDropKey:
		return desk.DropKey{Origin: o, Agent: w.agent, Key: c.Key}, nil
	case protocol.TypeFavour:
		return desk.Favour{Origin: o, Agent: w.agent, To: to, On: c.On}, nil
	case protocol.TypePost:
		return desk.Post{Origin: o, Agent: w.agent, Room: desk.RoomID(c.Room), Text: c.Text}, nil
	case protocol.TypeRead:
		return desk.ReadRoom{Origin: o, Agent: w.agent, Room: desk.RoomID(c.Room), Seq: c.Seq}, nil
	case protocol.TypeAccept:
		return desk.Accept{Origin: o, Agent: w.agent, Conversation: id}, nil
	case protocol.TypeRefuse:
		return desk.Refuse{Origin: o, Agent: w.agent, Conversation: id}, nil
	case protocol.TypeLeave:
		return desk.Leave{Origin: o, Agent: w.agent, Conversation: id}, nil
	case protocol.TypeOpen:
		return switching(o, w, c, settings.QueueOpen), nil
	case protocol.TypeClose:
		return switching(o, w, c, settings.QueueClosed), nil
	case protocol.TypeAuto:
		return switching(o, w, c, ""), nil
	}
	return nil, badRequest("there is no command " + quote(c.Type) + " for agents")
}

// target reads an agent, a team or a queue.
func target(t *protocol.Target) (desk.Target, *protocol.Error) {
	if t == nil {
		return desk.Target{}, nil
	}
	to := desk.Target{Kind: desk.TargetKind(t.Kind), Name: t.Name}
	switch to.Kind {
	case desk.ToAgent, desk.ToTeam, desk.ToQueue:
		if to.Name != "" && len(to.Name) <= 253 {
			return to, nil
		}
	}
	return to, badRequest("to is an agent, a team or a queue, with its name")
}

// presenceOf is the domain's word; one that it does not know is refused there.
func presenceOf(p string) desk.Presence {
	if p == protocol.PresenceAvailable {
		return desk.Available
	}
	if p == "" {
		return desk.Presence("none")
	}
	return desk.Presence(p)
}

// randomKeys are session keys of which the first that is not in use is taken.
func randomKeys(random io.Reader) []string {
	keys := make([]string, 8)
	for i := range keys {
		n, err := rand.Int(random, big.NewInt(10_000_000))
		if err != nil {
			panic("gateway: no randomness: " + err.Error())
		}
		keys[i] = fmt.Sprintf("%0*d", desk.KeyDigits, n)
	}
	return keys
}

func switching(o desk.Origin, w who, c protocol.Command, state settings.QueueState) desk.Switch {
	return desk.Switch{Origin: o, Agent: w.agent, ID: access.NewID(rand.Reader), Queue: c.Queue, State: state, Until: c.Until, Reason: c.Reason}
}

func quote(s string) string {
	if len(s) > 32 {
		s = s[:32] + "…"
	}
	b, _ := json.Marshal(s)
	return string(b)
}

// validClient tells whether a client id is one.
func validClient(id string) bool {
	if len(id) < protocol.MinClientLen || len(id) > protocol.MaxClientLen {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// failure is what a client is told of an error.
func failure(err error) protocol.Error {
	var refused *desk.Error
	switch {
	case errors.As(err, &refused):
		return protocol.Error{Code: string(refused.Code), Message: refused.Message, By: refused.By}
	case errors.Is(err, router.ErrUnavailable), errors.Is(err, router.ErrStopped):
		return protocol.Error{Code: "unavailable", Message: "This cannot be stored at the moment. Nothing is lost; send it again.", RetryAfterMS: 1000}
	}
	return protocol.Error{Code: "unavailable", Message: "The answer did not come in time. Send it again.", RetryAfterMS: 1000}
}

// answerFrame is the answer to a command.
func answerFrame(cid uint64, result router.Result, err error) any {
	if err != nil {
		return protocol.Refused{Type: protocol.TypeRefused, CID: cid, Error: failure(err)}
	}
	return ackOf(cid, result)
}

func ackOf(cid uint64, result router.Result) protocol.Ack {
	return protocol.Ack{Type: protocol.TypeAck, CID: cid, Seq: result.Seq, Conversation: string(result.Conversation)}
}

// statusOf is the HTTP status of an error's code (docs/reference/socket-protocol.md, Errors).
func statusOf(code string) int {
	switch desk.Code(code) {
	case desk.BadRequest, "unsupported_version":
		return http.StatusBadRequest
	case desk.TextEmpty, desk.TextTooLong, desk.TextInvalid, desk.SecureInvalid:
		return http.StatusUnprocessableEntity
	case desk.Unauthorized, desk.LinkUsed, desk.LinkExpired, desk.LinkInvalid:
		return http.StatusUnauthorized
	case desk.NotEntitled, desk.NotAllowed, desk.FeatureOff, desk.KeyInvalid, desk.SecureRequired, "origin_refused":
		return http.StatusForbidden
	case desk.NotFound:
		return http.StatusNotFound
	case keyGone:
		return http.StatusGone
	case "too_large":
		return http.StatusRequestEntityTooLarge
	case "rate_limited", desk.KeyLocked:
		return http.StatusTooManyRequests
	case "unavailable", "overloaded":
		return http.StatusServiceUnavailable
	}
	return http.StatusConflict
}
