-- What holds a customer's spending back: a freeze, and limits by day and month in UTC. Few customers have a row in
-- wallet_safeguard; `wallet_charge()` and `wallet_refund()` come here for them alone, holding the wallet's locks.

create or replace function wallet_day(p_at timestamptz) returns date language sql immutable as $$
  select (p_at at time zone 'UTC')::date
$$;

-- Counts spending that neither a freeze nor a limit holds back. The customer's own limits are replaced when their time has
-- come; of theirs and the staff's the lower one holds (`least` passes over null).
-- Raises SMM03 while the wallet is frozen, detail JSON {"since"}; SMM04 beyond a limit, detail JSON {"period": "day" or
-- "month", "limit", "spent", "needed"}.
create or replace function wallet_count_spending(p_user_id bigint, p_amount numeric, p_at timestamptz) returns void
language plpgsql as $$
declare
  v_day date := wallet_day(p_at);
  v_month_begins date := date_trunc('month', v_day);
  v_held record;
  v_today numeric;
  v_month numeric;
begin
  select frozen_at as since,
         least(case when next_at <= p_at then next_daily else daily end, staff_daily) as daily,
         least(case when next_at <= p_at then next_monthly else monthly end, staff_monthly) as monthly
    into v_held from wallet_safeguard where user_id = p_user_id;
  if v_held.since is not null then
    raise exception 'the wallet of user % is frozen since %', p_user_id, v_held.since
      using errcode = 'SMM03', detail = json_build_object('since', v_held.since);
  end if;
  select coalesce(sum(amount) filter (where day = v_day), 0), coalesce(sum(amount), 0) into v_today, v_month
    from wallet_spentday
    where user_id = p_user_id and day >= v_month_begins and day < v_month_begins + interval '1 month';
  perform wallet_refuse_beyond('day', v_held.daily, v_today, p_amount);
  perform wallet_refuse_beyond('month', v_held.monthly, v_month, p_amount);

  insert into wallet_spentday as spent (user_id, day, amount) values (p_user_id, v_day, p_amount)
    on conflict (user_id, day) do update set amount = spent.amount + excluded.amount;
end $$;

create or replace function wallet_refuse_beyond(p_period text, p_limit numeric, p_spent numeric, p_amount numeric)
returns void language plpgsql as $$
begin
  if p_spent + p_amount > p_limit then
    raise exception 'the limit of % a % does not allow % after %', p_limit, p_period, p_amount, p_spent
      using errcode = 'SMM04', detail = json_build_object(
        'period', p_period, 'limit', p_limit::text, 'spent', p_spent::text, 'needed', p_amount::text);
  end if;
end $$;

-- A refund gives its day's room back, but no more than was spent on that day so far.
create or replace function wallet_count_refund(p_user_id bigint, p_amount numeric, p_at timestamptz) returns void
language sql as $$
  insert into wallet_spentday as spent (user_id, day, amount) values (p_user_id, wallet_day(p_at), 0)
    on conflict (user_id, day) do update set amount = greatest(spent.amount - p_amount, 0)
$$;

-- What `wallet_spentday` must hold, from the ledger alone: each day's charges less its refunds one after the other, where
-- the sum never falls below zero on its way. In closed form: the running sum less its lowest point so far, if below zero.
create or replace function wallet_spent_by_ledger(p_user_ids bigint[], p_from date)
returns table (user_id bigint, day date, amount numeric) language sql stable as $$
  with moved as (
    select a.user_id, wallet_day(t.at) as day, max(e.id) as id, -sum(e.amount) as amount
    from wallet_account a
    join wallet_entry e on e.account_id = a.id
    join wallet_transfer t on t.id = e.transfer_id and t.kind in ('charge', 'refund')
    where a.user_id = any (p_user_ids) and a.kind in ('cash', 'bonus') and wallet_day(t.at) >= p_from
    group by a.user_id, t.id
  ), summed as (
    select m.*, sum(m.amount) over (partition by m.user_id, m.day order by m.id) as upto from moved m
  ), lowest as (
    select s.*, min(s.upto) over (partition by s.user_id, s.day order by s.id) as low from summed s
  )
  select distinct on (l.user_id, l.day) l.user_id, l.day, l.upto - least(l.low, 0)
  from lowest l order by l.user_id, l.day, l.id desc
$$;

-- Locks the wallet and makes its safeguard if there is none, with what was spent this month so far (yesterday's month, so
-- that what is charged around midnight finds its day). From the first day kept on, no day that was spent on is missing.
create or replace function wallet_safeguard(p_user_id bigint, p_at timestamptz) returns void language plpgsql as $$
declare
  v_from date := date_trunc('month', wallet_day(p_at) - 1);
begin
  perform wallet_lock(p_user_id);
  insert into wallet_safeguard (user_id, frozen_reason) values (p_user_id, '') on conflict (user_id) do nothing;
  if found then
    insert into wallet_spentday (user_id, day, amount) select * from wallet_spent_by_ledger(array[p_user_id], v_from);
    insert into wallet_spentday (user_id, day, amount) values (p_user_id, v_from, 0) on conflict (user_id, day) do nothing;
  end if;
end $$;
