-- 0031_realm_not_before.sql
--! runs-beside: 0014

-- Whoever signed in before this is signed out, and with it goes all that came of that sign-in: sessions, codes, refresh families.
-- Set when a backup was put back, which does not know what was used up, rotated or revoked after it was made. One row for
-- everybody, so that it takes no longer for a million accounts.
alter table realm add column not_before timestamptz;
