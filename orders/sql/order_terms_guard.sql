-- What was agreed is fixed, whoever writes to an order.
-- Decision 25: the terms of then, for good, and what was ordered. Who may correct a link will need a way through. Named
-- column by column, so that a change of status alone asks nothing.
create or replace trigger order_terms_are_fixed before update of
      user_id, request_key, request_hash, channel, placed_at, service_id, type, platform, metric, provider_id,
      provider_service, rate, charge, units, quantity, fields, fingerprint, tolerance, forecast, refund_policy_id,
      support_policy_id, cancel, instant, pace_per_hour, average_minutes, start_window_hours, refill, refill_days,
      refill_max, refill_cap_percent, refill_auto
    on orders_order
  for each row when ((
      old.user_id, old.request_key, old.request_hash, old.channel, old.placed_at, old.service_id, old.type,
      old.platform, old.metric, old.provider_id, old.provider_service, old.rate, old.charge, old.units, old.quantity,
      old.fields, old.fingerprint, old.tolerance, old.forecast, old.refund_policy_id, old.support_policy_id,
      old.cancel, old.instant, old.pace_per_hour, old.average_minutes, old.start_window_hours, old.refill,
      old.refill_days, old.refill_max, old.refill_cap_percent, old.refill_auto) is distinct from (
      new.user_id, new.request_key, new.request_hash, new.channel, new.placed_at, new.service_id, new.type,
      new.platform, new.metric, new.provider_id, new.provider_service, new.rate, new.charge, new.units, new.quantity,
      new.fields, new.fingerprint, new.tolerance, new.forecast, new.refund_policy_id, new.support_policy_id,
      new.cancel, new.instant, new.pace_per_hour, new.average_minutes, new.start_window_hours, new.refill,
      new.refill_days, new.refill_max, new.refill_cap_percent, new.refill_auto))
  execute function orders_refuse_rewrite();
-- The link as it was typed may be erased for the sake of a person, never replaced.
create or replace trigger order_link_is_kept_or_erased before update of link on orders_order
  for each row when (new.link is distinct from old.link and new.link <> '')
  execute function orders_refuse_rewrite();
