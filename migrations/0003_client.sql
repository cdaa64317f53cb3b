-- 0003_client.sql
--! runs-beside: 0002

-- Clients are read at each request, so a change of one does not count as a change of its realm.
create table client (
  realm_id                      uuid        not null,
  id                            text collate "C" not null,
  display_name                  text        not null,
  status                        text        not null,
  authentication_method         text        not null,
  application_type              text        not null,
  redirect_uris                 text[]      not null,
  post_logout_redirect_uris     text[]      not null,
  backchannel_logout_uri        text,
  grant_types                   text[]      not null,
  pkce                          text        not null,
  consent                       text        not null,
  dpop_bound_access_tokens      boolean     not null,
  pushed_authorization_required boolean     not null,
  access                        jsonb       not null,
  created_at                    timestamptz not null,
  updated_at                    timestamptz not null,
  constraint client_pk primary key (realm_id, id),
  constraint client_realm_fk foreign key (realm_id) references realm (id),
  constraint client_status_known check (status in ('active', 'disabled')),
  constraint client_authentication_known
    check (authentication_method in ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt')),
  constraint client_application_type_known check (application_type in ('native', 'web')),
  constraint client_pkce_known check (pkce in ('required', 'optional-recorded-phone-client')),
  constraint client_consent_known check (consent in ('implicit', 'explicit'))
);

create table client_credential (
  realm_id   uuid        not null,
  id         text collate "C" not null,
  client_id  text collate "C" not null,
  kind       text        not null,
  digest     bytea,                             -- of a secret
  jwk        text,                              -- of a public key
  x5t        text collate "C",
  x5t_s256   text collate "C",
  created_at timestamptz not null,
  expires_at timestamptz,
  constraint client_credential_pk primary key (realm_id, id),
  constraint client_credential_client_fk foreign key (realm_id, client_id) references client (realm_id, id) on delete cascade,
  constraint client_credential_kind_known check (
    (kind = 'secret' and digest is not null and jwk is null and x5t is null and x5t_s256 is null)
    or (kind = 'key' and jwk is not null and digest is null))
);

create index client_credential_client_ix on client_credential (realm_id, client_id);

-- One certificate speaks for one client, or an assertion could not be told apart.
create unique index client_credential_x5t_ix on client_credential (realm_id, x5t) where x5t is not null;
create unique index client_credential_x5t_s256_ix on client_credential (realm_id, x5t_s256) where x5t_s256 is not null;
