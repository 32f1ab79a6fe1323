-- Money back for what was charged, inside the caller's transaction (decisions 17, 18). As `wallet_charge()`: it returns the
-- transfer's id, and the same key again returns the first transfer and moves nothing.
--
-- Bonus goes back in the proportion it was spent. The share is cut from all that is refunded so far, not from this part
-- alone: parts never add up to more bonus than was spent, and the last one leaves nothing over. `div` cuts exactly.
-- Raises SMM02 when more would go back than is left of the charge; its detail is JSON {"amount", "left"}.
create or replace function wallet_refund(
  p_user_id bigint, p_amount numeric, p_key text, p_subject_type text, p_subject_id bigint,
  p_actor text, p_reason text, p_at timestamptz
) returns bigint language plpgsql as $$
declare
  v_orders_id bigint := wallet_system_account('orders');
  v_wallet record;
  v_transfer bigint;
  v record;
  v_bonus numeric;
begin
  v_wallet := wallet_lock(p_user_id);
  insert into wallet_transfer (kind, key, subject_type, subject_id, actor, reason, at)
    values ('refund', p_key, p_subject_type, p_subject_id, p_actor, p_reason, p_at)
    on conflict (key) do nothing returning id into v_transfer;
  if v_transfer is null then
    select id into strict v_transfer from wallet_transfer where key = p_key;
    return v_transfer;
  end if;

  select coalesce(-sum(e.amount) filter (where t.kind = 'charge'), 0) as charged,
         coalesce(sum(e.amount) filter (where t.kind = 'refund'), 0) as refunded,
         coalesce(-sum(e.amount) filter (where t.kind = 'charge' and e.account_id = v_wallet.bonus_id), 0) as bonus,
         coalesce(sum(e.amount) filter (where t.kind = 'refund' and e.account_id = v_wallet.bonus_id), 0) as bonus_back
    into v
    from wallet_transfer t join wallet_entry e on e.transfer_id = t.id
    where t.subject_type = p_subject_type and t.subject_id = p_subject_id
      and e.account_id in (v_wallet.cash_id, v_wallet.bonus_id);
  if p_amount > v.charged - v.refunded then
    raise exception 'a refund of % exceeds the % that is left of the charge', p_amount, v.charged - v.refunded
      using errcode = 'SMM02',
            detail = json_build_object('amount', p_amount::text, 'left', (v.charged - v.refunded)::text);
  end if;

  v_bonus := div(v.bonus * (v.refunded + p_amount) * 100000, v.charged) / 100000 - v.bonus_back;
  if v_bonus > 0 then
    insert into wallet_entry (transfer_id, account_id, amount) values (v_transfer, v_wallet.bonus_id, v_bonus);
  end if;
  if v_bonus < p_amount then
    insert into wallet_entry (transfer_id, account_id, amount) values (v_transfer, v_wallet.cash_id, p_amount - v_bonus);
  end if;
  insert into wallet_entry (transfer_id, account_id, amount) values (v_transfer, v_orders_id, -p_amount);
  if exists (select from wallet_safeguard where user_id = p_user_id) then
    perform wallet_count_refund(p_user_id, p_amount, p_at);
  end if;
  if v_wallet.debt_id is not null then
    perform wallet_settle_debt(p_user_id, v_transfer);
  end if;
  return v_transfer;
end $$;
