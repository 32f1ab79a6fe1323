"""The sandbox's webhooks: signed, sent until heard, and troubled on request; reliability section 3, rows 24 and 25."""

import time
from collections import Counter

import pytest

from tests.simulator.till import Till, wait_until


@pytest.fixture
def till(fast):
    till = Till(fast)
    yield till
    till.close()


def pay(till, count=1):
    payments = [till.create(f"T-{number}") for number in range(count)]
    till.press_all("pay", payments)
    return payments


def test_a_webhook_is_signed_over_its_time_and_its_bytes(till):
    (payment,) = pay(till)
    (heard,) = till.hear(1)
    assert heard.genuine
    assert heard.said["payment"] == payment["id"]
    assert heard.said["reference"] == "T-0"
    assert heard.said["id"].startswith("evt_")
    assert abs(heard.signed_at - heard.at) < 5


def test_it_is_sent_again_later_and_later_until_it_is_heard(till):
    """3 simulated days of tries: the fifth waits an hour, here a tenth of a second."""
    till.answer = lambda heard: 200 if len(till.heard) > 5 else [500, 404, 301, 503, 400][len(till.heard) - 1]
    pay(till)
    (copy,) = till.settled()
    assert copy["answers"] == [500, 404, 301, 503, 400, 200]
    times = [heard.at for heard in till.heard]
    assert times[4] - times[3] > 0.09
    assert {heard.said["id"] for heard in till.heard} == {copy["event"]}
    assert all(heard.genuine for heard in till.heard)


def test_it_is_given_up_after_three_days(till):
    till.answer = lambda heard: 500
    till.simulator.control(faults=[])
    pay(till)
    (copy,) = till.settled()
    assert copy["answers"] == [500] * 17
    assert till.heard[-1].at - till.heard[0].at > 3 * 24 * 0.1


@pytest.mark.parametrize("nowhere", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://elsewhere.test/hook"])
def test_nobody_listening_counts_as_a_try_and_nobody_elsewhere_is_called(till, nowhere):
    payment = till.create(webhook_url=nowhere)
    till.press(payment, "pay")
    wait_until(lambda: 0 in till.simulator.watch("webhooks")["webhooks"][0]["answers"], "a try")


def test_a_duplicate_is_sent_so_often(till):
    till.simulator.fault("duplicate:10", action="webhook")
    pay(till)
    assert len({heard.body for heard in till.hear(10)}) == 1
    pay_again = till.create("T-9")
    till.press(pay_again, "pay")
    assert len(till.settled()) == 11


def test_a_delayed_one_comes_days_later_and_a_lost_one_never(till):
    till.simulator.fault("delayed:72000", action="webhook")  # twenty hours: two seconds
    (late,) = pay(till)
    till.simulator.fault("lost", action="webhook")
    lost = till.create("T-1")
    till.press(lost, "pay")
    assert till.truth(late)["state"] == till.truth(lost)["state"] == "paid"
    assert till.heard == []
    paid_at = time.time()
    till.hear(1)
    assert time.time() - paid_at > 1
    assert [(copy["payment"], copy["answers"]) for copy in till.settled()] == [(late["id"], [200])]


def test_forgeries_and_stale_ones_come_first_once_and_with_the_same_id(till):
    till.answer = lambda heard: 200 if heard.genuine and abs(heard.signed_at - heard.at) < 300 else 400
    till.simulator.control(
        faults=[{"action": "webhook", "kind": kind, "next": 1} for kind in ("forged:2", "stale", "duplicate:2")]
    )
    pay(till)
    copies = till.settled()
    assert [(copy["kind"], copy["answers"]) for copy in copies] == [
        ("forged", [400]),
        ("forged", [400]),
        ("stale", [400]),
        ("genuine", [200]),
        ("genuine", [200]),
    ]
    assert len({copy["event"] for copy in copies}) == 1
    assert sum(heard.genuine for heard in till.heard) == 3
    assert sum(heard.genuine and heard.at - heard.signed_at > 3000 for heard in till.heard) == 1


def test_shuffled_ones_leave_in_an_order_that_the_seed_decides(start):
    orders = []
    for seed in ("7", "7", "8"):
        till = Till(start("--speed-up", "3600", "--seed", seed))
        try:
            till.simulator.control(faults=[{"action": "webhook", "kind": "shuffled:7200", "rate": 1}])
            pay(till, 12)
            orders.append([heard.said["reference"] for heard in till.hear(12)])
        finally:
            till.close()
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) != orders[0]


def test_a_share_of_webhooks_is_drawn_with_the_seed(till):
    """What the proof of credits asks for: three times each, shuffled, one in twenty forged or stale."""
    till.answer = lambda heard: 200 if heard.genuine and abs(heard.signed_at - heard.at) < 300 else 400
    till.simulator.control(
        faults=[
            {"action": "webhook", "kind": "duplicate:3", "rate": 1},
            {"action": "webhook", "kind": "shuffled:36000", "rate": 1},
            {"action": "webhook", "kind": ["forged", "stale"], "rate": 0.25},
        ]
    )
    pay(till, 100)
    kinds = Counter(copy["kind"] for copy in till.settled())
    assert kinds["genuine"] == 300
    assert 10 <= kinds["forged"] + kinds["stale"] <= 40
    assert min(kinds.values()) > 2


@pytest.mark.parametrize(
    "wish",
    [
        {"action": "webhook", "kind": "http_500", "next": 1},
        {"action": "*", "kind": "forged", "next": 1},
        {"action": "webhook", "kind": "duplicate:many", "next": 1},
    ],
)
def test_what_is_no_trouble_of_a_webhook_is_refused(till, wish):
    answer = till.simulator.http.post(f"{till.home}/control", json={"faults": [wish]})
    assert answer.status_code == 400
    assert till.simulator.watch("")["faults"] == []


def test_a_wish_of_buttons_is_refused_whole_words(till):
    (payment,) = pay(till)
    for wish in ({"ids": [payment["id"]], "do": "pay"}, {"ids": ["pay_none"], "do": "pay"}, {"do": "pay"}):
        assert till.simulator.http.post(f"{till.home}/control/payments", json=wish).status_code == 400
