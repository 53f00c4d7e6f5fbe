package settings

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
	// IssueQueues are queues whose issues the submission form lists, beside those of Queue.
	IssueQueues []string `json:"issueQueues,omitempty"`
	// Agents: whether the page lists the public members of Queue's teams who are online (R9).
	Agents AgentList `json:"agents,omitempty"`
	// SessionKeys: whether the page takes session keys (R9).
	SessionKeys SessionKeys `json:"sessionKeys,omitempty"`
	// Targeting are the rules by which the widget is offered; all must hold (feature Q8).
	Targeting []TargetingRule `json:"targeting,omitempty"`
}

// AgentList says whether a channel's page lists agents by name.
type AgentList string

const (
	AgentListHidden AgentList = "Hidden" // default
	AgentListOnline AgentList = "Online"
)

// SessionKeys says whether a channel's page takes session keys.
type SessionKeys string

const (
	SessionKeysAccepted SessionKeys = "Accepted" // default
	SessionKeysRefused  SessionKeys = "Refused"
)

// TargetingRule is one condition under which the widget shows itself. Exactly the fields of its Type
// count. It is evaluated in the customer's browser, while queueing too.
type TargetingRule struct {
	Type TargetingType `json:"type"`
	// Pattern of PagePattern and Referrer: the address, "*" standing for any text.
	Pattern string `json:"pattern,omitempty"`
	// Languages of Language: "pt" holds for "pt-BR" too.
	Languages []string `json:"languages,omitempty"`
	// AtLeast of TimeOnPage (seconds), PagesSeen (pages), ScrollDepth and VisitorShare (percent).
	AtLeast int `json:"atLeast,omitempty"`
	// Attribute and Values of Attribute: what the page says of its visitor.
	Attribute string   `json:"attribute,omitempty"`
	Values    []string `json:"values,omitempty"`
}

// TargetingType is what a targeting rule looks at.
type TargetingType string

const (
	TargetPagePattern TargetingType = "PagePattern"
	TargetReferrer    TargetingType = "Referrer"
	TargetLanguage    TargetingType = "Language"
	TargetTimeOnPage  TargetingType = "TimeOnPage"
	TargetPagesSeen   TargetingType = "PagesSeen"
	TargetScrollDepth TargetingType = "ScrollDepth"
	TargetReturning   TargetingType = "ReturningVisitor"
	TargetExitIntent  TargetingType = "ExitIntent"
	TargetAttribute   TargetingType = "Attribute"
	TargetShare       TargetingType = "VisitorShare"
)

// ChannelType is the kind of a channel.
type ChannelType string

// ChannelWeb is chat on a web page.
const ChannelWeb ChannelType = "Web"

// Unavailable is a channel's behaviour while the chat is not offered.
type Unavailable struct {
	Action  UnavailableAction `json:"action,omitempty"`
	Message string            `json:"message,omitempty"`
	// Busy, Offline and Closed replace the two above in that state: every agent at the limit or no
	// place left, no agent online, the queue closed.
	Busy    *UnavailableState `json:"busy,omitempty"`
	Offline *UnavailableState `json:"offline,omitempty"`
	Closed  *UnavailableState `json:"closed,omitempty"`
}

// UnavailableState is a channel's behaviour in one state. An empty field is that of Unavailable.
type UnavailableState struct {
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
	// UnavailableContactForm: the customer may leave a message and an address; it is listed among
	// the queue's inactive conversations.
	UnavailableContactForm UnavailableAction = "ContactForm"
)
