"""What an ended order gives back, and when any order of a service would (decision 17)."""

from dataclasses import dataclass, replace
from decimal import Decimal

from policies.rules import money, tolerance
from policies.rules.clauses import Clause, Params, Reason, Value, parameter
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import Cause, DecisionOutcome


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """What a refund decision may look at.

    cause: why the order ended, never its status. units, delivered: bought and delivered, 0 <= delivered <= units.
    charge, refunded: account currency, scale 5. tolerance: units, fixed when the order was placed.
    package: sold whole, refunded whole or not at all.
    """

    cause: Cause
    units: int
    delivered: int
    charge: Decimal
    refunded: Decimal
    tolerance: int
    package: bool = False

    @property
    def missing(self) -> int:
        return self.units - self.delivered


@dataclass(frozen=True, slots=True)
class RefundDecision:
    """An amount to pay back (zero when refused) and why. `nothing_due` is the one outcome that is not recorded."""

    amount: Decimal
    outcome: DecisionOutcome
    reasons: tuple[Reason, ...]


def decide_refund(order: RefundFacts) -> RefundDecision:
    """Decide what an ended order gives back.

    The shop keeps what it earned, rounded down; the customer gets the rest. Deciding again pays nothing more.
    """
    if order.cause is Cause.STILL_RUNNING:
        return _refuse(clause.COMPLETE_FAILURE, "still_running")
    if order.cause is Cause.ALL_DELIVERED or order.missing == 0:
        return RefundDecision(money.ZERO, DecisionOutcome.NOTHING_DUE, ())
    if order.cause is Cause.CUSTOMERS_FAULT:
        return _refuse(clause.CUSTOMERS_CHANGE, "target_changed", missing=order.missing)
    if order.cause is Cause.PROVIDER_ENDED and _is_minor(order):
        return _refuse(
            clause.MINOR_DIFFERENCE,
            "minor_difference",
            missing=order.missing,
            units=order.units,
            tolerance=order.tolerance,
        )
    return _pay_back(order)


def kept(order: RefundFacts) -> Decimal:
    """What the shop has earned of the charge: the delivered part, of a package all or nothing."""
    if order.package and order.missing:
        return money.ZERO
    return money.earned(charge=order.charge, delivered=order.delivered, units=order.units)


def _pay_back(order: RefundFacts) -> RefundDecision:
    ground, finding = _ground(order)
    due = order.charge - kept(order) - order.refunded
    if due <= 0:
        already = "already_refunded" if order.refunded else "nothing_charged"
        return _refuse(ground, already, refunded=order.refunded)
    facts: dict[str, Value] = {
        "amount": due,
        "missing": order.missing,
        "units": order.units,
        "delivered": order.delivered,
    }
    return RefundDecision(due, DecisionOutcome.REFUND, (Reason(ground, finding, facts),))


def _ground(order: RefundFacts) -> tuple[Clause, str]:
    """The clause that pays an ended order back, and what was found."""
    if order.cause is Cause.CANCELED_BEFORE_CLAIM:
        return clause.FREE_UNTIL_SENT, "canceled_before_sending"
    if order.cause is Cause.CANCEL_CONFIRMED:
        return clause.UNDELIVERED_PART, "cancel_confirmed"
    if order.cause is Cause.FAILED:
        return clause.COMPLETE_FAILURE, "complete_failure"
    if order.package:
        return clause.UNDELIVERED_PART, "package_incomplete"
    if order.delivered == 0:
        return clause.COMPLETE_FAILURE, "nothing_delivered"
    return clause.UNDELIVERED_PART, "undelivered_part"


def _is_minor(order: RefundFacts) -> bool:
    small = tolerance.within(missing=order.missing, delivered=order.delivered, tolerance=order.tolerance)
    return small and not order.package


def _refuse(ground: Clause, finding: str, **facts: Value) -> RefundDecision:
    return RefundDecision(money.ZERO, DecisionOutcome.REFUSE, (Reason(ground, finding, facts),))


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that may happen to an order, and what `decide_refund` gives back for it.

    reason: what happens, under the clause that decides it. case: the order as it then stands.
    """

    reason: Reason
    case: RefundFacts

    @property
    def amount(self) -> Decimal:
        """What would come back, account currency; zero for nothing."""
        return decide_refund(self.case).amount


def refund_conditions(
    *, units: int, charge: Decimal, tolerance: int, package: bool, refill: bool, cancel: bool, params: Params
) -> tuple[Condition, ...]:
    """When this very order would give money back and how much, in the order a customer reads it (R4, R5, D55).

    tolerance: units. refill: whether the service has one. cancel: whether it may be canceled once it was sent.
    """
    order = RefundFacts(Cause.STILL_RUNNING, units, 0, charge, money.ZERO, tolerance, package)
    half = replace(order, delivered=units // 2)
    shortfalls = [replace(order, cause=Cause.PROVIDER_ENDED, delivered=delivered) for delivered in _counts(order)]
    hours = parameter(params, "fail_after_h")
    late = Reason(clause.NO_EXACT_TIME, "condition_late", {})
    dropped = Reason(clause.REFILL_PERIOD, "condition_refill") if refill else Reason(clause.NO_REFILL, "condition_drop")
    return (
        _condition("condition_cancel_in_queue", replace(order, cause=Cause.CANCELED_BEFORE_CLAIM)),
        *(_condition(_ending(each), each) for each in shortfalls),
        _condition("condition_failure", replace(half, cause=Cause.FAILED), hours=hours),
        *((_condition("condition_cancel_confirmed", replace(half, cause=Cause.CANCEL_CONFIRMED)),) if cancel else ()),
        _condition("condition_target_changed", replace(half, cause=Cause.CUSTOMERS_FAULT)),
        Condition(late, half),
        Condition(dropped, replace(order, cause=Cause.ALL_DELIVERED, delivered=units)),
        Condition(
            Reason(clause.VISIBILITY_ONLY, "condition_results"),
            replace(order, cause=Cause.ALL_DELIVERED, delivered=units),
        ),
    )


def _counts(order: RefundFacts) -> list[int]:
    """How much may be delivered when it ends: none, a quarter, half, and each side of a minor difference.

    Beyond it, up to all but one, nothing changes.
    """
    if order.package:
        return [0]  # nothing lies between none of it and all
    edge = order.units - order.tolerance
    counts = {0, order.units // 4, order.units // 2, edge - 1, edge}
    return sorted(delivered for delivered in counts if 0 <= delivered < order.units)


def _ending(case: RefundFacts) -> str:
    if case.package:
        return "condition_package_ended"
    return "condition_minor" if _is_minor(case) else "condition_ended"


def _condition(finding: str, case: RefundFacts, **more: Value) -> Condition:
    """The clause is the decision's own, so that explanation and decision cannot name two."""
    ground = decide_refund(case).reasons[0].clause
    if case.delivered == 0:
        return Condition(Reason(ground, finding, more), case)
    return Condition(Reason(ground, f"{finding}_at", {"delivered": case.delivered, "units": case.units, **more}), case)
