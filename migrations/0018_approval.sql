-- 0018_approval.sql
--! runs-beside: 0014

-- A sign-in that waits for its owner, who is signed in elsewhere.
create table approval (
  realm_id       uuid        not null,
  id             text collate "C" not null,
  account_id     uuid        not null,
  attempt_digest text collate "C" not null,
  number         text        not null,
  state          text        not null,
  about          json        not null,          -- json, not jsonb: it quotes what a stranger sent, and jsonb refuses some strings
  created_at     timestamptz not null,
  expires_at     timestamptz not null,
  decided_at     timestamptz,
  constraint approval_pk primary key (realm_id, id),
  constraint approval_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade,
  constraint approval_state_known check (state in ('waiting', 'approved', 'denied', 'used'))
);

-- One of each sign-in; also finds those of an account.
create unique index approval_attempt_ix on approval (realm_id, account_id, attempt_digest);
create index approval_expires_ix on approval (expires_at);
