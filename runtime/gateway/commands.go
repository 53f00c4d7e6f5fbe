package gateway

import (
	"crypto/rand"
	"encoding/json"
	"errors"
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
	if len(c.Conversation) > 32 || len(c.Queue) > 253 {
		return nil, badRequest("conversation or queue is not a name")
	}
	o := desk.Origin{Principal: w.principal(), Client: w.client, CID: c.CID}
	id := desk.ConversationID(c.Conversation)
	if w.agent == "" {
		switch c.Type {
		case protocol.TypeJoin:
			return desk.Join{Origin: o, Session: w.session, Channel: w.channel, Name: c.Name, Page: c.Page, Text: c.Text}, nil
		case protocol.TypeSay:
			return desk.Say{Origin: o, Text: c.Text}, nil
		case protocol.TypeEnd:
			return desk.End{Origin: o}, nil
		}
		return nil, badRequest("there is no command " + quote(c.Type) + " for customers")
	}
	switch c.Type {
	case protocol.TypeSay, protocol.TypeEnd, protocol.TypeAccept, protocol.TypeRefuse, protocol.TypeLeave:
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
		return desk.Pick{Origin: o, Agent: w.agent, Queue: c.Queue, Conversation: id}, nil
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
	return protocol.Ack{Type: protocol.TypeAck, CID: cid, Seq: result.Seq, Conversation: string(result.Conversation)}
}

// statusOf is the HTTP status of an error's code (docs/reference/socket-protocol.md, Errors).
func statusOf(code string) int {
	switch desk.Code(code) {
	case desk.BadRequest, "unsupported_version":
		return http.StatusBadRequest
	case desk.TextEmpty, desk.TextTooLong, desk.TextInvalid:
		return http.StatusUnprocessableEntity
	case desk.Unauthorized, desk.LinkUsed, desk.LinkExpired:
		return http.StatusUnauthorized
	case desk.NotEntitled, "origin_refused":
		return http.StatusForbidden
	case desk.NotFound:
		return http.StatusNotFound
	case "too_large":
		return http.StatusRequestEntityTooLarge
	case "rate_limited":
		return http.StatusTooManyRequests
	case "unavailable":
		return http.StatusServiceUnavailable
	}
	return http.StatusConflict
}
