// Package settings is the one vocabulary between the operator and the runtime: what a desk's
// custom resources say, resolved and compiled into plain structs, and what the runtime reports
// back. It knows nothing of Kubernetes, so a runtime can also be started from a file:
//
//	s, err := settings.Parse(data)      // JSON or YAML; refuses unknown fields and bad values
//	fmt.Println(s.Version())            // what the runtime reports as applied
//
// Everything is identified by the resource's metadata.name. Lists are sorted by name, so that equal
// settings have equal bytes and an equal Version.
package settings

import (
	"usher.chat/runtime/calendar"
)

// Settings is everything that the runtime of one desk needs to know of its resources.
type Settings struct {
	Desk      Desk                `json:"desk"`
	Schedules []calendar.Schedule `json:"schedules,omitempty"`
	Teams     []Team              `json:"teams,omitempty"`
	Queues    []Queue             `json:"queues,omitempty"`
	Channels  []Channel           `json:"channels,omitempty"`
}

// Desk holds what belongs to none of the four kinds.
type Desk struct {
	// Name is the desk's name: its namespace.
	Name string `json:"name"`
	// DisplayName is shown in the console; Name when empty.
	DisplayName string `json:"displayName,omitempty"`
	// PublicURL is how people reach the desk, without a trailing slash. With https the cookies are
	// Secure. Empty: whatever host a request names.
	PublicURL string `json:"publicURL,omitempty"`
	// Retention of queues that have none of their own; nil: conversations are kept.
	Retention *Retention `json:"retention,omitempty"`
}
