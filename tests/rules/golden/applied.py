"""Cases of the rules whose answers nobody keeps: what goes into each, spread evenly over every combination.

The cases of a version are as fixed as its answers: others are another version of the rule.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from math import gcd, prod
from pathlib import Path
from typing import Any

from plumbing import canonical
from policies.rules import (
    appeals,
    delivery,
    drip_feed,
    eligibility,
    expectations,
    explain,
    forecasts,
    pacing,
    payments,
    publishing,
    quotes,
    refunds,
    routing,
    spending,
)
from policies.rules.clauses import Clause
from policies.rules.drafts import Fault
from policies.rules.registry import Applied
from policies.rules.vocabulary import (
    Cause,
    HeldReason,
    LinkKind,
    OrderStatus,
    Platform,
    RunOutcome,
    RunState,
    ServiceType,
)
from tests.rules.claims_corpus import BAD, DRESSED, FOREIGN, GOOD

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CLAIMS = Path(__file__).parent / "claims.found_in_v1.json"
STRIDE = 1_000_003  # a prime: it meets every value of every argument before it comes back
Given = Mapping[str, Any]


def some(most: int, build: Callable[..., Any], /, **values: Sequence[Any]) -> Iterator[Any]:
    """`build` of so many of all combinations of its arguments' values, or of all where there are no more."""
    total = prod(map(len, values.values()))
    assert gcd(total, STRIDE) == 1
    for each in range(min(most, total)):
        at, chosen = each * STRIDE % total, {}
        for name, choices in values.items():
            at, which = divmod(at, len(choices))
            chosen[name] = choices[which]
        yield build(**chosen)


def money(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]


def redress() -> Iterator[Given]:
    until = [None, NOON - MINUTE, NOON, NOON + MINUTE]
    flags = dict.fromkeys(("asked", "answered", "superseded"), (False, True))
    for facts in some(99, appeals.RedressFacts, until=until, **flags):
        yield {"decision": facts, "now": NOON}


def promises() -> Iterator[Given]:
    """As they are kept, once they are: what the corpus gets later is no case of this version."""
    if CLAIMS.exists():
        yield from (case["given"] for case in json.loads(CLAIMS.read_text()))
        return
    texts = [text for _, text in (*BAD, *DRESSED, *FOREIGN)] + list(GOOD)
    for number, text in enumerate([*texts, "guaranteed 100% real safe from bans"]):  # the last: two that overlap
        yield {"text": text, "instant": number % 5 == 0}


def causes() -> Iterator[Given]:
    outcomes = [None, *RunOutcome]
    for one in outcomes:
        for other in outcomes:
            for missing in (0, 1):
                yield {"outcomes": [one, other], "missing": missing}
    yield {"outcomes": [], "missing": 0}


def statuses() -> Iterator[Given]:
    runs = [
        delivery.RunFacts(state, 1000, delivered, accepted, RunOutcome.SHORT if state is RunState.ENDED else None)
        for state in RunState
        for delivered, accepted in ((0, False), (0, True), (400, True), (985, True), (1000, True))
    ]
    runs.append(delivery.RunFacts(RunState.ENDED, 1000, 0, False, RunOutcome.WITHDRAWN))
    flags = dict.fromkeys(("cancel_requested", "paused", "held", "waiting"), (False, True))
    ended = [None] * 6 + [OrderStatus.PARTIAL]
    sets = [*((run,) for run in runs), *((run, runs[0]) for run in runs), *((run, runs[-1]) for run in runs)]
    for facts in some(400, delivery.OrderFacts, ended=ended, runs=sets, tolerance=(0, 20), **flags):
        yield {"order": facts}


def endings() -> Iterator[Given]:
    causes = [cause for cause in Cause if cause is not Cause.STILL_RUNNING]
    yield from some(99, dict, cause=causes, delivered=(0, 1, 1000), within_tolerance=(False, True))


