"""The evidence about submissions: each try of some runs, the wave it went out with, and what the balances say."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from orders.models import Attempt, Route, Run, Wave
from policies.rules import pricing
from policies.rules.delivery import what_the_balance_says
from policies.rules.vocabulary import BalanceSays, ServiceType, Submission

UNCLEAR = {"", Submission.UNKNOWN.value}


@dataclass(frozen=True, slots=True)
class Companion:
    """Another run of the same wave, what became of it there, and what the provider lists as its cost."""

    attempt: Attempt
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt with its wave. spent: what the balance fell by, None where it proves nothing. cost: what the provider
    lists for it, in the provider's currency. says: what the balance says of this attempt."""

    attempt: Attempt
    spent: Decimal | None
    cost: Decimal | None
    companions: Sequence[Companion]
    says: BalanceSays


def tries_of(runs: Iterable[Run]) -> Mapping[int, Sequence[Try]]:
    """The tries of each run, the oldest first, in three queries however many there are."""
    mine = list(Attempt.objects.filter(run__in=[run.pk for run in runs]).order_by("started_at", "pk"))
    waves = {attempt.wave_id for attempt in mine}
    sent = list(
        Attempt.objects.filter(wave__in=waves)
        .select_related("run__order", "wave__provider")
        .order_by("started_at", "pk")
    )
    costs = _costs(sent)
    by_wave: dict[int, list[Companion]] = defaultdict(list)
    for attempt in sent:
        by_wave[attempt.wave_id].append(Companion(attempt, costs.get(attempt.pk)))
    found: dict[int, list[Try]] = defaultdict(list)
    for attempt in mine:
        found[attempt.run_id].append(_try(attempt, by_wave[attempt.wave_id]))
    return found


def spent_by(wave: Wave) -> Decimal | None:
    """What a provider's balance fell by around a wave, None where that proves nothing."""
    if wave.void or wave.balance_before is None or wave.balance_after is None:
        return None
    return wave.balance_before - wave.balance_after


def _try(attempt: Attempt, wave: Sequence[Companion]) -> Try:
    this = next(each for each in wave if each.attempt.pk == attempt.pk)
    others = [each for each in wave if each.attempt.pk != attempt.pk]
    spent = spent_by(this.attempt.wave)
    says = BalanceSays.NOTHING
    if attempt.submission in UNCLEAR:
        says = what_the_balance_says(
            spent=spent,
            certain=[each.cost for each in others if each.attempt.submission == Submission.ACCEPTED.value],
            this=this.cost,
            unclear=[each.cost for each in others if each.attempt.submission in UNCLEAR],
        )
    return Try(this.attempt, spent, this.cost, others, says)


def _costs(sent: Sequence[Attempt]) -> dict[UUID, Decimal]:
    """What each try costs by the route it went, as far as the provider's list told: scale 5, provider's currency."""
    services = {attempt.run.order.service_id for attempt in sent}
    listed = Route.objects.filter(service__in=services, cost__isnull=False)
    columns = ("service_id", "provider_id", "provider_service", "cost")
    by_route = {row[:3]: row[3] for row in listed.values_list(*columns)}
    found = {}
    for attempt in sent:
        order = attempt.run.order
        asked_for = attempt.provider_service or attempt.run.provider_service
        cost = by_route.get((order.service_id, attempt.wave.provider_id, asked_for))
        if cost is not None:
            kind = ServiceType(order.type)
            found[attempt.pk] = pricing.price(service_type=kind, rate=cost, units=attempt.run.quantity)
    return found
