"""Stored answers of every registered rule: what a version of it decides stays what it decided (D49).

`python -m tests.rules.golden` writes the file of a rule that has none. A file that exists is never written again: other
answers are another version of the rule.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from plumbing import canonical
from policies.rules.registry import Applied, Inputs, Rule
from policies.rules.vocabulary import OrderStatus
from tests.rules.golden import applied

FOLDER = Path(__file__).parent
STRIDE = 11  # of all combinations, every eleventh: no list is so long, so that each value meets each other
NUMBERS: tuple[Mapping[str, int], ...] = ({}, {"tolerance_bp": 0, "fail_after_h": 1}, {"tolerance_bp": 1000})


def refund_cases() -> Iterator[Inputs]:
    """Orders of each size and price, ended for each cause, short by nothing, a little, most or all."""
    causes = ("provider_ended", "failed", "cancel_confirmed", "canceled_before_claim", "customers_fault")
    orders = product(
        (*causes, "all_delivered", "still_running"),
        ((1, 0), (10, 1), (1000, 20), (33, 0)),  # units, and how many of them may be missing
        ("none", "one", "half", "beyond tolerance", "at tolerance", "all"),
        ("1.50000", "0.27819", "0.00001", "0.00000"),
        ("0", "1/2", "1"),  # how much of the charge went back before
        (False, True),
    )
    for number, (cause, (units, tolerance), delivered, charge, refunded, package) in enumerate(orders):
        if number % STRIDE == 0:
            yield {
                "cause": cause,
                "units": units,
                "delivered": _delivered(delivered, units, tolerance),
                "charge": charge,
                "refunded": {"0": "0.00000", "1/2": _half(charge), "1": charge}[refunded],
                "tolerance": tolerance,
                "package": package,
            }


def appeal_cases() -> Iterator[Inputs]:
    """Orders of each price, paid back in part or whole, with less, as much or more granted."""
    sums = ("0.00000", "0.00001", "0.13909", "0.27819", "0.90000", "1.50000")
    prices = ("1.50000", "0.27819", "0.00001", "0.00000", "12.00000")
    for charge, refunded, granted, package in product(prices, sums, (*sums, "12.00000"), (False, True)):
        if float(refunded) <= float(charge):
            yield {"charge": charge, "refunded": refunded, "granted": granted, "package": package}


def cancel_cases() -> Iterator[Inputs]:
    """Orders of one, two and three runs, in every state."""
    states = ("queued", "submitting", "unknown", "live", "parked", "ended")
    for runs in (1, 2, 3):
        for each in product(states, repeat=runs):
            yield {"states": list(each)}


def cancel_cases_2() -> Iterator[Inputs]:
    """The same, of services that offer a cancel after sending or not, with what the provider said of it."""
    for case, offered, declined in product(cancel_cases(), (False, True), (False, True)):
        if len(case["states"]) < 3 or sorted(case["states"]) == case["states"]:
            yield {**case, "offered": offered, "declined": declined}


def refill_cases() -> Iterator[Inputs]:
    """Orders in every status, with each thing in the way alone, two by two, and none."""
    fine = {
        "sold": True, "status": "completed", "paid_back": False, "over": False, "ends_at": "2 April 2026, 12:00 UTC",
        "under_way": False, "waits": False, "free_at": "3 March 2026, 12:00 UTC", "tries": 1, "most": 3,
        "reachable": True,
    }  # fmt: skip
    wrong = [
        {"sold": False}, {"paid_back": True}, {"over": True}, {"under_way": True}, {"waits": True}, {"tries": 3},
        {"tries": 4, "most": None}, {"reachable": False}, {"ends_at": ""}, {},
    ]  # fmt: skip
    for status, one, other in product(OrderStatus, wrong, wrong):
        yield {**fine, "status": status.value, **one, **other}


CASES: dict[tuple[str, int], Callable[[], Iterator[Inputs]]] = {
    ("refunds.decide_refund", 1): refund_cases,
    ("appeals.decide_overturned", 1): appeal_cases,
    ("cancellations.decide_cancel", 1): cancel_cases,
    ("cancellations.decide_cancel", 2): cancel_cases_2,
    ("refills.decide_refill", 1): refill_cases,
}


def file_of(rule: Rule | Applied) -> Path:
    return FOLDER / f"{rule.name}_v{rule.version}.json"


def answer(rule: Rule, inputs: Inputs, params: Mapping[str, Any]) -> dict[str, Any]:
    """A case as a file keeps it: what went in and all that came out."""
    decided = rule.decide(inputs, params)
    reasons = [
        {"clause": each.clause.id, "finding": each.finding, "facts": canonical.plain(each.facts)}
        for each in decided.reasons
    ]
    amount = canonical.plain(decided.amount)
    return {
        "inputs": inputs,
        "params": params,
        "outcome": decided.outcome.value,
        "amount": amount,
        "reasons": reasons,
    }


def made(rule: Rule | Applied) -> Iterator[dict[str, Any]]:
    """Each case of a rule, answered by it as it is now."""
    if isinstance(rule, Applied):
        yield from applied.made(rule)
        return
    for number, inputs in enumerate(CASES[rule.name, rule.version]()):
        yield answer(rule, inputs, NUMBERS[number % len(NUMBERS)])


def kept(rule: Rule | Applied) -> list[dict[str, Any]]:
    """The cases in a rule's file."""
    cases: list[dict[str, Any]] = json.loads(file_of(rule).read_text())
    return cases


def differing(rule: Rule | Applied) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The kept cases that the rule answers otherwise now, each with its new answer."""
    if isinstance(rule, Applied):
        now_made = list(applied.made(rule))
        pairs = list(zip(kept(rule), now_made, strict=True))
        return [(case, now) for case, now in pairs if case["answer"] != now["answer"]]
    pairs = [(case, answer(rule, case["inputs"], case["params"])) for case in kept(rule)]
    return [(case, now) for case, now in pairs if case != now]


def _delivered(word: str, units: int, tolerance: int) -> int:
    counts = {
        "none": 0,
        "one": 1,
        "half": units // 2,
        "beyond tolerance": units - tolerance - 1,
        "at tolerance": units - tolerance,
        "all": units,
    }
    return counts[word]


def _half(charge: str) -> str:
    return {"1.50000": "0.75000", "0.27819": "0.13909", "0.00001": "0.00000", "0.00000": "0.00000"}[charge]
