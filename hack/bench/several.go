package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"usher.chat/runtime/access"
	"usher.chat/runtime/ledger/pgtest"
	"usher.chat/runtime/run/podstest"
	"usher.chat/runtime/settings"
)

// severalPods is a desk of three pods on a PostgreSQL server of its own.
type severalPods struct {
	*podstest.Desk
	database *pgtest.Server
	settings settings.Settings
	tokens   *access.Tokens
	each     []*desk // the pods, as what measures one desk takes them
}

// startThree runs three pods, with so many agents. ArgsOf, if not nil, gives further arguments of one pod.
func startThree(ctx context.Context, e *env, agents int, argsOf func(pod int) []string) (s *severalPods, err error) {
	s = &severalPods{settings: deskSettings(agents)}
	s.settings.Sort()
	defer func() {
		if err != nil {
			s, err = nil, errors.Join(err, s.Close())
		}
	}()
	var store string
	if s.database, store, err = startDatabase(ctx); err != nil {
		return s, err
	}
	dir, err := os.MkdirTemp(e.dir, "pods-")
	if err != nil {
		return s, err
	}
	s.Desk, err = podstest.New(podstest.Options{Binary: e.usher, Dir: dir, Store: store, Settings: s.settings, Pods: 3, ArgsOf: argsOf})
	if err != nil {
		return s, err
	}
	if err := s.Start(ctx); err != nil {
		return s, err
	}
	keys, err := access.LoadKeys(filepath.Join(dir, "keys"))
	if err != nil {
		return s, err
	}
	s.tokens = access.New(access.Options{Desk: "bench", Keys: keys, Now: time.Now})
	for _, p := range s.Pods {
		s.each = append(s.each, &desk{server: &server{url: p.URL()}, tokens: s.tokens, ops: strings.TrimPrefix(p.Ops(), "http://")})
	}
	return s, nil
}

// Close ends the pods, and then their database.
func (s *severalPods) Close() (err error) {
	if s.Desk != nil {
		err = s.Desk.Close()
	}
	if s.database != nil {
		err = errors.Join(err, s.database.Stop())
	}
	return err
}

// startDatabase starts a PostgreSQL server with an empty database. Who calls it stops the server.
func startDatabase(ctx context.Context) (server *pgtest.Server, store string, err error) {
	if server, err = pgtest.Start(); err != nil {
		return nil, "", err
	}
	if store, err = server.NewDatabase(ctx); err != nil {
		return nil, "", errors.Join(err, server.Stop())
	}
	return server, store, nil
}
