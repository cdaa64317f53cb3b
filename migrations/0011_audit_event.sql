-- 0011_audit_event.sql
--! runs-beside: 0010

-- No foreign keys: a row outlives what it tells about.
create table audit_event (
  realm_id   uuid        not null,
  id         text collate "C" not null,
  at         timestamptz not null,
  event      text collate "C" not null,
  outcome    text        not null,
  reference  text collate "C" not null,
  account_id text collate "C",
  client_id  text collate "C",
  actor      text,
  source     text,
  detail     json        not null,              -- json, not jsonb: it may quote hostile input, and jsonb refuses some strings
  constraint audit_event_pk primary key (realm_id, id),
  constraint audit_event_outcome_known check (outcome in ('allowed', 'refused', 'failed'))
);

create index audit_event_at_ix on audit_event (realm_id, at desc, id desc);
create index audit_event_reference_ix on audit_event (realm_id, reference, at desc);
create index audit_event_account_ix on audit_event (realm_id, account_id, at desc) where account_id is not null;
create index audit_event_event_ix on audit_event (realm_id, event, at desc);

-- Append only. Old rows may be deleted, never changed, by a session that has said so:
--   set local postern.audit_retention = 'on';
create function audit_event_keep() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('postern.audit_retention', true) = 'on' then
    return null;
  end if;
  raise exception 'audit_event is append only (% refused)', tg_op using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_event_append_only before update or delete or truncate on audit_event
  for each statement execute function audit_event_keep();
