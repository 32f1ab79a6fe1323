"""Every rule by name and version: those whose decisions are stored and decided again, and those answered at once.

A rule's answers belong to its version: a change of them is another version. Of a rule whose decisions are stored, the
old entry stays for as long as they do. `tests/rules/golden` fails where a body changed its answers without one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from policies.rules import (
    appeals,
    cancellations,
    claims,
    delivery,
    drip_feed,
    eligibility,
    expectations,
    explain,
    forecasts,
    interruptions,
    pacing,
    payments,
    pricing,
    publishing,
    quotes,
    refills,
    refunds,
    routing,
    spending,
    tolerance,
)
from policies.rules.clauses import Params, Reason
from policies.rules.vocabulary import Automation, Cause, DecisionOutcome, OrderStatus, RunState

Inputs = Mapping[str, Any]
"""Facts in JSON's own types, as a decision's row keeps them: decimals and instants as text."""

T = TypeVar("T")

_MISREAD = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError)


class Unreadable(Exception):
    """Stored facts from which nothing can be decided again: of a rule that is not registered, or not its facts."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule came to. amount: account currency, None where no money was asked for."""

    outcome: DecisionOutcome
    amount: Decimal | None
    reasons: tuple[Reason, ...]


def as_given(inputs: Inputs, params: Params) -> Inputs:
    """Facts that no parameter enters."""
    return inputs


@dataclass(frozen=True, slots=True)
class Rule:
    """A decision as a function of stored facts and a version's parameters.

    name: "refunds.decide_refund". automated: how much of what it decides a machine does. under: the facts of the same
    case had these parameters governed it from the start, for a rehearsal; facts that no parameter enters are as given.
    """

    name: str
    version: int
    decide: Callable[[Inputs, Params], Outcome]
    under: Callable[[Inputs, Params], Inputs] = as_given
    automated: Automation = Automation.FULL


@dataclass(frozen=True, slots=True)
class Applied:
    """A rule whose answer is shown or acted upon at once and kept by nobody, so that nothing of it is decided again.

    name: as `grounds` names it. Its cases in `tests/rules/golden` are those of this version alone.
    """

    name: str
    version: int
    answer: Callable[..., object]


def _refund(inputs: Inputs, params: Params) -> Outcome:
    decided = refunds.decide_refund(refund_facts(inputs))
    return Outcome(decided.outcome, decided.amount, decided.reasons)


def refund_facts(inputs: Inputs) -> refunds.RefundFacts:
    """The facts of `refunds.decide_refund` from their stored form."""
    return refunds.RefundFacts(
        cause=Cause(inputs["cause"]),
        units=inputs["units"],
        delivered=inputs["delivered"],
        charge=Decimal(inputs["charge"]),
        refunded=Decimal(inputs["refunded"]),
        tolerance=inputs["tolerance"],
        package=inputs["package"],
    )


def _refund_under(inputs: Inputs, params: Params) -> Inputs:
    """The tolerance is fixed in units when an order is placed; under other numbers it would be another one."""
    if inputs["package"]:
        return inputs
    return {**inputs, "tolerance": tolerance.tolerance_units(quantity=inputs["units"], params=params)}


def _overturned(inputs: Inputs, params: Params) -> Outcome:
    decided = appeals.decide_overturned(overturn_facts(inputs))
    return Outcome(decided.outcome, decided.amount, decided.reasons)


def overturn_facts(inputs: Inputs) -> appeals.OverturnFacts:
    """The facts of `appeals.decide_overturned` from their stored form."""
    return appeals.OverturnFacts(
        charge=Decimal(inputs["charge"]),
        refunded=Decimal(inputs["refunded"]),
        granted=Decimal(inputs["granted"]),
        package=inputs["package"],
    )


def _cancel_1(inputs: Inputs, params: Params) -> Outcome:
    decided = cancellations.as_in_version_1([RunState(state) for state in inputs["states"]])
    return Outcome(decided.outcome, None, decided.reasons)


def _cancel(inputs: Inputs, params: Params) -> Outcome:
    decided = cancellations.decide_cancel(
        cancellations.CancelFacts(
            states=[RunState(state) for state in inputs["states"]],
            offered=inputs["offered"],
            declined=inputs["declined"],
        )
    )
    return Outcome(decided.outcome, None, decided.reasons)


