package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestAShortCampaignOnPodsOfOneMachineLosesNothing(t *testing.T) {
	for name, args := range map[string][]string{
		"several pods": {"-faults", "7", "-only", "router killed,router's clock two minutes ahead and back,router cut off from both,gateway frozen,database lost and standby promoted,connection reset in a commit,upgrade pod by pod"},
		"one pod":      {"-sqlite", "-faults", "3", "-only", "SQLite: pod killed,SQLite: disk full,SQLite: pod replaced"},
	} {
		args = append([]string{"run", ".", "-pairs", "12", "-waiting", "20", "-agents", "6", "-talk", "5s", "-history", t.TempDir() + "/history.jsonl"}, args...)
		out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
		t.Logf("%s:\n%s", name, out)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		const want = "lost 0, doubled 0, out of order 0, picked twice 0, places wrong 0, gaps 0; porcupine: picks Ok, messages Ok"
		if !strings.Contains(string(out), want) {
			t.Errorf("%s: it does not say %q", name, want)
		}
	}
}

func TestTheFaultsCanBeNamed(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "run", ".", "-list").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "router killed\n") || !strings.Contains(string(out), "SQLite: disk full\n") {
		t.Errorf("the list is %s, %v", out, err)
	}
}
