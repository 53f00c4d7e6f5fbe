-- One row: how far the ledger is in here, and what the record there was, to know the ledger again.
create table position (
	id   integer primary key check (id = 1),
	seq  integer not null,
	at   integer not null,
	kind text    not null
) strict;
insert into position values (1, 0, 0, '');

-- One row: the sequence of the last erasure whose rows are gone, and of the last after which the file's free space was
-- overwritten and its write-ahead log emptied.
create table cleaning (
	id   integer primary key check (id = 1),
	due  integer not null,
	done integer not null
) strict;
insert into cleaning values (1, 0, 0);

-- key is the sequence of the record that began it: small, and rising with time.
create table conversation (
	key        integer primary key,
	id         text    not null unique,
	queue      text    not null,
	channel    text    not null,
	session    text    not null,
	name       text    not null,
	page       text    not null,
	email      text    not null,
	phone      text    not null,
	issue      text    not null,
	arrived_at integer not null, -- the last time, if the customer came back
	agent      text    not null, -- who serves it, or served it last
	for_team   text    not null, -- the team, or the agent in person, in whose queue it waits
	for_agent  text    not null,
	inactive   text    not null, -- why it is, while it is
	started_at integer not null,
	ended_at   integer not null, -- 0: not yet
	ended_why  text    not null,
	ended_by   text    not null,
	erased_at  integer not null default 0, -- 0: not
	erased_seq integer not null default 0,
	erased_by  text    not null default '',
	erased_words text  not null default ''
) strict;
create index conversation_open on conversation (key) where ended_at = 0;
create index conversation_age on conversation (queue, ended_at) where erased_at = 0;

-- Under what a customer can be looked for: each e-mail address and phone number that was ever stated.
create table reach (
	value        text    not null,
	conversation integer not null,
	primary key (value, conversation)
) strict, without rowid;
create index reach_conversation on reach (conversation);

-- Everybody who ever was in it as an agent.
create table served (
	conversation integer not null,
	agent        text    not null,
	primary key (conversation, agent)
) strict, without rowid;

-- Messages of one conversation that came one after the other, as a list in CBOR: first and last are their sequences.
create table said (
	first        integer primary key,
	last         integer not null,
	conversation integer not null,
	messages     blob    not null
) strict;
create index said_conversation on said (conversation);

-- The log of no queue is the desk's own.
create table log (
	queue        text    not null,
	seq          integer not null,
	at           integer not null,
	type         text    not null,
	who          text    not null,
	to_kind      text    not null,
	to_name      text    not null,
	cause        text    not null,
	reason       text    not null,
	until        integer not null,
	conversation text    not null,
	name         text    not null,
	generation   integer not null,
	waited       integer not null,
	primary key (queue, seq)
) strict, without rowid;

-- Every decision about a conversation, as protocol.Step in JSON.
create table step (
	seq          integer primary key,
	conversation integer not null,
	detail       text    not null
) strict;
create index step_conversation on step (conversation);

-- What members wrote to each other.
create table post (
	seq    integer primary key,
	room   text    not null,
	author text    not null,
	text   text    not null,
	at     integer not null,
	client text    not null,
	cid    integer not null
) strict;
create index post_room on post (room);

-- Names by which people know the members, where these have one.
create table member (
	name    text not null primary key,
	display text not null
) strict, without rowid;

-- The settings in force, as far as the log tells of their changes.
create table resource (
	kind       text    not null,
	name       text    not null,
	generation integer not null,
	hash       blob    not null,
	primary key (kind, name)
) strict, without rowid;

-- Opens and closes made in the console that no resource carries yet.
create table request (
	queue text not null primary key,
	id    text not null,
	who   text not null
) strict, without rowid;
