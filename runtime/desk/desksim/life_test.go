package desksim_test

import (
	"errors"
	"flag"
	"maps"
	"slices"
	"sync"
	"testing"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/desk/desksim"
)

var (
	deskDays  = flag.Int("desk-days", 1000, "days of desks that are simulated")
	lifeSeed  = flag.Uint64("life-seed", 0, "run the days of this seed only")
	customers = flag.Int("customers", 0, "customers of each day; 0 stands for a small desk")
)

const daysOfEach = 4

// Run one desk again with: go test ./runtime/desk/desksim -run WholeDays -life-seed=N
func TestWholeDaysOfDesksKeepEveryRule(t *testing.T) {
	from, to := uint64(1), uint64((*deskDays+daysOfEach-1)/daysOfEach)
	if *lifeSeed != 0 {
		from, to = *lifeSeed, *lifeSeed
	}
	next := make(chan uint64)
	var mu sync.Mutex
	var all desksim.Result
	all.Did, all.Kinds, all.Refused = map[string]int{}, map[string]int{}, map[string]int{}
	var failed error
	var wait sync.WaitGroup
	for range 2 {
		wait.Go(func() {
			for n := range next {
				config := desksim.LifeConfig{Seed: n, Days: daysOfEach, Customers: *customers}
				r, err := desksim.Life(config)
				var f *desksim.Failure
				if errors.As(err, &f) && *shrink {
					err = desksim.ShrinkLife(config, f)
				}
				mu.Lock()
				failed = errors.Join(failed, err)
				all.Events, all.Conversations, all.Served = all.Events+r.Events, all.Conversations+r.Conversations, all.Served+r.Served
				for sum, of := range map[*map[string]int]map[string]int{&all.Did: r.Did, &all.Kinds: r.Kinds, &all.Refused: r.Refused} {
					for k, v := range of {
						(*sum)[k] += v
					}
				}
				mu.Unlock()
			}
		})
	}
	for n := from; n <= to; n++ {
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			break
		}
		next <- n
	}
	close(next)
	wait.Wait()
	if failed != nil {
		t.Fatal(failed)
	}
	t.Logf("%d days, %d records, %d conversations, %d times served, what happened %v, refusals %v, records %v",
		(to-from+1)*daysOfEach, all.Events, all.Conversations, all.Served, all.Did, all.Refused, all.Kinds)
	if *lifeSeed != 0 {
		return
	}
	if all.Served < all.Conversations/2 {
		t.Errorf("these are no whole days: of %d conversations %d were served", all.Conversations, all.Served)
	}
	for _, name := range desksim.Happenings() {
		if all.Did[name] == 0 {
			t.Errorf("it never came to: %s", name)
		}
	}
	for _, kind := range []string{"Offered", "Picked", "Transferred", "HandedBack", "Entered", "Left", "Invited", "RuleApplied", "WentInactive", "Revived", "ContactLeft", "WentIdle", "Returned", "Posted"} {
		if all.Kinds[kind] == 0 {
			t.Errorf("no %s in %v", kind, slices.Sorted(maps.Keys(all.Kinds)))
		}
	}
}

func TestADayThatBreaksARuleIsToldWithItsSeedAndShrinks(t *testing.T) {
	config := desksim.LifeConfig{Seed: 3, Days: 2, Break: func(step uint64, s *desk.State) {
		for _, c := range s.Conversations {
			if c.Place == desk.Waiting && step > 300 {
				c.Agent = "somebody"
			}
		}
	}}
	_, err := desksim.Life(config)
	var f *desksim.Failure
	if !errors.As(err, &f) || f.Seed != 3 || len(f.Last) == 0 {
		t.Fatal(err)
	}
	if small := desksim.ShrinkLife(config, f); len(small.Without) < 3 || small.Step > f.Step {
		t.Errorf("step %d without %v, it was step %d", small.Step, small.Without, f.Step)
	}
}
