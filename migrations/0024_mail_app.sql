-- 0024_mail_app.sql
--! runs-beside: 0014

-- An app that knows only a password and has tried to open somebody's mail. What it says of itself has no bounds, so that it
-- is found by a digest of fixed size.
create table mail_app (
  realm_id        uuid        not null,
  id              text collate "C" not null,
  account_id      uuid        not null,
  identity        text        not null,
  identity_digest bytea       not null,         -- SHA-256
  label           text        not null,
  traits          jsonb       not null,
  protocols       text[]      not null,
  network         text,
  state           text        not null,
  first_tried_at  timestamptz not null,
  last_tried_at   timestamptz not null,
  last_source     text,
  last_allowed_at timestamptz,
  tries           bigint      not null,
  decided_at      timestamptz,
  decided_by      text,
  told_by         text,
  told_at         timestamptz,
  telling_until   timestamptz,                  -- somebody is telling the owner, and others keep off until then
  constraint mail_app_pk primary key (realm_id, id),
  constraint mail_app_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade,
  constraint mail_app_state_known check (state in ('pending', 'quarantined', 'active', 'blocked')),
  constraint mail_app_told_known check (told_by in ('sms', 'email', 'nobody')),
  constraint mail_app_told_whole check ((told_by is null) = (told_at is null))
);

-- Also finds those of an account.
create unique index mail_app_identity_ix on mail_app (realm_id, account_id, identity_digest);
create index mail_app_tried_ix on mail_app (realm_id, last_tried_at desc, id);
create index mail_app_untold_ix on mail_app (realm_id, first_tried_at, id) where told_by is null;
create index mail_app_undecided_ix on mail_app (last_tried_at) where state in ('pending', 'quarantined');

create table app_password (
  realm_id           uuid        not null,
  id                 text collate "C" not null,
  account_id         uuid        not null,
  label              text        not null,
  lookup             text collate "C" not null, -- short keyed digest, made by the program
  hash               text        not null,      -- PHC string
  protocols          text[]      not null,
  networks           text[]      not null,
  binds_to_first_app boolean     not null,
  mail_app_id        text collate "C",
  created_at         timestamptz not null,
  created_by         text        not null,
  expires_at         timestamptz,
  last_used_at       timestamptz,
  last_source        text,
  last_protocol      text,
  constraint app_password_pk primary key (realm_id, id),
  constraint app_password_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade,
  constraint app_password_mail_app_fk foreign key (realm_id, mail_app_id) references mail_app (realm_id, id) on delete cascade,
  constraint app_password_protocols_some check (cardinality(protocols) > 0)
);

-- Also finds those of an account.
create unique index app_password_lookup_ix on app_password (realm_id, account_id, lookup);
create index app_password_mail_app_ix on app_password (realm_id, mail_app_id) where mail_app_id is not null;
create index app_password_expires_ix on app_password (expires_at) where expires_at is not null;
