package desk

import "usher.chat/runtime/settings"

// Key is a session key: whoever types it starts a conversation with its agent, once (feature R9).
type Key struct {
	Agent   string
	Expires int64
}

const (
	// KeyLifetime is how long a session key can start a conversation, in milliseconds.
	KeyLifetime = 15 * 60 * 1000
	// KeyDigits is its length.
	KeyDigits = 7
	// MaxKeys is how many an agent may have at once.
	MaxKeys = 5
)

// KeysOf are an agent's session keys that are valid at an instant, with when they end.
func (s *State) KeysOf(agent string, now int64) map[string]int64 {
	keys := map[string]int64{}
	for key, k := range s.Keys {
		if k.Agent == agent && k.Expires > now {
			keys[key] = k.Expires
		}
	}
	return keys
}

func (s *State) decideNewKey(c NewKey, now int64) (Decision, *Error) {
	if s.members[c.Agent] == nil {
		return Decision{}, refuse(NotEntitled, "you are not a member of any team")
	}
	if len(s.KeysOf(c.Agent, now)) >= MaxKeys {
		return Decision{}, refuse(LimitReached, "you have %d session keys; drop one, or wait until one expires", MaxKeys)
	}
	for _, key := range c.Keys {
		if k, used := s.Keys[key]; len(key) == KeyDigits && (!used || k.Expires <= now) {
			return only(KeyMade{Agent: c.Agent, Key: key, Expires: now + KeyLifetime}), nil
		}
	}
	return Decision{}, refuse(LimitReached, "no session key is free at the moment; try again")
}

func (s *State) applyKeyMade(e KeyMade, at int64) {
	for key, k := range s.Keys {
		if k.Expires <= at {
			delete(s.Keys, key)
		}
	}
	s.Keys[e.Key] = Key{Agent: e.Agent, Expires: e.Expires}
}

func (s *State) decideDropKey(c DropKey) (Decision, *Error) {
	if s.Keys[c.Key].Agent != c.Agent {
		return Decision{}, refuse(NotFound, "you have no such session key; it may have been used")
	}
	return only(KeyDropped{Agent: c.Agent, Key: c.Key}), nil
}

// keyFor is the agent whom a session key leads to.
func (s *State) keyFor(channel *settings.Channel, key string, now int64) (string, *Error) {
	if channel.SessionKeys == settings.SessionKeysRefused {
		return "", refuse(FeatureOff, "this page takes no session keys")
	}
	k, ok := s.Keys[key]
	if !ok || k.Expires <= now || s.members[k.Agent] == nil {
		return "", refuse(KeyInvalid, "this session key is not valid; it can be used once, within 15 minutes. Ask for a new one")
	}
	return k.Agent, nil
}
