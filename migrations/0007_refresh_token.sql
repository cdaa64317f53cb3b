-- 0007_refresh_token.sql
--! runs-beside: 0006

create table refresh_family (
  realm_id        uuid        not null,
  id              text collate "C" not null,
  account_id      uuid,
  client_id       text collate "C" not null,
  started_at      timestamptz not null,
  last_used_at    timestamptz not null,
  ends_at         timestamptz not null,
  revoked_at      timestamptz,
  revoked_because text,
  constraint refresh_family_pk primary key (realm_id, id),
  constraint refresh_family_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade,
  constraint refresh_family_client_fk foreign key (realm_id, client_id) references client (realm_id, id) on delete cascade
);

create index refresh_family_account_ix on refresh_family (realm_id, account_id, last_used_at desc) where account_id is not null;
create index refresh_family_client_ix on refresh_family (realm_id, client_id);
create index refresh_family_ends_ix on refresh_family (ends_at);

create table refresh_token (
  realm_id         uuid        not null,
  handle_hash      bytea       not null,        -- keyed; the handle is the jti inside the token
  family_id        text collate "C" not null,
  predecessor_hash bytea,                       -- of the token that this one replaced
  payload_sealed   bytea       not null,
  issued_at        timestamptz not null,
  expires_at       timestamptz not null,
  used_at          timestamptz,
  answer_sealed    bytea,                       -- sealed by the caller under a key made from the token itself
  answer_request   text,
  answer_until     timestamptz,
  constraint refresh_token_pk primary key (realm_id, handle_hash),
  constraint refresh_token_family_fk foreign key (realm_id, family_id) references refresh_family (realm_id, id) on delete cascade,
  constraint refresh_token_answer_whole
    check ((answer_sealed is null) = (answer_request is null) and (answer_sealed is null) = (answer_until is null))
);

-- The chain of a family never forks: a token has at most one successor, and one token at most has no predecessor.
create unique index refresh_token_predecessor_ix on refresh_token (realm_id, predecessor_hash) where predecessor_hash is not null;
create unique index refresh_token_first_ix on refresh_token (realm_id, family_id) where predecessor_hash is null;
create index refresh_token_family_ix on refresh_token (realm_id, family_id);
create index refresh_token_expires_ix on refresh_token (expires_at);
