package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"usher.chat/runtime/settings"
)

// hub asks for reports and hands them to those who listen. A report is made and encoded once, however
// many listen; each watcher has room for one line, the last, so that a slow one holds up nobody and
// skips what is no longer true anyway.
type hub struct {
	report           func(context.Context) (settings.Report, error)
	every, heartbeat time.Duration
	log              *slog.Logger
	dirty            chan struct{} // of capacity one: something may have changed
	joined           chan struct{} // of capacity one: somebody new waits for a first line

	mu       sync.Mutex
	watchers map[*watcher]bool
	closed   bool
}

type watcher struct {
	line  chan []byte // of capacity one: the last line that was not taken
	fresh bool        // has had none yet
}

var errTooMany = errors.New("too many listen already")

// maxWatchers leaves connections for calls: see maxConnections.
const maxWatchers = 64

func newHub(report func(context.Context) (settings.Report, error), every, heartbeat time.Duration, log *slog.Logger) *hub {
	return &hub{
		report: report, every: every, heartbeat: heartbeat, log: log,
		dirty: make(chan struct{}, 1), joined: make(chan struct{}, 1), watchers: map[*watcher]bool{},
	}
}

func (h *hub) changed() { signal(h.dirty) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// watch begins to listen; the first line comes at once.
func (h *hub) watch() (*watcher, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.watchers) >= maxWatchers {
		return nil, errTooMany
	}
	w := &watcher{line: make(chan []byte, 1), fresh: true}
	h.watchers[w] = true
	signal(h.joined)
	return w, nil
}

func (h *hub) leave(w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.watchers, w)
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.watchers)
}

// run makes reports until the context ends. Whoever listens then is told by a closed channel.
func (h *hub) run(ctx context.Context) {
	defer h.close()
	beat := time.NewTicker(h.heartbeat)
	defer beat.Stop()
	var last []byte // the last report to all, without its time
	for {
		first, due := false, false // a line for those who have none; one for everybody, changed or not
		select {
		case <-ctx.Done():
			return
		case <-h.joined:
			first = true
		case <-h.dirty:
		case <-beat.C:
			due = true
		}
		if h.count() == 0 {
			last = nil
			continue
		}
		line, content, err := h.encoded(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			// Silence would read as a dead runtime: the watchers' own patience decides.
			h.log.Warn("a report could not be made", "error", err)
			signal(h.dirty)
		} else if due || !bytes.Equal(content, last) {
			h.send(line, false)
			last = content
			beat.Reset(h.heartbeat)
		} else {
			h.send(line, true)
			if first {
				continue // costs the others nothing of their rate
			}
		}
		if !h.pause(ctx) {
			return
		}
	}
}

// pause lets Options.Every pass, but for those who listen anew: they get their first line at once.
func (h *hub) pause(ctx context.Context) bool {
	timer := time.NewTimer(h.every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-h.joined:
			line, _, err := h.encoded(ctx)
			if err != nil {
				signal(h.joined)
				h.log.Warn("a report could not be made", "error", err)
				select {
				case <-ctx.Done():
					return false
				case <-timer.C:
					return true
				}
			}
			h.send(line, true)
		}
	}
}

// encoded asks for a report. Content is the line as it reads but for its time.
func (h *hub) encoded(ctx context.Context) (line, content []byte, err error) {
	r, err := h.report(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("ask the desk for a report: %w", err)
	}
	if line, err = json.Marshal(r); err != nil {
		return nil, nil, fmt.Errorf("encode a report: %w", err)
	}
	r.At = time.Time{}
	if content, err = json.Marshal(r); err != nil {
		return nil, nil, fmt.Errorf("encode a report: %w", err)
	}
	return append(line, '\n'), content, nil
}

// send gives a line to all, or only to those who have had none, in place of one that was not taken.
func (h *hub) send(line []byte, onlyFresh bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if onlyFresh && !w.fresh {
			continue
		}
		w.fresh = false
		select {
		case <-w.line:
		default:
		}
		w.line <- line
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for w := range h.watchers {
		close(w.line)
	}
	clear(h.watchers)
}
