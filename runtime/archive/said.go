package archive

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// What was said in a conversation within one transaction is one row: a row for each message, with its entry in an
// index, was a tenth of what a message costs, in each pod.

// Bounds of one row: whoever reads the newest message reads all that are in a row with it.
const (
	saidMessages = 64
	saidBytes    = 32 << 10
)

// stretch are messages of one conversation, in order.
type stretch struct {
	conversation uint64
	messages     []message
	bytes        int
}

// message is one of them as it stands in the file.
type message struct {
	_      struct{} `cbor:",toarray"`
	Seq    uint64
	Side   string
	Author string
	Text   string
	At     int64
	Client string
	CID    uint64
}

// say adds a message to what was said in a conversation within the batch.
func (b *batch) say(conversation uint64, m message) {
	i, known := b.saidIn[conversation]
	if !known || len(b.said[i].messages) >= saidMessages || b.said[i].bytes+len(m.Text) > saidBytes {
		if b.saidIn == nil {
			b.saidIn = map[uint64]int{}
		}
		i = len(b.said)
		b.saidIn[conversation] = i
		b.said = append(b.said, stretch{conversation: conversation})
	}
	s := &b.said[i]
	s.messages = append(s.messages, m)
	s.bytes += len(m.Text)
}

// saidRows are the rows of a batch, in the order of their first messages.
func (b *batch) saidRows() (rows rows, err error) {
	for _, s := range b.said {
		body, err := cbor.Marshal(s.messages)
		if err != nil {
			return rows, fmt.Errorf("encode messages: %w", err)
		}
		rows.add(s.messages[0].Seq, s.messages[len(s.messages)-1].Seq, s.conversation, body)
	}
	return rows, nil
}

// errEnough ends a query before its last row.
var errEnough = errors.New("enough was read")

// messages are those of a conversation with a sequence above after and below before, the newest first, at most limit,
// each with the session of the conversation's customer.
func messages(ctx context.Context, db *sql.DB, conversation string, after, before uint64, limit int) (list []protocol.Message, session string, err error) {
	if limit <= 0 {
		return nil, "", nil
	}
	err = each(ctx, db, `select s.messages, c.session from conversation c join said s on s.conversation = c.key
		where c.id = ? and s.last > ? and s.first < ? order by s.first desc`,
		func(scan func(...any) error) error {
			var body []byte
			if err := scan(&body, &session); err != nil {
				return err
			}
			var run []message
			if err := cbor.Unmarshal(body, &run); err != nil {
				return fmt.Errorf("%w: messages: %w", errDamaged, err)
			}
			for i := len(run) - 1; i >= 0; i-- {
				m := &run[i]
				if m.Seq <= after {
					return errEnough
				}
				if m.Seq >= before {
					continue
				}
				list = append(list, protocol.Message{Seq: m.Seq, Conversation: conversation, From: m.Side, Author: m.Author,
					Text: m.Text, At: m.At, Client: m.Client, CID: m.CID})
				if len(list) == limit {
					return errEnough
				}
			}
			return nil
		}, conversation, bound(after), bound(before))
	if errors.Is(err, errEnough) {
		err = nil
	}
	return list, session, err
}

// by is who wrote a message of a conversation with a customer of a session.
func by(m *protocol.Message, session string) desk.Principal {
	if m.From == string(desk.SideAgent) {
		return desk.AgentPrincipal(m.Author)
	}
	return desk.CustomerPrincipal(session)
}
