-- The same tables as in ../sqlite, column by column; only types and storage differ.
-- +goose Up
-- One row is one group of entries in order; body is framed and checked by the ledger package, so that an erasure can
-- rewrite a row without touching its neighbours.
create table ledger (
    desk      text    not null,
    first_seq bigint  not null check (first_seq > 0),
    count     integer not null check (count > 0),
    epoch     bigint  not null check (epoch > 0),
    at        bigint  not null, -- nanoseconds since 1970 UTC, as the writer gave it
    body      bytea   not null,
    primary key (desk, first_seq)
);
-- Compressing every group costs more time on the way to the commit than the bytes that it saves are worth.
alter table ledger alter column body set storage external;

-- Who may write. One row a desk; epoch only grows. Renewed every few seconds, so its page keeps room for new versions.
create table ledger_epoch (
    desk        text   not null primary key,
    epoch       bigint not null check (epoch > 0),
    claim       text   not null, -- random, one a claim: tells a writer its own row after a lost answer
    holder      text   not null,
    address     text   not null,
    lease_until bigint not null  -- milliseconds since 1970 UTC by the database's clock; 0 when handed over
) with (fillfactor = 10);

-- States of the domain with the position that they stand for; a start reads the newest and the tail.
create table ledger_snapshot (
    desk     text    not null,
    version  integer not null,
    position bigint  not null check (position > 0),
    checksum bigint  not null, -- CRC32C of state
    state    bytea   not null, -- zstd
    primary key (desk, version, position)
);
alter table ledger_snapshot alter column state set storage external;
