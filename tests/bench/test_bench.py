"""The benchmarks work at a small size. No time is asserted: they report, they do not judge."""

import pytest

from tests.bench import placing, rehearsal, statement

pytestmark = pytest.mark.django_db(transaction=True)


def test_placing_is_measured_against_the_same_rows_by_one_statement():
    figure = placing.p6(orders=10, wallets=3)

    assert figure.as_json()["ratio"] == pytest.approx(figure.value / figure.limit)
    assert figure.n == 10 * 5


def test_one_wallet_is_measured_against_many_and_the_books_agree():
    figure = placing.p8(orders=16, wallets=4)

    assert figure.notes["orders"] == figure.notes["debits"] == figure.notes["rows"] == 16 * 5 * 2


def test_the_statement_is_measured_at_two_sizes():
    figure = statement.p9(large=400, small=200)

    assert set(figure.notes) == {"ratio of the first page", "ratio of the deep page", "ratio of the one kind page"}
    assert figure.value > 0
    assert figure.limit > 0


def test_a_rehearsal_is_measured_against_one_select_of_the_same_rows():
    """D50: 10,000 decisions in under a minute, at its full size in `make bench`."""
    figure = rehearsal.rehearsal(decisions=50, open_orders=5)

    assert figure.n == 50
    assert figure.notes["open_orders"] == 5
    assert figure.value > 0
    assert figure.limit > 0
