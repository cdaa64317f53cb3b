-- 0019_remembered_browser.sql
--! runs-beside: 0014

create table remembered_browser (
  realm_id     uuid        not null,
  id           text collate "C" not null,
  account_id   uuid        not null,
  digest       bytea       not null,            -- keyed by the program; the secret is in a cookie
  label        text        not null,
  created_at   timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at   timestamptz not null,
  constraint remembered_browser_pk primary key (realm_id, id),
  constraint remembered_browser_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade
);

create unique index remembered_browser_digest_ix on remembered_browser (realm_id, account_id, digest);
create index remembered_browser_expires_ix on remembered_browser (expires_at);
