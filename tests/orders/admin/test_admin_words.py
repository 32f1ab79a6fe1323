"""Staff read words, not codes: each flag and each internal event has some."""

from orders.admin import words
from orders.models import OrderEvent
from orders.operations import flags
from policies.rules.vocabulary import ReportFlag


def test_every_flag_has_words_and_advice():
    raised = {value for name, value in vars(flags).items() if name.isupper() and isinstance(value, str)}

    assert raised | {flag.value for flag in ReportFlag} == set(words.FLAGS)


def test_an_internal_event_without_its_facts_is_still_a_sentence():
    assert words.event(OrderEvent(kind="linked", facts={})).startswith("Part  was found")


def test_a_public_event_is_told_as_the_customer_reads_it():
    assert words.event(OrderEvent(kind="placed")) == "Order placed and paid."
