-- Once a provider has taken a part of an order, resellers are never told Pending again (decision 11). The whole table of
-- transitions is checked by the one writer; this much the database knows too.
create or replace function orders_refuse_step_back() returns trigger language plpgsql as $$
begin
  raise exception 'order % was taken by a provider: it does not go from % back to %', old.id, old.status, new.status
    using errcode = 'restrict_violation';
end $$;

create or replace trigger order_never_steps_back before update on orders_order
  for each row when (old.status in ('processing', 'in_progress')
    and new.status in ('queued', 'waiting', 'held', 'submitting', 'unknown'))
  execute function orders_refuse_step_back();
