-- 0004_resource.sql
--! runs-beside: 0003

create table resource (
  realm_id             uuid        not null,
  id                   uuid        not null,
  display_name         text        not null,
  audience             text        not null,
  names                text[]      not null,
  principal_id         text,
  scopes               text[]      not null,
  algorithm            text        not null,
  token_type           text        not null,
  access_token_seconds integer,
  status               text        not null,
  created_at           timestamptz not null,
  updated_at           timestamptz not null,
  constraint resource_pk primary key (realm_id, id),
  constraint resource_realm_fk foreign key (realm_id) references realm (id),
  constraint resource_status_known check (status in ('active', 'disabled')),
  constraint resource_algorithm_known check (algorithm in ('RS256', 'ES256')),
  constraint resource_token_type_known check (token_type in ('at+jwt', 'JWT'))
);

create table resource_name (
  realm_id    uuid not null,
  name        text collate "C" not null,
  resource_id uuid not null,
  constraint resource_name_pk primary key (realm_id, name),
  constraint resource_name_resource_fk foreign key (realm_id, resource_id) references resource (realm_id, id) on delete cascade
);

create index resource_name_resource_ix on resource_name (realm_id, resource_id);

create trigger resource_version after insert or update or delete on resource
  for each row execute function realm_touch();

create trigger resource_name_version after insert or update or delete on resource_name
  for each row execute function realm_touch();
