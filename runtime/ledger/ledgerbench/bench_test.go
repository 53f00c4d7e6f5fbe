package ledgerbench_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"usher.chat/runtime/ledger/ledgerbench"
	"usher.chat/runtime/ledger/pgtest"
)

// entryBytes is the size that the project's figures are measured with.
const entryBytes = 300

// Each benchmark is one measurement of a fixed length, whatever b.N is: run it with -benchtime=1x.
const length = 4 * time.Second

func BenchmarkAppend(b *testing.B) {
	for name, url := range databases(b) {
		for _, callers := range []int{1, 16, 100, 1000} {
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) {
				for range b.N {
					r, err := ledgerbench.AppendBench(b.Context(), url, callers, entryBytes, length)
					if err != nil {
						b.Fatal(err)
					}
					syncs, err := ledgerbench.SyncBench(b.TempDir(), length/4)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(r.PerSecond, "entries/s")
					b.ReportMetric(float64(r.Groups)/r.Elapsed.Seconds(), "groups/s")
					b.ReportMetric(float64(r.P50.Microseconds()), "p50-µs")
					b.ReportMetric(float64(r.P99.Microseconds()), "p99-µs")
					b.ReportMetric(syncs, "fdatasyncs/s")
					b.ReportMetric(0, "ns/op")
				}
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for name, url := range databases(b) {
		for _, group := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("%s/group=%d", name, group), func(b *testing.B) {
				for range b.N {
					r, err := ledgerbench.ReadBench(b.Context(), url, 5000*group, entryBytes, group)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(r.PerSecond, "entries/s")
					b.ReportMetric(0, "ns/op")
				}
			})
		}
	}
}

func databases(b *testing.B) map[string]string {
	b.Helper()
	server, err := pgtest.Start()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := server.Stop(); err != nil {
			b.Error(err)
		}
	})
	url, err := server.NewDatabase(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	// Beside the tests' own files: the disk, not a memory file system that /tmp may be.
	directory, err := os.MkdirTemp(".", "bench-*.out")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(directory) })
	working, err := os.Getwd()
	if err != nil {
		b.Fatal(err)
	}
	return map[string]string{"sqlite": "sqlite://" + working + "/" + directory + "/ledger.db", "postgres": url}
}

func TestABenchCountsWhatIsInTheLog(t *testing.T) {
	url := "sqlite://" + t.TempDir() + "/ledger.db"
	r, err := ledgerbench.AppendBench(t.Context(), url, 10, entryBytes, 100*time.Millisecond)
	if err != nil || r.Entries == 0 || r.Groups == 0 || r.Entries < r.Groups || r.P50 > r.P99 || r.P99 == 0 {
		t.Errorf("appending gives %+v, %v", r, err)
	}
	r, err = ledgerbench.ReadBench(t.Context(), url, 105, entryBytes, 10)
	if err != nil || r.Entries != 105 || r.Groups != 11 {
		t.Errorf("reading gives %+v, %v, want 105 entries in 11 groups", r, err)
	}
	if syncs, err := ledgerbench.SyncBench(t.TempDir(), 50*time.Millisecond); err != nil || syncs <= 0 {
		t.Errorf("syncing gives %f, %v", syncs, err)
	}
}
