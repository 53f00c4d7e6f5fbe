// Package v1alpha1 holds the resources of Usher: Queue, Team, Channel, Schedule and Desk, all in
// the group usher.chat and all namespaced. A namespace with at least one Queue is a desk.
//
//	apiVersion: usher.chat/v1alpha1
//	kind: Queue
//	metadata: {name: support, namespace: acme}
//	spec:
//	  scheduleRef: {name: office}
//	  teamRefs: [{name: tier1}]
//	  whenBusy: {offer: Queue, capacity: {mode: PerOnlineAgent, places: 2}}
//
// What can be judged by looking at one object is refused when it is applied, by the schema. What
// cannot (a zone that does not exist, a reference to nothing) is a condition whose reason is one of
// this package's constants. References stay within the namespace. (Features K1, K4, K5, K6.)
//
// +kubebuilder:object:generate=true
// +groupName=usher.chat
package v1alpha1
