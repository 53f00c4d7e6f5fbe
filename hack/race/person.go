package main

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/gateway/gatewaytest"
	"usher.chat/runtime/protocol"
)

// person is somebody's tab: it connects again after each kill and sends again what has no answer.
type person struct {
	*gatewaytest.Client
	server *server
	again  int // commands that were sent more than once
}

func newAgent(ctx context.Context, s *server, tokens *access.Tokens, name string) (*person, error) {
	token, err := tokens.IssueLink(name, access.NewID(rand.Reader), time.Now().Add(time.Minute))
	if err != nil {
		return nil, err
	}
	url, err := s.address(ctx)
	if err != nil {
		return nil, err
	}
	c, err := gatewaytest.Agent(ctx, url, access.SignInURL(url, token))
	if err != nil {
		return nil, err
	}
	c.OnlyAnswers()
	return &person{Client: c, server: s}, nil
}

func newCustomer(ctx context.Context, s *server, channel string) (*person, error) {
	url, err := s.address(ctx)
	if err != nil {
		return nil, err
	}
	c, err := gatewaytest.Customer(ctx, url, channel, "")
	if err != nil {
		return nil, err
	}
	c.OnlyAnswers()
	return &person{Client: c, server: s}, nil
}

// do sends a command until it is answered, with the same number each time.
func (p *person) do(ctx context.Context, c protocol.Command) (protocol.Ack, error) {
	c.CID = p.Number()
	for first := true; ; first = false {
		if !first {
			p.again++
		}
		ack, err := p.Do(ctx, c)
		var refused *gatewaytest.Refusal
		switch {
		case err == nil:
			return ack, nil
		case errors.As(err, &refused) && refused.Reason.Code != "unavailable":
			return ack, err
		case ctx.Err() != nil:
			return ack, ctx.Err()
		}
		if err := p.comeBack(ctx); err != nil {
			return ack, err
		}
	}
}

// comeBack connects again, as often as it takes.
func (p *person) comeBack(ctx context.Context) error {
	for {
		url, err := p.server.address(ctx)
		if err != nil {
			return err
		}
		p.Drop()
		p.Move(url)
		within, cancel := context.WithTimeout(ctx, time.Minute)
		err = p.Connect(within)
		cancel()
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		select {
		case <-time.After(50 * time.Millisecond): // it was killed again meanwhile
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func tokensOf(s *server) (*access.Tokens, error) {
	keys, err := access.LoadKeys(filepath.Join(s.data(), "keys"))
	if err != nil {
		return nil, err
	}
	return access.New(access.Options{Desk: deskName, Keys: keys, Now: time.Now}), nil
}
