-- 0020_enforcement.sql
--! runs-beside: 0014

-- Asks many people, over some weeks, to set up a second factor.
create table campaign (
  realm_id      uuid        not null,
  id            text collate "C" not null,
  name          text        not null,
  postponements integer     not null,
  postpone_days integer     not null,
  starts_at     timestamptz not null,
  ends_at       timestamptz,
  created_at    timestamptz not null,
  constraint campaign_pk primary key (realm_id, id),
  constraint campaign_realm_fk foreign key (realm_id) references realm (id)
);

-- What is demanded of one account: columns of its own row, because each read of an account asks for it.
alter table account
  add column enforcement               text    not null default 'disabled',
  add column enforcement_since         timestamptz,
  add column campaign_id               text collate "C",
  add column enrolment_postponed       integer not null default 0,
  add column enrolment_postponed_until timestamptz,
  add constraint account_enforcement_known check (enforcement in ('disabled', 'enabled', 'enforced')),
  add constraint account_campaign_fk foreign key (realm_id, campaign_id) references campaign (realm_id, id);

create index account_campaign_ix on account (realm_id, campaign_id) where campaign_id is not null;
create index account_groups_ix on account using gin (groups);
