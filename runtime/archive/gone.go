package archive

import (
	"context"
	"database/sql"
	"fmt"

	"usher.chat/runtime/protocol"
)

// Gone are the conversations that were erased, by age, behind the one that began with the record after (0: from the
// first), at most limit, without when they began. They are what somebody keeps who would erase them again after a restore (feature X9).
func (a *Archive) Gone(ctx context.Context, after uint64, limit int) (list []protocol.ErasedConversation, err error) {
	err = a.read(ctx, func(db *sql.DB) error {
		list = nil
		return each(ctx, db, `select id, key, erased_at, erased_by from conversation where key > ? and erased_at > 0
			order by key limit ?`, func(scan func(...any) error) error {
			var c protocol.ErasedConversation
			if err := scan(&c.Conversation, &c.Began, &c.ErasedAt, &c.By); err != nil {
				return err
			}
			list = append(list, c)
			return nil
		}, int64(after), limit)
	})
	if err != nil {
		return nil, fmt.Errorf("list what was erased: %w", err)
	}
	return list, nil
}
