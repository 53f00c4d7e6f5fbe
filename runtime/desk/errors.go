package desk

import "fmt"

// Code is the machine's word for why a command had no effect. Clients see it as it is
// (docs/reference/socket-protocol.md).
type Code string

const (
	QueueClosed       Code = "queue_closed"
	NotOffered        Code = "not_offered"
	QueueFull         Code = "queue_full"
	QueueEmpty        Code = "queue_empty"
	AlreadyJoined     Code = "already_joined"
	NotWaiting        Code = "not_waiting"
	AlreadyTaken      Code = "already_taken"
	LimitReached      Code = "limit_reached"
	OfferExpired      Code = "offer_expired"
	NotEntitled       Code = "not_entitled"
	NotFound          Code = "not_found"
	ConversationEnded Code = "ended"
	OutOfOrder        Code = "out_of_order"
	TextEmpty         Code = "text_empty"
	TextTooLong       Code = "text_too_long"
	TextInvalid       Code = "text_invalid"
	BadRequest        Code = "bad_request"
	LinkUsed          Code = "link_used"
	LinkExpired       Code = "link_expired"
	Unauthorized      Code = "unauthorized"
	KeyInvalid        Code = "key_invalid"
	KeyLocked         Code = "key_locked"
	LinkInvalid       Code = "link_invalid"
	NoAgents          Code = "no_agents"
	NotAllowed        Code = "not_allowed"
	ToSelf            Code = "self"
	AlreadyIn         Code = "already_in"
	FeatureOff        Code = "feature_off"
	OpenConversations Code = "open_conversations"
	StillOpen         Code = "still_open"
	SecureInvalid     Code = "secure_metadata_invalid"
	SecureRequired    Code = "secure_metadata_required"
)

// Error is a command that had no effect, and why.
type Error struct {
	Code    Code
	Message string
	// By is the agent who has it, for AlreadyTaken.
	By string
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

func refuse(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
