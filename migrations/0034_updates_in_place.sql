-- 0034_updates_in_place.sql
--! runs-beside: 0014

-- A row whose indexed columns stay as they are is updated where it stands, if its page has room: none of its indexes is written again.
-- Each refresh moves last_used_at of its family and marks one token, each redemption marks one code.
drop index refresh_family_account_ix;
create index refresh_family_account_ix on refresh_family (realm_id, account_id) where account_id is not null;
alter table refresh_family set (fillfactor = 70);
alter table refresh_token set (fillfactor = 70);
