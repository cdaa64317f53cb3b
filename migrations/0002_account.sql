-- 0002_account.sql
--! runs-beside: 0001

create table account (
  realm_id          uuid        not null,
  id                uuid        not null,
  upn               text        not null,
  upn_key           text collate "C" not null,  -- folded for comparison by the program, so that no locale has a say
  address           text        not null,
  further_addresses text[]      not null,
  display_name      text        not null,
  phone             text,
  groups            text[]      not null,
  status            text        not null,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  constraint account_pk primary key (realm_id, id),
  constraint account_realm_fk foreign key (realm_id) references realm (id),
  constraint account_status_known check (status in ('active', 'disabled'))
);

create unique index account_upn_ix on account (realm_id, upn_key);

-- Every name by which an account is found: its UPN and all its addresses, folded. One name leads to one account.
create table account_address (
  realm_id    uuid not null,
  address_key text collate "C" not null,
  account_id  uuid not null,
  constraint account_address_pk primary key (realm_id, address_key),
  constraint account_address_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade
);

create index account_address_account_ix on account_address (realm_id, account_id);

create table password (
  realm_id   uuid        not null,
  account_id uuid        not null,
  hash       text        not null,              -- PHC string
  changed_at timestamptz not null,
  constraint password_pk primary key (realm_id, account_id),
  constraint password_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade
);

create table authenticator (
  realm_id      uuid        not null,
  id            uuid        not null,
  account_id    uuid        not null,
  method        text        not null,
  label         text        not null,
  secret_sealed bytea       not null,
  state         text        not null,
  last_step     bigint,
  created_at    timestamptz not null,
  confirmed_at  timestamptz,
  last_used_at  timestamptz,
  constraint authenticator_pk primary key (realm_id, id),
  constraint authenticator_account_fk foreign key (realm_id, account_id) references account (realm_id, id) on delete cascade,
  constraint authenticator_state_known check (state in ('pending', 'active', 'disabled'))
);

create index authenticator_account_ix on authenticator (realm_id, account_id);
