package pgtest_test

import (
	"strconv"
	"strings"
	"testing"

	"usher.chat/runtime/ledger/pgtest"
)

func TestAServerIsOfTheVersionThatWasAskedFor(t *testing.T) {
	majors := pgtest.Majors()
	if len(majors) < 2 || majors[0] != 15 {
		t.Fatalf("the versions are %v, want those from 15 on", majors)
	}
	for _, major := range []int{majors[0], majors[len(majors)-1]} {
		server, err := pgtest.StartVersion(major)
		if err != nil {
			t.Fatal(err)
		}
		version, err := server.Version(t.Context())
		if err != nil || !strings.HasPrefix(version, strconv.Itoa(major)+".") {
			t.Errorf("a server of version %d says that it is %q, %v", major, version, err)
		}
		t.Logf("PostgreSQL %s", version)
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestAVersionThatNobodyKnowsIsRefusedWithThoseThatAreKnown(t *testing.T) {
	if _, err := pgtest.StartVersion(99); err == nil || !strings.Contains(err.Error(), "15") {
		t.Errorf("got %v", err)
	}
}
