"""Whether the rows beside the ledger say what it moved for them: top-ups, webhooks, payouts, corrections."""

from wallet.verification.base import Check

TOP_UPS_AGREE = Check(
    "Each top-up is credited, given its bonus, taken back and given back as its transfers moved",
    """
    SELECT coalesce(u.id, m.subject_id) AS top_up, u.reference, u.state, u.credited, m.credited AS credited_in_ledger,
           u.taken_back, m.taken_back AS taken_back_in_ledger, m.bonus AS bonus_in_ledger,
           u.given_back, m.given_back AS given_back_in_ledger
    FROM wallet_topup u FULL JOIN (
      SELECT t.subject_id, min(a.user_id) AS first_user, max(a.user_id) AS last_user,
             -coalesce(sum(e.amount) FILTER (WHERE t.kind = 'top_up' AND a.code = 'top_ups'), 0) AS credited,
             -coalesce(sum(e.amount) FILTER (WHERE t.kind = 'bonus' AND a.code = 'bonuses'), 0) AS bonus,
             coalesce(sum(e.amount) FILTER (WHERE t.kind = 'taken_back' AND a.code = 'top_ups'), 0) AS taken_back,
             -coalesce(sum(e.amount) FILTER (WHERE t.kind = 'given_back' AND a.code = 'top_ups'), 0) AS given_back
      FROM wallet_transfer t JOIN wallet_entry e ON e.transfer_id = t.id JOIN wallet_account a ON a.id = e.account_id
      WHERE t.subject_type = 'top_up' GROUP BY t.subject_id
    ) m ON m.subject_id = u.id
    WHERE u.id IS NULL OR u.credited <> coalesce(m.credited, 0) OR u.taken_back <> coalesce(m.taken_back, 0)
       OR u.given_back <> coalesce(m.given_back, 0)
       OR coalesce(m.bonus, 0) <> CASE WHEN u.credited > 0 THEN u.bonus ELSE 0 END
       OR m.first_user <> u.user_id OR m.last_user <> u.user_id
    ORDER BY 1
    """,
)

TOP_UPS_WERE_PAID = Check(
    "Each paid top-up was credited, by a payment its gateway knows, as asked or by a person, and is so on record",
    """
    SELECT u.id AS top_up, u.reference, u.gateway, u.credited, r.credited AS credited_in_record, u.total, u.currency,
           u.received, u.received_currency
    FROM wallet_topup u LEFT JOIN (
      SELECT DISTINCT v.subject_id,
             (CASE v.kind WHEN 'credited' THEN v.facts->>'amount' ELSE v.facts->>'credited' END)::numeric AS credited
      FROM wallet_event v LEFT JOIN wallet_event c ON c.subject_type = 'top_up' AND c.subject_id = v.subject_id
        AND c.kind = 'confirmed' AND c.actor = v.actor
      WHERE v.subject_type = 'top_up'
        AND (v.kind = 'credited' AND (v.actor = 'system' OR c.actor LIKE 'staff:%')
             OR v.kind = 'review_ended' AND v.actor LIKE 'staff:%')
    ) r ON r.subject_id = u.id AND r.credited = u.credited
    WHERE u.state = 'paid' AND u.credited = 0 OR u.credited > 0 AND (r.subject_id IS NULL
      OR u.gateway <> 'manual' AND u.payment_id = ''
         AND NOT EXISTS (SELECT FROM wallet_gatewayevent g WHERE g.top_up_id = u.id)
      OR u.state <> 'review'
      AND NOT (u.received IS NOT DISTINCT FROM u.total AND u.received_currency = u.currency
               AND (u.gateway <> 'manual' OR EXISTS (
                 SELECT FROM wallet_event v WHERE v.subject_type = 'top_up' AND v.subject_id = u.id
                   AND v.kind = 'confirmed' AND v.actor LIKE 'staff:%')))
      AND NOT EXISTS (SELECT FROM wallet_event v WHERE v.subject_type = 'top_up' AND v.subject_id = u.id
                        AND v.kind = 'review_ended' AND v.actor LIKE 'staff:%'))
    ORDER BY u.id
    """,
)

WEBHOOKS_AGREE = Check(
    "Each webhook that changed something belongs to a top-up of its gateway, on whose record the change stands",
    """
    SELECT g.id AS webhook, g.gateway, g.event_id, g.outcome, u.id AS top_up, u.credited
    FROM wallet_gatewayevent g LEFT JOIN wallet_topup u ON u.id = g.top_up_id
    LEFT JOIN wallet_event v ON v.subject_type = 'top_up' AND v.subject_id = u.id AND v.at = g.handled_at
      AND split_part(g.outcome, ', ', 1) = v.kind || coalesce(' ' || (v.facts->>'finding'), '')
    WHERE u.gateway <> g.gateway
       OR g.outcome NOT IN ('', 'unchanged', 'refused', 'second_payment', 'no_payment', 'no_such_payment', 'not_ours')
          AND (v.id IS NULL OR g.outcome LIKE 'credited%' AND u.credited = 0)
    ORDER BY g.id
    """,
)

CREDITS_FOLLOW_REVIEWS = Check(
    "No gateway finds a payment short, over or foreign after it had been credited as asked",
    """
    SELECT u.id AS top_up, u.reference, u.credited, r.facts->>'finding' AS finding, r.at
    FROM wallet_event r JOIN wallet_topup u ON u.id = r.subject_id
    WHERE r.subject_type = 'top_up' AND r.kind = 'review' AND r.facts->>'finding' IN ('short', 'over')
      AND EXISTS (SELECT FROM wallet_event c WHERE c.subject_type = 'top_up' AND c.subject_id = u.id
                    AND c.kind = 'credited' AND c.id < r.id)
    ORDER BY r.id
    """,
)

