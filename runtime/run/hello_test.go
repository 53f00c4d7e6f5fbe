package run_test

import (
	"testing"

	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/run/runtest"
)

func TestAFirstFrameThatIsNoGoodHelloClosesWithItsCode(t *testing.T) {
	d := runtest.Start(t, runtest.Options{Settings: runtest.Sample()})
	for name, test := range map[string]struct {
		frame string
		code  uint16
	}{
		"another version":       {`{"type":"hello","v":2,"client":"abcdefgh","channel":"web"}`, protocol.CloseVersion},
		"a command":             {`{"type":"join","cid":1}`, protocol.CloseProtocol},
		"not JSON":              {`hello`, protocol.CloseProtocol},
		"a client id too short": {`{"type":"hello","v":1,"client":"abc","channel":"web"}`, protocol.CloseProtocol},
		"not UTF-8":             {"{\"type\":\"hello\",\"v\":1,\"client\":\"abcdefgh\",\"channel\":\"\xff\"}", 1007},
	} {
		c, err := gatewaytest.Unannounced(d.URL)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SendRaw([]byte(test.frame)); err != nil {
			t.Fatal(err)
		}
		if code, err := c.Closed(d.Context()); err != nil || code != test.code {
			t.Errorf("%s: closed with %d (%v), want %d", name, code, err, test.code)
		}
		c.Drop()
	}
}