def requests() -> Iterator[Given]:
    fine = "https://example.com/p/1"
    links = (fine, fine, "", "x" * 501, "a b", "ftp://x", "@name", "http://u:p@example.com", "1.2.3.4", "example.com",
             "https://example.com:x", "example.com/p/1", "a\u202eb", "\ufffd")  # fmt: skip
    often = [True] * 4 + [False]
    leads = [None, *some(
        99, eligibility.LinkFacts, platform=(None, Platform.X, Platform.TIKTOK), kind=(None, *LinkKind),
        wanted_platform=(Platform.X,), wanted=((), (LinkKind.POST,), (LinkKind.VIDEO, LinkKind.POST)),
    )]  # fmt: skip
    for request in some(
        300, eligibility.OrderRequest, account_active=often, selling=often, service_active=often,
        service_type=[ServiceType.DEFAULT, ServiceType.PACKAGE, ServiceType.POLL],
        quantity=(100, 1, 99, None, 1000, 1001), minimum=(100,), maximum=(1000,), link=links,
        policies_missing=((), (), ("Refund policy",), ("Refund policy", "Terms")),
        price=[None, *money("0.5", "1.00001", "2")], balance=money("1", "2"), leads_to=leads,
    ):  # fmt: skip
        yield {"request": request, "params": {}}


def refill_periods() -> Iterator[Given]:
    last = (None, NOON - HOUR, NOON + DAY)
    for given in some(99, dict, completed_at=(NOON,), days=(None, 0, 1, 30), last_ended_at=last):
        yield {**given, "params": {}}
        yield {**given, "params": {"refill_cooldown_h": 48}}


FORECASTS = (
    None,
    forecasts.Forecast(3600, 7200, 40),
    forecasts.Forecast(3600, 7200, 40, p10_s=1800, start_p10_s=60, start_p50_s=300, start_p90_s=900),
)


def terms() -> Iterator[Given]:
    for order in some(
        300, expectations.OrderTerms, units=(1, 1000), package=(False, True), instant=(False, True), parts=(1, 4),
        tolerance=(0, 20), refill=(False, True), refill_days=(None, 0, 30), refill_max=(None, 3),
        refill_cap_percent=(None, 150), platform=("tiktok",), metric=("views",), forecast=FORECASTS, pace=(None, 500),
        drip_interval=(None, 90), daily_cap=(None, 5000),
    ):  # fmt: skip
        yield {"order": order, "params": {"refill_min_drop_bp": 250 if order.refill_max else 500}}


_ENDED = {
    "cause": [cause for cause in Cause if cause is not Cause.STILL_RUNNING],
    "delivered": (0, 400, 985, 1000),
    "package": (False, True),
}


def _ended(*, cause: Cause, delivered: int, package: bool) -> refunds.RefundFacts:
    return refunds.RefundFacts(cause, 1000, delivered, Decimal("1.5"), Decimal(0), 20, package)


def standings() -> Iterator[Given]:
    open_statuses = [status for status in OrderStatus if not status.is_terminal]
    held = ["", *(reason.value for reason in HeldReason)]
    for facts in some(
        600, explain.StandingFacts, status=open_statuses, units=(1000,), delivered=(0, 400), place=(None, 1),
        held_reason=held, paused_reason=("", "provider_down"), sending_stopped=(False, True), by_hand=(False, True),
    ):  # fmt: skip
        yield {"order": facts, "params": {"fail_after_h": 72}}
    for status in (status for status in OrderStatus if status.is_terminal):
        for ended in some(30, _ended, **_ENDED):
            yield {"order": explain.StandingFacts(status, 1000, ended.delivered, ended=ended), "params": {}}


def ends() -> Iterator[Given]:
    yield from some(
        250, dict, units=(1, 1000), delivered=(0, 1, 19, 20, 400, 1000, 1001), now=(NOON,),
        started_at=(None, NOON - HOUR, NOON), pace=(None, 0, 7, 1000), likely_end=(None, NOON - MINUTE, NOON + HOUR),
    )  # fmt: skip


def histories() -> Iterator[Given]:
    def measured(size: int, sample: int, p10_s: int | None) -> forecasts.Measured:
        return forecasts.Measured(size, sample, 60, 90, p10_s=p10_s, start_p50_s=p10_s)

    known = list(some(99, measured, size=(0, 5, 9), sample=(9, 10, 500), p10_s=(None, 30)))
    for units in (1, 32, 63, 64, 1000):
        for one in known:
            yield {"units": units, "history": [one, forecasts.Measured(3, 100, 1, 2)]}


def lengthened() -> Iterator[Given]:
    yield from some(20, dict, forecast=FORECASTS, last_after=(timedelta(0), MINUTE, HOUR, DAY, 9 * DAY))


def lines() -> Iterator[Given]:
    placed = (NOON - MINUTE, NOON - HOUR, NOON - 2 * HOUR)
    orders = [forecasts.Ahead(at, forecast) for at in placed for forecast in FORECASTS]
    sets = [(), *((one,) for one in orders), *((one, orders[2]) for one in orders)]
    yield from some(99, dict, forecast=FORECASTS, ahead=sets, now=(NOON,))


