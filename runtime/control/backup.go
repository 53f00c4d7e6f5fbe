package control

import (
	"io"
	"net/http"
	"time"
)

// pieceTimeout is for one piece of a file, in either direction.
const pieceTimeout = time.Minute

func (s *Server) backup(w http.ResponseWriter, r *http.Request, k Keeper) {
	out := &pieces{ResponseWriter: w, control: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "application/octet-stream")
	err := k.Backup(r.Context(), out)
	switch {
	case err == nil:
	case !out.begun:
		s.failed(w, err)
	default:
		s.log.Warn("a backup was broken off", "error", err)
		panic(http.ErrAbortHandler) // so that the client does not take it for whole; the file says so itself too
	}
}

// pieces gives each piece its own time.
type pieces struct {
	http.ResponseWriter
	control *http.ResponseController
	begun   bool
}

// Write sends.
func (p *pieces) Write(b []byte) (int, error) {
	p.begun = true
	if err := p.control.SetWriteDeadline(time.Now().Add(pieceTimeout)); err != nil {
		return 0, err
	}
	return p.ResponseWriter.Write(b)
}

func (s *Server) restore(w http.ResponseWriter, r *http.Request, k Keeper) {
	in := &readPieces{Reader: r.Body, control: http.NewResponseController(w)}
	restored, err := k.Restore(r.Context(), in)
	// The answer to a file that takes long is late by the connection's first clock.
	_ = in.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err != nil {
		s.log.Warn("a backup was not restored", "error", err)
		s.failed(w, err)
		return
	}
	s.answer(w, http.StatusOK, restored)
	_ = in.control.Flush()
	k.Restart()
}

type readPieces struct {
	io.Reader
	control *http.ResponseController
}

// Read waits for the next piece.
func (p *readPieces) Read(b []byte) (int, error) {
	if err := p.control.SetReadDeadline(time.Now().Add(pieceTimeout)); err != nil {
		return 0, err
	}
	return p.Reader.Read(b)
}
