-- The same tables as in ../postgres, column by column; only types and storage differ.
-- +goose Up
-- One row is one group of entries in order; body is framed and checked by the ledger package, so that an erasure can
-- rewrite a row without touching its neighbours.
create table ledger (
    desk      text    not null,
    first_seq integer not null check (first_seq > 0),
    count     integer not null check (count > 0),
    epoch     integer not null check (epoch > 0),
    at        integer not null, -- nanoseconds since 1970 UTC, as the writer gave it
    body      blob    not null,
    primary key (desk, first_seq)
) without rowid;

-- Who may write. One row a desk; epoch only grows.
create table ledger_epoch (
    desk        text    not null primary key,
    epoch       integer not null check (epoch > 0),
    claim       text    not null, -- random, one a claim: tells a writer its own row after a lost answer
    holder      text    not null,
    address     text    not null,
    lease_until integer not null  -- milliseconds since 1970 UTC by the database's clock; 0 when handed over
) without rowid;

-- States of the domain with the position that they stand for; a start reads the newest and the tail.
create table ledger_snapshot (
    desk     text    not null,
    version  integer not null,
    position integer not null check (position > 0),
    checksum integer not null, -- CRC32C of state
    state    blob    not null, -- zstd
    primary key (desk, version, position)
);
