-- 0032_refresh_answer_index.sql
--! runs-beside: 0014

-- A kept answer is as large as five tokens and is of use for a minute, while its token stays for weeks to be recognised. The
-- sweep finds by this what may go; only tokens with an answer are in it, so it stays small.
create index refresh_token_answer_ix on refresh_token (answer_until) where answer_until is not null;
