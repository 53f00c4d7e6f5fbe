package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"usher.chat/runtime/protocol"
)

// Refusal is what cannot be, in the desk's own code and words.
type Refusal struct{ Code, Message string }

func (e *Refusal) Error() string { return e.Code + ": " + e.Message }

// maxErasure bounds the body of a request to erase.
const maxErasure = 16 << 10

// erasedWithin is how long an answer waits for the ledger to be written anew; less than answerTimeout.
const erasedWithin = time.Minute

// postErasure removes conversations for good (feature X9). It is the operator's: ServeHTTP lets no viewer write.
func (s *Server) postErasure(w http.ResponseWriter, r *http.Request) {
	var request protocol.EraseRequest
	if !s.wants(w, r, maxErasure, "to erase", &request) {
		return
	}
	if request.Conversation != "" && !isConversation(request.Conversation) {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "conversation: write the id of one, such as c12")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), erasedWithin)
	defer cancel()
	answer, err := s.desk.Erase(ctx, request)
	s.erased(w, answer, err)
}

// wants reads what a request wants, and refuses one that cannot be read.
func (s *Server) wants(w http.ResponseWriter, r *http.Request, most int64, what string, request any) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.refuse(w, http.StatusRequestEntityTooLarge, codeTooLarge, "a request "+what+" is smaller")
		return false
	case err != nil:
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "the request did not arrive whole: "+err.Error())
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	// A word that is not known could be one that bounds what is erased.
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(request); err != nil {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "not a request "+what+": "+err.Error())
		return false
	}
	return true
}

func statusOf(code string) int {
	switch code {
	case codeNotFound:
		return http.StatusNotFound
	case codeStillOpen:
		return http.StatusConflict
	case codeTextInvalid:
		return http.StatusUnprocessableEntity
	}
	return http.StatusBadRequest
}
