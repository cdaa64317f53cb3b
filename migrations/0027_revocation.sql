-- 0027_revocation.sql
--! runs-beside: 0014

-- What has ended, for those who must hear of it. Triggers write it down in the transaction that ends something, so that no
-- way of ending forgets to tell. No foreign keys: a row outlives what it tells about.
create table revocation (
  realm_id    uuid        not null,
  number      bigint      not null,
  at          timestamptz not null,
  kind        text collate "C" not null,
  account_id  uuid,
  upn         text,
  client_id   text,
  family_id   text,
  session_id  text,
  mail_app_id text,
  constraint revocation_pk primary key (realm_id, number),
  constraint revocation_kind_known check (kind in ('account-disabled', 'account-removed', 'signed-out', 'password-changed',
    'refresh-family', 'session', 'client-disabled', 'mail-app', 'app-password'))
);

-- Outlives the rows, so that no number is given twice.
create table revocation_counter (
  realm_id uuid   not null,
  last     bigint not null,
  constraint revocation_counter_pk primary key (realm_id),
  constraint revocation_counter_realm_fk foreign key (realm_id) references realm (id)
);

-- How far each reader of this service has come, and who is reading.
create table revocation_reader (
  realm_id   uuid        not null,
  reader     text collate "C" not null,
  read_until bigint      not null,
  turn_until timestamptz,
  constraint revocation_reader_pk primary key (realm_id, reader),
  constraint revocation_reader_realm_fk foreign key (realm_id) references realm (id)
);

-- What the transaction under way has ended. It gets its numbers when that transaction commits, and is gone then: nobody else
-- ever sees a row of it.
create table revocation_unnumbered (
  realm_id    uuid        not null,
  id          bigserial   not null,
  at          timestamptz not null,
  kind        text collate "C" not null,
  account_id  uuid,
  upn         text,
  client_id   text,
  family_id   text,
  session_id  text,
  mail_app_id text,
  constraint revocation_unnumbered_pk primary key (realm_id, id)
);

-- Numbers without a gap, in the order in which they become visible, need one transaction after the other from the taking of a
-- number to the commit. The counter's row is what they wait for. It is taken by a deferred trigger, so after everything else
-- that a transaction does: whoever holds it has no further lock to wait for, and nobody can wait for anybody in a circle,
-- whatever was locked before, e.g. by a token transaction that ends a family in the middle of its work. One that ends
-- something in several realms takes their counters in one order for everybody. A roll-back takes the number back with the rest.
--
-- The first of a transaction's rows has all of them numbered, and leaves word for the others up to which one. To look for a row
-- instead would cost each of many a reading of all: the plan that a session keeps is made when this table is all but empty.
create function revocation_number() returns trigger language plpgsql as $$
declare
  mine   record;
  newest bigint;
begin
  if new.id <= nullif(current_setting('postern.revocations_numbered', true), '')::bigint then return null; end if;
  for mine in
    select realm_id, count(*) as rows, max(id) as newest_id from revocation_unnumbered group by realm_id order by realm_id
  loop
    insert into revocation_counter as counter (realm_id, last) values (mine.realm_id, mine.rows)
      on conflict (realm_id) do update set last = counter.last + excluded.last
      returning last into newest;
    with numbered as (delete from revocation_unnumbered where realm_id = mine.realm_id returning *)
    insert into revocation (realm_id, number, at, kind, account_id, upn, client_id, family_id, session_id, mail_app_id)
      select realm_id, newest - mine.rows + row_number() over (order by id), at, kind, account_id, upn, client_id, family_id,
        session_id, mail_app_id
      from numbered;
    perform set_config('postern.revocations_numbered', greatest(mine.newest_id,
      nullif(current_setting('postern.revocations_numbered', true), '')::bigint)::text, true);
  end loop;
  return null;
end
$$;

create constraint trigger revocation_number after insert on revocation_unnumbered deferrable initially deferred
  for each row execute function revocation_number();

