package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// KeepDatabases writes down where the files of the databases beside the cluster are, so that somebody removes them when
// the test that made them is killed.
func (p Plan) KeepDatabases(dir string) error {
	if err := os.WriteFile(p.databases(), []byte(dir), 0o600); err != nil {
		return fmt.Errorf("write down where the databases are: %w", err)
	}
	return nil
}

// DropDatabases removes the files that were written down.
func (p Plan) DropDatabases() error {
	dir, err := os.ReadFile(p.databases())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read where the databases are: %w", err)
	}
	if err := errors.Join(os.RemoveAll(string(dir)), os.Remove(p.databases())); err != nil {
		return fmt.Errorf("remove the files of the databases: %w", err)
	}
	return nil
}

func (p Plan) databases() string { return p.File("databases") }
