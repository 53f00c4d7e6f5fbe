package ledger

import "strings"

// queries are the statements of the package, the same for both databases but for the few words of the dialect.
type queries struct {
	last     string
	insert   string
	row      string
	lead     string
	leader   string
	renew    string
	resign   string
	recover  string
	start    string
	sizes    string
	groups   string
	putState string
	oldState string
	oldOther string
	states   string

	rewrite    string
	dropStates string
}

func newQueries(d dialect, unfenced bool) queries {
	share := d.share
	if unfenced {
		share = ""
	}
	// A lease that ends later than it is long was given before the clock was set back; a second is left to corrections.
	// Nothing rests on it but how long the others wait: the fence keeps the order.
	live := "(e.lease_until > " + d.now + " and (e.lease_ms = 0 or e.lease_until <= " + d.now + " + e.lease_ms + 1000))"
	// The position after the last entry. A database that was recovered to a moment, or lost its end otherwise, names the
	// writer of that moment, epoch and claim, while that writer may still be there and have more: its next row would
	// stand behind a hole.
	next := "coalesce((select g.first_seq + g.count from ledger as g where g.desk = $1 order by g.first_seq desc limit 1), 1)"
	words := strings.NewReplacer("{now}", d.now, "{live}", live, "{next}", next, "{share}", share, "{always}", d.takeAlways)
	q := func(statement string) string { return d.rewrite(words.Replace(statement)) }
	return queries{
		last: q(`select first_seq + count - 1 from ledger where desk = $1 order by first_seq desc limit 1`),
		// The fence. Holding the epoch's row in share mode until the commit makes a successor, who must change that row,
		// wait for this insert; and makes this insert look again, after a successor's commit, whether the epoch is still
		// its own. Without it an old writer's row may appear after its successor has read the tail. The claim is asked
		// for too: after a recovery to a moment epochs are counted on from that moment, so that a number comes twice.
		insert: q(`insert into ledger (desk, first_seq, count, epoch, at, body)
			select desk, cast($3 as bigint), cast($4 as integer), epoch, cast($5 as bigint), $6
			from ledger_epoch where desk = $1 and epoch = $2 and claim = $7 and $3 = {next} {share}`),
		row: q(`select epoch, body from ledger where desk = $1 and first_seq = $2`),
		lead: q(`insert into ledger_epoch as e (desk, epoch, claim, holder, address, lease_until, lease_ms)
			values ($1, 1, $2, $3, $4, {now} + cast($5 as bigint), cast($5 as bigint))
			on conflict (desk) do update set epoch = e.epoch + 1, claim = excluded.claim, holder = excluded.holder,
				address = excluded.address, lease_until = excluded.lease_until, lease_ms = excluded.lease_ms
			where not {live} or e.holder = excluded.holder or e.epoch = $6 {always}`),
		leader: q(`select epoch, claim, holder, address, lease_until, {live} from ledger_epoch as e where desk = $1`),
		renew: q(`update ledger_epoch set lease_until = {now} + cast($3 as bigint), lease_ms = cast($3 as bigint)
			where desk = $1 and claim = $2 and cast($4 as bigint) <= {next}`),
		resign: q(`update ledger_epoch set lease_until = 0 where desk = $1 and claim = $2`),
		// Only from the epoch that the writer knows: one that was given up and commits after the next one changes nothing.
		recover: q(`update ledger_epoch set epoch = epoch + 1 where desk = $1 and claim = $2 and epoch = $3`),
		start:   q(`select first_seq from ledger where desk = $1 and first_seq <= $2 order by first_seq desc limit 1`),
		sizes: q(`select first_seq, count, octet_length(body) from ledger where desk = $1 and first_seq >= $2
			order by first_seq limit $3`),
		groups: q(`select first_seq, count, epoch, at, body from ledger
			where desk = $1 and first_seq >= $2 and first_seq <= $3 order by first_seq`),
		// One that is older than the newest is not stored: a process that was frozen over it could bring back what was
		// erased meanwhile.
		putState: q(`insert into ledger_snapshot (desk, version, position, checksum, state)
			select cast($1 as text), cast($2 as integer), cast($3 as bigint), cast($4 as bigint), $5
			where not exists (select 1 from ledger_snapshot where desk = $1 and position > $3)
			on conflict (desk, version, position) do update set checksum = excluded.checksum, state = excluded.state`),
		oldState: q(`delete from ledger_snapshot where desk = $1 and version = $2 and position not in (
			select position from ledger_snapshot where desk = $1 and version = $2 order by position desc limit $3)`),
		oldOther: q(`delete from ledger_snapshot where desk = $1 and version <> $2 and (version, position) not in (
			select version, position from ledger_snapshot where desk = $1 and version <> $2
			order by position desc limit $3)`),
		// The same fence as that of an append.
		rewrite: q(`with lead as (select desk from ledger_epoch where desk = $1 and epoch = $2 and claim = $5 {share})
			update ledger set body = $4 from lead where ledger.desk = lead.desk and ledger.first_seq = $3`),
		dropStates: q(`delete from ledger_snapshot where desk = $1 and position < $2`),
		states: q(`select position, checksum, state from ledger_snapshot where desk = $1 and version = $2
			order by position desc`),
	}
}
