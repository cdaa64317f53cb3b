-- 0033_refresh_answer.sql
--! runs-beside: none

-- A kept answer is as large as five tokens and is of use for a minute, while its token stays for weeks to be recognised. In a table of
-- its own it is deleted when it is over, and a used token is updated where it stands, since none of its indexes is touched.
create table refresh_answer (
  realm_id    uuid        not null,
  handle_hash bytea       not null,        -- of the used token
  sealed      bytea       not null,        -- sealed by the caller under a key made from the token itself
  request     text        not null,
  until       timestamptz not null,
  -- No foreign keys: it is read together with its token alone, nobody else can open it, and it goes by itself.
  constraint refresh_answer_pk primary key (realm_id, handle_hash)
)
-- Sealed bytes do not get smaller, and a row that fits a page is written once instead of in pieces.
with (toast_tuple_target = 8160);
alter table refresh_answer alter column sealed set storage external;
create index refresh_answer_until_ix on refresh_answer (until);

insert into refresh_answer (realm_id, handle_hash, sealed, request, until)
select realm_id, handle_hash, answer_sealed, answer_request, answer_until from refresh_token where answer_until is not null;

drop index refresh_token_answer_ix;
alter table refresh_token
  drop constraint refresh_token_answer_whole,
  drop column answer_sealed,
  drop column answer_request,
  drop column answer_until;
