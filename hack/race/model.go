package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"usher.chat/hack/faults/campaign"
)

// attempt is what an agent tried: to have one conversation.
type attempt struct {
	conversation string
	agent        string
}

// outcome is the answer. Owner is the agent who has the conversation: oneself after a win, another by
// already_taken; empty when the answer does not say. Code is that of a refusal.
type outcome struct {
	owner string
	code  string
}

// registers is the model: each conversation is a register, empty until an agent has it, then for ever
// that agent's. A history is checked conversation by conversation.
var registers = porcupine.Model{
	Partition: campaign.ByConversation(func(try attempt) string { return try.conversation }),
	Init:      func() any { return "" },
	Step: func(state, input, output any) (bool, any) {
		owner, try, got := state.(string), input.(attempt), output.(outcome)
		switch got.code {
		case "": // won
			return owner == "", try.agent
		case "already_taken":
			return owner != "" && owner == got.owner, owner
		case "queue_empty": // nobody waits in this line any more: somebody has the customer
			return owner != "", owner
		case "limit_reached": // says nothing of the conversation
			return true, owner
		}
		return false, owner
	},
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%s tries %s: %+v", input.(attempt).agent, input.(attempt).conversation, output)
	},
}
