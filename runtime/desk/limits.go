package desk

import "usher.chat/runtime/settings"

// Time limits of a queue in milliseconds, with their defaults.

func seconds(set *settings.Queue, get func(*settings.Queue) int, otherwise int) int64 {
	if set != nil {
		if n := get(set); n > 0 {
			return int64(n) * 1000
		}
	}
	return int64(otherwise) * 1000
}

func (s *State) offerTimeout(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.OfferTimeoutSeconds }, settings.DefaultOfferTimeoutSeconds)
}

func (s *State) agentLost(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.Thresholds.AgentLostSeconds }, settings.DefaultAgentLostSeconds)
}

func (s *State) customerLost(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.Thresholds.CustomerLostSeconds }, settings.DefaultCustomerLostSeconds)
}

func (s *State) idle(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.Thresholds.CloseAfterIdleSeconds }, settings.DefaultCloseAfterIdleSeconds)
}

func (s *State) idleAfter(queue string) int64 {
	return seconds(s.Setting(queue), func(q *settings.Queue) int { return q.Thresholds.IdleAfterSeconds }, settings.DefaultIdleAfterSeconds)
}
