package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// Eraser is what the gateway needs to erase.
type Eraser interface {
	// Queue is the queue of a conversation, also of one that ended long ago; a *desk.Error when there is none.
	Queue(ctx context.Context, id string) (string, error)
	Erase(ctx context.Context, r protocol.EraseRequest) (protocol.Erasure, error)
}

// erasedWithin is how long an answer waits for the ledger to be written anew.
const erasedWithin = 20 * time.Second

// erase removes a conversation for good (feature X9): for admins of a team of its queue.
func (g *Gateway) erase(w http.ResponseWriter, r *http.Request, a who) {
	id := r.PathValue("conversation")
	data, bad := body(w, r)
	var in protocol.EraseBody
	if bad == nil && len(data) > 0 && json.Unmarshal(data, &in) != nil {
		bad = badRequest(`the body is empty or {"reason": "…", "end": true}`)
	}
	if bad == nil && g.o.Eraser == nil {
		bad = &protocol.Error{Code: string(desk.FeatureOff), Message: "Nothing can be erased here."}
	}
	if bad == nil && !g.posts.allow(a.principal(), g.running()) {
		bad = &protocol.Error{Code: "rate_limited", Message: "Too many at once. Wait a moment and send it again.", RetryAfterMS: 1000}
	}
	if bad != nil {
		writeError(w, *bad)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), erasedWithin)
	defer cancel()
	may, sees, err := g.mayErase(ctx, a.agent, id)
	switch {
	case err != nil:
		writeError(w, failure(err))
		return
	case !may && sees:
		writeError(w, protocol.Error{Code: string(desk.NotEntitled), Message: "Only an admin of a team of its queue may erase a conversation."})
		return
	case !may:
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such conversation, or it is not yours."})
		return
	}
	answer, err := g.o.Eraser.Erase(ctx, protocol.EraseRequest{Conversation: id, By: a.agent, Reason: in.Reason, End: in.End})
	if err != nil {
		writeError(w, failure(err))
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// mayErase tells whether an agent may erase a conversation, and whether it may know that there is one.
func (g *Gateway) mayErase(ctx context.Context, agent, id string) (may, sees bool, err error) {
	known := false
	look := func(c *desk.Conversation) {
		g.hub.read(func(s *desk.State) {
			if here := s.Conversations[desk.ConversationID(id)]; here != nil {
				c = here
			}
			if known = c != nil; known {
				may, sees = s.Admin(agent, c), s.MaySee(agent, c) || s.Serves(agent, c.Queue)
			}
		})
	}
	if look(nil); known {
		return may, sees, nil
	}
	queue, err := g.o.Eraser.Queue(ctx, id)
	if err != nil {
		return false, false, err
	}
	look(&desk.Conversation{Queue: queue, Place: desk.Over})
	return may, sees, nil
}
