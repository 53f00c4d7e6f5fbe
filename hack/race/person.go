package main

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/gateway/gatewaytest"
)

// person is somebody's tab: it connects again after each kill and gives again what has no answer.
func person(c *gatewaytest.Client, s *server) *gatewaytest.Person {
	c.OnlyAnswers()
	return gatewaytest.NewPerson(c, 0, gatewaytest.PersonOptions{
		Addresses: func() []string { return []string{s.now()} }, Patience: time.Minute, Pause: 50 * time.Millisecond,
	})
}

func newAgent(ctx context.Context, s *server, tokens *access.Tokens, name string) (*gatewaytest.Person, error) {
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
	return person(c, s), nil
}

func newCustomer(ctx context.Context, s *server, channel string) (*gatewaytest.Person, error) {
	url, err := s.address(ctx)
	if err != nil {
		return nil, err
	}
	c, err := gatewaytest.Customer(ctx, url, channel, "")
	if err != nil {
		return nil, err
	}
	return person(c, s), nil
}

func tokensOf(s *server) (*access.Tokens, error) {
	keys, err := access.LoadKeys(filepath.Join(s.data(), "keys"))
	if err != nil {
		return nil, err
	}
	return access.New(access.Options{Desk: deskName, Keys: keys, Now: time.Now}), nil
}
