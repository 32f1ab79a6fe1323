-- The pace that was agreed is fixed like every other term (decision 25): parts, their distance, and the daily cap.
create or replace trigger order_pacing_is_fixed before update of drip_runs, run_interval_minutes, daily_cap
    on orders_order
  for each row when (
      (old.drip_runs, old.run_interval_minutes, old.daily_cap)
      is distinct from (new.drip_runs, new.run_interval_minutes, new.daily_cap))
  execute function orders_refuse_rewrite();
