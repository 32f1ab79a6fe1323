-- One customer's wallet against one shared account, inside the caller's transaction (decisions 17, 18). As `wallet_charge()`:
-- each returns its transfer's id, and the same key again returns the first transfer and moves nothing.

-- The customer's accounts, made on first use; cash and bonus locked in id order until the transaction ends. debt_id is null
-- while nothing was ever owed. A debt account is made under the locks of the other two and stores no balance, so it needs
-- none; it is looked up after them, because a statement that waited for a lock does not see the rows made meanwhile.
create or replace function wallet_lock(p_user_id bigint, out cash_id bigint, out bonus_id bigint, out debt_id bigint)
language plpgsql as $$
declare
  v_account record;
begin
  if (select count(*) from wallet_account where user_id = p_user_id and kind in ('cash', 'bonus')) < 2 then
    insert into wallet_account (user_id, kind, balance) values (p_user_id, 'cash', 0), (p_user_id, 'bonus', 0)
      on conflict (user_id, kind) do nothing;
  end if;
  for v_account in
    select id, kind from wallet_account
    where user_id = p_user_id and kind in ('cash', 'bonus') order by id for no key update
  loop
    if v_account.kind = 'cash' then
      cash_id := v_account.id;
    else
      bonus_id := v_account.id;
    end if;
  end loop;
  select id into debt_id from wallet_account where user_id = p_user_id and kind = 'debt';
end $$;

-- What the user owes; 0 for most.
create or replace function wallet_debt(p_user_id bigint) returns numeric language sql stable as $$
  select coalesce(-sum(e.amount), 0) from wallet_account a join wallet_entry e on e.account_id = a.id
  where a.user_id = p_user_id and a.kind = 'debt'
$$;

-- Pays what is owed from the cash that a transfer has just brought. The caller holds the wallet's locks.
create or replace function wallet_settle_debt(p_user_id bigint, p_source bigint) returns void language plpgsql as $$
declare
  v_wallet record := wallet_lock(p_user_id);
  v_paid numeric;
  v_transfer bigint;
begin
  select least(balance, wallet_debt(p_user_id)) into v_paid from wallet_account where id = v_wallet.cash_id;
  if v_paid <= 0 then
    return;
  end if;
  insert into wallet_transfer (kind, key, subject_type, actor, reason, at)
    select 'debt_paid', 'debt:' || id, '', 'system', '', at from wallet_transfer where id = p_source
    returning id into v_transfer;
  insert into wallet_entry (transfer_id, account_id, amount)
    values (v_transfer, v_wallet.cash_id, -v_paid), (v_transfer, v_wallet.debt_id, v_paid);
end $$;

-- Moves p_amount into (below zero: out of) a customer's cash or bonus. What reaches cash pays what is owed first.
-- Raises SMM01 when the account does not suffice; its detail is JSON {"balance", "needed"}.
create or replace function wallet_move(
  p_user_id bigint, p_kind text, p_account_kind text, p_amount numeric, p_code text, p_key text,
  p_subject_type text, p_subject_id bigint, p_actor text, p_reason text, p_at timestamptz
) returns bigint language plpgsql as $$
declare
  v_system_id bigint;
  v_wallet record;
  v_account_id bigint;
  v_balance numeric;
  v_transfer bigint;
begin
  if p_amount is null or p_amount = 0 or p_amount <> round(p_amount, 5) then
    raise exception 'a movement is not zero and has at most 5 decimals, not %', p_amount
      using errcode = 'invalid_parameter_value';
  end if;
  if p_account_kind not in ('cash', 'bonus') then
    raise exception 'money moves by cash or bonus, not by %', p_account_kind using errcode = 'invalid_parameter_value';
  end if;

  v_system_id := wallet_system_account(p_code);
  v_wallet := wallet_lock(p_user_id);
  v_account_id := case p_account_kind when 'cash' then v_wallet.cash_id else v_wallet.bonus_id end;
  insert into wallet_transfer (kind, key, subject_type, subject_id, actor, reason, at)
    values (p_kind, p_key, p_subject_type, p_subject_id, p_actor, p_reason, p_at)
    on conflict (key) do nothing returning id into v_transfer;
  if v_transfer is null then
    select id into strict v_transfer from wallet_transfer where key = p_key;
    return v_transfer;
  end if;

  select balance into v_balance from wallet_account where id = v_account_id;
  if v_balance + p_amount < 0 then
    raise exception 'the balance % does not cover %', v_balance, -p_amount
      using errcode = 'SMM01', detail = json_build_object('balance', v_balance::text, 'needed', (-p_amount)::text);
  end if;
  insert into wallet_entry (transfer_id, account_id, amount)
    values (v_transfer, v_account_id, p_amount), (v_transfer, v_system_id, -p_amount);
  if v_wallet.debt_id is not null and p_account_kind = 'cash' and p_amount > 0 then
    perform wallet_settle_debt(p_user_id, v_transfer);
  end if;
  return v_transfer;
end $$;

-- A payment that was credited is taken back from us: from the customer's cash as far as it goes, and the rest is owed.
-- p_bonus: what came with the payment; of it goes back what was not spent. Neither is refused: the money is gone.
create or replace function wallet_take_back(
  p_user_id bigint, p_amount numeric, p_bonus numeric, p_key text, p_subject_type text, p_subject_id bigint,
  p_actor text, p_reason text, p_at timestamptz
) returns bigint language plpgsql as $$
declare
  v_top_ups_id bigint;
  v_bonuses_id bigint;
  v_wallet record;
  v_transfer bigint;
  v_cash numeric;
  v_bonus numeric;
begin
  if p_amount is null or p_amount <= 0 or p_amount <> round(p_amount, 5)
     or p_bonus is null or p_bonus < 0 or p_bonus <> round(p_bonus, 5) then
    raise exception 'what is taken back is positive and has at most 5 decimals, not % and %', p_amount, p_bonus
      using errcode = 'invalid_parameter_value';
  end if;

  v_top_ups_id := wallet_system_account('top_ups');
  v_bonuses_id := wallet_system_account('bonuses');
  v_wallet := wallet_lock(p_user_id);
  insert into wallet_transfer (kind, key, subject_type, subject_id, actor, reason, at)
    values ('taken_back', p_key, p_subject_type, p_subject_id, p_actor, p_reason, p_at)
    on conflict (key) do nothing returning id into v_transfer;
  if v_transfer is null then
    select id into strict v_transfer from wallet_transfer where key = p_key;
    return v_transfer;
  end if;

  select least(balance, p_amount) into v_cash from wallet_account where id = v_wallet.cash_id;
  select least(balance, p_bonus) into v_bonus from wallet_account where id = v_wallet.bonus_id;
  if v_cash < p_amount and v_wallet.debt_id is null then
    insert into wallet_account (user_id, kind) values (p_user_id, 'debt') returning id into v_wallet.debt_id;
  end if;
  insert into wallet_entry (transfer_id, account_id, amount)
    select v_transfer, leg.account_id, leg.amount
    from (values (1, v_wallet.cash_id, -v_cash), (2, v_wallet.debt_id, v_cash - p_amount),
                 (3, v_top_ups_id, p_amount), (4, v_wallet.bonus_id, -v_bonus), (5, v_bonuses_id, v_bonus)
         ) as leg (n, account_id, amount)
    where leg.amount <> 0 order by leg.n;
  return v_transfer;
end $$;
