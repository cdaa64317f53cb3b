-- 0033_refresh_answer.sql
--! runs-beside: 0014

-- A kept answer is as large as five tokens and is of use for a minute, while its token stays for weeks to be recognised. In a table of
-- its own it is deleted when it is over, and a used token is updated where it stands, since none of its indexes is touched.
--
-- Answers that an older server writes into refresh_token are still found there. It does not find those that are written here: a client
-- whose answer got lost while both ran, and who asks the older one again, has to sign in again. The old columns go with a later release.
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
