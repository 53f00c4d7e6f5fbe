package gateway

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// sender is a socket's reader in a simulation: it asks for a place for each of its commands, one after the other.
type sender struct {
	name   string
	turn   turn
	come   <-chan bool // it waits
	flying int
}

// ask asks for a place, and tells whether it was there.
func (s *sender) ask(l *load) bool {
	taken, come := l.ask(&s.turn)
	s.come = come
	if taken {
		s.flying++
	}
	return taken
}

// granted tells whether the place that it waited for has come.
func (s *sender) granted() (come, taken bool) {
	if s.come == nil {
		return false, false
	}
	select {
	case taken = <-s.come:
		if s.come = nil; taken {
			s.flying++
		}
		return true, taken
	default:
		return false, false
	}
}

// those are the senders of whom something holds.
func those(all []*sender, holds func(*sender) bool) []*sender {
	return slices.DeleteFunc(slices.Clone(all), func(s *sender) bool { return !holds(s) })
}

func TestLoadIsBoundedAndShedsInItsOrder(t *testing.T) {
	seen := map[Shed]bool{}
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 60).Draw(t, "most")
		l := newLoad(most)
		senders := make([]*sender, rapid.IntRange(1, 12).Draw(t, "senders"))
		for i := range senders {
			senders[i] = &sender{name: fmt.Sprint(i)}
		}
		var line []*sender // who waits and may have one more, in the order of coming
		t.Repeat(map[string]func(*rapid.T){
			"ask": func(t *rapid.T) {
				idle := those(senders, func(s *sender) bool { return s.come == nil })
				if len(idle) == 0 {
					return
				}
				s := rapid.SampledFrom(idle).Draw(t, "sender")
				room := l.waiting < l.most && len(line) == 0 && s.flying < l.share()
				if s.ask(l) != room {
					t.Fatalf("with %d of %d, %d of its own and %d in line: taken %v", l.waiting, l.most, s.flying, len(line), !room)
				}
				if s.come != nil && !s.turn.parked {
					line = append(line, s)
				}
			},
			"answer": func(t *rapid.T) {
				busy := those(senders, func(s *sender) bool { return s.flying > 0 })
				if len(busy) == 0 {
					return
				}
				s := rapid.SampledFrom(busy).Draw(t, "sender")
				parked := s.turn.parked
				s.flying--
				l.end(&s.turn)
				if parked && !s.turn.parked {
					line = append(line, s)
				}
				for len(line) > 0 {
					come, taken := line[0].granted()
					if !come {
						break
					}
					if !taken {
						t.Fatal("it was told that the pod ends")
					}
					line = line[1:]
				}
				for _, s := range senders {
					if come, _ := s.granted(); come {
						t.Fatalf("sender %s came before its turn", s.name)
					}
				}
			},
			"": func(t *rapid.T) {
				flying, held := 0, 0
				for _, s := range senders {
					flying += s.flying
					if s.come != nil {
						held++
					}
				}
				if l.waiting != flying || l.waiting > l.most {
					t.Fatalf("%d commands without an answer of at most %d, the load has %d", flying, l.most, l.waiting)
				}
				if held != l.held {
					t.Fatalf("%d are held, the load has %d", held, l.held)
				}
				if len(line) > 0 && l.waiting < l.most {
					t.Fatalf("sender %s waits though there is room", line[0].name)
				}
				for what := range shedKinds {
					seen[what] = seen[what] || l.sheds[what].Load()
					if what > 0 && l.sheds[what].Load() && !l.sheds[what-1].Load() {
						t.Fatalf("with %d of %d, %s are left out and %s are not", l.waiting, l.most, what, what-1)
					}
				}
				if l.waiting >= max(1, l.most/2) && !l.sheds[ShedJoins].Load() {
					t.Fatalf("joins are taken with %d of %d", l.waiting, l.most)
				}
				if l.waiting == 0 && (l.sheds[ShedTyping].Load() || l.held > 0) {
					t.Fatalf("it does not go back to normal: %d held", l.held)
				}
			},
		})
	})
	if len(seen) != int(shedKinds) || !seen[ShedJoins] {
		t.Errorf("the simulation never came to %v", seen)
	}
}

// Whatever one sends, another's command has its turn after at most one command of each who waited before.
func TestOneWhoNeverStopsDoesNotKeepOthersWaiting(t *testing.T) {
	l := newLoad(8)
	loud := make([]*sender, 4)
	var flying []*sender
	for i := range loud {
		loud[i] = &sender{name: fmt.Sprint("loud ", i)}
	}
	for range 2 { // the pod is full
		for _, s := range loud {
			if !s.ask(l) {
				t.Fatalf("%s has to wait with %d of 8", s.name, l.waiting)
			}
			flying = append(flying, s)
		}
	}
	for _, s := range loud {
		s.ask(l)
	}
	quiet := &sender{name: "quiet"}
	if quiet.ask(l) {
		t.Fatal("a full pod takes more")
	}
	var order []string
	for range 6 {
		flying[0].flying--
		l.end(&flying[0].turn)
		flying = flying[1:]
		for _, s := range append(slices.Clone(loud), quiet) {
			if _, taken := s.granted(); taken {
				order = append(order, s.name)
				flying = append(flying, s)
				if s != quiet {
					s.ask(l) // at once for the next
				}
			}
		}
	}
	if want := []string{"loud 0", "loud 1", "loud 2", "loud 3", "quiet", "loud 0"}; !slices.Equal(order, want) {
		t.Errorf("turns: %v", order)
	}
}

func TestASocketWithManyUnansweredWaitsForAnAnswerOfItsOwnWhileThePodIsBusy(t *testing.T) {
	l := newLoad(64)
	loud, quiet := &sender{}, &sender{}
	for l.waiting < 64/shedFrom[ShedTyping] {
		if !loud.ask(l) {
			t.Fatalf("a quiet pod does not take its %d", l.waiting)
		}
	}
	if loud.ask(l) {
		t.Error("it has more without an answer than its share")
	}
	if !quiet.ask(l) {
		t.Error("another has to wait with it")
	}
	for loud.flying >= fairShare {
		if come, _ := loud.granted(); come {
			t.Errorf("it may go on with %d without an answer", loud.flying)
		}
		loud.flying--
		l.end(&loud.turn)
	}
	if _, taken := loud.granted(); !taken {
		t.Error("it waits for ever")
	}
}

func TestAPodThatEndsLetsNobodyWait(t *testing.T) {
	l := newLoad(1)
	own, parked, other := &sender{}, &sender{}, &sender{}
	if !own.ask(l) {
		t.Fatal("the first place is not there")
	}
	for own.flying < fairShare { // as if it had more from before
		own.flying++
		own.turn.flying++
		l.waiting++
	}
	own.ask(l)
	other.ask(l)
	if !own.turn.parked || other.turn.parked {
		t.Fatal("they do not wait as they should")
	}
	l.stop()
	if come, taken := other.granted(); !come || taken {
		t.Error("who stood in line is not told")
	}
	l.end(&own.turn)
	if come, taken := own.granted(); !come || taken {
		t.Error("who waited for an answer of its own is not told with it")
	}
	if taken, waited := l.begin(&parked.turn); taken || waited {
		t.Error("a place was given after the end")
	}
	if l.held != 0 {
		t.Errorf("%d held", l.held)
	}
}
