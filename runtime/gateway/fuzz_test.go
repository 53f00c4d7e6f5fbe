package gateway

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// agentOf is the agent in whose name a command acts; customers' commands have none.
func agentOf(c desk.Command) string {
	switch c := c.(type) {
	case desk.Pick:
		return c.Agent
	case desk.Accept:
		return c.Agent
	case desk.Refuse:
		return c.Agent
	case desk.Leave:
		return c.Agent
	case desk.Switch:
		return c.Agent
	case desk.Enter:
		return c.Agent
	case desk.Transfer:
		return c.Agent
	case desk.Invite:
		return c.Agent
	case desk.Uninvite:
		return c.Agent
	case desk.Decline:
		return c.Agent
	case desk.SetPresence:
		return c.Agent
	case desk.NewKey:
		return c.Agent
	case desk.DropKey:
		return c.Agent
	case desk.Favour:
		return c.Agent
	case desk.Post:
		return c.Agent
	case desk.ReadRoom:
		return c.Agent
	}
	return ""
}

func FuzzCommandFrame(f *testing.F) {
	for _, frame := range []string{
		``, `{`, `[]`, `"x"`, `null`, `{"type":7}`, `{"type":"say","cid":-1}`, `{"type":"say","cid":1,"text":"hi"}`,
		`{"type":"say","cid":9007199254740992,"text":"hi"}`, `{"type":"say","cid":1,"conversation":"c1","text":"\ud83d"}`,
		`{"type":"join","cid":1,"name":"Maria","page":"https://x","text":"hello","session":"other","agent":"ana"}`,
		`{"type":"pick","cid":1,"queue":"support"}`, `{"type":"pick","cid":1,"conversation":"c1"}`,
		`{"type":"accept","cid":1,"conversation":"c1"}`, `{"type":"refuse","cid":1,"conversation":"c1"}`,
		`{"type":"leave","cid":1,"conversation":"c1"}`, `{"type":"end","cid":1,"conversation":"c1"}`,
		`{"type":"open","cid":1,"queue":"support","until":1,"reason":"x"}`, `{"type":"close","cid":1,"queue":"support","until":-1}`,
		`{"type":"auto","cid":1,"queue":"support"}`, `{"type":"hello","v":1}`, `{"type":"pong"}`, `{"type":"typing"}`,
		`{"type":"say","cid":1,"client":"somebody-else","text":"hi"}`, "{\"type\":\"say\",\"cid\":1,\"text\":\"\xff\"}",
		`{"type":"grab","cid":1,"conversation":"c1"}`, `{"type":"enter","cid":1,"conversation":"c1"}`, `{"type":"enter","cid":1}`,
		`{"type":"transfer","cid":1,"conversation":"c1","to":{"kind":"agent","name":"ben"},"text":"note"}`,
		`{"type":"transfer","cid":1,"conversation":"c1","to":{"kind":"planet","name":"mars"}}`, `{"type":"transfer","cid":1,"conversation":"c1","to":7}`,
		`{"type":"transfer","cid":1,"conversation":"c1","to":{"kind":"queue"}}`, `{"type":"transfer","cid":1,"conversation":"c1","to":{}}`,
		`{"type":"invite","cid":1,"conversation":"c1","to":{"kind":"team","name":"tier1"}}`, `{"type":"invite","cid":1,"conversation":"c1"}`,
		`{"type":"uninvite","cid":1,"conversation":"c1","to":{"kind":"agent","name":"ben"}}`, `{"type":"decline","cid":1,"conversation":"c1"}`,
		`{"type":"presence","cid":1,"presence":"away"}`, `{"type":"presence","cid":1,"presence":""}`, `{"type":"presence","cid":1,"presence":["away"]}`,
		`{"type":"newKey","cid":1}`, `{"type":"dropKey","cid":1,"key":"0000000"}`, `{"type":"join","cid":1,"key":"12345678901234567890123456789012345"}`,
		`{"type":"favour","cid":1,"to":{"kind":"queue","name":"support"},"on":true}`, `{"type":"favour","cid":1,"on":"yes"}`,
		`{"type":"post","cid":1,"room":"t:tier1","text":"hi"}`, `{"type":"post","cid":1,"room":"p:ana:ben:cem","text":"hi"}`, `{"type":"post","cid":1,"room":""}`,
		`{"type":"read","cid":1,"room":"t:tier1","seq":18446744073709551615}`, `{"type":"read","cid":1,"room":"t:tier1","seq":-1}`,
		`{"type":"watch","views":["team","inactive","other"]}`, `{"type":"watch","views":"team"}`,
		`{"type":"contact","cid":1,"text":"hi","email":"a@b.example","phone":"+358"}`, `{"type":"join","cid":1,"link":"x.y.z","issue":"support/x","agent":"ana"}`,
		`{"TYPE":"say","CID":1,"Text":"hi"}`, `{"type":"say","cid":1.0}`, `{"type":"say","cid":1e3}`,
	} {
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, bad := parseCommand(data)
		if bad != nil {
			known(t, *bad)
			return
		}
		if !utf8.Valid(data) {
			t.Fatalf("%q is taken", data)
		}
		for _, w := range []who{
			{session: "s1", channel: "web", client: "customers-tab"},
			{agent: "ana", session: "signed-in", client: "agents-tab"},
		} {
			cmd, bad := command(c, w)
			if bad != nil {
				known(t, *bad)
				continue
			}
			o := desk.OriginOf(cmd)
			if o == nil || o.Principal != w.principal() || o.Client != w.client || o.CID != c.CID || c.CID == 0 || c.CID > maxCID {
				t.Fatalf("%q from %+v became %+v", data, w, cmd)
			}
			if agent := agentOf(cmd); agent != "" && agent != w.agent {
				t.Fatalf("%q from %+v acts for %q", data, w, agent)
			}
			if j, ok := cmd.(desk.Join); ok && (w.agent != "" || j.Session != w.session || j.Channel != w.channel) {
				t.Fatalf("%q from %+v became %+v", data, w, cmd)
			}
			if s, ok := cmd.(desk.Say); ok && w.agent == "" && s.Conversation != "" {
				t.Fatalf("%q from a customer names the conversation %q", data, s.Conversation)
			}
			// And the domain has an answer to it.
			if _, err := desk.Decide(desk.New(), cmd, time.UnixMilli(1)); err != nil {
				known(t, failure(err))
			}
		}
	})
}

