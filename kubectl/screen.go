package kubectl

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"usher.chat/runtime/settings"
)

// screen shows one report after the other: over the whole terminal, or, where there is none, below each
// other and only when something changed.
type screen struct {
	env    *env
	desk   string
	zones  map[string]zone
	full   bool
	format dataFormat
	last   *settings.Report
	offset time.Duration // of the runtime's clock from this machine's, so that waits are right
	begun  bool
	gone   string
}

func (o *topOptions) newScreen(zones map[string]zone, desk string) *screen {
	return &screen{env: o.env, desk: desk, zones: zones, full: isTerminal(o.env.Out) && o.output == "", format: o.output}
}

// Sequences of the terminal: its other screen, home, and erasing what is left of a line and below.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l"
	leaveScreen = "\x1b[?25h\x1b[?1049l"
	home        = "\x1b[H"
	eraseLine   = "\x1b[K"
	eraseBelow  = "\x1b[J"
)

func (s *screen) show(r settings.Report) error {
	s.gone = ""
	changed := s.last == nil || !sameFigures(*s.last, r)
	s.last = &r
	s.offset = r.At.Sub(s.env.now())
	if !s.full && !changed {
		return nil
	}
	return s.draw()
}

// again draws what is known at another time: waits grow by themselves.
func (s *screen) again() error {
	if !s.full || s.last == nil {
		return nil
	}
	return s.draw()
}

// lost tells that the runtime is out of reach for now.
func (s *screen) lost(err error) {
	if !s.full {
		fmt.Fprintf(s.env.ErrOut, "%v; trying again\n", err)
		return
	}
	s.gone = "connection lost, trying again: " + err.Error()
	_ = s.draw() // a terminal that is gone ends the command by its signal
}

func (s *screen) draw() error {
	if s.format == "json" {
		return json.NewEncoder(s.env.Out).Encode(s.last)
	}
	view := s.env.view()
	view.now = view.now.Add(s.offset)
	text := view.live(s.desk, *s.last, s.zones)
	if !s.full {
		_, err := io.WriteString(s.env.Out, text+"\n")
		return err
	}
	if s.gone != "" {
		text += "\n" + paint(view.color, amber, clip(s.gone, view.most())) + "\n"
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if most := terminalHeight(s.env.Out) - 1; most > 0 && len(lines) > most {
		hidden := len(lines) - most + 1
		lines = append(lines[:most-1], fmt.Sprintf("… %d more lines; make the window higher, or see \"kubectl usher status\"", hidden))
	}
	var b strings.Builder
	if !s.begun {
		s.begun = true
		b.WriteString(enterScreen)
	}
	b.WriteString(home + strings.Join(lines, eraseLine+"\n") + eraseLine + "\n" + eraseBelow)
	_, err := io.WriteString(s.env.Out, b.String())
	return err
}

// close gives the terminal back, with the last figures on it.
func (s *screen) close() {
	if !s.begun {
		return
	}
	_, _ = io.WriteString(s.env.Out, leaveScreen)
	s.full = false
	_ = s.draw()
}

// sameFigures but for the time at which they were taken.
func sameFigures(a, b settings.Report) bool {
	a.At, b.At = time.Time{}, time.Time{}
	return reflect.DeepEqual(a, b)
}
