"""Ending an order that nobody takes: due for the hours of its policy, and no way to send it now (refund.6.3, R37)."""

from datetime import datetime

from django.db import transaction

import policies.operations as policies
from orders.operations import runs, statuses
from plumbing import sql
from policies.rules.interruptions import has_stalled
from policies.rules.vocabulary import RunOutcome

# Nothing of it is or may be upstream, or with a person; and now its provider is shut, or has just told it to wait.
# It has waited since it became due or its last part ended, as far back as somebody watched.
FIND = """
    SELECT run.order_id,
        greatest(
            min(greatest(coalesce(run.due_since, run.due_at), provider.watched_since)),
            (SELECT max(ended_at) FROM orders_run AS part WHERE part.order_id = run.order_id)) AS since
    FROM orders_run AS run JOIN orders_provider AS provider ON provider.id = run.provider_id
    JOIN orders_order AS placed ON placed.id = run.order_id
    WHERE run.state = 'queued' AND run.kind = 'first'
      AND (run.due_at <= %(long_ago)s OR run.due_since <= %(long_ago)s) AND provider.watched_since <= %(long_ago)s
      AND (
        NOT provider.enabled OR provider.paused_at IS NOT NULL OR provider.opened_at IS NOT NULL
        OR provider.backoff_until > %(now)s OR run.due_at > %(now)s OR placed.held_reason <> '')
      AND NOT EXISTS (
        SELECT FROM orders_run AS other
        WHERE other.order_id = run.order_id AND other.kind = 'first' AND other.state NOT IN ('queued', 'ended'))
      AND (%(only)s IS NULL OR run.order_id = %(only)s)
    GROUP BY run.order_id ORDER BY since, run.order_id LIMIT %(limit)s
"""


def unsent_since(*, long_ago: datetime, now: datetime, limit: int, only: int | None = None) -> dict[int, datetime]:
    """Orders that nobody takes and since when, the longest first. long_ago: no policy has them wait so long.

    only: ask about one order.
    """
    values = {"long_ago": long_ago, "now": now, "limit": limit, "only": only}
    return dict(sql.rows(FIND, values))


@transaction.atomic(durable=True)
def give_up(*, order_id: int, long_ago: datetime, now: datetime) -> bool:
    """End an order as failed and pay back what was not delivered. False when its own policy has it wait on.

    Asked once more behind the lock, which the claim takes first too: a run that was sent meanwhile is left alone.
    """
    order = statuses.lock([order_id]).get()
    since = unsent_since(long_ago=long_ago, now=now, limit=1, only=order_id).get(order_id)
    if order.ended_at or order.paused_reason or since is None:
        return False
    params = policies.params_of(order.refund_policy_id)
    if not has_stalled(progressed_at=since, now=now, params=params):
        return False
    runs.close_queued(order_id=order_id, outcome=RunOutcome.STALLED, actor="system", now=now)
    return True
