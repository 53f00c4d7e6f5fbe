package control

import (
	"context"
	"errors"
	"net/http"

	"usher.chat/runtime/protocol"
)

// maxAgain bounds the body of a request to erase again: a thousand conversations.
const maxAgain = 512 << 10

// getErasures lists what was erased (feature X9).
func (s *Server) getErasures(w http.ResponseWriter, r *http.Request) {
	after, err := number(r.URL.Query().Get("after"), 0, 1<<63-1)
	if err != nil {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "after: "+err.Error())
		return
	}
	page, err := s.desk.Erased(r.Context(), after)
	if err != nil {
		s.log.Warn("what was erased cannot be listed", "error", err)
		s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, "what was erased cannot be read now")
		return
	}
	s.answer(w, http.StatusOK, page)
}

// postAgain erases what a restored backup brought back.
func (s *Server) postAgain(w http.ResponseWriter, r *http.Request) {
	var request protocol.EraseAgainRequest
	if !s.wants(w, r, maxAgain, "to erase again", &request) {
		return
	}
	for _, one := range request.Erased {
		if !isConversation(one.Conversation) || one.Began == 0 {
			s.refuse(w, http.StatusBadRequest, codeBadRequest, "erased: each has the id of a conversation and where it began, as GET gives them")
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), erasedWithin)
	defer cancel()
	answer, err := s.desk.EraseAgain(ctx, request)
	s.erased(w, answer, err)
}

// erased answers a request to erase.
func (s *Server) erased(w http.ResponseWriter, answer any, err error) {
	var refused *Refusal
	switch {
	case errors.As(err, &refused):
		s.refuse(w, statusOf(refused.Code), refused.Code, refused.Message)
	case err != nil:
		s.log.Warn("nothing was erased", "error", err)
		s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, "this cannot be erased now: "+err.Error())
	default:
		s.answer(w, http.StatusOK, answer)
	}
}
