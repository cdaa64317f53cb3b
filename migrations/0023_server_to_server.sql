-- 0023_server_to_server.sql
--! runs-beside: 0014

-- One certificate belongs to one principal of the whole installation. Who could use it in two places could be taken for the
-- other one, so data that has it so is not taken over.
do $check$
declare
  digest    text;
  conflicts text;
begin
  foreach digest in array array['x5t', 'x5t_s256'] loop
    execute format($query$
      select string_agg('certificate ' || thumbprint || ' is registered for ' || principals, '; ' order by thumbprint)
      from (
        select %1$I as thumbprint,
          string_agg('client ' || client_id || ' of realm ' || realm_id || ' (credential ' || id || ')', ' and for '
            order by realm_id, client_id) as principals
        from client_credential where %1$I is not null group by %1$I having count(*) > 1
      ) as twice$query$, digest) into conflicts;
    if conflicts is not null then
      raise exception 'One certificate belongs to one client of one realm, but %', conflicts
        using hint = 'Decide whose it is. Give every other client a certificate of its own, take this one away from it with'
          ' "postern client remove-credential" of the release that ran until now, and start again.';
    end if;
  end loop;
end
$check$;

drop index client_credential_x5t_ix, client_credential_x5t_s256_ix;
create unique index client_credential_x5t_ix on client_credential (x5t) where x5t is not null;
create unique index client_credential_x5t_s256_ix on client_credential (x5t_s256) where x5t_s256 is not null;
create index client_credential_certificate_ix on client_credential (realm_id, client_id) where x5t is not null;

-- What is kept of a client beside its registration because it takes part in server-to-server authentication.
create table partner (
  realm_id                     uuid        not null,
  client_id                    text collate "C" not null,
  metadata_url                 text,
  pinned_issuer                text,
  pinned_realm                 text,
  metadata_read_at             timestamptz,
  metadata_tried_at            timestamptz,
  metadata_problem             text,
  accepts_unsigned_user_tokens boolean     not null,
  tokens_valid_from            timestamptz,
  constraint partner_pk primary key (realm_id, client_id),
  constraint partner_client_fk foreign key (realm_id, client_id) references client (realm_id, id) on delete cascade,
  constraint partner_pinned_whole check ((pinned_issuer is null) = (pinned_realm is null))
);

-- An administrator's word that a client may act for people at one resource.
create table delegation (
  realm_id      uuid        not null,
  client_id     text collate "C" not null,
  resource_id   uuid        not null,
  scopes        text[]      not null,
  except_groups text[]      not null,
  created_at    timestamptz not null,
  constraint delegation_pk primary key (realm_id, client_id, resource_id),
  constraint delegation_client_fk foreign key (realm_id, client_id) references client (realm_id, id) on delete cascade,
  constraint delegation_resource_fk foreign key (realm_id, resource_id) references resource (realm_id, id) on delete cascade,
  constraint delegation_scopes_some check (cardinality(scopes) > 0)
);

create index delegation_resource_ix on delegation (realm_id, resource_id);

-- What was set up for the two sides of a hybrid, to be set up again or taken back.
create table hybrid (
  realm_id   uuid        not null,
  name       text collate "C" not null,
  made       jsonb       not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint hybrid_pk primary key (realm_id, name),
  constraint hybrid_realm_fk foreign key (realm_id) references realm (id)
);

-- Every process keeps the service principals of a realm until the realm's version grows. So it grows with what they are made
-- of, and not with each reading of a metadata document. A deleted client takes its certificates and its partner with it,
-- which count by themselves.
create trigger delegation_version after insert or update or delete on delegation
  for each row execute function realm_touch();

create function client_principal_touch() returns trigger language plpgsql as $$
begin
  update realm set version = version where id = new.realm_id and (
    exists (select from client_credential where realm_id = new.realm_id and client_id = new.id and x5t is not null)
    or exists (select from partner where realm_id = new.realm_id and client_id = new.id));
  return null;
end
$$;

create trigger client_principal_version after update on client
  for each row execute function client_principal_touch();

-- Holds the client too: were it disabled at the same time, that transaction would not see yet that it becomes a principal.
create function client_becomes_principal() returns trigger language plpgsql as $$
begin
  perform from client where realm_id = new.realm_id and id = new.client_id for share;
  update realm set version = version where id = new.realm_id;
  return null;
end
$$;

create trigger partner_add_version after insert on partner
  for each row execute function client_becomes_principal();

create trigger partner_remove_version after delete on partner
  for each row execute function realm_touch();

create trigger partner_change_version after update on partner
  for each row when (
    (old.metadata_url, old.pinned_issuer, old.pinned_realm, old.accepts_unsigned_user_tokens, old.tokens_valid_from)
      is distinct from
    (new.metadata_url, new.pinned_issuer, new.pinned_realm, new.accepts_unsigned_user_tokens, new.tokens_valid_from))
  execute function realm_touch();

create trigger client_certificate_add_version after insert on client_credential
  for each row when (new.x5t is not null) execute function client_becomes_principal();

create trigger client_certificate_change_version after update on client_credential
  for each row when (old.x5t is not null or new.x5t is not null) execute function client_becomes_principal();

create trigger client_certificate_remove_version after delete on client_credential
  for each row when (old.x5t is not null) execute function realm_touch();
