-- Takes the price of something out of a customer's wallet, bonus first, inside the caller's transaction (decisions 18, 19).
--
-- Returns the transfer's id. The same key again returns the first transfer and moves nothing.
-- Raises SMM01 when cash and bonus together do not suffice; its detail is JSON {"balance", "needed"}. Raises SMM03 and SMM04
-- as `wallet_count_spending()` does. Nothing was moved then.
-- Locks the customer's accounts in id order, after which nobody else can spend them until the transaction ends. The shared
-- account is looked up before: where it is missing, its first use waits for another's, and must not hold a wallet then.

create or replace function wallet_system_account(p_code text) returns bigint language plpgsql as $$
declare
  v_id bigint;
begin
  select id into v_id from wallet_account where code = p_code;
  if v_id is null then
    insert into wallet_account (kind, code) values ('system', p_code) on conflict (code) do nothing;
    select id into strict v_id from wallet_account where code = p_code;
  end if;
  return v_id;
end $$;

create or replace function wallet_charge(
  p_user_id bigint, p_amount numeric, p_key text, p_kind text, p_subject_type text, p_subject_id bigint,
  p_actor text, p_reason text, p_at timestamptz
) returns bigint language plpgsql as $$
declare
  v_account record;
  v_cash_id bigint;
  v_bonus_id bigint;
  v_cash numeric := 0;
  v_bonus numeric := 0;
  v_orders_id bigint;
  v_transfer bigint;
begin
  if p_amount is null or p_amount <= 0 or p_amount <> round(p_amount, 5) then
    raise exception 'a charge is positive and has at most 5 decimals, not %', p_amount
      using errcode = 'invalid_parameter_value';
  end if;

  v_orders_id := wallet_system_account('orders');
  for v_account in
    select id, kind, balance from wallet_account
    where user_id = p_user_id and kind in ('cash', 'bonus') order by id for no key update
  loop
    if v_account.kind = 'cash' then
      v_cash_id := v_account.id; v_cash := v_account.balance;
    else
      v_bonus_id := v_account.id; v_bonus := v_account.balance;
    end if;
  end loop;

  insert into wallet_transfer (kind, key, subject_type, subject_id, actor, reason, at)
    values (p_kind, p_key, p_subject_type, p_subject_id, p_actor, p_reason, p_at)
    on conflict (key) do nothing returning id into v_transfer;
  if v_transfer is null then
    select id into strict v_transfer from wallet_transfer where key = p_key;
    return v_transfer;
  end if;

  if exists (select from wallet_safeguard where user_id = p_user_id) then
    perform wallet_count_spending(p_user_id, p_amount, p_at);
  end if;
  if v_cash + v_bonus < p_amount then
    raise exception 'the balance % does not cover %', v_cash + v_bonus, p_amount
      using errcode = 'SMM01', detail = json_build_object('balance', (v_cash + v_bonus)::text, 'needed', p_amount::text);
  end if;

  v_bonus := least(v_bonus, p_amount);
  if v_bonus > 0 then
    insert into wallet_entry (transfer_id, account_id, amount) values (v_transfer, v_bonus_id, -v_bonus);
  end if;
  if v_bonus < p_amount then
    insert into wallet_entry (transfer_id, account_id, amount) values (v_transfer, v_cash_id, v_bonus - p_amount);
  end if;
  insert into wallet_entry (transfer_id, account_id, amount) values (v_transfer, v_orders_id, p_amount);
  return v_transfer;
end $$;
