package chaos

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"usher.chat/hack/cluster/machine"
)

func TestACutDropsBothDirectionsAtEveryHook(t *testing.T) {
	one := Addresses(netip.MustParseAddr("10.244.1.5"), netip.MustParseAddr("10.244.2.6"))
	got := rules("usher_chaos_x", one, Everybody(), "drop", hooks())
	for _, line := range []string{
		"ip saddr { 10.244.1.5/32, 10.244.2.6/32 } ip daddr { 0.0.0.0/0 } drop",
		"ip saddr { 0.0.0.0/0 } ip daddr { 10.244.1.5/32, 10.244.2.6/32 } drop",
	} {
		if strings.Count(got, line) != 3 {
			t.Errorf("not three times %q in\n%s", line, got)
		}
	}
	for _, hook := range hooks() {
		if !strings.Contains(got, "hook "+hook+" priority") {
			t.Errorf("nothing at %s:\n%s", hook, got)
		}
	}
}

func TestACutWithNobodyOnOneSideIsRefused(t *testing.T) {
	c := &Cluster{}
	if _, err := c.Cut(t.Context(), Pods(Pod{Name: "without an address"}), Everybody()); err == nil {
		t.Error("it was taken")
	}
}

func TestOnlyALocalClusterIsBroken(t *testing.T) {
	if _, err := Open(t.TempDir()); !errors.Is(err, ErrNotLocal) {
		t.Error(err)
	}
}

func TestAnUnknownNodeIsSaidToBeUnknown(t *testing.T) {
	c := &Cluster{Plan: machine.NewPlan(t.TempDir(), 2)}
	var unknown *UnknownNodeError
	if err := c.Isolate(t.Context(), "usher-3"); !errors.As(err, &unknown) || unknown.Name != "usher-3" {
		t.Error(err)
	}
	if _, err := c.Processes(Pod{Node: "usher-2"}); err == nil {
		t.Error("a pod that was never looked up has processes")
	}
}
