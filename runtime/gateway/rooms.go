package gateway

import (
	"errors"
	"net/http"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// getPosts is a page of what was written in a room (feature C13).
func (g *Gateway) getPosts(w http.ResponseWriter, r *http.Request, a who) {
	room := desk.RoomID(r.PathValue("room"))
	may := false
	var seq uint64
	g.hub.read(func(s *desk.State) { may, seq = s.MayPost(a.agent, room), s.Seq })
	if !may {
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such room."})
		return
	}
	page, ok := g.page(w, r, seq)
	if !ok {
		return
	}
	list, err := g.o.Archive.PostsFor(r.Context(), a.principal(), string(room), page.before, page.limit+1)
	if err != nil {
		g.log.Error("a room cannot be read", "room", room, "error", err)
		writeError(w, failure(err))
		return
	}
	var out protocol.PostPage
	if len(list) > page.limit {
		list = list[len(list)-page.limit:]
		out.Before = list[0].Seq
	}
	g.hub.read(func(s *desk.State) {
		for i := range list {
			list[i].AuthorName = agentName(s, list[i].Author)
		}
	})
	if out.Posts = list; list == nil {
		out.Posts = []protocol.Post{}
	}
	writeJSON(w, http.StatusOK, out)
}

// getExplanation is every decision about a conversation (feature X3), for those who may read it.
func (g *Gateway) getExplanation(w http.ResponseWriter, r *http.Request, a who) {
	id := r.PathValue("conversation")
	may := false
	var seq uint64
	g.hub.read(func(s *desk.State) {
		c := s.Conversations[desk.ConversationID(id)]
		may, seq = c != nil && s.MaySee(a.agent, c), s.Seq
	})
	if !may {
		writeError(w, protocol.Error{Code: string(desk.NotFound), Message: "There is no such conversation, or it is not yours."})
		return
	}
	if !g.caughtUp(w, r, seq) {
		return
	}
	steps, err := g.o.Archive.Steps(r.Context(), id)
	if err != nil && !errors.Is(err, archive.ErrNotFound) {
		g.log.Error("decisions cannot be read", "conversation", id, "error", err)
		writeError(w, failure(err))
		return
	}
	if steps == nil {
		steps = []protocol.Step{}
	}
	writeJSON(w, http.StatusOK, protocol.Explanation{Conversation: id, Steps: steps})
}
