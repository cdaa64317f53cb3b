-- 0029_refresh_family_session.sql
--! runs-beside: 0014

-- The browser session in which a family began, as its tokens call it (`sid`), so that ending the session ends what apps got by
-- it. Families from before know none, and end by themselves.
alter table refresh_family add column session_id text collate "C";
