-- All that a new order is decided on, in one round trip: an earlier order of the same request, the balance, the policies
-- it needs, the service as this customer meets it, by the route with the lowest priority number, what orders of the
-- service took, and the live orders that go first on the same link.
--
-- p_fingerprints: the link's by platform, and under "" for any that is left out.
-- earlier: [id, request hash, refund policy, support policy]. earlier, offer, history: null where there is none. required:
-- [[version id, accepted, covered], ...], as policies_required() says. history: [[size, sample, p50_s, p90_s, p10_s,
-- start_p10_s, start_p50_s, start_p90_s], ...], every size that was measured. ahead: [[placed at, forecast], ...], the
-- oldest 50; null where there is none.
CREATE OR REPLACE FUNCTION orders_facts(
    p_user_id bigint, p_service_id bigint, p_fingerprints jsonb, p_request_key text, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN jsonb_build_object(
        'earlier', (
            SELECT jsonb_build_array(id, request_hash, refund_policy_id, support_policy_id) FROM orders_order
            WHERE user_id = p_user_id AND request_key = p_request_key),
        'balance', wallet_balance(p_user_id),
        'required', (
            SELECT jsonb_agg(jsonb_build_array(version_id, accepted, covered)) FROM policies_required(p_user_id, p_now)),
        'history', (
            SELECT jsonb_agg(jsonb_build_array(
                size, sample, p50_s, p90_s, p10_s, start_p10_s, start_p50_s, start_p90_s))
            FROM orders_servicehistory WHERE service_id = p_service_id),
        'ahead', (
            SELECT jsonb_agg(jsonb_build_array(first.placed_at, first.forecast))
            FROM (
                SELECT before.placed_at, before.forecast
                FROM orders_order AS before JOIN orders_service AS wanted ON wanted.id = p_service_id
                WHERE before.fingerprint = coalesce(p_fingerprints ->> wanted.platform, p_fingerprints ->> '') AND before.metric = wanted.metric AND before.ended_at IS NULL
                ORDER BY before.id LIMIT 50) AS first),
        'offer', (
            SELECT jsonb_build_object(
                'service_id', s.id,
                'service_active', s.active,
                'account_active', customer.is_active AND customer.suspended_at IS NULL,
                'selling', NOT COALESCE((SELECT stop_selling FROM orders_switches), false),
                'sending', route.paused_at IS NULL
                    AND NOT COALESCE((SELECT stop_dispatch FROM orders_switches), false),
                'name', s.name,
                'type', s.type,
                'platform', s.platform,
                'metric', s.metric,
                'min_quantity', s.min_quantity,
                'max_quantity', s.max_quantity,
                'service_rate', s.rate,
                'own_rate', (SELECT rate FROM orders_pricerule WHERE service_id = s.id AND user_id = customer.id),
                'group_rate', (
                    SELECT rate FROM orders_pricerule WHERE service_id = s.id AND group_id = customer.group_id),
                'refill', s.refill,
                'refill_days', s.refill_days,
                'refill_max', s.refill_max,
                'refill_cap_percent', s.refill_cap_percent,
                'refill_auto', s.refill_auto,
                'cancel', s.cancel,
                'instant', s.instant,
                'pace_per_hour', s.pace_per_hour,
                'average_minutes', s.average_minutes,
                'start_window_hours', s.start_window_hours,
                'run_size', s.run_size,
                'run_interval_minutes', s.run_interval_minutes,
                'dripfeed', s.dripfeed,
                'daily_cap', s.daily_cap,
                'provider_id', route.provider_id,
                'provider_service', route.provider_service)
            FROM orders_service AS s
            JOIN accounts_user AS customer ON customer.id = p_user_id
            JOIN LATERAL (
                SELECT r.provider_id, r.provider_service, p.paused_at
                FROM orders_route AS r JOIN orders_provider AS p ON p.id = r.provider_id AND p.enabled
                WHERE r.service_id = s.id AND r.enabled ORDER BY r.priority LIMIT 1) AS route ON true
            WHERE s.id = p_service_id));
END
$$;
