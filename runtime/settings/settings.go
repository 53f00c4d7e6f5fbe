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
}

// Queue is a line of customers and who serves it.
type Queue struct {
	Name        string `json:"name"`
	Generation  int64  `json:"generation"`
	DisplayName string `json:"displayName,omitempty"`
	// Schedule names one of Settings.Schedules; empty means always open. When the named schedule is
	// not among them (missing or invalid), the last one that the runtime knew stays in force.
	Schedule string `json:"schedule,omitempty"`
	// Teams names those who serve the queue. A team that is not in Settings.Teams adds nobody.
	Teams []string `json:"teams,omitempty"`
	// Override is the open or close by hand that the resource carries (features Q2, X1).
	Override *calendar.Override `json:"override,omitempty"`
	// OverrideAnswer tells what became of the last open or close that was made in the console.
	OverrideAnswer *OverrideAnswer `json:"overrideAnswer,omitempty"`
	WhenBusy       WhenBusy        `json:"whenBusy"`
	// ManualSwitch says who of the queue's teams may open and close it by hand.
	ManualSwitch ManualSwitch `json:"manualSwitch,omitempty"`
	// OfferTimeoutSeconds: an offer that is not accepted in time goes back to the line. 5 to 300.
	OfferTimeoutSeconds int        `json:"offerTimeoutSeconds,omitempty"`
	Thresholds          Thresholds `json:"thresholds"`
}

// WhenBusy says what happens when no agent is free (feature Q6).
type WhenBusy struct {
	Offer    Offer     `json:"offer,omitempty"`
	Capacity *Capacity `json:"capacity,omitempty"`
}

// Offer is what is offered to customers while no agent is free.
type Offer string

const (
	// OfferNothing (the default): the chat is offered only while an agent has a free place for it.
	OfferNothing Offer = "Nothing"
	// OfferQueue: customers may wait, up to the capacity.
	OfferQueue Offer = "Queue"
)

// Capacity bounds the number of waiting customers (feature Q7).
type Capacity struct {
	Mode   CapacityMode `json:"mode"`
	Places int          `json:"places"` // 1 to 10,000; for each online agent when Mode says so
}

// CapacityMode says what Capacity.Places counts.
type CapacityMode string

const (
	CapacityFixed          CapacityMode = "Fixed"
	CapacityPerOnlineAgent CapacityMode = "PerOnlineAgent"
)

// ManualSwitch says who may open and close a queue by hand.
type ManualSwitch string

const (
	SwitchMembers ManualSwitch = "Members" // every member of the queue's teams (default)
	SwitchAdmins  ManualSwitch = "Admins"  // team admins only
)

// Thresholds are the queue's time limits, in seconds (design: semantics, "Numbers are defaults").
type Thresholds struct {
	// AgentLostSeconds: an agent's connection lost for this long puts the agent's conversations back
	// in the line, at their time of arrival. Default 30.
	AgentLostSeconds int `json:"agentLostSeconds,omitempty"`
	// CustomerLostSeconds: a waiting customer whose connection is lost for this long leaves the line
	// ("abandoned"). Default 60.
	CustomerLostSeconds int `json:"customerLostSeconds,omitempty"`
	// CloseAfterIdleSeconds: a conversation with no customer message for this long is closed.
	// Default 86,400.
	CloseAfterIdleSeconds int `json:"closeAfterIdleSeconds,omitempty"`
}

// Defaults of the numbers above.
const (
	DefaultOfferTimeoutSeconds   = 30
	DefaultAgentLostSeconds      = 30
	DefaultCustomerLostSeconds   = 60
	DefaultCloseAfterIdleSeconds = 86400
	DefaultMaxConversations      = 3
)

// OverrideAnswer is the operator's answer to an open or close made in the console.
type OverrideAnswer struct {
	// Request is the id of the request that is answered.
	Request string `json:"request"`
	// Refused says why it was not carried into the resource ("field manager usher-cli holds
	// spec.override"); empty when the resource carries it now.
	Refused string `json:"refused,omitempty"`
}

// Team is a set of agents.
type Team struct {
	Name             string   `json:"name"`
	Generation       int64    `json:"generation"`
	DisplayName      string   `json:"displayName,omitempty"`
	Members          []Member `json:"members,omitempty"`
	MaxConversations int      `json:"maxConversations,omitempty"` // default of its members; 3
}

// Member is one agent of a team. The same name in several teams is the same agent.
type Member struct {
	Name             string `json:"name"`
	DisplayName      string `json:"displayName,omitempty"`
	Subject          string `json:"subject,omitempty"` // mail address or the like, for the log
	Role             Role   `json:"role,omitempty"`
	MaxConversations int    `json:"maxConversations,omitempty"` // 0: the team's default
}

// Role is what a member may do (feature R7).
type Role string

const (
	RoleRepresentative Role = "Representative"
	RoleAdmin          Role = "Admin"
)

// Channel is a way in for customers.
type Channel struct {
	Name           string      `json:"name"`
	Generation     int64       `json:"generation"`
	Type           ChannelType `json:"type"`
	DisplayName    string      `json:"displayName,omitempty"`
	Queue          string      `json:"queue"`
	AllowedOrigins []string    `json:"allowedOrigins,omitempty"` // "https://www.acme.example"; "*" any
	// Unavailable says what the widget does while the chat is not offered.
	Unavailable Unavailable `json:"unavailable"`
	// AccentColor is the widget's colour, #rrggbb; empty: the product's.
	AccentColor string `json:"accentColor,omitempty"`
	// Greeting stands above the form in the widget.
	Greeting string `json:"greeting,omitempty"`
}

// ChannelType is the kind of a channel.
type ChannelType string

// ChannelWeb is chat on a web page.
const ChannelWeb ChannelType = "Web"

// Unavailable is a channel's behaviour while the chat is not offered.
type Unavailable struct {
	Action  UnavailableAction `json:"action,omitempty"`
	Message string            `json:"message,omitempty"`
}

// UnavailableAction is what the widget does while the chat is not offered.
type UnavailableAction string

const (
	// UnavailableMessage (default): the launcher stays and tells why, and when it opens.
	UnavailableMessage UnavailableAction = "Message"
	// UnavailableHide: the launcher is not shown.
	UnavailableHide UnavailableAction = "Hide"
)
