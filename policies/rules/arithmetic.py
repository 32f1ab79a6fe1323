"""How a decision's amount was reached, step by step, from its stored facts and by the rules' own functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from policies.rules import refunds, registry
from policies.rules.registry import Inputs


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a sum. code: what it is; `policies.wording` has its words. amount: account currency, scale 5."""

    code: str
    amount: Decimal


def steps(rule: str, version: int, inputs: Inputs) -> tuple[Step, ...]:
    """The lines that lead to what is left to pay back; the last is their sum, and whether it is paid the clause says.

    None of a rule that decides on no money.
    Raises KeyError for a rule that is not known here.
    """
    return _STEPS[rule, version](inputs)


def _refund(inputs: Inputs) -> tuple[Step, ...]:
    facts = registry.refund_facts(inputs)
    kept = refunds.kept(facts)
    return (
        Step("charge", facts.charge),
        Step("kept", -kept),
        Step("refunded", -facts.refunded),
        Step("left", facts.charge - kept - facts.refunded),
    )


def _overturned(inputs: Inputs) -> tuple[Step, ...]:
    facts = registry.overturn_facts(inputs)
    return (
        Step("granted", facts.granted),
        Step("refunded", -facts.refunded),
        Step("left", facts.granted - facts.refunded),
    )


def _none(inputs: Inputs) -> tuple[Step, ...]:
    return ()


_STEPS: Mapping[tuple[str, int], Callable[[Inputs], tuple[Step, ...]]] = {
    ("refunds.decide_refund", 1): _refund,
    ("appeals.decide_overturned", 1): _overturned,
    ("cancellations.decide_cancel", 1): _none,
    ("cancellations.decide_cancel", 2): _none,
    ("refills.decide_refill", 1): _none,
}
