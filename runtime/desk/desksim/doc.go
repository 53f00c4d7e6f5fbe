// Package desksim runs a desk without people, sockets, disks or waiting: customers, agents,
// settings, clocks and faults are drawn from a seeded generator, so that a run with the same
// configuration is the same run, record by record.
//
//	r, err := desksim.Run(desksim.Config{Seed: 1, Agents: 100, Days: 1})  // a day of messages, fast
//	r, err = desksim.Life(desksim.LifeConfig{Seed: 1, Days: 4})           // whole days of a small desk
//	r, err = desksim.Chaos(desksim.ChaosConfig{Seed: 1, Steps: 20000})    // everything goes wrong
//	fmt.Println(r.Events, r.Speed())                                      // err is a *desksim.Failure
//
// The worlds share one router. Run is a desk under an ordinary load: customers arrive, wait, give up
// or are served, agents work in shifts. Life adds all that days bring: hours that are busy and quiet,
// breaks, lost connections, transfers, invitations, other settings, routers that start again. Chaos
// draws every command that the domain knows, in any order, with settings that change under it, clocks
// that jump, routers that die between a decision and its group, answers that get lost and commands
// that are sent again. Markov is a desk as the theory of queues has it, to compare waits with its
// formulas; Rush and Footprint are the largest desk, to measure.
//
// Before each record Lawful judges whether it may be, and after each step Check looks at the state
// as a whole. Both count everything anew from the exported fields, and share no code with the
// indexes that the domain decides by. (Design: architecture, "What must always hold"; feature X5.)
package desksim
