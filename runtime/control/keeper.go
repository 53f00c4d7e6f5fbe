package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
)

// Keeper is what the port does with the ledger as a whole: it tells of it and takes it elsewhere (feature X9). Only the
// operator's certificate may ask for that.
type Keeper interface {
	// Ledger tells of the desk's ledger.
	Ledger(ctx context.Context) (LedgerInfo, error)
	// Migrate takes the ledger to the PostgreSQL that files describe, as a Secret has them. Errors are those of
	// [ledger.Move].
	Migrate(ctx context.Context, files map[string][]byte, progress func(ledger.MoveProgress)) (ledger.Moved, error)
	// TakeBack lets a ledger be used again that was moved.
	TakeBack(ctx context.Context) error
}

// LedgerInfo is GET /control/v1/ledger.
type LedgerInfo struct {
	// Store is SQLite or PostgreSQL.
	Store string `json:"store"`
	// Last is the position of the last entry.
	Last uint64 `json:"last"`
	// Moved tells where the ledger is now, when it was moved.
	Moved *ledger.Moved `json:"moved,omitempty"`
}

// MigrateRequest is the body of POST /control/v1/migration.
type MigrateRequest struct {
	// Files of the Secret of spec.store.postgres, and ca.crt of the other one if there is one.
	Files map[string][]byte `json:"files"`
}

// MigrateLine is a line of its answer: some with progress, then one with the end. The last one with progress is repeated
// while there is nothing new.
type MigrateLine struct {
	Progress *ledger.MoveProgress `json:"progress,omitempty"`
	Moved    *ledger.Moved        `json:"moved,omitempty"`
	Error    *protocol.Error      `json:"error,omitempty"`
}

// Codes of errors of the ledger as a whole.
const (
	CodeTargetInUse = "target_in_use" // the database holds something else
	CodeUnsuitable  = "unsuitable"    // this desk cannot do that
)

// ErrUnsuitable is for what the desk's store, or its state, does not let be done; its words say why.
var ErrUnsuitable = errors.New("this cannot be done with this desk")

const (
	maxMigrateBody = 1 << 20
	repeatEvery    = 5 * time.Second
)

func (s *Server) keep(k Keeper) {
	s.mux.HandleFunc("GET /control/v1/ledger", func(w http.ResponseWriter, r *http.Request) {
		info, err := k.Ledger(r.Context())
		if err != nil {
			s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, err.Error())
			return
		}
		s.answer(w, http.StatusOK, info)
	})
	s.mux.HandleFunc("POST /control/v1/migration", func(w http.ResponseWriter, r *http.Request) { s.migrate(w, r, k) })
	s.mux.HandleFunc("DELETE /control/v1/migration", func(w http.ResponseWriter, r *http.Request) {
		switch err := k.TakeBack(r.Context()); {
		case errors.Is(err, ErrUnsuitable):
			s.refuse(w, http.StatusConflict, CodeUnsuitable, err.Error())
		case err != nil:
			s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, err.Error())
		default:
			s.answer(w, http.StatusOK, struct{}{})
		}
	})
}

func (s *Server) migrate(w http.ResponseWriter, r *http.Request, k Keeper) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMigrateBody))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	var request MigrateRequest
	if err == nil {
		err = json.Unmarshal(body, &request)
	}
	if err != nil {
		s.refuse(w, http.StatusBadRequest, codeBadRequest, "the request did not arrive whole: "+err.Error())
		return
	}
	// Whoever asked and went has it broken off; another time it is gone on with.
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	lines := make(chan MigrateLine, 1)
	go func() {
		defer close(lines)
		moved, err := k.Migrate(ctx, request.Files, func(p ledger.MoveProgress) {
			select {
			case lines <- MigrateLine{Progress: &p}:
			case <-ctx.Done():
			}
		})
		last := MigrateLine{Moved: &moved}
		var gone *ledger.MovedError
		switch {
		case errors.As(err, &gone):
			last = MigrateLine{Moved: &gone.Moved}
		case errors.Is(err, ledger.ErrTargetInUse):
			last = MigrateLine{Error: &protocol.Error{Code: CodeTargetInUse, Message: err.Error()}}
		case errors.Is(err, ErrUnsuitable):
			last = MigrateLine{Error: &protocol.Error{Code: CodeUnsuitable, Message: err.Error()}}
		case err != nil:
			s.log.Warn("the ledger was not moved; the desk goes on with it", "error", err)
			last = MigrateLine{Error: &protocol.Error{Code: codeUnavailable, Message: err.Error()}}
		}
		select {
		case lines <- last:
		case <-ctx.Done():
		}
	}()
	s.stream(w, lines)
	cancel()
	for range lines { // until the move has ended too
	}
}

// stream writes lines as they come, and the last one again while none comes.
func (s *Server) stream(w http.ResponseWriter, lines <-chan MigrateLine) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	again := time.NewTicker(repeatEvery)
	defer again.Stop()
	line := MigrateLine{Progress: &ledger.MoveProgress{Phase: ledger.PhaseComparing}}
	for {
		select {
		case next, open := <-lines:
			if !open {
				return
			}
			line = next
		case <-again.C:
		}
		b, err := json.Marshal(line)
		if err == nil {
			err = stream.SetWriteDeadline(time.Now().Add(writeTimeout))
		}
		if err == nil {
			_, err = w.Write(append(b, '\n'))
		}
		if err == nil {
			err = stream.Flush()
		}
		if err != nil || line.Progress == nil {
			return
		}
	}
}
