package archive

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"usher.chat/runtime/desk"
	"usher.chat/runtime/protocol"
)

// Posts are what members wrote in a room below a sequence, or up to its end when before is 0, in order;
// when there are more than limit, the newest of them (feature C13). A room that is not there has none.
// Client and CID are left out: they are for the author alone, see [Archive.PostsFor].
func (a *Archive) Posts(ctx context.Context, room string, before uint64, limit int) ([]protocol.Post, error) {
	return a.PostsFor(ctx, "", room, before, limit)
}

// PostsFor is Posts as a member sees them: with Client and CID for what it wrote itself. It does not
// check that the member may read the room.
func (a *Archive) PostsFor(ctx context.Context, reader desk.Principal, room string, before uint64, limit int) ([]protocol.Post, error) {
	var posts []protocol.Post
	err := a.read(ctx, func(db *sql.DB) error {
		posts = nil
		return each(ctx, db, "select seq, author, text, at, client, cid from post where room = ? and seq < ? order by seq desc limit ?",
			func(scan func(...any) error) error {
				p := protocol.Post{Room: room}
				if err := scan(&p.Seq, &p.Author, &p.Text, &p.At, &p.Client, &p.CID); err != nil {
					return err
				}
				if desk.AgentPrincipal(p.Author) != reader {
					p.Client, p.CID = "", 0
				}
				posts = append(posts, p)
				return nil
			}, room, end(before), max(0, limit))
	})
	if err != nil {
		return nil, fmt.Errorf("read the room %s: %w", room, err)
	}
	slices.Reverse(posts)
	return posts, nil
}

func (p *projection) posted(r desk.Record, e desk.Posted) {
	client, cid := originOf(r)
	p.batch.posts.add(r.Seq, string(e.Room), e.Author, e.Text, r.At, client, int64(cid))
}

// originOf is the client's own number of what a person did.
func originOf(r desk.Record) (client string, cid uint64) {
	if r.Origin == nil {
		return "", 0
	}
	return r.Origin.Client, r.Origin.CID
}
