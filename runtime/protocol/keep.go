package protocol

import "time"

// The ledger as a whole, on the control port (package control; feature X5).

// LedgerInfo is GET /control/v1/ledger.
type LedgerInfo struct {
	// Store is SQLite or PostgreSQL.
	Store string `json:"store"`
	// Last is the position of the last entry.
	Last uint64 `json:"last"`
	// Moved tells where the ledger is now, when it was moved.
	Moved *LedgerMoved `json:"moved,omitempty"`
}

// LedgerMoved says what a move took along.
type LedgerMoved struct {
	To       string    `json:"to"` // without the password
	At       time.Time `json:"at"`
	Entries  uint64    `json:"entries"`
	Groups   uint64    `json:"groups"`
	Hash     string    `json:"hash"`     // of all of both, which were equal
	PausedMS int64     `json:"pausedMS"` // how long nothing was acknowledged
}

// LedgerProgress is how far something is.
type LedgerProgress struct {
	Phase string `json:"phase"`
	Done  uint64 `json:"done"`
	Total uint64 `json:"total"`
}

// MigrateRequest is the body of POST /control/v1/migration.
type MigrateRequest struct {
	// Files of the Secret of spec.store.postgres, and ca.crt of the other one if there is one.
	Files map[string][]byte `json:"files"`
}

// MigrateLine is a line of its answer: some with progress, then one with the end. The last one with progress is repeated
// while there is nothing new.
type MigrateLine struct {
	Progress *LedgerProgress `json:"progress,omitempty"`
	Moved    *LedgerMoved    `json:"moved,omitempty"`
	Error    *Error          `json:"error,omitempty"`
}

// Restored is the answer to POST /control/v1/restore.
type Restored struct {
	Entries uint64 `json:"entries"`
	Groups  uint64 `json:"groups"`
	Last    uint64 `json:"last"`
	Hash    string `json:"hash"`
}

// Codes of errors of the ledger as a whole.
const (
	CodeTargetInUse = "target_in_use" // the database holds something else
	CodeUnsuitable  = "unsuitable"    // this desk cannot do that
	CodeNotEmpty    = "not_empty"     // the desk has a history already
	CodeBadBackup   = "bad_backup"    // the file is no backup that can be restored
)
