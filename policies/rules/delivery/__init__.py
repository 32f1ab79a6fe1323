"""How an order moves: what may follow what, which status its runs add up to, and what a provider's report changes."""

from policies.rules.delivery.balances import what_the_balance_says
from policies.rules.delivery.charges import dearer
from policies.rules.delivery.checking import Tier, check_interval, resting_since, tier_after_progress
from policies.rules.delivery.reports import RunFact, Step, advance, known_word, says_ended, unseen
from policies.rules.delivery.statuses import (
    OrderFacts,
    RunFacts,
    cause_of,
    final_outcome,
    order_status,
    terminal_status,
)
from policies.rules.delivery.transitions import (
    TRANSITIONS,
    IllegalTransition,
    Transition,
    check_transition,
    public_words,
    transitions,
)

__all__ = [
    "TRANSITIONS",
    "IllegalTransition",
    "OrderFacts",
    "RunFact",
    "RunFacts",
    "Step",
    "Tier",
    "Transition",
    "advance",
    "cause_of",
    "check_interval",
    "check_transition",
    "dearer",
    "final_outcome",
    "known_word",
    "order_status",
    "public_words",
    "resting_since",
    "says_ended",
    "terminal_status",
    "tier_after_progress",
    "transitions",
    "unseen",
    "what_the_balance_says",
]
