-- 0012_account_signed_out.sql
--! runs-beside: 0011

-- Whatever was proved before this moment counts no more: an administrator ended the account's sessions.
alter table account add column signed_out_at timestamptz;
