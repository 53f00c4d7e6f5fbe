// Package kubectl is the plugin kubectl-usher: it opens and closes queues by hand, tells what a desk
// does and why, and answers what a schedule will do. (Features K5, X1, X2.)
//
//	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
//	command := kubectl.Command(streams, "1.2.0")
//	command.SetArgs([]string{"close", "support", "--for", "2h", "--reason", "fire drill"})
//	err := command.ExecuteContext(ctx)
//	os.Exit(kubectl.ExitCode(err)) // 0 done, 1 not done, 2 used wrongly, 3 waited in vain
//
// or, with the error printed and signals heeded, as main does:
//
//	os.Exit(kubectl.Main(os.Args, version))
//
// Every command is a type with Complete, Validate and Run, in a file of its own. What they share:
//
//	env.go       the cluster: clients, namespace, clock
//	override.go  who holds spec.override, and how it is taken and given back
//	when.go      moments as people write them; words.go as people read them
//	table.go     tables that fit the terminal; paint.go its colours
//	sources.go   schedules from a cluster or from files
//	control.go   the runtime's control port, through a port-forward
//
// Nothing here writes but open, close and auto, and these only spec.override of a Queue that exists.
package kubectl
