package archive

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"usher.chat/runtime/protocol"
)

// Conversation is what the archive knows of one, ended or not: enough to judge who may read it.
type Conversation struct {
	ID, Queue, Channel, Session, Name, Page string
	// Email and Phone are what the customer stated, Issue what was chosen in the form.
	Email, Phone, Issue string
	// ArrivedAt is in milliseconds, and the last time when the customer left and came back.
	ArrivedAt int64
	// Agent serves it or is offered it, or did when it ended. Served are all agents who ever were in it,
	// beside its owner too: they may read it after its end.
	Agent  string
	Served []string
	// ForTeam or ForAgent is set when it waits, or waited before service, in a team's queue or for one
	// agent in person.
	ForTeam, ForAgent string
	// Inactive is why nobody waits in it, a desk.EndedWhy, while that is so (features V2, V3).
	Inactive string
	// StartedAt is the beginning of the service, EndedAt the end; 0 before.
	StartedAt, EndedAt int64
	// EndedWhy is a desk.EndedWhy, EndedBy the agent who ended it, if one did.
	EndedWhy, EndedBy string
}

// ErrNotFound is for a conversation that is not there, or not yet: see Wait.
var ErrNotFound = errors.New("there is no such conversation in the archive")

// Conversation finds one by its id; ErrNotFound when there is none.
func (a *Archive) Conversation(ctx context.Context, id string) (Conversation, error) {
	var found Conversation
	err := a.read(ctx, func(db *sql.DB) error {
		var key int64
		c := Conversation{ID: id}
		err := db.QueryRowContext(ctx, `select key, queue, channel, session, name, page, email, phone, issue, arrived_at, agent,
			for_team, for_agent, inactive, started_at, ended_at, ended_why, ended_by from conversation where id = ?`, id).Scan(&key,
			&c.Queue, &c.Channel, &c.Session, &c.Name, &c.Page, &c.Email, &c.Phone, &c.Issue, &c.ArrivedAt, &c.Agent, &c.ForTeam,
			&c.ForAgent, &c.Inactive, &c.StartedAt, &c.EndedAt, &c.EndedWhy, &c.EndedBy)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		err = each(ctx, db, "select agent from served where conversation = ? order by agent",
			func(scan func(...any) error) error {
				var agent string
				if err := scan(&agent); err != nil {
					return err
				}
				c.Served = append(c.Served, agent)
				return nil
			}, key)
		found = c
		return err
	})
	if err != nil {
		return Conversation{}, fmt.Errorf("read conversation %s: %w", id, err)
	}
	return found, nil
}

// MaxSteps is how many steps of a conversation are told at most: the newest. One that has more was handed
// to and fro for days.
const MaxSteps = 2000

// Steps are the decisions about a conversation, in order (feature X3); ErrNotFound when there is none of
// that id. Agents are called by their names in Text, and by their member names elsewhere.
func (a *Archive) Steps(ctx context.Context, conversation string) ([]protocol.Step, error) {
	var steps []protocol.Step
	err := a.read(ctx, func(db *sql.DB) error {
		steps = nil
		err := each(ctx, db, `select s.detail from conversation c join step s on s.conversation = c.key where c.id = ?
			order by s.seq desc limit ?`,
			func(scan func(...any) error) error {
				var detail []byte
				if err := scan(&detail); err != nil {
					return err
				}
				var step protocol.Step
				if err := json.Unmarshal(detail, &step); err != nil {
					return fmt.Errorf("read a step: %w", err)
				}
				steps = append(steps, step)
				return nil
			}, conversation, MaxSteps)
		if err != nil || len(steps) > 0 {
			return err
		}
		// Each begins with a step, unless it was erased.
		s := protocol.Step{Type: "erased"}
		err = db.QueryRowContext(ctx, "select erased_seq, erased_at, queue, erased_by, erased_words from conversation where id = ? and erased_at > 0",
			conversation).Scan(&s.Seq, &s.At, &s.Queue, &s.By, &s.Text)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		steps = append(steps, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the steps of %s: %w", conversation, err)
	}
	slices.Reverse(steps)
	return steps, nil
}
