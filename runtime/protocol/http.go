package protocol

// Me is GET /v1/me.
type Me struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName"`
	Teams       []MyTeam `json:"teams"`
	Desk        string   `json:"desk"`
	DeskName    string   `json:"deskName"`
	ExpiresAt   int64    `json:"expiresAt"`
	// Channels of the desk that have a page; sorted.
	Channels []MyChannel `json:"channels"`
}

// MyChannel is a channel of the desk, for links to its page.
type MyChannel struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	// SessionKeys tells whether its page takes session keys.
	SessionKeys bool `json:"sessionKeys,omitempty"`
}

// MyTeam is a membership.
type MyTeam struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	Role        string `json:"role"`
}

// SignOut is POST /v1/sign-out; an empty body is the same as no force.
type SignOut struct {
	// Force signs out with conversations open: they go to who shares them, or back to the line.
	Force bool `json:"force,omitempty"`
}

// NewLink is POST /v1/links: a support link, for a button or a mail (features R9, R18). An agent makes
// links to itself, a team's admin those to the team and its queues.
type NewLink struct {
	Channel string `json:"channel"`
	To      Target `json:"to"`
	// Expires: at most a year from now.
	Expires int64 `json:"expires"`
}

// Link is the answer to NewLink.
type Link struct {
	URL     string `json:"url"`
	Token   string `json:"token"`
	Expires int64  `json:"expires"`
}

// PostPage is GET /v1/rooms/{room}/messages: in order, the oldest first.
type PostPage struct {
	Posts  []Post `json:"posts"`
	Before uint64 `json:"before,omitempty"`
}

// Explanation is GET /v1/conversations/{id}/explanation: every decision about a conversation, in
// order (feature X3).
type Explanation struct {
	Conversation string `json:"conversation"`
	Steps        []Step `json:"steps"`
}

// Step is one decision about a conversation, or something that led to one.
type Step struct {
	Seq  uint64 `json:"seq"`
	At   int64  `json:"at"`
	Type string `json:"type"` // as in LogEntry, and idle
	// Text says it in one sentence.
	Text string `json:"text"`
	By   string `json:"by,omitempty"`
	// Queue whose settings of Generation held.
	Queue      string `json:"queue,omitempty"`
	Generation int64  `json:"generation,omitempty"`
	// Of a choice among agents: the strategy, the random draw, the candidates (the chosen one first,
	// then as they ranked; at most 32), and how many could not be chosen, by reason.
	Strategy   string         `json:"strategy,omitempty"`
	Draw       string         `json:"draw,omitempty"` // as text: it has more digits than JavaScript counts
	Candidates []Candidate    `json:"candidates,omitempty"`
	Free       int            `json:"free,omitempty"`
	Passed     map[string]int `json:"passed,omitempty"`
}

// Candidate is an agent who was looked at.
type Candidate struct {
	Agent string `json:"agent"`
	// Load and Limit at that moment; Since is when the load last changed.
	Load   int   `json:"load"`
	Limit  int   `json:"limit"`
	Since  int64 `json:"since,omitempty"`
	Skills int   `json:"skills,omitempty"` // how many of those required
	// Passed is why it was not this one: offline, away, finishMine, limit, refused, skills, score;
	// absent for the one who was chosen.
	Passed string `json:"passed,omitempty"`
}

// SecureMetadata is GET /v1/conversations/{id}/secure-metadata: what the site sealed about the customer (feature C9).
type SecureMetadata struct {
	// Metadata are text, numbers and booleans, by name.
	Metadata map[string]any `json:"metadata"`
	// KeyID names the key that sealed them; SealedUntil is until when they could be brought.
	KeyID       string `json:"keyId"`
	SealedUntil int64  `json:"sealedUntil"`
}

// LogPage is GET /v1/queues/{queue}/log: the newest first.
type LogPage struct {
	Entries []LogEntry `json:"entries"`
	// Before is given to the next call for older entries; 0 when there are none.
	Before uint64 `json:"before,omitempty"`
}

// LogEntry is one line of a queue's activity log (feature Q4).
type LogEntry struct {
	Seq   uint64 `json:"seq"`
	At    int64  `json:"at"`
	Queue string `json:"queue"`
	// Type: opened, closed, joined, picked, offered, returned, left, ended, override, settings, entered,
	// exited, transferred, moved, alerted, passed, invited, uninvited, inactive, revived, contact,
	// keysLocked, erased.
	Type string `json:"type"`
	By   string `json:"by,omitempty"`
	// To is where a conversation went: for whom one waits who joined or was handed on, into which queue
	// it was moved, who was invited, or who has it now that its agent left.
	To           *Target `json:"to,omitempty"`
	Cause        string  `json:"cause,omitempty"`
	Reason       string  `json:"reason,omitempty"`
	Until        int64   `json:"until,omitempty"`
	Conversation string  `json:"conversation,omitempty"`
	Name         string  `json:"name,omitempty"`
	Generation   int64   `json:"generation,omitempty"` // of the queue's settings in force
	WaitedMS     int64   `json:"waitedMs,omitempty"`
}

// MessagePage is GET /v1/conversations/{id}/messages: in order, the oldest first.
type MessagePage struct {
	Messages []Message `json:"messages"`
	Before   uint64    `json:"before,omitempty"`
}
