package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// Codes of errors, as on the socket (docs/reference/socket-protocol.md), and one more.
const (
	codeBadRequest  = "bad_request"
	codeInvalid     = "invalid_settings" // 422: JSON, but not settings that can be in force
	codeNotEntitled = "not_entitled"
	codeNotFound    = "not_found"
	codeTooLarge    = "too_large"
	codeUnavailable = "unavailable"
	codeRateLimited = "rate_limited"
	codeStillOpen   = "still_open"   // of a conversation that is to be erased and goes on
	codeTextInvalid = "text_invalid" // of a reason
)

// Bounds of a page of the log.
const (
	DefaultLogLimit = 100
	MaxLogLimit     = 1000
)

// retryAfter is told with what may go better the next time.
const retryAfter = time.Second

func (s *Server) putSettings(w http.ResponseWriter, r *http.Request) {
	// The connection's clock, not the domain's. A ResponseWriter without a connection has no use for it.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, settings.MaxBytes))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.refuse(w, http.StatusRequestEntityTooLarge, codeTooLarge, fmt.Sprintf("settings have at most %d bytes", large.Limit))
		return
	case err != nil:
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "the settings did not arrive whole: "+err.Error())
		return
	}
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "not JSON: "+err.Error())
		return
	}
	parsed, err := settings.Parse(body)
	if err != nil {
		s.refuse(w, http.StatusUnprocessableEntity, codeInvalid, err.Error())
		return
	}
	answer, err := s.desk.ApplySettings(r.Context(), parsed)
	var invalid *settings.InvalidError
	switch {
	case errors.As(err, &invalid):
		s.refuse(w, http.StatusUnprocessableEntity, codeInvalid, invalid.Error())
	case err != nil:
		s.log.Warn("settings were not applied", "error", err)
		s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, "the settings could not be applied now: "+err.Error())
	default:
		s.answer(w, http.StatusOK, answer)
	}
}

func (s *Server) getReports(w http.ResponseWriter, r *http.Request) {
	watch, err := strconv.ParseBool(r.URL.Query().Get("watch"))
	if err != nil && r.URL.Query().Has("watch") {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "watch: write true or false")
		return
	}
	if r.URL.Query().Has("watch") && !watch {
		line, _, err := s.reports.encoded(r.Context())
		if err != nil {
			s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(line) // the client went; nobody is left to tell
		return
	}
	listener, err := s.reports.watch()
	if err != nil {
		s.refuse(w, http.StatusServiceUnavailable, codeRateLimited, err.Error())
		return
	}
	defer s.reports.leave(listener)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	for {
		select {
		case <-r.Context().Done():
			return
		case line, open := <-listener.line:
			if !open {
				return
			}
			// Whoever does not read for so long is not there. It is the connection's clock, not the domain's.
			if err := stream.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
				return
			}
			if _, err := w.Write(line); err != nil {
				return
			}
			if err := stream.Flush(); err != nil {
				return
			}
		}
	}
}

func (s *Server) getLog(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	queue := query.Get("queue") // empty: the desk's own log
	before, err := number(query.Get("before"), 0, 1<<63-1)
	if err != nil {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "before: "+err.Error())
		return
	}
	limit, err := number(query.Get("limit"), DefaultLogLimit, MaxLogLimit)
	if err == nil && limit == 0 {
		err = errors.New("write a number from 1")
	}
	if err != nil {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "limit: "+err.Error())
		return
	}
	// One more tells whether there is another page.
	entries, err := s.desk.Log(r.Context(), queue, before, int(limit)+1)
	switch {
	case errors.Is(err, ErrNotFound):
		s.refuse(w, http.StatusNotFound, codeNotFound, fmt.Sprintf("there is no queue %q", queue))
		return
	case err != nil:
		s.log.Warn("the log was not read", "queue", queue, "error", err)
		s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, "the log cannot be read now: "+err.Error())
		return
	}
	page := protocol.LogPage{Entries: entries}
	if len(entries) > int(limit) {
		page.Entries = entries[:limit]
		page.Before = page.Entries[limit-1].Seq
	}
	if page.Entries == nil {
		page.Entries = []protocol.LogEntry{}
	}
	s.answer(w, http.StatusOK, page)
}

// maxConversation is the length of the longest id of a conversation: "c" and a number of 64 bits.
const maxConversation = 21

// isConversation tells whether a text can be the id of a conversation.
func isConversation(id string) bool {
	digits, found := strings.CutPrefix(id, "c")
	return found && len(id) <= maxConversation && digits != "" && strings.Trim(digits, "0123456789") == ""
}

func (s *Server) getExplanation(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("conversation")
	if !isConversation(id) {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "conversation: write the id of one, such as c12")
		return
	}
	x, err := s.desk.Explain(r.Context(), id)
	switch {
	case errors.Is(err, ErrNotFound):
		s.refuse(w, http.StatusNotFound, codeNotFound, fmt.Sprintf("there is no conversation %s", id))
	case err != nil:
		s.log.Warn("an explanation was not read", "conversation", id, "error", err)
		s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, "the explanation cannot be read now: "+err.Error())
	default:
		if x.Steps == nil {
			x.Steps = []protocol.Step{}
		}
		s.answer(w, http.StatusOK, x)
	}
}

// number reads a parameter from 0 to most.
func number(text string, otherwise, most uint64) (uint64, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n > most {
		return 0, fmt.Errorf("write a number up to %d", most)
	}
	return n, nil
}

func (s *Server) getVersion(w http.ResponseWriter, _ *http.Request) {
	s.answer(w, http.StatusOK, s.info)
}

func (s *Server) refuse(w http.ResponseWriter, status int, code, message string) {
	body := protocol.ErrorBody{Error: protocol.Error{Code: code, Message: message}}
	if status == http.StatusServiceUnavailable {
		body.Error.RetryAfterMS = retryAfter.Milliseconds()
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	s.answer(w, status, body)
}

func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.log.Debug("an answer was not sent", "error", err)
	}
}
