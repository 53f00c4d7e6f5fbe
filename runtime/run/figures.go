package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher.chat/runtime/archive"
	"usher.chat/runtime/control"
	"usher.chat/runtime/desk"
	"usher.chat/runtime/ledger"
	"usher.chat/runtime/protocol"
	"usher.chat/runtime/settings"
)

// figures is the desk as the control port sees it.
type figures struct{ pod *pod }

// ApplySettings puts settings in force.
func (f *figures) ApplySettings(ctx context.Context, s settings.Settings) (control.Answer, error) {
	if s.Desk.Name != f.pod.o.Desk {
		return control.Answer{}, &settings.InvalidError{Problems: []string{
			fmt.Sprintf("desk.name: these are the settings of desk %q, this is desk %q", s.Desk.Name, f.pod.o.Desk)}}
	}
	result, err := f.pod.router.Do(ctx, desk.ApplySettings{Settings: s})
	if err != nil {
		var refused *desk.Error
		if errors.As(err, &refused) {
			return control.Answer{}, &settings.InvalidError{Problems: []string{refused.Message}}
		}
		return control.Answer{}, err
	}
	f.pod.gateway.Wait(result.Seq)
	report, err := f.Report(ctx)
	return control.Answer{Version: report.Version, Applied: report.Applied}, err
}

// Report is the desk's figures.
func (f *figures) Report(context.Context) (settings.Report, error) {
	now := f.pod.o.Now()
	r := settings.Report{Queues: map[string]settings.QueueFigures{}, Teams: map[string]settings.TeamFigures{}, At: now.UTC()}
	if f.pod.member != nil {
		r.Leader = f.pod.member.Leader()
	}
	f.pod.gateway.Read(func(s *desk.State) {
		r.Version = s.Version
		r.Applied = applied(s.Settings)
		for _, q := range s.Settings.Queues {
			if figures, ok := s.Report(q.Name, now); ok {
				r.Queues[q.Name] = figures
			}
		}
		for _, t := range s.Settings.Teams {
			f := s.TeamFigures(t.Name)
			r.Teams[t.Name] = settings.TeamFigures{Online: f.Online, Available: f.Available, Waiting: f.Waiting}
		}
		for _, request := range s.Requests {
			r.Overrides = append(r.Overrides, request)
		}
	})
	slices.SortFunc(r.Overrides, func(a, b settings.OverrideRequest) int { return strings.Compare(a.Queue, b.Queue) })
	return r, nil
}

func applied(s settings.Settings) settings.Applied {
	a := settings.Applied{Queues: map[string]int64{}, Teams: map[string]int64{}, Channels: map[string]int64{}, Schedules: map[string]int64{}}
	for _, x := range s.Queues {
		a.Queues[x.Name] = x.Generation
	}
	for _, x := range s.Teams {
		a.Teams[x.Name] = x.Generation
	}
	for _, x := range s.Channels {
		a.Channels[x.Name] = x.Generation
	}
	for _, x := range s.Schedules {
		a.Schedules[x.Name] = x.Generation
	}
	return a
}

// Log is a queue's activity log; without a name, the desk's own.
func (f *figures) Log(ctx context.Context, queue string, before uint64, limit int) ([]protocol.LogEntry, error) {
	known := false
	var seq uint64
	f.pod.gateway.Read(func(s *desk.State) { known, seq = queue == "" || s.Setting(queue) != nil, s.Seq })
	if err := f.pod.archive.Wait(ctx, seq); err != nil {
		return nil, err
	}
	entries, err := f.pod.archive.Log(ctx, queue, before, limit)
	if err == nil && len(entries) == 0 && !known {
		return nil, control.ErrNotFound
	}
	return entries, err
}

// Explain is every decision about a conversation.
func (f *figures) Explain(ctx context.Context, conversation string) (protocol.Explanation, error) {
	var seq uint64
	f.pod.gateway.Read(func(s *desk.State) { seq = s.Seq })
	if err := f.pod.archive.Wait(ctx, seq); err != nil {
		return protocol.Explanation{}, err
	}
	steps, err := f.pod.archive.Steps(ctx, conversation)
	if errors.Is(err, archive.ErrNotFound) {
		return protocol.Explanation{}, control.ErrNotFound
	}
	return protocol.Explanation{Conversation: conversation, Steps: steps}, err
}

// Erase removes conversations for good.
func (f *figures) Erase(ctx context.Context, r protocol.EraseRequest) (protocol.Erasure, error) {
	answer, err := f.pod.eraser.Erase(ctx, r)
	return answer, refusal(err)
}

// Erased is a part of the list of what was erased.
func (f *figures) Erased(ctx context.Context, after uint64) (protocol.ErasedPage, error) {
	return f.pod.eraser.List(ctx, after)
}

// EraseAgain erases what a backup brought back.
func (f *figures) EraseAgain(ctx context.Context, r protocol.EraseAgainRequest) (protocol.ErasedAgain, error) {
	answer, err := f.pod.eraser.Again(ctx, r)
	return answer, refusal(err)
}

// writtenAt is when a record of the ledger was written.
func (p *pod) writtenAt(ctx context.Context, seq uint64) (int64, error) {
	for group, err := range p.ledger.Read(ctx, seq-1, ledger.Limit{Entries: 1}) {
		if err != nil {
			return 0, err
		}
		record, err := desk.Decode(seq, group.Entries[0])
		return record.At, err
	}
	return 0, fmt.Errorf("the ledger has no record %d", seq)
}

// refusal is an error as the control port tells it.
func refusal(err error) error {
	var refused *desk.Error
	if errors.As(err, &refused) {
		return &control.Refusal{Code: string(refused.Code), Message: refused.Message}
	}
	return err
}
