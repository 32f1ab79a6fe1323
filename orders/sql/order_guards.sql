-- What an order refuses, whoever writes to it: what was agreed is fixed, an end is final, a timeline only grows.
create or replace function orders_refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: what was agreed, how it ended and what happened are written once',
    tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;

-- Decision 25: the terms of then, for good.
create or replace trigger order_terms_are_fixed before update on orders_order
  for each row when ((old.charge, old.units, old.rate, old.tolerance, old.refund_policy_id, old.support_policy_id,
      old.service_id, old.type, old.metric, old.cancel, old.instant,
      old.refill, old.refill_days, old.refill_max, old.refill_cap_percent, old.refill_auto)
    is distinct from (new.charge, new.units, new.rate, new.tolerance, new.refund_policy_id, new.support_policy_id,
      new.service_id, new.type, new.metric, new.cancel, new.instant,
      new.refill, new.refill_days, new.refill_max, new.refill_cap_percent, new.refill_auto))
  execute function orders_refuse_rewrite();
-- Decision 11: nothing follows an end. What is paid back may still grow, after an appeal.
create or replace trigger order_end_is_final before update on orders_order
  for each row when (old.ended_at is not null
    and (old.status, old.cause, old.ended_at) is distinct from (new.status, new.cause, new.ended_at))
  execute function orders_refuse_rewrite();
create or replace trigger order_is_kept before delete on orders_order
  for each row execute function orders_refuse_rewrite();
create or replace trigger order_event_is_written_once before update or delete on orders_orderevent
  for each row execute function orders_refuse_rewrite();
