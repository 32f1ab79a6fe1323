"""Which clauses each rule may give as its ground, and which it applies without naming one, as a sum or a plan does.

A rule that cites another clause, or never cites one that it may, fails a test. So does a clause of the catalogue whose
rule (`Clause.rule`) stands here beside it neither way, and a rule here that the registry does not know.
"""

from collections.abc import Mapping

from policies.rules.clauses import Clause, support, terms
from policies.rules.clauses import refund as clause

_REFUND = (
    clause.FREE_UNTIL_SENT,
    clause.CUSTOMERS_CHANGE,
    clause.COMPLETE_FAILURE,
    clause.MINOR_DIFFERENCE,
    clause.UNDELIVERED_PART,
)

GROUNDS: Mapping[str, tuple[Clause, ...]] = {
    "refunds.decide_refund": _REFUND,
    "refunds.refund_conditions": (
        *_REFUND,
        clause.NO_EXACT_TIME,
        clause.REFILL_PERIOD,
        clause.NO_REFILL,
        clause.VISIBILITY_ONLY,
    ),
    "appeals.decide_overturned": (clause.HOW_REVIEWED,),
    "cancellations.decide_cancel": (clause.FREE_UNTIL_SENT, clause.UNDELIVERED_PART),
    "refills.decide_refill": (clause.REFILL_PERIOD, clause.NO_REFILL),
    "explain.explain": (
        *_REFUND,
        clause.AUTOMATED,
        clause.QUEUE,
        clause.START,
        clause.GRADUAL,
        clause.NO_SPIKES,
        clause.INTERRUPTIONS,
        clause.PAUSE_OR_SLOW,
        clause.VARIATION,
    ),
    "expectations.expectations": (
        clause.START,
        clause.SPEED_VARIES,
        clause.GRADUAL,
        clause.NO_SPIKES,
        clause.NOT_INSTANT,
        clause.MINOR_DIFFERENCE,
        clause.UNDELIVERED_PART,
        clause.REFILL_PERIOD,
        clause.NO_REFILL,
        clause.PLATFORMS,
        clause.VISIBILITY_ONLY,
        clause.OUTSIDE_FACTORS,
    ),
    "eligibility.check_order": (clause.CORRECT_LINK, clause.DYNAMIC),
    "drip_feed.check_drip": (clause.NO_SPIKES,),
    "claims.found_in": (clause.DYNAMIC, clause.VISIBILITY_ONLY, clause.NO_EXACT_TIME),
}

APPLIES: Mapping[str, tuple[Clause, ...]] = {
    "appeals.redress": (clause.HOW_REVIEWED,),
    "delivery.cause_of": (clause.COMPLETE_FAILURE, clause.UNDELIVERED_PART),
    "delivery.order_status": (clause.QUEUE,),
    "delivery.terminal_status": (clause.MINOR_DIFFERENCE,),
    "eligibility.check_order": (terms.ACCEPTED_FIRST, terms.SUSPENSION, terms.PREPAID, terms.STANDING),
    "forecasts.behind": (clause.QUEUE,),
    "forecasts.expected_end": (clause.SPEED_VARIES, clause.WHAT_SLOWS),
    "forecasts.from_history": (clause.SPEED_VARIES,),
    "forecasts.in_parts": (clause.SPEED_VARIES,),
    "interruptions.has_stalled": (clause.COMPLETE_FAILURE,),
    "pacing.is_instant": (clause.NOT_INSTANT,),
    "pacing.plan": (clause.GRADUAL, clause.NO_SPIKES),
    "pacing.planned_band": (clause.START,),
    "pacing.under_cap": (clause.NO_SPIKES,),
    "refills.period": (clause.REFILL_PERIOD,),
    "payments.judge_payment": (terms.CREDITED, terms.TAKEN_BACK),
    "payments.judge_return": (terms.TAKEN_BACK,),
    "payments.quote": (terms.FEES_AND_BONUS,),
    "pricing.price": (terms.PRICE_SHOWN,),
    "pricing.rate_for": (terms.PRICE_SHOWN,),
    "publishing.decide_publishing": (support.CHANGES_POSTED,),
    "quotes.check_quote": (terms.PRICE_SHOWN,),
    "routing.choose": (clause.QUEUE,),
    "spending.change": (terms.SPENDING_LIMITS,),
    "tolerance.tolerance_units": (clause.VARIATION,),
    "tolerance.within": (clause.MINOR_DIFFERENCE,),
}


def rules_applying(applied: Clause) -> tuple[str, ...]:
    """The rules that work by a clause without giving it as their ground."""
    return tuple(rule for rule, clauses in APPLIES.items() if applied in clauses)


def rules_citing(cited: Clause) -> tuple[str, ...]:
    """The rules that may give a clause as their ground."""
    return tuple(rule for rule, grounds in GROUNDS.items() if cited in grounds)
