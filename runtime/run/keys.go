package run

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"usher.chat/runtime/access"
)

// keysEvery is how often the files of the keys are looked at. The kubelet takes about a minute to change them.
const keysEvery = time.Second

func (p *pod) keys() (access.Keys, error) {
	if p.o.Keys == "" {
		return access.GenerateKeys(keysIn(p.o.Data))
	}
	return p.keyFiles()
}

// keyFiles are the keys as the files have them now.
func (p *pod) keyFiles() (access.Keys, error) {
	if p.o.Keys == "" {
		return access.LoadKeys(keysIn(p.o.Data))
	}
	return access.LoadKeyFiles(filepath.Join(p.o.Keys, access.SessionFile), p.o.SignInKey)
}

func keysIn(data string) string { return filepath.Join(data, "keys") }

// followKeys puts other keys into force when the files change, without a restart. Files that cannot be read, as while
// they are written, change nothing.
func (p *pod) followKeys(ctx context.Context) {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		p.sealed.look(p)
		keys, err := p.keyFiles()
		if err != nil {
			if told != err.Error() {
				told = err.Error()
				p.log.Error("the keys cannot be read; those before stay in force", "error", err)
			}
			continue
		}
		told = ""
		if names := keys.Names(); !slices.Equal(names, p.keyed) {
			p.tokens.SetKeys(keys)
			p.keyed = names
			p.log.Info("other keys are in force", "sessions", keys.Session, "links", keys.SignIn)
		}
	}
}

// sealing is what opens secure metadata, and the keys that it has.
type sealing struct {
	metadata *access.Metadata
	keyed    []string // names of the keys in force
	told     string   // what was said of those that are wrong
}

func (s *sealing) start(p *pod) {
	s.metadata = access.NewMetadata(access.MetadataKeys{}, p.o.Now)
	s.look(p)
}

// look puts the keys into force that are there now. One that is wrong is told and left out: it is one site's, and the
// desk goes on for the others.
func (s *sealing) look(p *pod) {
	if p.o.MetadataKeys == "" {
		return
	}
	keys, err := access.LoadMetadataKeys(p.o.MetadataKeys)
	if wrong := fmt.Sprint(err); err != nil && wrong != s.told {
		s.told = wrong
		p.log.Error("keys of secure metadata cannot be used", "error", err)
	} else if err == nil {
		s.told = ""
	}
	if keys == nil {
		return // the directory could not be read: those before stay in force
	}
	if names := keys.Names(); !slices.Equal(names, s.keyed) {
		s.metadata.SetKeys(keys)
		s.keyed = names
		p.log.Info("other keys of secure metadata are in force", "keys", strings.Join(names, ", "))
	}
}
