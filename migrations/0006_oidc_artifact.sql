-- 0006_oidc_artifact.sql
--! runs-beside: 0005

-- No foreign key to realm or account: this is the busiest table, each insert would lock the same few parent rows, and
-- an artifact of something that is gone is found by nobody.
create table oidc_artifact (
  realm_id       uuid        not null,
  kind           text collate "C" not null,
  id_hash        bytea       not null,          -- keyed; the id itself is what a browser or client holds
  payload_sealed bytea       not null,
  grant_id       text collate "C",
  uid_hash       bytea,
  user_code_hash bytea,
  account_id     text collate "C",
  client_id      text collate "C",
  consumed_at    timestamptz,
  expires_at     timestamptz not null,
  constraint oidc_artifact_pk primary key (realm_id, kind, id_hash)
);

create index oidc_artifact_grant_ix on oidc_artifact (realm_id, grant_id) where grant_id is not null;
create index oidc_artifact_uid_ix on oidc_artifact (realm_id, kind, uid_hash) where uid_hash is not null;
create unique index oidc_artifact_user_code_ix on oidc_artifact (realm_id, kind, user_code_hash) where user_code_hash is not null;
create index oidc_artifact_account_ix on oidc_artifact (realm_id, account_id) where account_id is not null;
create index oidc_artifact_expires_ix on oidc_artifact (expires_at);