// known fails when an error is not one that a client can be told.
func known(t *testing.T, e protocol.Error) {
	t.Helper()
	if e.Code == "" || e.Message == "" || !utf8.ValidString(e.Message) || len(e.Message) > 1000 {
		t.Fatalf("a client is told %+v", e)
	}
	if !json.Valid(marshal(protocol.Refused{Type: protocol.TypeRefused, Error: e})) {
		t.Fatalf("%+v is no frame", e)
	}
}

func FuzzHello(f *testing.F) {
	p := newPod(f, time.Now, nil)
	conn := someConn(f)
	token := p.token(f, "s1")
	other, err := p.tokens.IssueCustomer("s1", "another", time.Now().Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	agents, err := p.tokens.IssueAgent("ana", "signed-in", time.Now().Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	for _, hello := range []string{
		``, `{}`, `null`, `[]`, `{"type":"say"}`, `{"type":"hello"}`, `{"type":"hello","v":2,"client":"abcdefgh","channel":"web"}`,
		`{"type":"hello","v":1,"client":"abc","channel":"web"}`, `{"type":"hello","v":1,"client":"abcdefg\u0000","channel":"web"}`,
		`{"type":"hello","v":1,"client":"abcdefgh","channel":"web"}`, `{"type":"hello","v":1,"client":"abcdefgh","channel":"nope"}`,
		`{"type":"hello","v":1,"client":"abcdefgh","channel":"web","seq":18446744073709551615}`,
		`{"type":"hello","v":1,"client":"abcdefgh","channel":"web","session":"x.y.z"}`,
		fmt.Sprintf(`{"type":"hello","v":1,"client":"abcdefgh","channel":"web","session":%q}`, token),
		fmt.Sprintf(`{"type":"hello","v":1,"client":"abcdefgh","channel":"web","session":%q}`, other),
		fmt.Sprintf(`{"type":"hello","v":1,"client":"abcdefgh","channel":"web","session":%q}`, agents),
	} {
		f.Add([]byte(hello), "")
		f.Add([]byte(hello), "https://www.acme.example")
		f.Add([]byte(hello), "https://evil.example")
		f.Add([]byte(hello), strings.Repeat("\xff\xfe", 5000)) // headers are bytes, and may be long
	}
	f.Fuzz(func(t *testing.T, data []byte, from string) {
		s := held(conn, &socket{origin: origin{name: from}})
		p.streams.hello(s, data)
		defer p.hub.leave(s)
		s.mu.Lock()
		closed, out := s.closed, s.out[0].text(nil)
		s.mu.Unlock()
		var head struct {
			Type    string
			Session string
			Error   protocol.Error
		}
		if err := json.Unmarshal(out, &head); err != nil {
			t.Fatalf("%q is answered %q", data, out)
		}
		if s.client == "" {
			if !closed || head.Type != protocol.TypeError {
				t.Fatalf("%q is refused with %s and closed: %v", data, out, closed)
			}
			known(t, head.Error)
			return
		}
		if from != "" && !strings.EqualFold(from, "https://www.acme.example") && from != sample().Desk.PublicURL {
			t.Fatalf("a page of %q was let in", from)
		}
		if closed || head.Type != protocol.TypeWelcome || !validClient(s.client) || s.channel != "web" {
			t.Fatalf("%q is answered %s", data, out)
		}
		session, channel, _, err := p.tokens.VerifyCustomer(head.Session)
		if err != nil || session != s.session || channel != "web" || s.principal != desk.CustomerPrincipal(session) {
			t.Fatalf("%q is given the session %q of %q (%v), its socket has %q", data, session, channel, err, s.session)
		}
		// Whose session it is says the token, and nothing else.
		var h protocol.Hello
		if err := json.Unmarshal(data, &h); err != nil {
			t.Fatal(err)
		}
		claimed, of, _, err := p.tokens.VerifyCustomer(h.Session)
		if err == nil && of == "web" && claimed != session || (err != nil || of != "web") && len(session) != len(access.NewID(zeros{})) {
			t.Fatalf("%q is given the session %q, its token is for %q (%v)", data, session, claimed, err)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// unframed reads text frames as a client does: whole, not masked, of the shortest length.
func unframed(b []byte) (list [][]byte, err error) {
	for len(b) > 0 {
		if len(b) < 2 || b[0] != 0x81 {
			return nil, fmt.Errorf("frame %d begins % x", len(list), b[:min(len(b), 2)])
		}
		n, rest := uint64(b[1]), b[2:]
		switch {
		case n == 126 && len(rest) >= 2:
			if n, rest = uint64(binary.BigEndian.Uint16(rest)), rest[2:]; n < 126 {
				return nil, fmt.Errorf("frame %d has %d bytes in a long length", len(list), n)
			}
		case n == 127 && len(rest) >= 8:
			if n, rest = binary.BigEndian.Uint64(rest), rest[8:]; n < 1<<16 {
				return nil, fmt.Errorf("frame %d has %d bytes in the longest length", len(list), n)
			}
		case n > 125:
			return nil, fmt.Errorf("frame %d is masked or cut: %d", len(list), n)
		}
		if n > uint64(len(rest)) {
			return nil, fmt.Errorf("frame %d has %d of %d bytes", len(list), len(rest), n)
		}
		list, b = append(list, rest[:n]), rest[n:]
	}
	return list, nil
}

func FuzzFramed(f *testing.F) {
	for _, n := range []uint32{0, 1, 125, 126, 127, 65535, 65536, 70000} {
		f.Add(n, uint32(3), []byte(`{"type":"ping"}`))
		f.Add(uint32(0), n, []byte{})
	}
	f.Fuzz(func(t *testing.T, first, second uint32, third []byte) {
		in := []frame{
			{bytes: bytes.Repeat([]byte{'a'}, int(first%200_000))},
			{bytes: bytes.Repeat([]byte{0x81}, int(second%200_000))},
			{bytes: third, snapshot: true},
		}
		for n := range len(in) + 1 {
			out, err := unframed(framed(nil, in[:n]))
			if err != nil {
				t.Fatal(err)
			}
			if len(out) != n {
				t.Fatalf("%d frames were read, %d written", len(out), n)
			}
			for i, b := range out {
				if !bytes.Equal(b, in[i].bytes) {
					t.Fatalf("frame %d of %d bytes reads otherwise", i, len(in[i].bytes))
				}
			}
		}
	})
}