def drips() -> Iterator[Given]:
    asked = list(
        some(99, drip_feed.Drip, runs=(None, 0, 2, 5, 100, 101), interval_minutes=(None, 0, 1, 30, 1440, 1441))
    )
    permitted = list(
        some(
            99, drip_feed.Permitted, offered=(True, True, True, False), minimum=(10,), run_size=(None, 250, 250),
            interval_minutes=(None, 60), daily_cap=(None, 200, 5000),
        )
    )  # fmt: skip
    yield from some(400, dict, asked=asked, part=(None, 9, 10, 200, 201, 250, 251), permitted=permitted)


def capped() -> Iterator[Given]:
    sizes = ((None, None), (1, MINUTE), (250, HOUR), (999, DAY))
    for quantity in (1, 999, 1000, 1001, 5000):
        for run_size, interval in sizes:
            for cap in (None, 1, 250, 1000, 4999):
                yield {"quantity": quantity, "run_size": run_size, "interval": interval, "daily_cap": cap}


def standstills() -> Iterator[Given]:
    ago = [timedelta(hours=hours) + more for hours in (0, 48, 72) for more in (-MINUTE, timedelta(0), MINUTE)]
    for since in ago:
        for params in ({}, {"fail_after_h": 48}, {"fail_after_h": 0}):
            yield {"progressed_at": NOON - since, "now": NOON, "params": params}


def instants() -> Iterator[Given]:
    said = ("Instant start", "INSTANTLY.", "Not so", "", "instantaneous", "an instant one", "InstantFollowers")
    yield from some(99, dict, flagged=(False, True), description=said)


def plans() -> Iterator[Given]:
    sizes = ((None, None), (1, MINUTE), (250, HOUR), (333, timedelta(0)), (1000, HOUR), (5000, None))
    for quantity in (1, 2, 7, 249, 250, 251, 999, 1000, 1001):
        for run_size, interval in sizes:
            if run_size != 1 or quantity < 10:
                yield {"quantity": quantity, "now": NOON, "run_size": run_size, "interval": interval}


def bands() -> Iterator[Given]:
    runs = [(), *(pacing.plan(quantity=units, now=NOON, run_size=250, interval=HOUR) for units in (1, 250, 1000))]
    yield from some(40, dict, runs=runs, pace=(None, 0, 1, 700), start_window=(timedelta(0), HOUR, DAY))


def _payment(*, stage: payments.PaymentStage, finding: str, standing: tuple[str, ...], lacking: str, gone: str) -> Any:
    """standing: received, credited, taken back, sent back. gone: what its gateway says of that, "" the same."""
    received, credited, taken_back, sent_back = money(*standing)
    return payments.PaymentFacts(
        reference="TU-1", currency="USD", total=Decimal("51.75"), amount=Decimal(50), bonus=Decimal("2.5"),
        stage=stage, finding=finding, received=received, credited=credited, taken_back=taken_back,
        sent_back=sent_back, gone=Decimal(gone) if gone else taken_back + sent_back,
        lacking=Decimal(lacking) if credited else Decimal(0),
    )  # fmt: skip


_PAYMENTS = {
    "stage": list(payments.PaymentStage),
    "finding": ("", "", "short", "paid_after_rejection", "back_after_reversal", "shrunk", "returned", "more_arrived"),
    "standing": (
        ("0", "0", "0", "0"), ("51.75", "50", "0", "0"), ("51.75", "50", "20", "0"), ("51.75", "50", "50", "0"),
        ("51.75", "50", "0", "20"), ("60", "0", "0", "0"),
    ),
    "lacking": ("0", "0", "10"),
    "gone": ("", "", "0"),
}  # fmt: skip


def _told(*, reference: str, standing: payments.Standing, received: str, currency: str, gone: tuple[str, str]) -> Any:
    refunded, disputed = money(*gone)
    return payments.Told(
        reference=reference, standing=standing, received=Decimal(received), currency=currency, refunded=refunded,
        disputed=disputed,
    )  # fmt: skip


