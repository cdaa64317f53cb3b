-- 0015_authenticator_detail.sql
--! runs-beside: 0014

-- What a method keeps beside the secret; what a WebAuthn credential is found by; which one is asked for first; and a state
-- for what an administrator has put there and nobody has begun to prove.
alter table authenticator
  add column detail        jsonb   not null default '{}',
  add column credential_id text collate "C",
  add column is_default    boolean not null default false,
  drop constraint authenticator_state_known,
  add constraint authenticator_state_known check (state in ('proposed', 'pending', 'active', 'disabled')),
  -- 1023 bytes (Web Authentication Level 2, section 4) are 1364 characters of base64url.
  add constraint authenticator_credential_id_size check (length(credential_id) <= 1364),
  add constraint authenticator_default_active check (state = 'active' or not is_default);

create unique index authenticator_credential_ix on authenticator (realm_id, credential_id) where credential_id is not null;
create unique index authenticator_default_ix on authenticator (realm_id, account_id) where is_default;
