package desk

import (
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// kind is an event's type in the ledger. Numbers are never used again.
type kind uint8

const (
	kindSettingsChanged   kind = 1
	kindQueueSwitched     kind = 2
	kindOverrideRequested kind = 3
	kindOverrideAnswered  kind = 4
	kindConnected         kind = 5
	kindDisconnected      kind = 6
	kindRouterStarted     kind = 7
	kindCustomerJoined    kind = 8
	kindPicked            kind = 9
	kindOffered           kind = 10
	kindReturned          kind = 11
	kindMessageSent       kind = 12
	kindEnded             kind = 13
	kindSignedIn          kind = 14
	kindSignedOut         kind = 15
	kindPresenceSet       kind = 16
	kindTransferred       kind = 17
	kindHandedBack        kind = 18
	kindRerouted          kind = 19
	kindEntered           kind = 20
	kindLeft              kind = 21
	kindInvited           kind = 22
	kindUninvited         kind = 23
	kindRuleApplied       kind = 24
	kindWentInactive      kind = 25
	kindRevived           kind = 26
	kindContactLeft       kind = 27
	kindWentIdle          kind = 28
	kindKeyMade           kind = 29
	kindKeyDropped        kind = 30
	kindKeysLocked        kind = 31
	kindFavoured          kind = 32
	kindPosted            kind = 33
	kindRoomRead          kind = 34
	kindGatewayLost       kind = 35
	kindErased            kind = 36
	kindRewritten         kind = 37
)

func (SettingsChanged) kind() kind   { return kindSettingsChanged }
func (QueueSwitched) kind() kind     { return kindQueueSwitched }
func (OverrideRequested) kind() kind { return kindOverrideRequested }
func (OverrideAnswered) kind() kind  { return kindOverrideAnswered }
func (Connected) kind() kind         { return kindConnected }
func (Disconnected) kind() kind      { return kindDisconnected }
func (RouterStarted) kind() kind     { return kindRouterStarted }
func (CustomerJoined) kind() kind    { return kindCustomerJoined }
func (Picked) kind() kind            { return kindPicked }
func (Offered) kind() kind           { return kindOffered }
func (Returned) kind() kind          { return kindReturned }
func (MessageSent) kind() kind       { return kindMessageSent }
func (Ended) kind() kind             { return kindEnded }
func (SignedIn) kind() kind          { return kindSignedIn }
func (SignedOut) kind() kind         { return kindSignedOut }
func (PresenceSet) kind() kind       { return kindPresenceSet }
func (Transferred) kind() kind       { return kindTransferred }
func (HandedBack) kind() kind        { return kindHandedBack }
func (Rerouted) kind() kind          { return kindRerouted }
func (Entered) kind() kind           { return kindEntered }
func (Left) kind() kind              { return kindLeft }
func (Invited) kind() kind           { return kindInvited }
func (Uninvited) kind() kind         { return kindUninvited }
func (RuleApplied) kind() kind       { return kindRuleApplied }
func (WentInactive) kind() kind      { return kindWentInactive }
func (Revived) kind() kind           { return kindRevived }
func (ContactLeft) kind() kind       { return kindContactLeft }
func (WentIdle) kind() kind          { return kindWentIdle }
func (KeyMade) kind() kind           { return kindKeyMade }
func (KeyDropped) kind() kind        { return kindKeyDropped }
func (KeysLocked) kind() kind        { return kindKeysLocked }
func (Favoured) kind() kind          { return kindFavoured }
func (Posted) kind() kind            { return kindPosted }
func (RoomRead) kind() kind          { return kindRoomRead }
func (GatewayLost) kind() kind       { return kindGatewayLost }
func (Erased) kind() kind            { return kindErased }
func (Rewritten) kind() kind         { return kindRewritten }

// decoders makes an event of each kind. A kind of a later release is an error, never skipped: a pod
// that does not understand the ledger must not act on it.
var decoders = map[kind]func([]byte) (Event, error){
	kindSettingsChanged:   decode[SettingsChanged],
	kindQueueSwitched:     decode[QueueSwitched],
	kindOverrideRequested: decode[OverrideRequested],
	kindOverrideAnswered:  decode[OverrideAnswered],
	kindConnected:         decode[Connected],
	kindDisconnected:      decode[Disconnected],
	kindRouterStarted:     decode[RouterStarted],
	kindCustomerJoined:    decode[CustomerJoined],
	kindPicked:            decode[Picked],
	kindOffered:           decode[Offered],
	kindReturned:          decode[Returned],
	kindMessageSent:       decode[MessageSent],
	kindEnded:             decode[Ended],
	kindSignedIn:          decode[SignedIn],
	kindSignedOut:         decode[SignedOut],
	kindPresenceSet:       decode[PresenceSet],
	kindTransferred:       decode[Transferred],
	kindHandedBack:        decode[HandedBack],
	kindRerouted:          decode[Rerouted],
	kindEntered:           decode[Entered],
	kindLeft:              decode[Left],
	kindInvited:           decode[Invited],
	kindUninvited:         decode[Uninvited],
	kindRuleApplied:       decode[RuleApplied],
	kindWentInactive:      decode[WentInactive],
	kindRevived:           decode[Revived],
	kindContactLeft:       decode[ContactLeft],
	kindWentIdle:          decode[WentIdle],
	kindKeyMade:           decode[KeyMade],
	kindKeyDropped:        decode[KeyDropped],
	kindKeysLocked:        decode[KeysLocked],
	kindFavoured:          decode[Favoured],
	kindPosted:            decode[Posted],
	kindRoomRead:          decode[RoomRead],
	kindGatewayLost:       decode[GatewayLost],
	kindErased:            decode[Erased],
	kindRewritten:         decode[Rewritten],
}

func decode[E Event](b []byte) (Event, error) {
	var e E
	err := decMode.Unmarshal(b, &e)
	return e, err
}

// eventVersion is the version of the encoding of all kinds. A kind whose meaning must change gets a
// new number instead.
const eventVersion = 1

// entry is a record as it stands in the ledger, without its sequence, which is the ledger's.
type entry struct {
	_       struct{} `cbor:",toarray"`
	Version uint8
	Kind    kind
	At      int64
	Origin  *Origin
	Event   cbor.RawMessage
}

type entryOut struct {
	_       struct{} `cbor:",toarray"`
	Version uint8
	Kind    kind
	At      int64
	Origin  *Origin
	Event   Event
}

var (
	encMode = must(cbor.EncOptions{Sort: cbor.SortCoreDeterministic, Time: cbor.TimeRFC3339Nano}.EncMode())
	decMode = must(cbor.DecOptions{MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 20, MaxNestedLevels: 32}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options above are constants
	}
	return v
}

// Encode is a record's bytes for the ledger. The sequence is not among them.
func Encode(r Record) ([]byte, error) {
	b, err := encMode.Marshal(entryOut{Version: eventVersion, Kind: r.Event.kind(), At: r.At, Origin: r.Origin, Event: r.Event})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", name(r.Event), err)
	}
	return b, nil
}

