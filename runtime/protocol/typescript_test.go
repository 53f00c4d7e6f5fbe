package protocol_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher.chat/runtime/protocol"
)

var update = flag.Bool("update", false, "write testdata/frames.json anew")

// frames is one frame of each type from the server, with every member of Change, in an order that
// a client can apply.
func frames() []any {
	conversation := protocol.Conversation{
		ID: "c1", State: protocol.StateInService, Queue: "support", QueueName: "Support",
		Channel: "web", Name: "Maria", Page: "https://www.acme.example/cart", ArrivedAt: 1766505600000,
		Place: 1, Waiting: 3, Agent: "ana", AgentName: "Ana", StartedAt: 1766505660000,
		OfferUntil: 1766505690000, FromQueue: true, Online: true, UnansweredSince: 1766505670000,
		Returned: "left", EndedAt: 1766505990000, EndedBy: "agent",
	}
	return []any{
		protocol.Welcome{
			Type: protocol.TypeWelcome, V: protocol.Version, Session: "token", Agent: "ana",
			Time: 1766505600000, Limits: protocol.Limits{Text: 4000, Frame: 32768, PingSeconds: 20},
		},
		protocol.Snapshot{
			Type: protocol.TypeSnapshot, Seq: 812, MessagesAfter: 700, More: true,
			Changes: []protocol.Change{
				{Kind: protocol.KindQueue, Queue: &protocol.Queue{
					Name: "support", DisplayName: "Support", State: "Open", Cause: "Schedule",
					Detail: "weekdays", Since: 1766505600000, NextTime: 1766530800000, NextState: "Closed",
					TimeZone: "Europe/Helsinki", Waiting: 3, FirstSince: 1766505600000, InService: 1,
					Online: 2, Available: 1, PlacesLeft: 9, Places: 12, MaySwitch: true,
					Override: &protocol.Override{
						State: "Open", Until: 1766530800000, Reason: "fire drill", By: "ana", Pending: true,
					},
				}},
				{Kind: protocol.KindWaiting, Waiting: &protocol.Waiting{
					Conversation: "c2", Queue: "support", Name: "Tuomas", Text: "Where is my parcel?",
					Page: "https://www.acme.example/", Channel: "web", ArrivedAt: 1766505600000,
					Online: true, OfferedTo: "jonas",
				}},
			},
		},
		protocol.Snapshot{
			Type: protocol.TypeSnapshot, Seq: 812, MessagesAfter: 700,
			Changes: []protocol.Change{
				{Kind: protocol.KindConversation, Conversation: &conversation},
				{Kind: protocol.KindMessage, Message: &protocol.Message{
					Seq: 810, Conversation: "c1", From: "customer", Author: "Maria", Text: "Hei – \"moi\" 👋",
					At: 1766505600000, Client: "tab-00000000", CID: 7,
				}},
				{Kind: protocol.KindChannel, Channel: &protocol.Channel{
					Name: "web", DisplayName: "Customer service", Greeting: "Hello", AccentColor: "#1a5fd0",
					Offered: true, Availability: protocol.AvailableQueue, QueueState: "Open",
					OpensAt: 1766530800000, TimeZone: "Europe/Helsinki", Waiting: 3,
					WhenUnavailable: "Message", Message: "Write to us", Time: 1766505600000,
				}},
			},
		},
		protocol.Update{
			Type: protocol.TypeUpdate, Seq: 815, Prev: 812,
			Changes: []protocol.Change{
				{Kind: protocol.KindNotice, Notice: &protocol.Notice{
					Code: "taken", Message: "Jonas has it", Conversation: "c2", Queue: "support",
				}},
				{Kind: protocol.KindGone, Gone: &protocol.Gone{
					Kind: protocol.KindWaiting, ID: "c2", Why: "picked", By: "jonas",
				}},
			},
		},
		protocol.Ack{Type: protocol.TypeAck, CID: 7, Seq: 810, Conversation: "c1"},
		protocol.Refused{Type: protocol.TypeRefused, CID: 8, Error: protocol.Error{
			Code: "already_taken", Message: "Jonas has it", By: "jonas", RetryAfterMS: 1000,
		}},
		protocol.ErrorFrame{Type: protocol.TypeError, Error: protocol.Error{
			Code: "unauthorized", Message: "sign in",
		}},
		protocol.Ping{Type: protocol.TypePing, Time: 1766505600000},
		protocol.GoAway{Type: protocol.TypeGoAway, AfterMS: 5000},
		protocol.Typing{Type: protocol.TypeTyping, Conversation: "c1", From: "agent", Author: "Ana"},
	}
}

