// Package controllers is the operator: it turns the resources of each desk into settings and a
// workload, and brings the runtime's figures back to their status.
//
//	root.AddCommand(controllers.Command()) // usher manager
//
// A change of any resource of a namespace makes the desk reconciler (desk.go) list them all,
// compile them (settings.go, pure) into settings.Settings and findings, hand the settings to the
// runtime client, and see to the workload (workload.go, package specs). The reconciler of each kind
// writes only status: a pure function (status.go and one file a kind) of the object, its finding
// and what the runtime last reported. The hub (hub.go) holds findings and answers in memory and
// wakes exactly those objects for which something changed.
//
// The operator writes no spec, but for one thing: an opening or closing made in the console
// (overrides.go). Everything in memory is rebuilt from the API server and the runtimes after a
// restart. (Features K1 to K4, K6.)
package controllers
