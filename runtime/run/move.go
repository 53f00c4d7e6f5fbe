package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"usher.chat/runtime/control"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// keeper is the ledger as a whole, for the control port.
type keeper struct {
	pod *pod
	one sync.Mutex // one move or restore at a time
}

func (k *keeper) sqlite() bool {
	return k.pod.o.StoreDir == "" && !strings.HasPrefix(k.pod.o.Store, "postgres")
}

// Ledger tells of it.
func (k *keeper) Ledger(ctx context.Context) (protocol.LedgerInfo, error) {
	info := protocol.LedgerInfo{Store: "PostgreSQL"}
	if k.sqlite() {
		info.Store = "SQLite"
	}
	var err error
	if info.Last, err = k.pod.ledger.Last(ctx); err != nil {
		return info, err
	}
	var gone *ledger.MovedError
	if err := k.pod.ledger.Moved(ctx); errors.As(err, &gone) {
		told := told(gone.Moved)
		info.Moved = &told
	}
	return info, nil
}

// told is what was moved, as the port tells it.
func told(m ledger.Moved) protocol.LedgerMoved {
	return protocol.LedgerMoved{To: m.To, At: m.At, Entries: m.Chain.Entries, Groups: m.Chain.Groups, Hash: m.Chain.Sum.String(), PausedMS: m.PausedMS}
}

// unsuitable is a no for what this desk is.
func unsuitable(format string, a ...any) error {
	return &control.RefusalError{Code: protocol.CodeUnsuitable, Err: fmt.Errorf(format, a...)}
}

// Migrate takes the ledger to PostgreSQL.
func (k *keeper) Migrate(ctx context.Context, files map[string][]byte, progress func(protocol.LedgerProgress)) (_ protocol.LedgerMoved, err error) {
	if !k.sqlite() {
		return protocol.LedgerMoved{}, unsuitable("the ledger of this desk is in PostgreSQL already")
	}
	if !k.one.TryLock() {
		return protocol.LedgerMoved{}, unsuitable("another move is under way")
	}
	defer k.one.Unlock()
	dir, err := os.MkdirTemp("", "usher-store-")
	if err != nil {
		return protocol.LedgerMoved{}, fmt.Errorf("keep the address of the database: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := storeFiles(dir, files); err != nil {
		return protocol.LedgerMoved{}, err
	}
	moved, err := move(ctx, k.pod.ledger, ledger.Options{
		Source: func() (string, error) { return StoreURL(dir) }, Desk: k.pod.o.Desk, Logger: k.pod.log,
	}, func(p ledger.MoveProgress) {
		progress(protocol.LedgerProgress{Phase: p.Phase, Done: p.Done, Total: p.Total})
	})
	var gone *ledger.MovedError
	switch {
	case errors.As(err, &gone):
		return told(gone.Moved), nil
	case errors.Is(err, ledger.ErrTargetInUse):
		return protocol.LedgerMoved{}, &control.RefusalError{Code: protocol.CodeTargetInUse, Err: err}
	case err != nil:
		return protocol.LedgerMoved{}, err
	}
	k.pod.log.Info("the ledger was moved; this pod leads no more", "to", moved.To, "entries", moved.Chain.Last, "paused", moved.PausedMS)
	return told(moved), nil
}

// storeFiles writes what a Secret has. An authority that the pods of PostgreSQL will find beside the address is found
// here too.
func storeFiles(dir string, files map[string][]byte) error {
	for name, content := range files {
		if name != filepath.Base(name) || strings.HasPrefix(name, ".") {
			return unsuitable("%q is no key of a Secret", name)
		}
		content = []byte(strings.ReplaceAll(string(content), "/etc/usher/store/", dir+"/"))
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return fmt.Errorf("keep the address of the database: %w", err)
		}
	}
	return nil
}

// move opens the target and moves a ledger there.
func move(ctx context.Context, source *ledger.Ledger, o ledger.Options, progress func(ledger.MoveProgress)) (moved ledger.Moved, err error) {
	// What was moved needs no target any more to be told of.
	if err := source.Moved(ctx); err != nil {
		return moved, err
	}
	address := o.URL
	if o.Source != nil {
		if address, err = o.Source(); err != nil {
			return moved, unsuitable("%w", err)
		}
	}
	target, err := ledger.Open(ctx, o)
	if err != nil {
		return moved, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return ledger.Move(ctx, source, target, ledger.MoveOptions{Progress: progress, To: place(address)})
}

// place names a database without its password.
func place(address string) string {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return "PostgreSQL"
	}
	return fmt.Sprintf("postgres://%s/%s", net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), config.Database)
}

// TakeBack lets the ledger be led again; the next start leads it.
func (k *keeper) TakeBack(ctx context.Context) error {
	if k.pod.moved == nil {
		return unsuitable("the ledger was not moved, or this pod was not started anew since")
	}
	if err := k.pod.ledger.TakeBack(ctx); err != nil {
		return err
	}
	k.pod.log.Warn("the ledger that was moved is taken back; what came after the move is not in it")
	k.pod.rested()
	return nil
}

// rest is the run of a pod whose ledger was moved: it serves nobody and says so, until it is ended or the ledger is
// taken back.
func (p *pod) rest(ctx context.Context) error {
	p.log.Warn("this desk is not served here", "error", p.moved)
	ctx, p.rested = context.WithCancel(ctx)
	defer p.rested()
	group, ctx := errgroup.WithContext(ctx)
	away := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(protocol.ErrorBody{Error: protocol.Error{Code: "unavailable", Message: "this desk moves", RetryAfterMS: 1000}})
	})
	ops := http.NewServeMux()
	ops.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	ops.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, p.moved.Error(), http.StatusServiceUnavailable)
	})
	for _, one := range []struct {
		listener net.Listener
		handler  http.Handler
	}{{p.people, away}, {p.ops, ops}} {
		if one.listener == nil {
			continue
		}
		server := &http.Server{Handler: one.handler, ReadHeaderTimeout: 5 * time.Second}
		group.Go(func() error {
			if err := server.Serve(one.listener); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		context.AfterFunc(ctx, func() { _ = server.Close() })
	}
	if p.rule != nil {
		group.Go(func() error { return p.control.Serve(ctx, p.rule, p.o.ControlTLS) })
	}
	p.ready()
	return group.Wait()
}

// away is a desk that is not here any more.
type away struct{ err error }

func (a away) ApplySettings(context.Context, settings.Settings) (control.Answer, error) {
	return control.Answer{}, a.err
}
func (a away) Report(context.Context) (settings.Report, error) { return settings.Report{}, a.err }
func (a away) Log(context.Context, string, uint64, int) ([]protocol.LogEntry, error) {
	return nil, a.err
}
func (a away) Explain(context.Context, string) (protocol.Explanation, error) {
	return protocol.Explanation{}, a.err
}
func (a away) Erase(context.Context, protocol.EraseRequest) (protocol.Erasure, error) {
	return protocol.Erasure{}, a.err
}
func (a away) Erased(context.Context, uint64) (protocol.ErasedPage, error) {
	return protocol.ErasedPage{}, a.err
}
func (a away) EraseAgain(context.Context, protocol.EraseAgainRequest) (protocol.ErasedAgain, error) {
	return protocol.ErasedAgain{}, a.err
}
