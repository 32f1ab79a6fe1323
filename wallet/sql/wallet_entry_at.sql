-- Where a time lies among an account's entries: an id such that every entry from it on is of p_at or later, and every one
-- before it is older. Found by halving, so that it costs as many index look-ups in the first year as in the tenth.
--
-- Ids are drawn under the account's lock and `at` is read before it, so that two entries may stand in another order by
-- the time one waited. Whoever needs the exact bound asks with a margin and compares each entry. Entries are named by
-- pairs (account, id), so that only their own index can be read in this order.
create or replace function wallet_entry_at(p_account_id bigint, p_at timestamptz) returns bigint
  language plpgsql stable as $$
declare
  v_older bigint := 0;  -- everything up to here is older
  v_from bigint;        -- everything from here on is not
  v_middle bigint;
  v_found record;
begin
  v_from := 1 + coalesce((
    select id from wallet_entry where (account_id, id) >= (p_account_id, 0) and (account_id, id) < (p_account_id + 1, 0)
    order by account_id desc, id desc limit 1), 0);
  while v_from - v_older > 1 loop
    v_middle := v_older + (v_from - v_older) / 2;
    select e.id, t.at into v_found
      from wallet_entry e join wallet_transfer t on t.id = e.transfer_id
      where (e.account_id, e.id) > (p_account_id, v_older) and (e.account_id, e.id) <= (p_account_id, v_middle)
      order by e.account_id desc, e.id desc limit 1;
    if not found or v_found.at < p_at then
      v_older := v_middle;
    else
      v_from := v_found.id;
    end if;
  end loop;
  return v_from;
end $$;
