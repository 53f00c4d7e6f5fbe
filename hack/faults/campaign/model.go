package campaign

import (
	"github.com/anishathalye/porcupine"

	"usher.chat/runtime/desk"
)

// ByConversation splits a history by the conversation that an operation's input is about.
func ByConversation[Input any](of func(Input) string) func([]porcupine.Operation) [][]porcupine.Operation {
	return func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[string]int{}
		var parts [][]porcupine.Operation
		for _, op := range history {
			id := of(op.Input.(Input))
			i, known := by[id]
			if !known {
				i = len(parts)
				by[id] = i
				parts = append(parts, nil)
			}
			parts[i] = append(parts[i], op)
		}
		return parts
	}
}

func conversationOf(op Op) string { return op.Conversation }

// registers is the model of picks: a conversation is a register that is empty until one agent has it.
var registers = porcupine.Model{
	Partition: ByConversation(conversationOf),
	Init:      func() any { return "" },
	Step: func(state, input, _ any) (bool, any) {
		owner, op := state.(string), input.(Op)
		switch op.Code {
		case "":
			return owner == "", op.Client
		case "already_taken":
			return owner != "" && (op.By == "" || owner == op.By), owner
		}
		return true, owner // says nothing of who has it
	},
}

// talks is the model of messages: a conversation is a log. What is said gets a number above all before it, and nobody is
// told of a number that nothing that was said by then has.
var talks = porcupine.Model{
	Partition: ByConversation(conversationOf),
	Init:      func() any { return uint64(0) },
	Step: func(state, input, _ any) (bool, any) {
		last, op := state.(uint64), input.(Op)
		if op.What == "say" {
			return op.Seq > last, op.Seq
		}
		return op.Seq <= last, last
	},
}

// picksOf are the picks of conversations that went back to no line: there the register is emptied by nobody who is asked.
func picksOf(history []Op, again map[string]int) (list []porcupine.Operation) {
	clients := map[string]int{}
	for _, op := range history {
		if op.What == "pick" && op.Conversation != "" && again[op.Conversation] == 0 {
			list = append(list, operation(clients, op))
		}
	}
	return list
}

// messagesOf are what was said, and what was told of it to the other side.
func messagesOf(history []Op) (list []porcupine.Operation) {
	clients := map[string]int{}
	for _, op := range history {
		mine := op.from == desk.SideCustomer == (len(op.Client) > 0 && op.Client[0] == 'c')
		if op.What == "say" && op.Code == "" || op.What == "hear" && !mine {
			list = append(list, operation(clients, op))
		}
	}
	return list
}

func operation(clients map[string]int, op Op) porcupine.Operation {
	id, known := clients[op.Client]
	if !known {
		id = len(clients)
		clients[op.Client] = id
	}
	return porcupine.Operation{ClientId: id, Input: op, Call: op.Call, Output: op.Code, Return: op.Return}
}
