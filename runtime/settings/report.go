package settings

import "time"

// Report is what the runtime tells the operator: what it applied, and figures. It is sent as one
// JSON object a line on the control port, when something changed and at most once a second.
type Report struct {
	// Version is the Settings.Version that was applied last.
	Version string `json:"version"`
	// Applied tells the generation of each resource that is in force.
	Applied Applied `json:"applied"`
	// Queues are the figures, by name.
	Queues map[string]QueueFigures `json:"queues"`
	// Teams are the figures of teams, by name.
	Teams map[string]TeamFigures `json:"teams,omitempty"`
	// Overrides are opens and closes made in the console that no resource carries yet.
	Overrides []OverrideRequest `json:"overrides,omitempty"`
	// Leader is the name of the pod that decides, of a desk with several; empty when it is not known.
	Leader string `json:"leader,omitempty"`
	// At is the runtime's clock.
	At time.Time `json:"at"`
}

// Applied is the generation in force of each resource, by name.
type Applied struct {
	Queues    map[string]int64 `json:"queues,omitempty"`
	Teams     map[string]int64 `json:"teams,omitempty"`
	Channels  map[string]int64 `json:"channels,omitempty"`
	Schedules map[string]int64 `json:"schedules,omitempty"`
}

// QueueState is what people see of a queue (feature Q1).
type QueueState string

const (
	QueueOpen   QueueState = "Open"
	QueueClosed QueueState = "Closed"
)

// QueueFigures is a queue at one moment (features K4, Q11).
type QueueFigures struct {
	State QueueState `json:"state"`
	// Cause is why: one of the calendar's causes, or ScheduleMissing.
	Cause string `json:"cause"`
	// Detail names the exception, the holiday, or who closed it and why.
	Detail string     `json:"detail,omitempty"`
	Since  time.Time  `json:"since"`
	Next   *NextState `json:"next,omitempty"`
	// Waiting counts customers in the line; Offered those shown to an agent who has not accepted.
	Waiting   int `json:"waiting"`
	Offered   int `json:"offered"`
	InService int `json:"inService"`
	// Alerted counts those of Waiting for whom an alert of a waiting rule fired (feature R13).
	Alerted int `json:"alerted,omitempty"`
	// Inactive counts contact forms, and conversations whose customer left before anybody came
	// (features V2, V3).
	Inactive           int        `json:"inactive,omitempty"`
	FirstWaitingSince  *time.Time `json:"firstWaitingSince,omitempty"`
	AgentsOnline       int        `json:"agentsOnline"`
	AgentsAvailable    int        `json:"agentsAvailable"`
	PlacesLeft         int        `json:"placesLeft"` // -1: no limit
	Availability       string     `json:"availability"`
	SettingsGeneration int64      `json:"settingsGeneration"`
}

// TeamFigures is a team at one moment.
type TeamFigures struct {
	// Online counts members who are signed in and connected, Available those of them who would get
	// another conversation now.
	Online    int `json:"online"`
	Available int `json:"available"`
	// Waiting counts customers in the team's own queue (feature R10).
	Waiting int `json:"waiting"`
}

// NextState is the next change of a queue by schedule, holiday or the end of an override.
type NextState struct {
	Time  time.Time  `json:"time"`
	State QueueState `json:"state"`
	Cause string     `json:"cause"`
}

// OverrideRequest is an open or close made in the console, on its way to the resource.
type OverrideRequest struct {
	ID    string `json:"id"`
	Queue string `json:"queue"`
	// State is empty when the queue was given back to its schedule.
	State  QueueState `json:"state,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
	Reason string     `json:"reason,omitempty"`
	By     string     `json:"by"`
}
