"""The benchmarks work at a small size. No time is asserted: they report, they do not judge."""

import pytest

from tests.bench import looking, placing, refreshing, rehearsal, sizes, statement, worker
from tests.bench.measuring import Figure

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_look_is_measured_against_one_bare_update_at_each_size():
    figure = looking.p1(of=[20, 10])

    assert figure.n == 20  # the largest, where the goal's own size is left out
    assert 0 < figure.notes["applying alone, ratio"] < figure.ratio
    assert set(figure.notes["10 live orders"]) >= {"value", "limit", "ratio", "memory_mib"}
    assert figure.notes["memory_mib"]["this_process"] > 0


def test_twenty_looks_are_measured_by_their_pages_and_wal():
    figure = looking.p3(of=[50])

    assert figure.value > 0
    assert 0 < figure.notes["HOT updates, share"] <= 1
    assert figure.notes["table, times its size"] >= 1


def test_a_refresh_over_http_finds_one_order_in_ten_with_news():
    """Ours asserts that it looked at each order, the bare loop that it wrote each one."""
    cost, rate = refreshing.p2(of=[200]), refreshing.p4(of=[200])

    assert cost.notes["orders with news, share"] == rate.notes["orders with news, share"] == pytest.approx(0.1)
    assert min(cost.value, cost.limit, rate.value, rate.notes["times the cron's orders a second"]) > 0
    assert rate.limit == 64_000


def test_a_worker_that_is_ticked_is_measured_against_the_same_passes_without():
    figure = worker.p5(of=[100])

    assert figure.ratio == pytest.approx(1 / (1 - figure.notes["Celery's share"]))
    assert figure.notes["memory_mib"]["worker"] > 0


def test_the_figure_is_the_one_at_the_goals_size_and_growth_is_cost_to_cost():
    costs, rates = {10: 3.0, 20: 4.0, 40: 6.0}, {10: 600.0, 20: 400.0, 40: 300.0}
    known = {name: lambda n, of=of: Figure("P", "", of[n], 1.0, "", n) for name, of in [("c", costs), ("r", rates)]}

    cost = sizes.at_each([40, 10, 20], known["c"], goal_size=20)
    rate = sizes.at_each([40, 10, 20], known["r"], goal_size=20, is_rate=True)

    assert (cost.n, cost.value, cost.notes["growth"], rate.notes["growth"]) == (20, 4.0, 2.0, 2.0)


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