def judged() -> Iterator[Given]:
    told = list(
        some(
            997, _told, reference=("", "TU-1", "TU-1", "TU-2"), standing=[*payments.Standing, payments.Standing.PAID],
            received=("51.75", "51.75", "51.75", "0", "30", "60"), currency=("USD", "USD", "EUR"),
            gone=(("0", "0"), ("0", "0"), ("20", "0"), ("0", "20"), ("51.75", "0"), ("0", "51.75"), ("51.75", "51.75")),
        )
    )  # fmt: skip
    yield from some(700, dict, payment=list(some(503, _payment, **_PAYMENTS)), told=told)
    credited = [each for each in some(2000, _payment, **_PAYMENTS) if each.credited and each.finding == "returned"]
    ours = [each for each in told if each.standing is payments.Standing.PAID and each.currency == "USD"]
    yield from some(300, dict, payment=credited, told=ours)


def returned() -> Iterator[Given]:
    yield from some(
        200, dict, payment=list(some(503, _payment, **_PAYMENTS)), bonus_gone=money("0", "0.01", "1", "2.5")
    )


def quoted() -> Iterator[Given]:
    def of(minimum: str, fee: tuple[int, str]) -> payments.Terms:
        return payments.Terms(
            minimum=Decimal(minimum), maximum=Decimal(1000), fee_basis_points=fee[0], fee_fixed=Decimal(fee[1])
        )

    bonus = ((), (payments.BonusFrom(Decimal(50), 500),), tuple(payments.BonusFrom(Decimal(at), at) for at in (10, 99)))
    yield from some(
        150, dict, amount=money("4.99", "5", "10.01", "50", "99.99", "100.001", "1000", "1000.01"),
        terms=list(some(9, of, minimum=("1", "5"), fee=((0, "0"), (290, "0.30"), (333, "0")))), bonus_rules=bonus,
    )  # fmt: skip


def prices() -> Iterator[Given]:
    types = [ServiceType.DEFAULT, ServiceType.PACKAGE, ServiceType.CUSTOM_COMMENTS, ServiceType.CUSTOM_COMMENTS_PACKAGE]
    rates = money("0", "0.00001", "0.9", "1.5", "12.34567")
    yield from some(99, dict, service_type=types, rate=rates, units=(1, 7, 1000, 1_000_000))


def rates() -> Iterator[Given]:
    some_rates = [None, *money("0", "0.5", "2")]
    yield from some(99, dict, own=some_rates, group=some_rates, service=money("0", "1"))


def published() -> Iterator[Given]:
    differences = [
        publishing.Difference(frozenset(clauses), frozenset(params), summary=summary, reworded=reworded)
        for clauses in ((), ("refund.1.1",))
        for params in ((), ("notice_days",))
        for summary in (False, True)
        for reworded in (False, True)
    ]
    drafts = list(
        some(
            211, publishing.DraftFacts, publisher=("staff:1", "staff:2"), writers=(frozenset({"staff:1"}),),
            change=differences, material=(False, True), faults=((), (), (Fault("summary", "empty"),)),
            rehearsed=(None, 0, 99, 200), to_rehearse=(0, 100, 200),
        )
    )  # fmt: skip
    asked = list(
        some(
            211, publishing.PublishFacts, slug=("refund",), slug_typed=("refund", " refund ", "terms"), checksum=("a",),
            shown=("a", "a", "b"), newest=(NOON - DAY, NOON + 9 * DAY), material=(False, True), notice_days=(0, 7),
            effective_from=(NOON - MINUTE, NOON, NOON + 7 * DAY - MINUTE, NOON + 7 * DAY, NOON + 10 * DAY), now=(NOON,),
        )
    )  # fmt: skip
    yield from some(300, dict, draft=drafts, asked=asked)


def held_to() -> Iterator[Given]:
    claims = list(some(9, quotes.Claim, user_id=(1, 2), service_id=(1, 2), request_hash=("a", "b")))
    for claim in claims:
        for rate in money("1", "2"):
            for expires_at in (NOON, NOON + MINUTE):
                promise = quotes.Promise(claim, rate, expires_at)
                yield {"promise": promise, "ordered": claims[0], "rate": Decimal(1), "now": NOON}


def conditions() -> Iterator[Given]:
    yield from some(
        60, dict, units=(1, 10, 1000), charge=money("1.5", "0.00001"), tolerance=(0, 1, 20), package=(False, True),
        refill=(False, True), cancel=(False, True), params=({}, {"fail_after_h": 48}),
    )  # fmt: skip


