-- What a customer can spend: cash and bonus together; 0 for a wallet that was never used.
create or replace function wallet_balance(p_user_id bigint) returns numeric language sql stable as $$
  select coalesce(sum(balance), 0) from wallet_account where user_id = p_user_id and kind in ('cash', 'bonus')
$$;
