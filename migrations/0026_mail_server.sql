-- 0026_mail_server.sql
--! runs-beside: 0014

-- What is kept of a client beside its registration because it is a mail server.
create table mail_server (
  realm_id           uuid        not null,
  client_id          text collate "C" not null,
  protocols          text[]      not null,
  upstreams          jsonb       not null,
  doveadm_url        text,
  doveadm_key_sealed bytea,
  created_at         timestamptz not null,
  constraint mail_server_pk primary key (realm_id, client_id),
  constraint mail_server_client_fk foreign key (realm_id, client_id) references client (realm_id, id) on delete cascade,
  constraint mail_server_protocols_some check (cardinality(protocols) > 0),
  constraint mail_server_doveadm_whole check ((doveadm_url is null) = (doveadm_key_sealed is null))
);

create trigger mail_server_version after insert or update or delete on mail_server
  for each row execute function realm_touch();
