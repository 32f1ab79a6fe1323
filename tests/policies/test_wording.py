"""Every code that a rule can give has a sentence, and the sentence names the numbers."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest

from policies import wording
from policies.rules import appeals, cancellations, expectations, explain, refills, refunds, registry
from policies.rules.claims import Claim, ClaimKind
from policies.rules.clauses import Reason
from policies.rules.clauses import refund as clause
from policies.rules.drip_feed import Drip, check_drip
from policies.rules.eligibility import (
    OFFERED,
    WALLET_FROZEN,
    LinkFacts,
    OrderRequest,
    Refusal,
    check_order,
    spending_limit_reached,
)
from policies.rules.forecasts import Forecast
from policies.rules.quotes import EXPIRED, NOT_SHOWN, TERMS_CHANGED, UNREADABLE, Promise, check_quote, used
from policies.rules.quotes import Claim as Asked
from policies.rules.vocabulary import (
    Cause,
    DecisionOutcome,
    HeldReason,
    LinkKind,
    OrderStatus,
    Platform,
    RunState,
    ServiceType,
)
from policies.wording import sentences
from tests.rules import golden
from tests.rules.test_drip_feed import FINE as FINE_DRIP
from tests.rules.test_drip_feed import PERMITTED


def refund_reasons():
    """Every reason a refund decision can give: each cause, with nothing, a little and much delivered, paid or not."""
    cases = product(Cause, (0, 500, 990, 1000), ("0", "1.00000"), ("0", "1.00000"), (True, False))
    for cause, delivered, charge, refunded, package in cases:
        facts = refunds.RefundFacts(cause, 1000, delivered, Decimal(charge), Decimal(refunded), 20, package)
        yield from refunds.decide_refund(facts).reasons


def condition_reasons():
    for package, refill, units in product((True, False), (True, False), (1, 1000)):
        found = refunds.refund_conditions(
            units=units,
            charge=Decimal("1.5"),
            tolerance=20 if units > 1 else 0,
            package=package,
            refill=refill,
            cancel=True,
            params={},
        )
        yield from (condition.reason for condition in found)


def expectation_reasons():
    early = Forecast(90, 86_400, 12)  # of before starts were noted
    known = Forecast(90, 86_400, 12, p10_s=60, start_p10_s=5, start_p50_s=10, start_p90_s=20)
    terms = product((True, False), (1, 4), (0, 20), (None, early, known), (None, 0, 30), (None, 500))
    for flag, parts, tolerance, forecast, days, pace in terms:
        order = expectations.OrderTerms(
            units=1000,
            package=flag and tolerance == 0,
            instant=flag,
            parts=parts,
            tolerance=tolerance,
            refill=flag or parts == 1,
            refill_days=days,
            refill_max=3,
            refill_cap_percent=150,
            platform="youtube",
            metric="views",
            forecast=forecast,
            pace=pace,
            drip_interval=90 if days else None,
            daily_cap=pace,
        )
        yield from expectations.expectations(order, params={})


def standing_reasons():
    for status, place, delivered, paused in product(OrderStatus, (None, 3), (500, 1000), ("", "incident")):
        refund = refunds.RefundFacts(Cause.PROVIDER_ENDED, 1000, delivered, Decimal(1), Decimal(0), 20)
        ended = refund if status.is_terminal else None
        facts = explain.StandingFacts(status, 1000, delivered, place=place, paused_reason=paused, ended=ended)
        yield explain.explain(facts, params={})
    yield explain.explain(explain.StandingFacts(OrderStatus.QUEUED, 1000, 0, sending_stopped=True), params={})
    yield explain.explain(explain.StandingFacts(OrderStatus.QUEUED, 1000, 0, by_hand=True), params={})
    for why in HeldReason:
        yield explain.explain(explain.StandingFacts(OrderStatus.HELD, 1000, 0, held_reason=why.value), params={})


def claim_reasons():
    return [Claim(kind, "guaranteed", 0, 10).reason for kind in ClaimKind]


def appeal_reasons():
    for granted, package in product(("0.5", "1", "1.5", "2", "2.5"), (True, False)):
        facts = appeals.OverturnFacts(Decimal(2), Decimal(1), Decimal(granted), package)
        yield from appeals.decide_overturned(facts).reasons


def cancel_reasons():
    for state, offered, declined in product(RunState, *[(False, True)] * 2):
        yield from cancellations.decide_cancel(cancellations.CancelFacts([state], offered, declined)).reasons
    yield from cancellations.decide_cancel(cancellations.CancelFacts([RunState.QUEUED, RunState.ENDED])).reasons


def refill_reasons():
    for case in golden.kept(registry.RULE_BY_KEY["refills.decide_refill", 1]):
        facts = {**case["inputs"], "status": OrderStatus(case["inputs"]["status"])}
        yield from refills.decide_refill(refills.RefillFacts(**facts)).reasons


REASONS = [
    *refill_reasons(),
    *refund_reasons(),
    *condition_reasons(),
    *expectation_reasons(),
    *standing_reasons(),
    *claim_reasons(),
    *appeal_reasons(),
    *cancel_reasons(),
]


def test_every_reason_that_a_rule_can_give_has_a_sentence():
    """R4, S13."""
    for reason in REASONS:
        said = wording.reason(reason)
        assert said.endswith(".")
        assert "%(" not in said
        assert "%%" not in said
        assert "None" not in said


def test_no_sentence_is_kept_that_no_rule_gives():
    assert {reason.finding for reason in REASONS} == set(sentences.FINDINGS)


FINE = OrderRequest(
    account_active=True,
    selling=True,
    service_active=True,
    service_type=ServiceType.DEFAULT,
    quantity=1000,
    minimum=100,
    maximum=5000,
    link="@name",
    policies_missing=(),
    price=Decimal(1),
    balance=Decimal(1),
)
WRONG = [
    {"account_active": False, "selling": False, "service_active": False, "quantity": None, "link": ""},
    {"service_type": ServiceType.POLL, "quantity": 1, "link": "a" * 501, "policies_missing": ("Refund policy",)},
    {"quantity": 5001, "link": "a b"},
    {"link": "?"},
    {"leads_to": LinkFacts(Platform.X, LinkKind.POST, Platform.TIKTOK, ())},
    {"leads_to": LinkFacts(Platform.X, LinkKind.POST, Platform.X, (LinkKind.PROFILE, LinkKind.GROUP))},
    {"balance": Decimal(0)},
]


NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
MINE = Asked(user_id=1, service_id=2, request_hash="a")


def test_every_refusal_has_a_sentence_and_no_sentence_is_idle():
    refusals = [each for wrong in WRONG for each in check_order(replace(FINE, **wrong), params={})]
    refusals += check_quote(Promise(MINE, Decimal(1), NOON), ordered=MINE, rate=Decimal(2), now=NOON)
    refusals += [NOT_SHOWN, UNREADABLE, EXPIRED, TERMS_CHANGED, used(order_id=10_023)]
    refusals += [
        spending_limit_reached(period=period, limit=Decimal(5), left=Decimal(1), price=Decimal(2))
        for period in ("day", "month")
    ]
    refusals += [WALLET_FROZEN]
    refusals += [
        refusal
        for drip, part in (
            (FINE_DRIP, 9),
            (FINE_DRIP, 251),
            (Drip(1, 1), 10),
            (Drip(1, None), 10),
            (Drip(32, 1440), 10),
        )
        for refusal in check_drip(drip, part=part, permitted=PERMITTED)
    ]
    refusals += check_drip(FINE_DRIP, part=10, permitted=replace(PERMITTED, offered=False))

    assert all("%(" not in wording.refusal(each) for each in refusals)
    assert {each.code for each in refusals} == set(sentences.REFUSALS)


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (
            Refusal("quantity", "quantity_below_minimum", {"minimum": 1000, "quantity": 5}),
            "The smallest order of this service is 1,000; you asked for 5.",
        ),
        (
            Refusal(
                None, "not_enough_funds", {"price": Decimal("1.5"), "balance": Decimal(0), "short": Decimal("1.5")}
            ),
            "This order costs $1.50 and your balance is $0.00. You need $1.50 more.",
        ),
        (
            spending_limit_reached(period="day", limit=Decimal(5), left=Decimal("0.5"), price=Decimal(2)),
            "This order costs $2.00. Your spending limit of $5.00 a day leaves $0.50 for today (UTC).",
        ),
        (
            used(order_id=10_023),
            "The price that your page showed was for one order, and order 10023 was placed at it. Nothing was charged "
            "just now. If you want another one like it, look at what holds now, and place the order.",
        ),
    ],
)
def test_a_refusal_names_its_numbers(refusal, said, settings):
    settings.CURRENCY = "USD"

    assert wording.refusal(refusal) == said


def test_a_stored_decision_reads_as_the_rule_said_it(settings):
    """Decision 23: numbers come back from the row as text."""
    settings.CURRENCY = "USD"
    live = Reason(
        clause.UNDELIVERED_PART,
        "undelivered_part",
        {"amount": Decimal("0.04368"), "missing": 157, "units": 1000, "delivered": 843},
    )
    stored = {
        "reasons": [
            {
                "clause": "refund.7.3",
                "finding": "undelivered_part",
                "facts": {"amount": "0.04368", "missing": 157, "units": 1000, "delivered": 843},
            }
        ]
    }
    (grounds,) = wording.decision(stored)

    assert (grounds,) == wording.grounds([live])
    assert (grounds.policy, grounds.clause_id, grounds.heading) == (
        "refund",
        "refund.7.3",
        "What was not delivered is paid back",
    )
    assert grounds.sentence == (
        "The provider delivered 843 of 1,000 and ended the order. The missing 157 are paid back: $0.04368."
    )


@pytest.mark.parametrize("status", list(OrderStatus))
def test_every_status_has_a_label_and_a_line_in_the_timeline(status):
    assert wording.status(status.value)
    assert wording.event("status", status=status.value).endswith(".")
    assert OrderStatus(status) in sentences.STATUS_EVENTS


def test_an_event_that_knows_its_numbers_tells_them(settings):
    settings.CURRENCY = "USD"
    facts = {"units": 1000, "delivered": 843, "refund": "0.04368"}

    assert wording.event("status", status="partial", facts=facts) == (
        "Ended in part: 843 of 1,000 delivered, $0.04368 paid back."
    )
    assert wording.event("placed") == "Order placed and paid."


@pytest.mark.parametrize("outcome", list(DecisionOutcome))
def test_every_outcome_has_a_name(outcome):
    assert wording.outcome(outcome.value, rule="refunds.decide_refund")


def test_every_table_keyed_by_an_enum_is_complete():
    assert set(sentences.STATUSES) == set(sentences.STATUS_EVENTS) == set(OrderStatus)
    assert set(sentences.OUTCOMES) == set(DecisionOutcome)
    assert set(explain.CLAUSE_OF_STATUS) == {status for status in OrderStatus if not status.is_terminal}
    assert set(ServiceType) > OFFERED


def test_spans_and_platforms_are_written_for_people():
    reason = Reason(clause.SPEED_VARIES, "expect_forecast", {"sample": 1200, "p50_s": 5400, "p90_s": 90_000})

    assert wording.reason(reason).startswith(
        "Of the last 1,200 orders of about this size, half were done within 1 h 30 min and nine in ten within 1 d 1 h."
    )
    assert wording.reason(Reason(clause.PLATFORMS, "expect_platform", {"platform": "tiktok"})).startswith("TikTok is")