PAYOUTS_AGREE = Check(
    "Each payout left its wallet once, came back when it ended unpaid, and who ended it is on record",
    """
    SELECT coalesce(p.id, m.subject_id) AS payout, p.state, p.amount, m.gone AS gone_in_ledger,
           m.back AS back_in_ledger, m.bonus AS bonus_in_ledger, p.decided_by
    FROM wallet_payout p LEFT JOIN wallet_topup u ON u.id = p.top_up_id FULL JOIN (
      SELECT t.subject_id, min(a.user_id) AS first_user, max(a.user_id) AS last_user,
             coalesce(sum(e.amount) FILTER (WHERE t.kind = 'payout' AND a.code = 'payouts'), 0) AS gone,
             -coalesce(sum(e.amount) FILTER (WHERE t.kind = 'payout_returned' AND a.code = 'payouts'), 0) AS back,
             coalesce(sum(e.amount) FILTER (WHERE t.kind = 'bonus' AND a.code = 'bonuses'), 0) AS bonus
      FROM wallet_transfer t JOIN wallet_entry e ON e.transfer_id = t.id JOIN wallet_account a ON a.id = e.account_id
      WHERE t.subject_type = 'payout' GROUP BY t.subject_id
    ) m ON m.subject_id = p.id
    WHERE p.id IS NULL OR p.amount <> coalesce(m.gone, 0)
       OR coalesce(m.back, 0) <> CASE WHEN p.state IN ('refused', 'withdrawn', 'failed') THEN p.amount ELSE 0 END
       OR m.first_user <> p.user_id OR m.last_user <> p.user_id
       OR m.bonus NOT BETWEEN 0 AND CASE WHEN p.state IN ('sending', 'paid') THEN coalesce(u.bonus, 0) ELSE 0 END
       OR p.state NOT IN ('asked', 'sending') AND NOT EXISTS (
         SELECT FROM wallet_event v WHERE v.subject_type = 'payout' AND v.subject_id = p.id AND v.actor = p.decided_by
           AND (v.actor LIKE 'staff:%' OR p.state = 'withdrawn' OR p.top_up_id IS NOT NULL)
           AND v.kind = ANY (CASE p.state WHEN 'paid' THEN ARRAY['paid', 'recorded']
                             WHEN 'failed' THEN ARRAY['failed', 'not_sent'] ELSE ARRAY[p.state] END))
    ORDER BY 1
    """,
)

ADJUSTMENTS_AGREE = Check(
    "Each correction moved its amount when it was carried out, by as many people as it was asked for with",
    """
    SELECT coalesce(c.id, m.subject_id) AS correction, c.state, c.amount, m.moved AS moved_in_ledger,
           c.needs_second_person, c.asked_by_id AS asked_by, c.decided_by_id AS decided_by
    FROM wallet_adjustment c FULL JOIN (
      SELECT t.subject_id, min(a.user_id) AS first_user, max(a.user_id) AS last_user,
             -coalesce(sum(e.amount) FILTER (WHERE t.kind = 'adjustment' AND a.code = 'adjustments'), 0) AS moved
      FROM wallet_transfer t JOIN wallet_entry e ON e.transfer_id = t.id JOIN wallet_account a ON a.id = e.account_id
      WHERE t.subject_type = 'adjustment' GROUP BY t.subject_id
    ) m ON m.subject_id = c.id
    WHERE c.id IS NULL OR coalesce(m.moved, 0) <> CASE WHEN c.state = 'done' THEN c.amount ELSE 0 END
       OR m.first_user <> c.user_id OR m.last_user <> c.user_id
       OR NOT EXISTS (
         SELECT FROM wallet_event v WHERE v.subject_type = 'adjustment' AND v.subject_id = c.id AND v.kind = 'asked'
           AND v.actor = 'staff:' || c.asked_by_id AND (v.facts->>'amount')::numeric = c.amount
           AND (v.facts->>'needs_second_person')::boolean = c.needs_second_person)
       OR c.state <> 'waiting' AND NOT EXISTS (
         SELECT FROM wallet_event v WHERE v.subject_type = 'adjustment' AND v.subject_id = c.id AND v.kind = c.state
           AND v.actor = 'staff:' || c.decided_by_id)
       OR c.decided_by_id = c.user_id OR c.needs_second_person AND c.decided_by_id = c.asked_by_id
    ORDER BY 1
    """,
)

SHARED_ACCOUNTS_AGREE = Check(
    "Each shared account holds what the rows it stands for add up to",
    """
    SELECT r.code AS account, coalesce(e.total, 0) AS in_ledger, r.total AS by_rows
    FROM (SELECT 'top_ups' AS code, coalesce(sum(taken_back - credited - given_back), 0) AS total FROM wallet_topup
          UNION ALL SELECT 'adjustments', coalesce(-sum(amount), 0) FROM wallet_adjustment WHERE state = 'done'
          UNION ALL SELECT 'payouts', coalesce(sum(amount), 0) FROM wallet_payout
                    WHERE state IN ('asked', 'sending', 'paid')) r
    LEFT JOIN wallet_account a ON a.code = r.code
    LEFT JOIN (SELECT account_id, sum(amount) AS total FROM wallet_entry GROUP BY account_id) e ON e.account_id = a.id
    WHERE coalesce(e.total, 0) <> r.total ORDER BY r.code
    """,
)

CHECKS = [
    TOP_UPS_AGREE,
    TOP_UPS_WERE_PAID,
    WEBHOOKS_AGREE,
    CREDITS_FOLLOW_REVIEWS,
    PAYOUTS_AGREE,
    ADJUSTMENTS_AGREE,
    SHARED_ACCOUNTS_AGREE,
]
