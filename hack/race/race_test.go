package main

import (
	"testing"

	"github.com/anishathalye/porcupine"

	"usher.chat/runtime/run/podstest"
)

func TestTwoAgentsWhoRaceForOneCustomerNeverBothWinThoughTheRuntimeIsKilled(t *testing.T) {
	binary, err := podstest.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := race(t.Context(), options{
		Picks: 10_000, Kills: 3, Pairs: 8, Seed: 1, Usher: binary, Dir: t.TempDir(), Say: func(line string) { t.Log(line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if err := r.wrong(); err != nil {
		t.Error(err)
	}
	if r.Kills != 3 || r.Refused["already_taken"] == 0 || r.Refused["limit_reached"] == 0 || r.Refused["queue_empty"] == 0 {
		t.Errorf("not all that was to be seen was: %+v", r)
	}
}

func TestTheModelKnowsAHistoryThatCannotBe(t *testing.T) {
	op := func(agent string, call, end int64, got outcome) porcupine.Operation {
		return porcupine.Operation{Input: attempt{"c1", agent}, Output: got, Call: call, Return: end}
	}
	for name, test := range map[string]struct {
		history []porcupine.Operation
		may     bool
	}{
		"one wins, the other hears who": {[]porcupine.Operation{op("ana", 0, 5, outcome{owner: "ana"}), op("ben", 1, 4, outcome{"ana", "already_taken"})}, true},
		"both win":                      {[]porcupine.Operation{op("ana", 0, 5, outcome{owner: "ana"}), op("ben", 1, 4, outcome{owner: "ben"})}, false},
		"refused before anybody tried":  {[]porcupine.Operation{op("ben", 0, 1, outcome{"ana", "already_taken"}), op("ana", 2, 3, outcome{owner: "ana"})}, false},
		"taken by a third":              {[]porcupine.Operation{op("ana", 0, 5, outcome{owner: "ana"}), op("ben", 1, 4, outcome{"cem", "already_taken"})}, false},
		"nobody wins":                   {[]porcupine.Operation{op("ana", 0, 5, outcome{"ben", "already_taken"}), op("ben", 1, 4, outcome{"ana", "already_taken"})}, false},
		"an answer of another kind":     {[]porcupine.Operation{op("ana", 0, 5, outcome{code: "not_found"})}, false},
	} {
		if got := porcupine.CheckOperations(registers, test.history); got != test.may {
			t.Errorf("%s: linearizable %v", name, got)
		}
	}
}
