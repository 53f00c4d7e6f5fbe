package podstest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Point says where the ledger is from now on, in the files of StoreDir, as a change of the Secret does; Ledger is opened
// there.
func (d *Desk) Point(ctx context.Context, store string) error {
	path := filepath.Join(d.o.StoreDir, "uri")
	if err := os.WriteFile(path+".new", []byte(store), 0o600); err != nil {
		return fmt.Errorf("say where the ledger is: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("say where the ledger is: %w", err)
	}
	d.o.Store = store
	if d.Ledger != nil {
		_ = d.Ledger.Close() // its server may be gone
	}
	var err error
	d.Ledger, err = d.OpenLedger(ctx)
	return err
}
