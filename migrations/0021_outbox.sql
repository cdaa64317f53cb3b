-- 0021_outbox.sql
--! runs-beside: 0014

-- E-mail that is still to be sent, written in the transaction of what it tells about.
create table outbox (
  realm_id    uuid        not null,
  id          text collate "C" not null,
  account_id  uuid,
  mail_sealed bytea       not null,             -- address, subject and text
  created_at  timestamptz not null,
  next_try_at timestamptz not null,
  tries       integer     not null,
  expires_at  timestamptz not null,
  constraint outbox_pk primary key (realm_id, id),
  constraint outbox_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade
);

-- By age, and not by the next try: each take and each failure moves that one, and would move an index with it.
create index outbox_created_ix on outbox (realm_id, created_at, id);
create index outbox_account_ix on outbox (realm_id, account_id) where account_id is not null;
create index outbox_expires_ix on outbox (expires_at);
