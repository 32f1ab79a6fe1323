"""Since when the engine's oldest work has been due with nobody at it: what a watchdog asks every minute."""

from datetime import datetime

from django.db.models import Min

from orders.models import Provider
from plumbing import sql

# Somebody is at a provider that was sent something since, or that asked us to wait, however long its queue is; that it
# tells its balance says nothing of a claim that fails. Nobody was to be at it before sending was started again. Where
# only so many are taken at once, runs wait for room, which comes when others end.
DISPATCH = """
    WITH capped AS (
        SELECT provider_id, provider_service, min(capacity) AS most FROM orders_route
        WHERE capacity IS NOT NULL GROUP BY 1, 2
    ), crowded AS MATERIALIZED (
        SELECT provider_id, provider_service FROM capped WHERE most <= (
            SELECT count(*) FROM (
                SELECT FROM orders_run AS run
                WHERE run.provider_id = capped.provider_id AND run.provider_service = capped.provider_service
                  AND run.state IN ('submitting', 'unknown', 'live') LIMIT most) AS there)
    )
    SELECT min(greatest(first.due_at, sent.at, room.at, provider.backoff_until, started.at))
    FROM orders_provider AS provider
    CROSS JOIN LATERAL (
        SELECT due_at, provider_service FROM orders_run AS run
        WHERE provider_id = provider.id AND state = 'queued' AND due_at <= %(now)s
          AND (run.provider_id, run.provider_service) NOT IN (SELECT * FROM crowded)
        ORDER BY due_at LIMIT 1) AS first
    CROSS JOIN LATERAL (SELECT max(started_at) AS at FROM orders_wave WHERE provider_id = provider.id) AS sent
    LEFT JOIN LATERAL (
        SELECT max(ended_at) AS at FROM orders_run WHERE provider_id = provider.id AND state = 'ended'
    ) AS room ON (provider.id, first.provider_service) IN (SELECT provider_id, provider_service FROM capped)
    CROSS JOIN (SELECT max(at) AS at FROM orders_switchturn WHERE switch = 'dispatch') AS started
    WHERE provider.enabled AND provider.paused_at IS NULL AND provider.adapter = 'api_v2'
        AND (provider.backoff_until IS NULL OR provider.backoff_until <= %(now)s)
        AND NOT EXISTS (SELECT FROM orders_switches WHERE stop_dispatch)
"""
LOOKS = """
    SELECT min(first.due_at) FROM orders_provider AS provider
    CROSS JOIN LATERAL (
        SELECT due_at FROM orders_pollbatch WHERE provider_id = provider.id AND due_at <= %(now)s
        ORDER BY due_at LIMIT 1) AS first
    WHERE provider.adapter = 'api_v2'
"""
CLAIMS = "SELECT min(lease_until) FROM orders_run WHERE state = 'submitting' AND lease_until < now()"


def oldest_unsent(*, now: datetime) -> datetime | None:
    """Of the runs that could go to their providers now."""
    return _first(DISPATCH, now)


def oldest_look(*, now: datetime) -> datetime | None:
    """Of the live runs whose providers are to be asked about them."""
    return _first(LOOKS, now)


def oldest_lost_claim(*, now: datetime) -> datetime | None:
    """Of the claims whose workers died before they wrote an answer, by the database's clock."""
    return _first(CLAIMS, now)


def oldest_list(*, now: datetime) -> datetime | None:
    """Of the providers' lists that are to be read; one that somebody is reading is due again when it is given up."""
    since: datetime | None = Provider.objects.list_due(now).aggregate(since=Min("sync_due_at"))["since"]
    return since


def _first(statement: str, now: datetime) -> datetime | None:
    ((since,),) = sql.rows(statement, {"now": now})
    return since  # type: ignore[no-any-return]
