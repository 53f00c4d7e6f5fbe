package ledger

import "context"

// WithoutFence makes appends that do not hold the epoch's row, to prove that the race sees what the fence prevents.
func WithoutFence(options Options) Options {
	options.unfenced = true
	return options
}

// For the tests of the framing.
var (
	EncodeBody = encodeBody
	DecodeBody = decodeBody
)

// RewriteForTest rewrites a row through the connection that writes, as an erasure does.
func (l *Ledger) RewriteForTest(ctx context.Context, first Position, entries [][]byte) error {
	var epoch, at int64
	if err := l.reads.QueryRowContext(ctx, l.dialect.rewrite(`select epoch, at from ledger where desk = $1 and first_seq = $2`),
		l.desk, int64(first)).Scan(&epoch, &at); err != nil {
		return err
	}
	body, err := encodeBody(first, uint64(epoch), at, entries)
	if err != nil {
		return err
	}
	_, err = l.control.ExecContext(ctx, l.dialect.rewrite(`update ledger set body = $3 where desk = $1 and first_seq = $2`),
		l.desk, int64(first), body)
	return err
}

// LateRecovery is the statement of a recovery that is given up now, for a test to run when it likes.
func (w *Writer) LateRecovery() func(context.Context) error {
	arguments := []any{w.ledger.desk, w.claim, int64(w.Epoch())}
	return func(ctx context.Context) error {
		_, err := w.ledger.control.ExecContext(ctx, w.ledger.queries.recover, arguments...)
		return err
	}
}
