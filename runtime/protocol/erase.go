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
