"""Staff read words, not codes: each flag and each internal event has some."""

from orders.admin import words
from orders.models import OrderEvent
from orders.operations import flags
from policies.rules.routing import Skip
from policies.rules.vocabulary import HeldReason, ReportFlag


def test_every_flag_has_words_and_advice():
    raised = {value for name, value in vars(flags).items() if name.isupper() and isinstance(value, str)}

    assert raised | {flag.value for flag in ReportFlag} == set(words.FLAGS)


def test_an_internal_event_without_its_facts_is_still_a_sentence():
    assert words.event(OrderEvent(kind="linked", facts={})).startswith("Part  was found")


def test_a_public_event_is_told_as_the_customer_reads_it():
    assert words.event(OrderEvent(kind="placed")) == "Order placed and paid."


def test_every_reason_why_nobody_takes_an_order_has_words():
    """R11."""
    assert set(words.HELD) == {reason.value for reason in HeldReason}
    assert set(words.SKIPS) == {why.value for why in Skip}


def test_who_passed_an_order_over_is_told_by_name():
    held = OrderEvent(kind="nobody_takes_it", facts={"reason": "provider_paused", "skipped": {"Panel A": "paused"}})
    moved = OrderEvent(kind="rerouted", facts={"run": 1, "from": "Panel A", "to": "Panel B", "reason": "service"})

    assert words.event(held) == "No route takes it: Panel A: it is paused."
    assert words.event(moved) == "Part 1 goes to Panel B instead of Panel A: it does not have that service."
    assert words.fact("skipped", {"Panel A": "loss"}) == "Panel A: it costs more than the customer pays"
    assert words.fact("reason", "provider_silent") == "its provider does not answer"
    assert words.fact("reason", "timeout") == "timeout"
