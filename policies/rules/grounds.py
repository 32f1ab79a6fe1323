"""Which clauses each rule may give as its ground. One that cites another, or never cites one of these, fails a test.

A clause that is applied without being cited, as by a sum or a plan, is named by the function that its catalogue entry
names (`Clause.rule`), in that function's own description.
"""

from collections.abc import Mapping

from policies.rules.clauses import Clause
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
    "cancellations.decide_cancel": (clause.FREE_UNTIL_SENT,),
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
    "claims.found_in": (clause.DYNAMIC, clause.VISIBILITY_ONLY, clause.NO_EXACT_TIME),
}


def rules_citing(cited: Clause) -> tuple[str, ...]:
    """The rules that may give a clause as their ground."""
    return tuple(rule for rule, grounds in GROUNDS.items() if cited in grounds)
