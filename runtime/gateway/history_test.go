package gateway

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/router"
)

// stalling is an archive that stands still some times before it can be asked; what it has is the ledger's.
type stalling struct {
	Archive
	pod   *pod
	times atomic.Int32
}

func (s *stalling) Wait(context.Context, uint64) error {
	if s.times.Add(-1) >= 0 {
		return errors.New("the archive stands still")
	}
	return nil
}

func (s *stalling) MessagesFor(ctx context.Context, _ desk.Principal, id string, _, before uint64, _ int) (list []protocol.Message, err error) {
	for record, err := range router.Records(ctx, s.pod.ledger, 0) {
		if err != nil {
			return nil, err
		}
		if m, is := record.Event.(desk.MessageSent); is && string(m.Conversation) == id && record.Seq < before {
			list = append(list, protocol.Message{Seq: record.Seq, Conversation: id, From: string(m.From), Text: m.Text})
		}
	}
	return list, nil
}

func TestAnAgentIsToldWhatWasSaidBeforeAlsoWhenTheArchiveStoodStill(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	archive := &stalling{}
	p := newPod(t, time.Now, nil, func(o *Options) { o.Archive = archive })
	archive.pod = p
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	origin := desk.Origin{Principal: desk.CustomerPrincipal("maria"), Client: "before-all", CID: 1}
	p.do(t, desk.Join{Origin: origin, Session: "maria", Channel: "web"})
	origin.CID++
	p.do(t, desk.Say{Origin: origin, Text: "Hello?"})
	token, err := p.tokens.IssueLink("ana", "link", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	ana, err := gatewaytest.Agent(ctx, server.URL, access.SignInURL(server.URL, token))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ana.Drop)
	archive.times.Store(2)
	if _, err := ana.Do(ctx, protocol.Command{Type: protocol.TypePick}); err != nil {
		t.Fatal(err)
	}
	if err := ana.Until(ctx, func(v *gatewaytest.View) bool { return len(v.Messages["c1"]) == 1 }); err != nil {
		t.Errorf("ana was never told what Maria had said: %v", err)
	}
}
