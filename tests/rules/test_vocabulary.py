"""The field's words: closed lists, complete tables, and what resellers are told."""

import pytest

from policies.rules.delivery import TRANSITIONS
from policies.rules.vocabulary import TERMINAL, Metric, OrderStatus, ServiceType

PUBLIC = {"Pending", "Processing", "In progress", "Completed", "Partial", "Canceled"}


@pytest.mark.parametrize("status", list(OrderStatus))
def test_every_status_has_a_public_word_and_a_row_of_transitions(status):
    """Decision 11."""
    assert status.public_word(delivered=0) in PUBLIC
    assert status.public_word(delivered=1) in PUBLIC
    assert status in TRANSITIONS
    assert status.is_terminal is (status in TERMINAL)


@pytest.mark.parametrize("status", [OrderStatus.STOPPED, OrderStatus.FAILED])
def test_stopped_and_failed_are_told_by_what_was_delivered(status):
    assert (status.public_word(delivered=1), status.public_word(delivered=0)) == ("Partial", "Canceled")


def test_choices_are_plain_strings():
    assert Metric.choices()[0] == ("followers", "Followers")
    assert all(type(value) is str and type(label) is str for value, label in OrderStatus.choices())
    assert ("Custom Comments", "Custom Comments") in ServiceType.choices()


def test_no_metric_is_an_outcome():
    """R48."""
    assert not {"sales", "engagement", "growth", "conversions"} & {metric.value for metric in Metric}
