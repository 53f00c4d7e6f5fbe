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
		Agents:   []protocol.Participant{{Name: "ana", DisplayName: "Ana"}, {Name: "ben", DisplayName: "Ben"}},
		HandedTo: &protocol.Target{Kind: "team", Name: "billing"}, HandedToName: "Billing",
		Team: "tier1", Issue: "A parcel", Email: "maria@example.org", Phone: "+358 40 1234567",
		SoonAt: 1766505850000, OverdueAt: 1766505970000, Idle: true,
		Invited:  []protocol.Target{{Kind: "agent", Name: "jonas"}},
		Disabled: []string{"emoji"}, Secure: true,
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
					Mode: "Automatic", Priority: 5, Alerted: 1, Inactive: 2, Favourite: true,
					Disabled: []string{"preview"},
					Targets: &protocol.Targets{
						Queues: []string{"billing"}, Teams: []string{"tier1"}, Agents: []string{"ben"},
					},
				}},
				{Kind: protocol.KindWaiting, Waiting: &protocol.Waiting{
					Conversation: "c2", Queue: "support", Name: "Tuomas", Text: "Where is my parcel?",
					Page: "https://www.acme.example/", Channel: "web", ArrivedAt: 1766505600000,
					Online: true, OfferedTo: "jonas",
					Team: "tier1", Agent: "ana", Via: "transfer", From: "ben", FromName: "Ben",
					Note: "knows the order", Issue: "A parcel", Returned: "lost", Alerted: true, Grab: true, Secure: true,
					UnansweredSince: 1766505670000, SoonAt: 1766505850000, OverdueAt: 1766505970000,
				}},
				{Kind: protocol.KindTeam, Team: &protocol.Team{
					Name: "tier1", DisplayName: "First line", Role: "Admin", Mode: "Grab", Waiting: 1,
					FirstSince: 1766505600000, Online: 2, Favourite: true, Room: "t:tier1",
				}},
				{Kind: protocol.KindAgent, Agent: &protocol.Colleague{
					Name: "ben", DisplayName: "Ben", Presence: protocol.PresenceFinishMine, Load: 2, Limit: 3,
					Teams: []string{"tier1"},
				}},
				{Kind: protocol.KindMe, Me: &protocol.Standing{
					Presence: protocol.PresenceAvailable, Load: 1, Limit: 3,
					Keys: []protocol.Key{{Key: "4071928", Expires: 1766506500000}},
				}},
				{Kind: protocol.KindInvitation, Invitation: &protocol.Invitation{
					Conversation: "c3", Queue: "support", Name: "Liisa", Team: "tier1", By: "ben", ByName: "Ben",
					Note: "speaks Swedish", At: 1766505600000,
				}},
				{Kind: protocol.KindOpen, Open: &protocol.Open{
					Conversation: "c4", Queue: "support", Team: "tier1", Name: "Pekka", Text: "My invoice",
					Channel: "web", Agents: []protocol.Participant{{Name: "ben", DisplayName: "Ben"}},
					ArrivedAt: 1766505600000, StartedAt: 1766505660000, Online: true,
					UnansweredSince: 1766505670000, SoonAt: 1766505850000, OverdueAt: 1766505970000,
				}},
				{Kind: protocol.KindInactive, Inactive: &protocol.Inactive{
					Conversation: "c5", Queue: "support", Channel: "web", Name: "Aino", Email: "aino@example.org",
					Phone: "+358 40 7654321", Text: "Please call", Page: "https://www.acme.example/",
					ArrivedAt: 1766505600000, At: 1766505660000, Why: "contact",
				}},
				{Kind: protocol.KindRoom, Room: &protocol.Room{
					ID: "t:tier1", Kind: "team", Team: "tier1", With: "ben", Name: "First line", Unread: 1,
					ReadSeq: 700, LastSeq: 811, LastAt: 1766505600000,
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
					Issues: []protocol.Issue{
						{ID: "support/parcel", Queue: "support", QueueName: "Support", DisplayName: "A parcel"},
					},
					Agents:      []protocol.Participant{{Name: "ana", DisplayName: "Ana"}},
					SessionKeys: true,
					Targeting: []protocol.Targeting{{
						Type: "PagePattern", Pattern: "/cart*", Languages: []string{"fi"}, AtLeast: 30,
						Attribute: "plan", Values: []string{"gold"},
					}},
					Disabled: []string{"typing"},
					Link: &protocol.LinkInfo{
						To: protocol.Target{Kind: "agent", Name: "ana"}, Name: "Ana", Offered: true, Expires: 1798041600000,
					},
					LinkError: "link_expired",
				}},
			},
		},
		protocol.Update{
			Type: protocol.TypeUpdate, Seq: 815, Prev: 812,
			Changes: []protocol.Change{
				{Kind: protocol.KindPost, Post: &protocol.Post{
					Seq: 814, Room: "t:tier1", Author: "ben", AuthorName: "Ben", Text: "Anybody free?",
					At: 1766505600000, Client: "tab-00000000", CID: 9,
				}},
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
	met := map[string]bool{} // "Struct.Field" that some frame sets
	types := map[reflect.Type]bool{}
	var visit func(reflect.Value)
	visit = func(value reflect.Value) {
		switch value.Kind() {
		case reflect.Pointer:
			if !value.IsNil() {
				visit(value.Elem())
			}
		case reflect.Slice:
			for i := range value.Len() {
				visit(value.Index(i))
			}
		case reflect.Struct:
			types[value.Type()] = true
			for i := range value.NumField() {
				if !value.Field(i).IsZero() {
					met[value.Type().Name()+"."+value.Type().Field(i).Name] = true
				}
				visit(value.Field(i))
			}
		}
	}
	for _, frame := range frames() {
		visit(reflect.ValueOf(frame))
	}
	for typ := range types {
		for i := range typ.NumField() {
			if name := typ.Name() + "." + typ.Field(i).Name; !met[name] {
				t.Errorf("no frame sets %s", name)
			}
		}
	}
	// What stands in changes.go travels in frames, all of it.
	known := structs()
	for name := range structsOf(t, "changes.go") {
		if !types[known[name]] {
			t.Errorf("no frame has a %s", name)
		}
	}
}

// field is a member of a struct or interface: its name, and whether it may be absent.
type field struct {
	name     string
	optional bool
}

func TestTypeScriptNamesEveryFieldOfEveryStruct(t *testing.T) {
	goStructs := structsOf(t, files...)
	tsInterfaces := interfacesOf(t)
	for name, fields := range goStructs {
		tsName := name
		if name == "Error" {
			tsName = "ProtocolError" // Error is taken in JavaScript
		}
		got, ok := tsInterfaces[tsName]
		if !ok {
			t.Errorf("no file has an interface %s", tsName)
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
		t.Errorf("TypeScript has interface %s, Go has no such struct", name)
	}
}

func TestTypeScriptNamesEveryConstant(t *testing.T) {
	source := typeScript(t)
	for name, value := range map[string]string{
		"version": "= 1;", "subprotocol": "= 'usher.v1';", "maxFrameBytes": "= 32 << 10;",
		"maxTextRunes": "= 4000;", "maxNameRunes": "= 100;", "maxReasonRunes": "= 256;",
		"maxClientLen": "= 64;", "minClientLen": "= 8;", "maxNoteRunes": "= 500;",
		"maxEmailBytes": "= 254;", "maxPhoneRunes": "= 32;",
	} {
		if want := "export const " + name + " " + value; !strings.Contains(source, want) {
			t.Errorf("TypeScript lacks %q", want)
		}
	}
	for name, word := range wordsOf(t, files...) {
		if word == protocol.TypePong {
			continue // socket.ts answers a ping itself; nobody else sends it
		}
		if !strings.Contains(source, "'"+word+"'") {
			t.Errorf("TypeScript does not know '%s' of %s", word, name)
		}
	}
}

// files are where the package's structs and words stand.
var files = []string{"protocol.go", "changes.go", "http.go"}

// declarations parses files and calls with each of their declarations.
func declarations(t *testing.T, files []string, with func(ast.Node) bool) {
	t.Helper()
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, with)
	}
}

// wordsOf are the string constants of files, by name.
func wordsOf(t *testing.T, files ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	declarations(t, files, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, value := range spec.Values {
			if text, ok := value.(*ast.BasicLit); ok && text.Kind == token.STRING {
				out[spec.Names[i].Name] = strings.Trim(text.Value, `"`)
			}
		}
		return true
	})
	return out
}

func structsOf(t *testing.T, files ...string) map[string][]field {
	t.Helper()
	out := map[string][]field{}
	declarations(t, files, func(node ast.Node) bool {
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

// typeScript is the source of what protocol.ts, changes.ts and http.ts declare.
func typeScript(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, file := range files {
		source, err := os.ReadFile(strings.TrimSuffix(file, ".go") + ".ts")
		if err != nil {
			t.Fatal(err)
		}
		all.Write(source)
	}
	return all.String()
}

func interfacesOf(t *testing.T) map[string][]field {
	t.Helper()
	out := map[string][]field{}
	for _, found := range interfacePattern.FindAllStringSubmatch(typeScript(t), -1) {
		for _, member := range memberPattern.FindAllStringSubmatch(found[2], -1) {
			out[found[1]] = append(out[found[1]], field{member[1], member[2] == "?"})
		}
	}
	return out
}
