-- 0013_authenticator_begun_by.sql
--! runs-beside: 0012

-- Which sign-in began a pending one, as a digest: its secret is shown to that sign-in alone.
alter table authenticator add column begun_by text collate "C";
