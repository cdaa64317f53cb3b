-- 0005_signing_key.sql
--! runs-beside: 0004

create table signing_key (
  realm_id           uuid        not null,
  kid                text collate "C" not null,
  algorithm          text        not null,
  private_key_sealed bytea       not null,
  certificate        bytea       not null,
  announced_at       timestamptz not null,
  signs_from         timestamptz not null,
  retires_at         timestamptz,
  removed_at         timestamptz,
  constraint signing_key_pk primary key (realm_id, kid),
  constraint signing_key_realm_fk foreign key (realm_id) references realm (id),
  constraint signing_key_algorithm_known check (algorithm in ('RS256', 'ES256'))
);

create trigger signing_key_version after insert or update or delete on signing_key
  for each row execute function realm_touch();
