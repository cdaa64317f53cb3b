-- 0014_installation.sql
--! runs-beside: 0013

-- One row: which master key this database is used with, as a derived value that tells nothing about the key.
create table installation (
  singleton       boolean     not null default true,
  key_fingerprint bytea       not null,
  created_at      timestamptz not null default now(),
  constraint installation_pk primary key (singleton),
  constraint installation_one check (singleton)
);
