-- The same table as in ../postgres.
-- +goose Up
-- What keeps a ledger from being led: it was moved elsewhere, or it is a copy that is not whole yet. One row a desk.
create table ledger_mark (
    desk  text    not null primary key,
    kind  text    not null, -- "moved" or "copying"
    about text    not null, -- of a move: JSON of what was moved and where to
    at    integer not null  -- milliseconds since 1970 UTC by the database's clock
) without rowid;