create function revocation_of_account() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    insert into revocation_unnumbered (realm_id, at, kind, account_id, upn)
      values (old.realm_id, clock_timestamp(), 'account-removed', old.id, old.upn);
    return null;
  end if;
  if old.status = 'active' and new.status = 'disabled' then
    insert into revocation_unnumbered (realm_id, at, kind, account_id, upn)
      values (new.realm_id, new.updated_at, 'account-disabled', new.id, new.upn);
  end if;
  if old.signed_out_at is distinct from new.signed_out_at then
    insert into revocation_unnumbered (realm_id, at, kind, account_id, upn)
      values (new.realm_id, coalesce(new.signed_out_at, clock_timestamp()), 'signed-out', new.id, new.upn);
  end if;
  return null;
end
$$;

create trigger account_change_revocation after update of status, signed_out_at on account
  for each row when (old.status is distinct from new.status or old.signed_out_at is distinct from new.signed_out_at)
  execute function revocation_of_account();

create trigger account_remove_revocation after delete on account
  for each row execute function revocation_of_account();

-- A new hash of the same password keeps the moment of the last change.
create function revocation_of_password() returns trigger language plpgsql as $$
begin
  insert into revocation_unnumbered (realm_id, at, kind, account_id, upn)
    select realm_id, new.changed_at, 'password-changed', id, upn from account
    where realm_id = new.realm_id and id = new.account_id;
  return null;
end
$$;

create trigger password_change_revocation after update of changed_at on password
  for each row when (old.changed_at is distinct from new.changed_at) execute function revocation_of_password();

-- For each row, and not for all of a statement from its transition tables: those would cost every use of a refresh token, which
-- updates its family too, while this one is looked at only where revoked_at is set. Families that go with their account or
-- client are told by that.
create function revocation_of_family() returns trigger language plpgsql as $$
begin
  insert into revocation_unnumbered (realm_id, at, kind, account_id, upn, client_id, family_id)
    values (new.realm_id, new.revoked_at, 'refresh-family', new.account_id,
      (select upn from account where realm_id = new.realm_id and id = new.account_id), new.client_id, new.id);
  return null;
end
$$;

create trigger refresh_family_revocation after update of revoked_at on refresh_family
  for each row when (old.revoked_at is null and new.revoked_at is not null) execute function revocation_of_family();

create function revocation_of_client() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    insert into revocation_unnumbered (realm_id, at, kind, client_id) values (old.realm_id, clock_timestamp(), 'client-disabled', old.id);
  else
    insert into revocation_unnumbered (realm_id, at, kind, client_id)
      values (new.realm_id, new.updated_at, 'client-disabled', new.id);
  end if;
  return null;
end
$$;

create trigger client_disable_revocation after update of status on client
  for each row when (old.status = 'active' and new.status = 'disabled') execute function revocation_of_client();

create trigger client_remove_revocation after delete on client
  for each row execute function revocation_of_client();

-- What goes with its account is told by that: the account is not found any more.
create function revocation_of_mail_app() returns trigger language plpgsql as $$
begin
  insert into revocation_unnumbered (realm_id, at, kind, account_id, upn, mail_app_id)
    select realm_id, case tg_op when 'DELETE' then clock_timestamp() else coalesce(new.decided_at, clock_timestamp()) end, 'mail-app', id, upn, old.id
    from account where realm_id = old.realm_id and id = old.account_id;
  return null;
end
$$;

create trigger mail_app_block_revocation after update of state on mail_app
  for each row when (old.state = 'active' and new.state <> 'active') execute function revocation_of_mail_app();

create trigger mail_app_remove_revocation after delete on mail_app
  for each row when (old.state = 'active') execute function revocation_of_mail_app();

-- One that has expired opened nothing any more.
create function revocation_of_app_password() returns trigger language plpgsql as $$
begin
  insert into revocation_unnumbered (realm_id, at, kind, account_id, upn, mail_app_id)
    select realm_id, clock_timestamp(), 'app-password', id, upn, old.mail_app_id
    from account where realm_id = old.realm_id and id = old.account_id;
  return null;
end
$$;

create trigger app_password_remove_revocation after delete on app_password
  for each row when (old.expires_at is null or old.expires_at > now()) execute function revocation_of_app_password();
