package desk

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// commandKind is a command's type on its way between pods. Numbers are never used again: pods of two
// releases stand side by side during an upgrade.
type commandKind uint8

const (
	commandApplySettings commandKind = 1
	commandStart         commandKind = 2
	commandConnect       commandKind = 3
	commandDisconnect    commandKind = 4
	commandSignIn        commandKind = 5
	commandSignOut       commandKind = 6
	commandLockKeys      commandKind = 7
	commandJoin          commandKind = 8
	commandContact       commandKind = 9
	commandSay           commandKind = 10
	commandEnd           commandKind = 11
	commandPick          commandKind = 12
	commandEnter         commandKind = 13
	commandTransfer      commandKind = 14
	commandInvite        commandKind = 15
	commandUninvite      commandKind = 16
	commandDecline       commandKind = 17
	commandSetPresence   commandKind = 18
	commandNewKey        commandKind = 19
	commandDropKey       commandKind = 20
	commandFavour        commandKind = 21
	commandPost          commandKind = 22
	commandReadRoom      commandKind = 23
	commandAccept        commandKind = 24
	commandRefuse        commandKind = 25
	commandLeave         commandKind = 26
	commandSwitch        commandKind = 27
	commandTick          commandKind = 28
	commandLoseGateway   commandKind = 29
	commandSync          commandKind = 30
	commandErase         commandKind = 31
	commandFinishErasure commandKind = 32
)

// commandVersion is the version of the encoding of all commands. Fields travel by name: one may be
// added, and is zero for whoever does not send it; none changes its name or meaning.
const commandVersion = 1

func kindOfCommand(c Command) (commandKind, bool) {
	switch c.(type) {
	case ApplySettings:
		return commandApplySettings, true
	case Start:
		return commandStart, true
	case Connect:
		return commandConnect, true
	case Disconnect:
		return commandDisconnect, true
	case SignIn:
		return commandSignIn, true
	case SignOut:
		return commandSignOut, true
	case LockKeys:
		return commandLockKeys, true
	case Join:
		return commandJoin, true
	case Contact:
		return commandContact, true
	case Say:
		return commandSay, true
	case End:
		return commandEnd, true
	case Pick:
		return commandPick, true
	case Enter:
		return commandEnter, true
	case Transfer:
		return commandTransfer, true
	case Invite:
		return commandInvite, true
	case Uninvite:
		return commandUninvite, true
	case Decline:
		return commandDecline, true
	case SetPresence:
		return commandSetPresence, true
	case NewKey:
		return commandNewKey, true
	case DropKey:
		return commandDropKey, true
	case Favour:
		return commandFavour, true
	case Post:
		return commandPost, true
	case ReadRoom:
		return commandReadRoom, true
	case Accept:
		return commandAccept, true
	case Refuse:
		return commandRefuse, true
	case Leave:
		return commandLeave, true
	case Switch:
		return commandSwitch, true
	case Tick:
		return commandTick, true
	case LoseGateway:
		return commandLoseGateway, true
	case Sync:
		return commandSync, true
	case Erase:
		return commandErase, true
	case FinishErasure:
		return commandFinishErasure, true
	}
	return 0, false
}

// commandDecoders has those that one pod may send another. Tick, Start, LoseGateway and FinishErasure
// are the router's own.
var commandDecoders = map[commandKind]func([]byte) (Command, error){
	commandApplySettings: decodeCommand[ApplySettings],
	commandConnect:       decodeCommand[Connect],
	commandDisconnect:    decodeCommand[Disconnect],
	commandSignIn:        decodeCommand[SignIn],
	commandSignOut:       decodeCommand[SignOut],
	commandLockKeys:      decodeCommand[LockKeys],
	commandJoin:          decodeCommand[Join],
	commandContact:       decodeCommand[Contact],
	commandSay:           decodeCommand[Say],
	commandEnd:           decodeCommand[End],
	commandPick:          decodeCommand[Pick],
	commandEnter:         decodeCommand[Enter],
	commandTransfer:      decodeCommand[Transfer],
	commandInvite:        decodeCommand[Invite],
	commandUninvite:      decodeCommand[Uninvite],
	commandDecline:       decodeCommand[Decline],
	commandSetPresence:   decodeCommand[SetPresence],
	commandNewKey:        decodeCommand[NewKey],
	commandDropKey:       decodeCommand[DropKey],
	commandFavour:        decodeCommand[Favour],
	commandPost:          decodeCommand[Post],
	commandReadRoom:      decodeCommand[ReadRoom],
	commandAccept:        decodeCommand[Accept],
	commandRefuse:        decodeCommand[Refuse],
	commandLeave:         decodeCommand[Leave],
	commandSwitch:        decodeCommand[Switch],
	commandSync:          decodeCommand[Sync],
	commandErase:         decodeCommand[Erase],
}

func decodeCommand[C Command](b []byte) (Command, error) {
	var c C
	err := decMode.Unmarshal(b, &c)
	return c, err
}

type commandIn struct {
	_       struct{} `cbor:",toarray"`
	Version uint8
	Kind    commandKind
	Command cbor.RawMessage
}

type commandOut struct {
	_       struct{} `cbor:",toarray"`
	Version uint8
	Kind    commandKind
	Command Command
}

// EncodeCommand is a command's bytes for another pod. The router's own commands (Start, Tick,
// LoseGateway, FinishErasure) do not travel; they are a *CommandError.
func EncodeCommand(c Command) ([]byte, error) {
	kind, ok := kindOfCommand(c)
	if !ok || commandDecoders[kind] == nil {
		return nil, &CommandError{Kind: uint8(kind), Err: fmt.Errorf("%T does not travel", c)}
	}
	b, err := encMode.Marshal(commandOut{Version: commandVersion, Kind: kind, Command: c})
	if err != nil {
		return nil, &CommandError{Kind: uint8(kind), Err: fmt.Errorf("encode %T: %w", c, err)}
	}
	return b, nil
}

// DecodeCommand reads what EncodeCommand wrote. Anything else is a *CommandError; one with Unknown
// comes from another release, and whoever sent it may try again when the router is of that release too.
func DecodeCommand(b []byte) (Command, error) {
	if c, ok := quickSay(b); ok {
		return c, nil
	}
	return decodeAnyCommand(b)
}

// decodeAnyCommand is DecodeCommand for commands of every kind.
func decodeAnyCommand(b []byte) (Command, error) {
	var in commandIn
	if err := decMode.Unmarshal(b, &in); err != nil {
		return nil, &CommandError{Err: err}
	}
	if in.Version != commandVersion {
		return nil, &CommandError{Kind: uint8(in.Kind), Unknown: true, Err: fmt.Errorf("version %d is not known to this release", in.Version)}
	}
	dec, ok := commandDecoders[in.Kind]
	if !ok {
		return nil, &CommandError{Kind: uint8(in.Kind), Unknown: true, Err: fmt.Errorf("kind %d is not known to this release", in.Kind)}
	}
	c, err := dec(in.Command)
	if err != nil {
		return nil, &CommandError{Kind: uint8(in.Kind), Err: err}
	}
	return c, nil
}

// CommandError tells that a command cannot be read by this release, or does not travel.
type CommandError struct {
	Kind uint8
	// Unknown: the command is of another release.
	Unknown bool
	Err     error
}

func (e *CommandError) Error() string { return fmt.Sprintf("command of kind %d: %v", e.Kind, e.Err) }
func (e *CommandError) Unwrap() error { return e.Err }
