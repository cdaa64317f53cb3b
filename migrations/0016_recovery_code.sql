-- 0016_recovery_code.sql
--! runs-beside: 0014

-- The codes of an account are one set: made, used up and replaced together.
create table recovery_code (
  realm_id   uuid        not null,
  account_id uuid        not null,
  digest     bytea       not null,              -- keyed by the program
  created_at timestamptz not null,
  used_at    timestamptz,
  constraint recovery_code_pk primary key (realm_id, account_id, digest),
  constraint recovery_code_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade
);
