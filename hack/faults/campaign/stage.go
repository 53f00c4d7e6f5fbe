// Package campaign lets people use a desk of several pods, breaks one thing after another under them, and counts
// afterwards what became of all that was acknowledged (features X5, X6, X8, X9):
//
//	result, err := campaign.Run(ctx, stage, campaign.Options{Faults: 200, Seed: 1})
//	fmt.Print(result)
//	err = result.Wrong()
//
// Customers and agents are clients as people have them, and remember every answer. Where the pods run and how they are
// broken is the Stage's: processes on one machine (hack/faults/processes), or pods of a cluster (hack/e2e).
package campaign

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/settings"
)

// Stage is where the desk runs.
type Stage interface {
	// Addresses are where people reach the pods, in an order that does not change; empty for one that does not run.
	// It is called by many goroutines.
	Addresses() []string
	// Link makes a sign-in link of an agent for a pod's address.
	Link(ctx context.Context, agent, url string) (string, error)
	// Faults are what can be broken here.
	Faults() []Fault
	// Settle waits until everything is as it was before the last fault: pods ready, standby in place.
	Settle(ctx context.Context) error
	// Records reads the ledger from its beginning, when nobody gives a command any more.
	Records(ctx context.Context) iter.Seq2[desk.Record, error]
}

// Fault is something that can break.
type Fault struct {
	Name string
	// Do breaks it, calls struck at that moment, and returns when whatever broke is whole again or replaced: the cut
	// is healed, the process is started. It need not wait until people notice.
	Do func(ctx context.Context, random *rand.Rand, struck func()) error
}

// Queue, and Channel that leads to it, are what the campaign's people use.
const (
	Queue   = "support"
	Channel = "web"
)

// Agent is the name of an agent by number.
func Agent(n int) string { return fmt.Sprintf("agent-%d", n) }

// Settings of a desk for the campaign's people.
func Settings(name string, o Options) settings.Settings {
	o = o.whole()
	team := settings.Team{Name: "everybody", Generation: 1}
	for n := range o.Agents {
		team.Members = append(team.Members, settings.Member{Name: Agent(n), MaxConversations: o.slots() + 1})
	}
	s := settings.Settings{
		Desk:  settings.Desk{Name: name},
		Teams: []settings.Team{team},
		Queues: []settings.Queue{{Name: Queue, Generation: 1, Teams: []string{team.Name}, WhenBusy: settings.WhenBusy{
			Offer: settings.OfferQueue, Capacity: &settings.Capacity{Mode: settings.CapacityFixed, Places: 2 * o.customers()},
		}}},
		Channels: []settings.Channel{{Name: Channel, Generation: 1, Type: settings.ChannelWeb, Queue: Queue}},
	}
	s.Sort()
	return s
}
