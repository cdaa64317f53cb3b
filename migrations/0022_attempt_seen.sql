-- 0022_attempt_seen.sql
--! runs-beside: 0014

-- Short keyed digests of the different wrong answers of a window: one that is repeated is no new guess.
alter table attempt_counter add column seen text[];
