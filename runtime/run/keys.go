package run

import (
	"context"
	"path/filepath"
	"slices"
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
