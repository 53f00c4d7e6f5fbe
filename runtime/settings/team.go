package settings

// Team is a set of agents.
type Team struct {
	Name             string   `json:"name"`
	Generation       int64    `json:"generation"`
	DisplayName      string   `json:"displayName,omitempty"`
	Members          []Member `json:"members,omitempty"`
	MaxConversations int      `json:"maxConversations,omitempty"` // default of its members; 3
	// Mode says who sees the conversations that a member serves (features R5, R6).
	Mode TeamMode `json:"mode,omitempty"`
	// Chat is the members' own chat (feature C13).
	Chat TeamChat `json:"chat,omitempty"`
}

// TeamMode says who sees and joins a team's conversations.
type TeamMode string

const (
	// TeamCollaboration (default): every member sees the team's conversations and may join.
	TeamCollaboration TeamMode = "Collaboration"
	// TeamGrab: every member is notified, the first to grab has it; then only that member and the
	// admins see it.
	TeamGrab TeamMode = "Grab"
)

// TeamChat switches the members' own chat.
type TeamChat string

const (
	TeamChatEnabled  TeamChat = "Enabled" // default
	TeamChatDisabled TeamChat = "Disabled"
)

// Member is one agent of a team. The same name in several teams is the same agent.
type Member struct {
	Name             string `json:"name"`
	DisplayName      string `json:"displayName,omitempty"`
	Subject          string `json:"subject,omitempty"` // mail address or the like, for the log
	Role             Role   `json:"role,omitempty"`
	MaxConversations int    `json:"maxConversations,omitempty"` // 0: the team's default
	// Skills for SkillsThenLeastBusy. Those of all memberships count together.
	Skills []string `json:"skills,omitempty"`
	// Listing: Public members can be chosen by name on the pages of channels that list agents (R9).
	Listing Listing `json:"listing,omitempty"`
}

// Listing says whether customers may choose an agent by name.
type Listing string

const (
	ListingHidden Listing = "Hidden" // default
	ListingPublic Listing = "Public"
)

// Role is what a member may do (feature R7).
type Role string

const (
	RoleRepresentative Role = "Representative"
	RoleAdmin          Role = "Admin"
)
