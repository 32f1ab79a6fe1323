-- What an order refuses, whoever writes to it: an end is final, a timeline only grows. Its terms: order_terms_guard.sql.
create or replace function orders_refuse_rewrite() returns trigger language plpgsql as $$
begin
  raise exception '% of % is refused: what was agreed, how it ended and what happened are written once',
    tg_op, tg_table_name using errcode = 'restrict_violation';
end $$;

-- Decision 11: nothing follows an end. What is paid back may still grow, after an appeal.
create or replace trigger order_end_is_final before update on orders_order
  for each row when (old.ended_at is not null
    and (old.status, old.cause, old.ended_at) is distinct from (new.status, new.cause, new.ended_at))
  execute function orders_refuse_rewrite();
create or replace trigger order_is_kept before delete on orders_order
  for each row execute function orders_refuse_rewrite();
create or replace trigger order_event_is_written_once before update or delete on orders_orderevent
  for each row execute function orders_refuse_rewrite();
