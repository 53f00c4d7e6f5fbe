-- The same column as in ../postgres.
-- +goose Up
-- How long the lease is from each renewal on, in milliseconds: one that ends later than that from now is of a time that the
-- database's clock, set back, will not tell for long. 0 where a release wrote it that does not know the column.
alter table ledger_epoch add column lease_ms integer not null default 0;
