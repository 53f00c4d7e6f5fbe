package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Memory is what `up` chose, for whoever comes after it.
type Memory struct {
	// Provider is given, kind or local; empty when nothing is up.
	Provider   string `json:"provider"`
	Kubeconfig string `json:"kubeconfig"`
	Nodes      int    `json:"nodes"`
}

// MemoryFile is where it is written below a state directory.
func MemoryFile(dir string) string { return filepath.Join(dir, "provider.json") }

// Recall reads what the last `up` chose: the zero value if there was none.
func Recall(dir string) (Memory, error) {
	var m Memory
	raw, err := os.ReadFile(MemoryFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		return m, fmt.Errorf("recall which cluster is up: %w", err)
	}
	return m, nil
}
