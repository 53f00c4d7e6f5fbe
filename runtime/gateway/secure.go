package gateway

import (
	"errors"
	"net/http"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// Facts that a site sealed about its customer (feature C9, ADR 16). They are opened twice: when they are brought, to see
// that they are good, and for each reader. Between the two they are what the site sealed, wherever they are kept.

// keyGone is the code of facts whose key the desk has no longer.
const keyGone = "key_gone"

// secureJoin is what the secure metadata of a join come to: as they came and the name that they state, or what is wrong.
type secureJoin struct{ sealed, name, wrong string }

func (g *Gateway) opened(sealed string) secureJoin {
	if sealed == "" {
		return secureJoin{}
	}
	facts, err := g.o.Metadata.Accept(sealed)
	if err != nil {
		return secureJoin{wrong: err.Error()}
	}
	return secureJoin{sealed: sealed, name: facts.Name}
}

// getSecureMetadata opens what a conversation brought, for those who may read its messages now.
func (g *Gateway) getSecureMetadata(w http.ResponseWriter, r *http.Request, a who) {
	id := r.PathValue("conversation")
	var there, may bool
	var sealed string
	g.hub.read(func(s *desk.State) {
		var c *desk.Conversation
		if c, may = readable(s, a.agent, id); may {
			sealed = c.Secure
		}
		there = c != nil
	})
	switch {
	case !there:
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such conversation."})
		return
	case !may:
		writeError(w, protocol.Error{Code: string(desk.NotEntitled), Message: "This conversation is not yours to read."})
		return
	case sealed == "":
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "The customer brought no secure metadata."})
		return
	}
	facts, err := g.o.Metadata.Open(sealed)
	switch {
	case errors.Is(err, access.ErrUnknownKey), errors.Is(err, access.ErrUnopened): // another key may have the name by now
		writeError(w, protocol.Error{Code: keyGone, Message: "The key " + quote(access.KeyOf(sealed)) + " is no longer among the desk's keys."})
		return
	case err != nil:
		g.log.Error("secure metadata cannot be read", "conversation", id, "error", err)
		writeError(w, failure(err))
		return
	}
	writeJSON(w, http.StatusOK, protocol.SecureMetadata{Metadata: facts.Values, KeyID: facts.Key, SealedUntil: desk.Millis(facts.Expires)})
}