func TestGoldenFramesAreWhatTheStructsWrite(t *testing.T) {
	got, err := json.MarshalIndent(map[string]any{
		"server": frames(),
		"closeCodes": map[string]int{
			"ClosePingMissed": protocol.ClosePingMissed, "CloseGap": protocol.CloseGap,
			"CloseSignedOut": protocol.CloseSignedOut, "CloseVersion": protocol.CloseVersion,
			"CloseProtocol": protocol.CloseProtocol, "CloseRateLimited": protocol.CloseRateLimited,
			"CloseSlow": protocol.CloseSlow,
		},
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const file = "testdata/frames.json"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what the structs write; run go test ./runtime/protocol -update", file)
	}
}

func TestGoldenFramesSetEveryField(t *testing.T) {
	for _, frame := range frames() {
		value := reflect.ValueOf(frame)
		switch value.Type().Name() {
		case "Snapshot", "Update", "Refused", "ErrorFrame":
			continue // their parts stand elsewhere, or are left out where they are told once
		}
		for i := range value.NumField() {
			if value.Field(i).IsZero() {
				t.Errorf("%s: field %s is not set", value.Type().Name(), value.Type().Field(i).Name)
			}
		}
	}
}

// field is a member of a struct or interface: its name, and whether it may be absent.
type field struct {
	name     string
	optional bool
}

func TestTypeScriptNamesEveryFieldOfEveryStruct(t *testing.T) {
	goStructs := structsOf(t, "protocol.go")
	tsInterfaces := interfacesOf(t, "protocol.ts")
	for name, fields := range goStructs {
		tsName := name
		if name == "Error" {
			tsName = "ProtocolError" // Error is taken in JavaScript
		}
		got, ok := tsInterfaces[tsName]
		if !ok {
			t.Errorf("protocol.ts has no interface %s", tsName)
			continue
		}
		delete(tsInterfaces, tsName)
		for _, want := range fields {
			if !slices.Contains(got, want) {
				t.Errorf("interface %s lacks %s (optional: %t); it has %v", tsName, want.name, want.optional, got)
			}
		}
		for _, more := range got {
			if !slices.Contains(fields, more) {
				t.Errorf("interface %s has %s (optional: %t), struct %s has not", tsName, more.name, more.optional, name)
			}
		}
	}
	for name := range maps.Keys(tsInterfaces) {
		t.Errorf("protocol.ts has interface %s, protocol.go has no such struct", name)
	}
}

func TestTypeScriptNamesEveryConstant(t *testing.T) {
	source, err := os.ReadFile("protocol.ts")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"version": "= 1;", "subprotocol": "= 'usher.v1';", "maxFrameBytes": "= 32 << 10;",
		"maxTextRunes": "= 4000;", "maxNameRunes": "= 100;", "maxReasonRunes": "= 256;",
		"maxClientLen": "= 64;", "minClientLen": "= 8;",
	} {
		if want := "export const " + name + " " + value; !strings.Contains(string(source), want) {
			t.Errorf("protocol.ts lacks %q", want)
		}
	}
	for _, word := range []string{
		protocol.TypeJoin, protocol.TypeSay, protocol.TypeEnd, protocol.TypePick, protocol.TypeAccept,
		protocol.TypeRefuse, protocol.TypeLeave, protocol.TypeOpen, protocol.TypeClose, protocol.TypeAuto,
		protocol.TypeTyping, protocol.StateWaiting, protocol.StateOffered, protocol.StateInService,
		protocol.StateEnded, protocol.AvailableNow, protocol.AvailableQueue, protocol.Closed,
		protocol.Busy, protocol.Offline, protocol.Full, string(protocol.KindQueue),
		string(protocol.KindWaiting), string(protocol.KindConversation), string(protocol.KindMessage),
		string(protocol.KindChannel), string(protocol.KindNotice), string(protocol.KindGone),
	} {
		if !strings.Contains(string(source), "'"+word+"'") {
			t.Errorf("protocol.ts does not know '%s'", word)
		}
	}
}

func structsOf(t *testing.T, file string) map[string][]field {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]field{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		body, ok := spec.Type.(*ast.StructType)
		if !ok {
			return true
		}
		for _, member := range body.Fields.List {
			tag := reflect.StructTag(strings.Trim(member.Tag.Value, "`")).Get("json")
			name, rest, _ := strings.Cut(tag, ",")
			out[spec.Name.Name] = append(out[spec.Name.Name], field{name, rest == "omitempty"})
		}
		return true
	})
	return out
}

var (
	interfacePattern = regexp.MustCompile(`(?s)export interface (\w+) \{\n(.*?)\n\}`)
	memberPattern    = regexp.MustCompile(`(?m)^  (\w+)(\??): `)
)

func interfacesOf(t *testing.T, file string) map[string][]field {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]field{}
	for _, found := range interfacePattern.FindAllStringSubmatch(string(source), -1) {
		for _, member := range memberPattern.FindAllStringSubmatch(found[2], -1) {
			out[found[1]] = append(out[found[1]], field{member[1], member[2] == "?"})
		}
	}
	return out
}
