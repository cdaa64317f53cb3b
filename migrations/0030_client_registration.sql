-- 0030_client_registration.sql
--! runs-beside: 0014

-- Clients that registered themselves (RFC 7591). Nobody vouches for their names, and pages say so.
alter table client add column self_registered boolean not null default false;

-- How such a client came, and what it manages itself with (RFC 7592).
create table client_registration (
  realm_id      uuid        not null,
  client_id     text collate "C" not null,
  token_digest  bytea       not null,            -- SHA-256 of its registration access token
  invitation_id text collate "C",                -- the initial access token that it came with; null: the realm was open
  registered_at timestamptz not null,
  used_at       timestamptz,                     -- when a person last let it in
  idle_since    timestamptz not null,            -- when it was last known to be of use to anybody
  constraint client_registration_pk primary key (realm_id, client_id),
  constraint client_registration_client_fk foreign key (realm_id, client_id) references client (realm_id, id) on delete cascade
);

create index client_registration_idle_ix on client_registration (idle_since) where invitation_id is null;
create index client_registration_unused_ix on client_registration (realm_id, registered_at)
  where invitation_id is null and used_at is null;

-- An initial access token: lets its holder register so many clients, and is good for nothing else.
create table client_invitation (
  realm_id     uuid        not null,
  id           text collate "C" not null,
  digest       bytea       not null,             -- SHA-256 of what was shown once
  label        text        not null,
  clients      integer     not null,
  clients_left integer     not null,
  created_at   timestamptz not null,
  created_by   text        not null,
  expires_at   timestamptz not null,
  constraint client_invitation_pk primary key (realm_id, id),
  constraint client_invitation_realm_fk foreign key (realm_id) references realm (id),
  constraint client_invitation_counts check (clients_left between 0 and clients)
);

create unique index client_invitation_digest_ix on client_invitation (realm_id, digest);
create index client_invitation_expires_ix on client_invitation (expires_at);

-- Whether apps that register themselves may ask for its scopes.
alter table resource add column open_to_registered boolean not null default false;
