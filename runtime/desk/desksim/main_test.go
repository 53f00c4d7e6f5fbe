package desksim_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets the collector run a quarter as often: a simulated desk is small, and its days make much garbage.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
