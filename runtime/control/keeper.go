package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"usher.chat/runtime/protocol"
)

// Keeper is what the port does with the ledger as a whole: it tells of it and takes it elsewhere (feature X5). Only the
// operator's certificate may ask for that.
type Keeper interface {
	// Ledger tells of the desk's ledger.
	Ledger(ctx context.Context) (protocol.LedgerInfo, error)
	// Migrate takes the ledger to the PostgreSQL that files describe, as a Secret has them. What was moved already is no
	// error.
	Migrate(ctx context.Context, files map[string][]byte, progress func(protocol.LedgerProgress)) (protocol.LedgerMoved, error)
	// TakeBack lets a ledger be used again that was moved.
	TakeBack(ctx context.Context) error
	// Backup writes a file of package backup.
	Backup(ctx context.Context, w io.Writer) error
	// Restore puts a file into force that Backup has written, in a desk without a history. It returns when that is
	// certain; the runtime has to start anew then, see Restart.
	Restore(ctx context.Context, r io.Reader) (protocol.Restored, error)
	// Restart ends the runtime; whoever started it starts it again.
	Restart()
}

// RefusalError is a Keeper's no, which another try does not change.
type RefusalError struct {
	Code string // one of protocol's
	Err  error
}

func (e *RefusalError) Error() string { return e.Err.Error() }
func (e *RefusalError) Unwrap() error { return e.Err }

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
	s.mux.HandleFunc("POST /control/v1/backup", func(w http.ResponseWriter, r *http.Request) { s.backup(w, r, k) })
	s.mux.HandleFunc("POST /control/v1/restore", func(w http.ResponseWriter, r *http.Request) { s.restore(w, r, k) })
	s.mux.HandleFunc("DELETE /control/v1/migration", func(w http.ResponseWriter, r *http.Request) {
		if err := k.TakeBack(r.Context()); err != nil {
			s.failed(w, err)
			return
		}
		s.answer(w, http.StatusOK, struct{}{})
	})
}

// failed answers with a Keeper's error.
func (s *Server) failed(w http.ResponseWriter, err error) {
	var refused *RefusalError
	if errors.As(err, &refused) {
		s.refuse(w, http.StatusConflict, refused.Code, err.Error())
		return
	}
	s.refuse(w, http.StatusServiceUnavailable, codeUnavailable, err.Error())
}

func (s *Server) migrate(w http.ResponseWriter, r *http.Request, k Keeper) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMigrateBody))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	var request protocol.MigrateRequest
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
	lines := make(chan protocol.MigrateLine, 1)
	go func() {
		defer close(lines)
		moved, err := k.Migrate(ctx, request.Files, func(p protocol.LedgerProgress) {
			select {
			case lines <- protocol.MigrateLine{Progress: &p}:
			case <-ctx.Done():
			}
		})
		last := protocol.MigrateLine{Moved: &moved}
		var refused *RefusalError
		switch {
		case errors.As(err, &refused):
			last = protocol.MigrateLine{Error: &protocol.Error{Code: refused.Code, Message: err.Error()}}
		case err != nil:
			s.log.Warn("the ledger was not moved; the desk goes on with it", "error", err)
			last = protocol.MigrateLine{Error: &protocol.Error{Code: codeUnavailable, Message: err.Error()}}
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
func (s *Server) stream(w http.ResponseWriter, lines <-chan protocol.MigrateLine) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	again := time.NewTicker(repeatEvery)
	defer again.Stop()
	line := protocol.MigrateLine{Progress: &protocol.LedgerProgress{Phase: "comparing"}}
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