def _refill(inputs: Inputs, params: Params) -> Outcome:
    decided = refills.decide_refill(refills.RefillFacts(**{**inputs, "status": OrderStatus(inputs["status"])}))
    return Outcome(decided.outcome, None, decided.reasons)


RULES: tuple[Rule, ...] = (
    Rule("refunds.decide_refund", 1, _refund, _refund_under),
    Rule("appeals.decide_overturned", 1, _overturned, automated=Automation.NONE),
    Rule("cancellations.decide_cancel", 1, _cancel_1),
    Rule("cancellations.decide_cancel", 2, _cancel),
    Rule("refills.decide_refill", 1, _refill),
)

APPLIED: tuple[Applied, ...] = (
    Applied("appeals.redress", 1, appeals.redress),
    Applied("claims.found_in", 1, claims.found_in),
    Applied("delivery.cause_of", 1, delivery.cause_of),
    Applied("delivery.order_status", 1, delivery.order_status),
    Applied("delivery.terminal_status", 1, delivery.terminal_status),
    Applied("eligibility.check_order", 2, eligibility.check_order),
    Applied("drip_feed.check_drip", 2, drip_feed.check_drip),
    Applied("expectations.expectations", 2, expectations.expectations),
    Applied("explain.explain", 1, explain.explain),
    Applied("forecasts.behind", 1, forecasts.behind),
    Applied("forecasts.expected_end", 1, forecasts.expected_end),
    Applied("forecasts.from_history", 1, forecasts.from_history),
    Applied("forecasts.in_parts", 1, forecasts.in_parts),
    Applied("interruptions.has_stalled", 1, interruptions.has_stalled),
    Applied("pacing.is_instant", 1, pacing.is_instant),
    Applied("pacing.plan", 1, pacing.plan),
    Applied("pacing.planned_band", 1, pacing.planned_band),
    Applied("pacing.under_cap", 1, pacing.under_cap),
    Applied("payments.judge_payment", 1, payments.judge_payment),
    Applied("payments.judge_return", 1, payments.judge_return),
    Applied("payments.quote", 1, payments.quote),
    Applied("pricing.price", 1, pricing.price),
    Applied("pricing.rate_for", 1, pricing.rate_for),
    Applied("publishing.decide_publishing", 1, publishing.decide_publishing),
    Applied("quotes.check_quote", 1, quotes.check_quote),
    Applied("refills.period", 1, refills.period),
    Applied("refunds.refund_conditions", 1, refunds.refund_conditions),
    Applied("routing.choose", 1, routing.choose),
    Applied("spending.change", 1, spending.change),
    Applied("tolerance.tolerance_units", 1, tolerance.tolerance_units),
    Applied("tolerance.within", 1, tolerance.within),
)

RULE_BY_KEY = {(rule.name, rule.version): rule for rule in RULES}


def again(*, name: str, version: int, inputs: Inputs, params: Params) -> Outcome:
    """What a rule decides from facts as stored. Raises Unreadable."""
    return _guarded(_registered(name, version).decide, inputs, params)


def rehearse(*, name: str, version: int, inputs: Inputs, params: Params) -> Outcome:
    """What a rule would have decided, had these parameters governed the case from the start. Raises Unreadable."""
    rule = _registered(name, version)
    return _guarded(rule.decide, _guarded(rule.under, inputs, params), params)


def _registered(name: str, version: int) -> Rule:
    rule = RULE_BY_KEY.get((name, version))
    if rule is None:
        raise Unreadable(f"no rule {name} version {version} is registered")
    return rule


def _guarded(function: Callable[[Inputs, Params], T], inputs: Inputs, params: Params) -> T:
    try:
        return function(inputs, params)
    except _MISREAD as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def current(name: str) -> Rule:
    """The newest version of a rule. Raises KeyError for a name that is not registered."""
    versions = [rule for rule in RULES if rule.name == name]
    if not versions:
        raise KeyError(name)
    return max(versions, key=lambda rule: rule.version)
