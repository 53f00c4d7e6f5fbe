package desk

import (
	"maps"
	"slices"
)

// Gateways are all that the state knows of, by principals who are connected through them, sorted.
func (s *State) Gateways() []string {
	known := map[string]struct{}{}
	for _, c := range s.Customers {
		for _, g := range c.Gateways {
			known[g] = struct{}{}
		}
	}
	for _, a := range s.Agents {
		for _, g := range a.Gateways {
			known[g] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(known))
}

func (s *State) decideLost(c LoseGateway) Decision {
	if !slices.Contains(s.Gateways(), c.Gateway) {
		return Decision{}
	}
	return only(GatewayLost(c))
}

// applyLost disconnects everybody from a gateway.
func (s *State) applyLost(e GatewayLost, at int64) {
	for session := range s.Customers {
		if slices.Contains(s.Customers[session].Gateways, e.Gateway) {
			s.applyDisconnected(CustomerPrincipal(session), e.Gateway, at)
		}
	}
	for name := range s.Agents {
		if slices.Contains(s.Agents[name].Gateways, e.Gateway) {
			s.applyDisconnected(AgentPrincipal(name), e.Gateway, at)
		}
	}
}

// Lead lets a copy that followed decide: the pod that took the lead goes on with what it has. It makes
// the deadlines, which a copy that follows does not keep.
func (s *State) Lead() error {
	s.follows = false
	return s.rebuild()
}
