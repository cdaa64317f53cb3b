-- 0035_the_key_alone.sql
--! runs-beside: 0014

-- A token or family is looked up by its realm and its own key. As long as these tables are small, or were never analysed, every index
-- that begins with the realm promises one row for that, and a session that chose such a one reads all tokens of the realm for each
-- that is asked for, until statistics are gathered. So these begin with what they are for; all who use them know both columns.
drop index refresh_token_predecessor_ix;
create unique index refresh_token_predecessor_ix on refresh_token (predecessor_hash, realm_id) where predecessor_hash is not null;
drop index refresh_token_first_ix;
create unique index refresh_token_first_ix on refresh_token (family_id, realm_id) where predecessor_hash is null;
drop index refresh_token_family_ix;
create index refresh_token_family_ix on refresh_token (family_id, realm_id);
drop index refresh_family_account_ix;
create index refresh_family_account_ix on refresh_family (account_id, realm_id) where account_id is not null;
drop index refresh_family_client_ix;
create index refresh_family_client_ix on refresh_family (client_id, realm_id);