// Decode reads what Encode wrote. Anything else is a *DecodeError.
func Decode(seq uint64, b []byte) (Record, error) {
	if r, ok := quickMessage(seq, b); ok {
		return r, nil
	}
	return decodeRecord(seq, b)
}

// decodeRecord is Decode for entries of every kind.
func decodeRecord(seq uint64, b []byte) (Record, error) {
	var e entry
	if err := decMode.Unmarshal(b, &e); err != nil {
		return Record{}, &DecodeError{Seq: seq, Err: err}
	}
	if e.Version != eventVersion {
		return Record{}, &DecodeError{Seq: seq, Err: fmt.Errorf("version %d is not known to this release", e.Version)}
	}
	dec, ok := decoders[e.Kind]
	if !ok {
		return Record{}, &DecodeError{Seq: seq, Err: fmt.Errorf("kind %d is not known to this release", e.Kind)}
	}
	event, err := dec(e.Event)
	if err != nil {
		return Record{}, &DecodeError{Seq: seq, Err: fmt.Errorf("kind %d: %w", e.Kind, err)}
	}
	return Record{Seq: seq, At: e.At, Origin: e.Origin, Event: event}, nil
}

// DecodeError tells that an entry of the ledger cannot be read by this release.
type DecodeError struct {
	Seq uint64
	Err error
}

func (e *DecodeError) Error() string { return fmt.Sprintf("ledger entry %d: %v", e.Seq, e.Err) }
func (e *DecodeError) Unwrap() error { return e.Err }

// name is an event's type for messages.
func name(e Event) string { return reflect.TypeOf(e).Name() }
