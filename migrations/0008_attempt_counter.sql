-- 0008_attempt_counter.sql
--! runs-beside: 0007

-- Names that nobody has are counted as well, so there is no foreign key to account.
create table attempt_counter (
  realm_id          uuid        not null,
  subject           text collate "C" not null,
  method            text collate "C" not null,
  consecutive       integer     not null,
  in_window         integer     not null,
  window_started_at timestamptz not null,
  blocked_until     timestamptz,
  disabled          boolean     not null,
  forget_at         timestamptz,                -- null: tells about guesses at a real account, and is kept
  constraint attempt_counter_pk primary key (realm_id, subject, method)
);

create index attempt_counter_forget_ix on attempt_counter (forget_at) where forget_at is not null;