def routes() -> Iterator[Given]:
    def route(number: int, **facts: Any) -> routing.RouteFacts:
        return routing.RouteFacts(routing.Way(number, "7"), priority=10 - number, **facts)

    often = [True] * 5
    found = list(
        some(
            503, route, number=(1, 2, 3), enabled=[*often, False], paused=[False, False, False, True],
            silent=[False, False, False, True], wait_s=(0, 60, 61), types=(routing.BY_CALL, routing.BY_HAND),
            cost=[None, *money("0.5", "1.5")], balance=[None, *money("0.1", "100")], ours=(True, False),
            room=(None, None, 0, 2),
        )
    )  # fmt: skip
    needs = list(
        some(
            20, routing.RunNeeds, type=(ServiceType.DEFAULT, ServiceType.SUBSCRIPTIONS), quantity=(1000,),
            rate=money("1", "2"), refused=(frozenset(), frozenset({routing.Way(2, "7")})),
        )
    )  # fmt: skip
    sets = [[], *([one] for one in found[:40]), *(list(found[at : at + 3]) for at in range(40, 500, 3))]
    yield from some(300, dict, routes=sets, run=needs)


def changes() -> Iterator[Given]:
    limits = list(some(99, spending.Limits, daily=[None, *money("5", "10")], monthly=[None, *money("50", "100")]))
    waits = [(None, None), *((later, at) for later in limits[:4] for at in (NOON - MINUTE, NOON, NOON + HOUR))]
    befores = [spending.Plan(now, later, at) for now in limits for later, at in waits]
    yield from some(400, dict, before=befores, wanted=limits, now=(NOON,))


def tolerances() -> Iterator[Given]:
    params = ({}, {"tolerance_bp": 0}, {"tolerance_bp": 1000, "tolerance_min_units": 0}, {"tolerance_cap_bp": 0})
    yield from some(99, dict, quantity=(1, 9, 10, 49, 50, 249, 250, 1000, 99_999), params=params)


def shortfalls() -> Iterator[Given]:
    yield from some(99, dict, missing=(0, 1, 20, 21), delivered=(0, 1, 980), tolerance=(0, 20))


CASES: Mapping[tuple[str, int], Callable[[], Iterator[Given]]] = {
    ("appeals.redress", 1): redress,
    ("claims.found_in", 1): promises,
    ("delivery.cause_of", 1): causes,
    ("delivery.order_status", 1): statuses,
    ("delivery.terminal_status", 1): endings,
    ("eligibility.check_order", 2): requests,
    ("drip_feed.check_drip", 2): drips,
    ("expectations.expectations", 2): terms,
    ("explain.explain", 1): standings,
    ("forecasts.behind", 1): lines,
    ("forecasts.expected_end", 1): ends,
    ("forecasts.from_history", 1): histories,
    ("forecasts.in_parts", 1): lengthened,
    ("interruptions.has_stalled", 1): standstills,
    ("pacing.is_instant", 1): instants,
    ("pacing.plan", 1): plans,
    ("pacing.planned_band", 1): bands,
    ("pacing.under_cap", 1): capped,
    ("payments.judge_payment", 1): judged,
    ("payments.judge_return", 1): returned,
    ("payments.quote", 1): quoted,
    ("pricing.price", 1): prices,
    ("pricing.rate_for", 1): rates,
    ("publishing.decide_publishing", 1): published,
    ("quotes.check_quote", 1): held_to,
    ("refills.period", 1): refill_periods,
    ("refunds.refund_conditions", 1): conditions,
    ("routing.choose", 1): routes,
    ("spending.change", 1): changes,
    ("tolerance.tolerance_units", 1): tolerances,
    ("tolerance.within", 1): shortfalls,
}


def answer(rule: Applied, given: Given) -> dict[str, Any]:
    """A case as a file keeps it."""
    return {"given": plain(given), "answer": plain(rule.answer(**given))}


def made(rule: Applied) -> Iterator[dict[str, Any]]:
    """Each case of a rule, answered by it as it is now."""
    for given in CASES[rule.name, rule.version]():
        yield answer(rule, given)


def plain(value: object) -> Any:
    """A value in JSON's own types; a dataclass by its fields and, since an answer may be one of several, its name."""
    if is_dataclass(value) and not isinstance(value, type | Clause):
        return {"is": type(value).__name__} | {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return _plain_leaf(value)


def _plain_leaf(value: object) -> Any:
    if isinstance(value, Clause):
        return value.id
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, timedelta):
        return f"{value // timedelta(microseconds=1)} us"
    if isinstance(value, frozenset):
        return sorted((plain(each) for each in value), key=str)
    return canonical.plain(value)
