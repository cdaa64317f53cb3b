-- 0017_access_pass.sql
--! runs-beside: 0014

-- A temporary access pass. An account has one at most, so the account is the key.
create table access_pass (
  realm_id   uuid        not null,
  account_id uuid        not null,
  id         text collate "C" not null,
  digest     bytea       not null,              -- keyed by the program
  uses       text        not null,
  starts_at  timestamptz not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  created_by text        not null,
  used_at    timestamptz,
  constraint access_pass_pk primary key (realm_id, account_id),
  constraint access_pass_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade,
  constraint access_pass_uses_known check (uses in ('once', 'many'))
);

create index access_pass_expires_ix on access_pass (expires_at);
