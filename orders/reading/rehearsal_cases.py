"""What each open order would give back, under its own policy and under a draft of it (decision 3). Reads only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import policies.operations as policies
from orders.models.order import LIVE_WORDS
from plumbing import canonical, sql
from policies.operations.rehearsal_cases import NOTHING, Draft, Source, Span
from policies.rules import interruptions, registry
from policies.rules.rehearsing import Case, answer_of, under_draft
from policies.rules.vocabulary import Cause, ServiceType

GOVERNED_BY = "refund"
RULE = "refunds.decide_refund"

ENDS = "SELECT count(*), coalesce(max(id), 0), coalesce(min(id), 0) FROM orders_order WHERE status = ANY (%s)"
# progressed_at: the last progress of an order whose every unfinished run lives upstream, as those that can stall do.
OPEN = """
    SELECT o.id, o.refund_policy_id, o.type, o.units, o.charge, o.refunded, o.tolerance,
           least(r.delivered, o.units), r.progressed_at
    FROM orders_order AS o CROSS JOIN LATERAL (
        SELECT coalesce(sum(coalesce(seen.delivered, run.delivered)), 0) AS delivered,
               CASE WHEN bool_and(seen.run_id IS NOT NULL) FILTER (WHERE run.state <> 'ended')
                    THEN max(seen.progressed_at) END AS progressed_at
        FROM orders_run AS run LEFT JOIN orders_delivery AS seen ON seen.run_id = run.id
        WHERE run.order_id = o.id AND run.kind = 'first'
    ) AS r
    WHERE o.status = ANY (%s) AND o.id BETWEEN %s AND %s ORDER BY o.id DESC LIMIT %s
"""


def _open_now(draft: Draft) -> Span:
    """Every open order for a draft of the refund policy; no other policy says what an order gives back."""
    if draft.slug != GOVERNED_BY:
        return NOTHING
    ((number, top, bottom),) = sql.rows(ENDS, [sql.words(LIVE_WORDS)])
    return Span(number, top, bottom)


def _cases(draft: Draft, span: Span, limit: int, now: datetime) -> Sequence[tuple[int, Case]]:
    found = sql.rows(OPEN, [sql.words(LIVE_WORDS), span.bottom, span.top, limit])
    return [(row[0], _case(row, draft, now)) for row in found]


def _case(row: tuple[Any, ...], draft: Draft, now: datetime) -> Case:
    """The order if its provider ended it now: as a complete failure where it has stood still for a policy's hours."""
    order_id, version_id, kind, units, charge, refunded, tolerance, delivered, progressed_at = row
    own = policies.params_of(version_id)
    facts = {
        "units": units,
        "delivered": int(delivered),
        "charge": canonical.plain(charge),
        "refunded": canonical.plain(refunded),
        "tolerance": tolerance,
        "package": ServiceType(kind).is_package,
    }
    rule = registry.current(RULE)
    before = answer_of(rule.decide({**facts, "cause": _cause(progressed_at, own, now)}, own))
    inputs = {**facts, "cause": _cause(progressed_at, draft.params, now)}
    after = under_draft(before, rule=RULE, version=rule.version, inputs=inputs, params=draft.params)
    return Case("order", order_id, None, before, after)


def _cause(progressed_at: datetime | None, params: Mapping[str, object], now: datetime) -> str:
    stalled = progressed_at and interruptions.has_stalled(progressed_at=progressed_at, now=now, params=params)
    return Cause.FAILED.value if stalled else Cause.PROVIDER_ENDED.value


OPEN_ORDERS = Source(_open_now, _cases)
