-- 0009_replay_claim.sql
--! runs-beside: 0008

create table replay_claim (
  realm_id   uuid        not null,
  claim_hash bytea       not null,              -- keyed, of issuer and jti
  expires_at timestamptz not null,
  constraint replay_claim_pk primary key (realm_id, claim_hash)
);

create index replay_claim_expires_ix on replay_claim (expires_at);
