-- 0010_policy.sql
--! runs-beside: 0009

create table policy (
  realm_id   uuid        not null,
  id         text collate "C" not null,
  name       text        not null,
  mode       text        not null,
  definition jsonb       not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint policy_pk primary key (realm_id, id),
  constraint policy_realm_fk foreign key (realm_id) references realm (id),
  constraint policy_mode_known check (mode in ('on', 'report-only', 'off'))
);

create trigger policy_version after insert or update or delete on policy
  for each row execute function realm_touch();
