-- 0025_authentication_policy.sql
--! runs-beside: 0014

create table authentication_policy (
  realm_id   uuid        not null,
  id         text collate "C" not null,
  name       text        not null,
  mode       text        not null,
  definition jsonb       not null,
  is_default boolean     not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint authentication_policy_pk primary key (realm_id, id),
  constraint authentication_policy_realm_fk foreign key (realm_id) references realm (id),
  constraint authentication_policy_mode_known check (mode in ('on', 'report-only', 'off'))
);

create unique index authentication_policy_name_ix on authentication_policy (realm_id, name);
create unique index authentication_policy_default_ix on authentication_policy (realm_id) where is_default;

create trigger authentication_policy_version after insert or update or delete on authentication_policy
  for each row execute function realm_touch();

-- A table of its own and no column of account: a policy that goes takes its assignments with it, and nothing else.
create table authentication_policy_assignment (
  realm_id   uuid not null,
  account_id uuid not null,
  policy_id  text collate "C" not null,
  constraint authentication_policy_assignment_pk primary key (realm_id, account_id),
  constraint authentication_policy_assignment_account_fk
    foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade,
  constraint authentication_policy_assignment_policy_fk
    foreign key (realm_id, policy_id) references authentication_policy (realm_id, id) on delete cascade
);

create index authentication_policy_assignment_policy_ix on authentication_policy_assignment (realm_id, policy_id);

create table app_access_rule (
  realm_id   uuid        not null,
  id         text collate "C" not null,
  name       text        not null,
  mode       text        not null,
  access     text        not null,
  match      jsonb       not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint app_access_rule_pk primary key (realm_id, id),
  constraint app_access_rule_realm_fk foreign key (realm_id) references realm (id),
  constraint app_access_rule_mode_known check (mode in ('on', 'report-only', 'off')),
  constraint app_access_rule_access_known check (access in ('allow', 'quarantine', 'block'))
);

create unique index app_access_rule_name_ix on app_access_rule (realm_id, name);

create trigger app_access_rule_version after insert or update or delete on app_access_rule
  for each row execute function realm_touch();
