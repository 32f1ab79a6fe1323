"""Providers that charge more for an order than their list says: a flag for staff, and nothing else (fault row 15)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from orders.delivery.observing import LONGEST_WORD, Reports
from orders.models import Flag
from orders.operations import flags
from plumbing import sql
from policies.rules import delivery
from policies.rules.delivery import Step
from policies.rules.vocabulary import ServiceType

PACKAGES = [kind.value for kind in ServiceType if kind.is_package]

# Of the route that a run went by; what one costs is per thousand, and a package's per package.
LISTED = """
    SELECT run.id, route.cost * CASE WHEN held.type = ANY (%s) THEN 1 ELSE run.quantity / 1000.0 END
    FROM orders_run AS run JOIN orders_order AS held ON held.id = run.order_id
    JOIN orders_route AS route ON route.service_id = held.service_id AND route.provider_id = run.provider_id
        AND route.provider_service = run.provider_service
    WHERE run.id = ANY (%s) AND route.cost IS NOT NULL
"""


def compare(begun: Sequence[Step], reports: Reports, *, now: datetime) -> None:
    """Flag those runs whose first units came and whose report names a clearly higher charge than the list.

    Once for each run, at its first units: from then on the charge stands, and a look costs nothing more.
    """
    told = [step for step in begun if step.run_id in reports]
    if not told:
        return
    listed = _listed([step.run_id for step in told])
    flags.raise_flags(
        Flag(
            order_id=step.order_id,
            run_id=step.run_id,
            kind=flags.DEARER,
            facts={"charged": str(charge)[:LONGEST_WORD], "listed": str(listed[step.run_id].normalize())},
            raised_at=now,
        )
        for step in told
        if step.run_id in listed
        and (charge := delivery.dearer(reports[step.run_id].get("charge"), listed=listed[step.run_id])) is not None
    )


def _listed(run_ids: Sequence[int]) -> Mapping[int, Decimal]:
    """What runs cost by the list that we know, in the provider's currency."""
    return dict(sql.rows(LISTED, [PACKAGES, list(run_ids)]))
