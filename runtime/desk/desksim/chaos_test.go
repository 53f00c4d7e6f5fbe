package desksim_test

import (
	"errors"
	"flag"
	"testing"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
)

var (
	seed   = flag.Uint64("seed", 0, "run this seed of the simulation only")
	seeds  = flag.Uint64("seeds", 30, "number of seeds that the simulation runs")
	shrink = flag.Bool("shrink", true, "look for what a failing run does not need")
	steps  = flag.Int("steps", 1500, "steps of each simulation")
)

// Run one seed again with: go test ./runtime/desk/desksim -run TestSimulation -seed=N
func TestSimulationOfEverythingThatCanGoWrong(t *testing.T) {
	from, to := uint64(1), *seeds
	if *seed != 0 {
		from, to = *seed, *seed
	}
	did, refused, kinds, events := map[string]int{}, map[string]int{}, map[string]int{}, uint64(0)
	for n := from; n <= to; n++ {
		config := desksim.ChaosConfig{Seed: n, Steps: *steps}
		r, err := desksim.Chaos(config)
		var f *desksim.Failure
		if errors.As(err, &f) {
			if *shrink {
				f = desksim.Shrink(config, f)
			}
			t.Fatal(f)
		}
		for k, v := range r.Did {
			did[k] += v
		}
		for k, v := range r.Kinds {
			kinds[k] += v
		}
		for k, v := range r.Refused {
			refused[k] += v
		}
		events += r.Events
	}
	t.Logf("%d seeds, %d records, steps %v, refusals %v, kinds %v", to-from+1, events, did, refused, kinds)
	if *seed != 0 {
		return
	}
	if len(kinds) != 34 {
		t.Errorf("no run came to some kinds of records; to these: %v", kinds)
	}
	for _, code := range []desk.Code{
		desk.QueueClosed, desk.NotOffered, desk.QueueFull, desk.QueueEmpty, desk.AlreadyJoined, desk.NotWaiting, desk.AlreadyTaken,
		desk.LimitReached, desk.OfferExpired, desk.NotEntitled, desk.NotFound, desk.ConversationEnded, desk.TextEmpty,
		desk.TextTooLong, desk.TextInvalid, desk.BadRequest, desk.LinkUsed, desk.LinkExpired, desk.KeyInvalid, desk.LinkInvalid,
		desk.NoAgents, desk.NotAllowed, desk.ToSelf, desk.AlreadyIn, desk.FeatureOff, desk.OpenConversations,
	} {
		if refused[string(code)] == 0 {
			t.Errorf("no run came to the refusal %s", code)
		}
	}
}
