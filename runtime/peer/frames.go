package peer

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"google.golang.org/grpc/mem"
)

// Version of the frames. Pods of two releases stand side by side during an upgrade: a field may be added, and is left
// out by whoever does not know it; none changes its number or meaning.
const Version = 1

// Hello is the first frame of a pod.
type Hello struct {
	Version int    `cbor:"1,keyasint"`
	Desk    string `cbor:"2,keyasint"`
	// Gateway names the pod's process.
	Gateway string `cbor:"3,keyasint"`
	// After is the last sequence that it has.
	After uint64 `cbor:"4,keyasint"`
}

// Command is one of the desk's commands, as desk.EncodeCommand wrote it, with the pod's own number for the answer.
type Command struct {
	_    struct{} `cbor:",toarray"`
	ID   uint64
	Body []byte
}

// Mark tells that somebody types. It may be lost.
type Mark struct {
	_            struct{} `cbor:",toarray"`
	Conversation string
	Agent        string // empty: the customer
}

// up is a frame to the router; an empty one tells only that the pod is there.
type up struct {
	Hello    *Hello    `cbor:"1,keyasint,omitempty"`
	Commands []Command `cbor:"2,keyasint,omitempty"`
	Marks    []Mark    `cbor:"3,keyasint,omitempty"`
	// Leaving: this pod ends soon. It is no successor, and when its stream ends it is gone.
	Leaving bool `cbor:"4,keyasint,omitempty"`
}

// Group is what one commit wrote, as it stands in the ledger.
type Group struct {
	_       struct{} `cbor:",toarray"`
	First   uint64
	Entries [][]byte
}

func (g Group) last() uint64 { return g.First + uint64(len(g.Entries)) - 1 }

// Answer is the router's to a command.
type Answer struct {
	_            struct{} `cbor:",toarray"`
	ID           uint64
	Seq          uint64
	Conversation string
	Repeated     bool
	Failure      *Failure
}

// Failure is why a command had no effect, or why nobody knows.
type Failure struct {
	Kind    FailureKind `cbor:"1,keyasint"`
	Code    string      `cbor:"2,keyasint,omitempty"`
	Message string      `cbor:"3,keyasint,omitempty"`
	By      string      `cbor:"4,keyasint,omitempty"`
}

// FailureKind says what a Failure is.
type FailureKind uint8

const (
	Refused     FailureKind = 1 // by the domain: Code, Message and By are its own
	Unavailable FailureKind = 2 // the ledger cannot be written now; it may be sent again
	NotTaken    FailureKind = 3 // the router ends and did not look at it: send it to the next one
	Unknown     FailureKind = 4 // the router's release does not know such a command
)

// Down is a frame of the router.
type Down struct {
	Welcome *Welcome `cbor:"1,keyasint,omitempty"`
	Groups  []Group  `cbor:"2,keyasint,omitempty"`
	Answers []Answer `cbor:"3,keyasint,omitempty"`
	Marks   []Mark   `cbor:"4,keyasint,omitempty"`
	Moved   *Moved   `cbor:"5,keyasint,omitempty"`
}

// Welcome is the router's first frame.
type Welcome struct {
	Epoch   uint64 `cbor:"1,keyasint"`
	Gateway string `cbor:"2,keyasint"`
}

// Moved tells that this router has given the lead back. It is the last frame of a stream.
type Moved struct {
	// To is the gateway that should take the lead; empty when it does not matter.
	To string `cbor:"1,keyasint,omitempty"`
}

// Errors of Join and Next.
var (
	// ErrBehind: the router's ring begins later. Read the ledger's table first.
	ErrBehind = errors.New("further behind than the router remembers")
	// ErrNotLeading: that pod does not lead, or not any more.
	ErrNotLeading = errors.New("that pod does not lead")
	// ErrRefused: nobody listens at the address: the process is gone.
	ErrRefused = errors.New("nobody listens at the leader's address")
	// ErrSilent: nothing was heard for too long.
	ErrSilent = errors.New("the other side is silent")
)

// codec carries frames as CBOR.
type codec struct{ dec cbor.DecMode }

func newCodec() codec {
	dec, err := cbor.DecOptions{MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 10, MaxNestedLevels: 16}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return codec{dec}
}

func (codec) Name() string { return "usher-cbor" }

func (codec) Marshal(v any) (mem.BufferSlice, error) {
	b, err := cbor.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode a frame: %w", err)
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buffer.Free()
	if err := c.dec.Unmarshal(buffer.ReadOnlyData(), v); err != nil { // it copies what it keeps
		return fmt.Errorf("decode a frame: %w", err)
	}
	return nil
}
