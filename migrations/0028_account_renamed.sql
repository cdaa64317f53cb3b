-- 0028_account_renamed.sql
--! runs-beside: 0014

-- A name that an account has no more: its UPN or one of its addresses. Mail servers know open connections by the name with which
-- they began, so the event carries that one, folded as accounts are looked up by it.
alter table revocation drop constraint revocation_kind_known;
alter table revocation add constraint revocation_kind_known check (kind in ('account-disabled', 'account-removed', 'signed-out',
  'password-changed', 'refresh-family', 'session', 'client-disabled', 'mail-app', 'app-password', 'account-renamed'));

-- What goes with its account is told by that: the account is not found any more.
create function revocation_of_account_address() returns trigger language plpgsql as $$
begin
  insert into revocation_unnumbered (realm_id, at, kind, account_id, upn)
    select realm_id, clock_timestamp(), 'account-renamed', id, old.address_key
    from account where realm_id = old.realm_id and id = old.account_id;
  return null;
end
$$;

create trigger account_address_remove_revocation after delete on account_address
  for each row execute function revocation_of_account_address();
