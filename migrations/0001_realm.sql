-- 0001_realm.sql
--! runs-beside: none

create table realm (
  id           uuid        not null,
  display_name text        not null,
  status       text        not null,
  settings     jsonb       not null,
  version      bigint      not null default 1,  -- every process compares it to know when its picture of the realm is old
  created_at   timestamptz not null,
  constraint realm_pk primary key (id),
  constraint realm_status_known check (status in ('active', 'disabled'))
);

create table realm_domain (
  realm_id uuid    not null,
  domain   text    not null,                    -- lower case
  position integer not null,                    -- the lowest is the primary one
  constraint realm_domain_pk primary key (realm_id, domain),
  constraint realm_domain_realm_fk foreign key (realm_id) references realm (id) on delete cascade
);

-- A verified domain names one realm in the whole installation.
create unique index realm_domain_domain_ix on realm_domain (domain);

-- A change of the realm counts itself, and so does a change of what belongs to it (realm_touch).
create function realm_count_version() returns trigger language plpgsql as $$
begin
  new.version := old.version + 1;
  return new;
end
$$;

create trigger realm_version before update on realm
  for each row execute function realm_count_version();

create function realm_touch() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    update realm set version = version where id = old.realm_id;
  else
    update realm set version = version where id = new.realm_id;
  end if;
  return null;
end
$$;

create trigger realm_domain_version after insert or update or delete on realm_domain
  for each row execute function realm_touch();
