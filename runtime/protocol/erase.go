package protocol

// EraseRequest asks for an erasure (feature X9). Exactly one of Conversation, Email and Phone is set; an agent names a
// conversation.
type EraseRequest struct {
	Conversation string `json:"conversation,omitempty"`
	Email        string `json:"email,omitempty"`
	Phone        string `json:"phone,omitempty"`
	// By is who asks, as the log tells it; Reason why. Both stay: no personal data belongs there. At most 256 characters.
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
	// End ends conversations that go on; without it they are refused.
	End bool `json:"end,omitempty"`
	// DryRun only tells which conversations it would be.
	DryRun bool `json:"dryRun,omitempty"`
}

// EraseBody is how an agent asks, for a conversation of a team whose admin it is.
type EraseBody struct {
	// Reason stays in the log: no personal data belongs there. At most 256 characters.
	Reason string `json:"reason,omitempty"`
	// End ends the conversation if it goes on; without it that is refused.
	End bool `json:"end,omitempty"`
}

// Erasure is the answer.
type Erasure struct {
	Conversations []string `json:"conversations"`
	// Seq is that of the record; 0 for a dry run, and when all had been erased before.
	Seq uint64 `json:"seq,omitempty"`
	// Done: nothing of them is left in the ledger. Else it is still being written anew, which goes on by itself.
	Done bool `json:"done"`
}

// ErasedConversation is a conversation that was erased, by what tells it from another one that bears its id: after a
// restore ids are given again.
type ErasedConversation struct {
	Conversation string `json:"conversation"`
	// Began is the sequence of the record that began it, BeganAt when that was, in milliseconds since 1970.
	Began   uint64 `json:"began"`
	BeganAt int64  `json:"beganAt"`
	// ErasedAt is in milliseconds since 1970, By is who asked for it; empty when it was too old.
	ErasedAt int64  `json:"erasedAt"`
	By       string `json:"by,omitempty"`
}

// ErasedPage is a part of the list of what was erased, by age of the conversations.
type ErasedPage struct {
	Erased []ErasedConversation `json:"erased"`
	// Next is what the next part begins after; 0 when there is none.
	Next uint64 `json:"next,omitempty"`
}

// EraseAgainRequest asks to erase what was erased before and came back with a restored backup (feature X9).
type EraseAgainRequest struct {
	// Erased names at most 1,000 conversations.
	Erased []ErasedConversation `json:"erased"`
	// By and Reason are as in [EraseRequest].
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
	DryRun bool   `json:"dryRun,omitempty"`
}

// ErasedAgain is the answer: each conversation is in one of the lists.
type ErasedAgain struct {
	// Conversations are erased now, or would be. Those that went on were ended.
	Conversations []string `json:"conversations"`
	// Before are those of which nothing was left.
	Before []string `json:"before,omitempty"`
	// Absent are those that this desk does not have: none of the id, or another one.
	Absent []string `json:"absent,omitempty"`
	// Done: nothing of them is left in the ledger. Else it is still being written anew, which goes on by itself.
	Done bool `json:"done"`
}
