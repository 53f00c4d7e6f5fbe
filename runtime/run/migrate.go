package run

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"usher.chat/runtime/ledger"
)

// Migrate is `usher migrate`, for a desk without Kubernetes: the runtime must not run. In a cluster it is
// `kubectl usher migrate`.
func Migrate() *cobra.Command {
	var data, desk, store, dir string
	var back bool
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Take the ledger of a runtime that does not run from SQLite to PostgreSQL",
		Long: "Take the ledger of a runtime that does not run from SQLite to PostgreSQL. Start the runtime with that\n" +
			"--store afterwards. It can be broken off and run again. The file stays and is not used again,\n" +
			"unless --take-back says so.",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if !back && (store == "") == (dir == "") {
				return errors.New("say where to: --store postgres://…, or --store-dir")
			}
			path, err := filepath.Abs(filepath.Join(data, "ledger.db"))
			if err != nil {
				return err
			}
			if _, err := os.Stat(path); err != nil {
				return fmt.Errorf("there is no ledger to move: %w; name the runtime's directory by --data", err)
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
			source, err := ledger.Open(cmd.Context(), ledger.Options{URL: "sqlite://" + path, Desk: desk, Logger: log})
			if errors.Is(err, ledger.ErrLocked) {
				return fmt.Errorf("%w: end the runtime first", err)
			}
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, source.Close()) }()
			if last, err := source.Last(cmd.Context()); err != nil {
				return err
			} else if last == 0 {
				return fmt.Errorf("%s has nothing of a desk %q; name the desk by --desk, as the runtime's settings do", path, desk)
			}
			if back {
				return source.TakeBack(cmd.Context())
			}
			o := ledger.Options{URL: store, Desk: desk, Logger: log}
			if dir != "" {
				o.Source = func() (string, error) { return StoreURL(dir) }
			}
			shown := ledger.MoveProgress{}
			moved, err := move(cmd.Context(), source, o, func(p ledger.MoveProgress) {
				if p.Phase != shown.Phase || p.Total > 0 && 100*p.Done/p.Total != 100*shown.Done/max(1, shown.Total) {
					fmt.Fprintf(cmd.ErrOrStderr(), "%s %d of %d entries\n", p.Phase, p.Done, p.Total)
				}
				shown = p
			})
			var gone *ledger.MovedError
			if errors.As(err, &gone) {
				moved, err = gone.Moved, nil
			}
			if err != nil {
				return fmt.Errorf("%w\nnothing is lost; the runtime may go on with SQLite, and this may be run again", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "moved to %s at %s: %d entries in %d groups, hash %s\n", moved.To,
				moved.At.Format(time.RFC3339), moved.Chain.Entries, moved.Chain.Groups, moved.Chain.Sum)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&data, "data", "data", "the runtime's --data")
	f.StringVar(&desk, "desk", "acme", "name of the desk")
	f.StringVar(&store, "store", "", "URL of the PostgreSQL to move to")
	f.StringVar(&dir, "store-dir", "", "directory with uri, or host, port, dbname, user and password, of the PostgreSQL to move to")
	f.BoolVar(&back, "take-back", false, "use the file again after a move; what came after the move is not in it")
	return c
}
