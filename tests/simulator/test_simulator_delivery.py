"""Delivery in the simulated provider: gradual, a function of seed, order and time, and the same after any restart."""

import json
import re
import signal
import time

import pytest


def watched(simulator, order):
    """What it says of an order again and again, until it is completed."""
    seen, until = [], time.monotonic() + 20
    while not seen or seen[-1]["status"] != "Completed":
        assert time.monotonic() < until
        seen.append(simulator.call("status", order=order))
        time.sleep(0.005)
    return seen


def test_an_order_goes_from_pending_to_completed_and_its_remains_only_fall(fast):
    """Decision 15: gradually, at the pace of its service."""
    for _ in range(5):  # on a busy machine an order may be over before it was looked at often enough
        seen = watched(fast, fast.add())
        remains = [int(answer["remains"]) for answer in seen]
        if len(on_the_way := {left for left in remains if 0 < left < 1000}) > 3:
            break
    assert remains == sorted(remains, reverse=True)
    assert len(on_the_way) > 3
    assert remains[-1] == 0
    assert int(seen[-1]["start_count"]) > 0


def test_an_order_of_1000_takes_about_a_minute_at_the_default_speed(simulator):
    order = simulator.truth(simulator.add(), at=time.time())
    assert 40 < order["ends_at"] - order["accepted_at"] < 90


def test_its_words_follow_each_other(simulator):
    """b.8: the exact spelling."""
    order = simulator.add()
    ends_at = simulator.truth(order, at=0)["ends_at"]
    began = simulator.truth(order, at=0)["accepted_at"]
    moments = [began + (ends_at + 1 - began) * step / 200 for step in range(201)]
    words = [simulator.truth(order, at=at)["status"] for at in moments]
    assert list(dict.fromkeys(words)) == ["Pending", "Processing", "In progress", "Completed"]


def test_drip_feed_delivers_run_by_run(simulator):
    """b.3: the quantity is per run; nothing is delivered between the end of a run and the start of the next."""
    service = next(row for row in simulator.call("services") if row["dripfeed"] and row["pace"] > 300_000)
    order = simulator.add(service=service["service"], quantity=100, runs=3, interval=60)
    truth = simulator.truth(order, at=0)
    assert truth["quantity"] == 300
    at_ends = [simulator.truth(order, at=truth["ends_at"] + 0.5 - back)["delivered"] for back in (120, 60, 0)]
    assert at_ends == [100, 200, 300]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_continues_exactly(simulator, number):
    """Decision 15: the same remains at the same moments, whichever way the process ended."""
    orders = [simulator.add(f"https://example.com/p/{place}") for place in range(5)]
    moments = [time.time() + seconds for seconds in (0, 3, 17, 31.4, 90)]
    before = [[simulator.truth(order, at=at) for order in orders] for at in moments]
    simulator.stop(number)
    simulator.start()
    assert [[simulator.truth(order, at=at) for order in orders] for at in moments] == before
    assert simulator.add("https://example.com/p/9") == orders[-1] + 1


def test_sigterm_ends_it_cleanly_with_a_connection_open(simulator):
    simulator.call("balance")
    began = time.monotonic()
    assert simulator.stop() == 0
    assert time.monotonic() - began < 3


def test_a_torn_last_line_is_cut_off_and_the_rest_kept(simulator):
    """Kill -9 in the middle of a write: the torn order never got an answer."""
    kept = simulator.add()
    simulator.add("https://example.com/p/2")
    simulator.stop(signal.SIGKILL)
    file = simulator.data / "journal.jsonl"
    file.write_bytes(file.read_bytes()[:-17])
    simulator.start()
    assert simulator.call("status", order=kept)["charge"] != "0.00000"
    assert simulator.call("status", order=kept + 1) == {"error": "Incorrect order ID"}
    assert simulator.add("https://example.com/p/3") == kept + 1
    assert [line for line in simulator.journal() if "order" in line][-1]["order"]["link"].endswith("/p/3")


def test_a_cancel_before_the_start_leaves_nothing_delivered(start):
    """b.7"""
    simulator = start("--speed-up", "0.1")
    order = simulator.add()
    assert simulator.call("cancel", orders=order) == [{"order": order, "cancel": 1}]
    truth = simulator.truth(order, at=time.time() + 10_000)
    assert (truth["status"], truth["delivered"]) == ("Canceled", 0)


def test_a_cancel_ends_an_order_with_what_was_delivered_and_survives_a_restart(simulator):
    """b.7: 1 means accepted; the later status decides."""
    services = {row["service"]: row for row in simulator.call("services")}
    assert services[1001]["cancel"]
    never = next(number for number, row in services.items() if row["type"] == "Default" and not row["cancel"])
    slow, fixed = simulator.add(), simulator.add(service=never)
    simulator.wait_for(slow, "In progress")
    answer = simulator.call("cancel", orders=f"9,{slow},{fixed}")
    assert answer == [
        {"order": 9, "cancel": {"error": "Incorrect order ID"}},
        {"order": slow, "cancel": 1},
        {"order": fixed, "cancel": {"error": "Cancel is disabled for this service"}},
    ]
    again = simulator.call("cancel", order=slow)
    assert again == [{"order": slow, "cancel": {"error": "The order cannot be canceled"}}]
    simulator.stop(signal.SIGKILL)
    simulator.start()
    partial = simulator.wait_for(slow, "Partial")
    assert 0 < int(partial["remains"]) < 1000


def test_what_was_not_delivered_comes_back_to_the_balance(fast):
    order = fast.add("https://example.com/p/1?sim=canceled")
    fast.wait_for(order, "Canceled")
    assert fast.call("balance")["balance"] == "1000000.00000"
    assert fast.call("status", order=order)["charge"] == "0.00000"


def test_refills_have_their_shapes_words_and_refusals(start):
    """b.5, b.6: the id is a string in the single form and an integer in the form of many."""
    simulator = start("--speed-up", "400000")
    never = next(row["service"] for row in simulator.call("services") if not row["refill"] and row["type"] == "Default")
    order, without = simulator.add(), simulator.add(service=never, quantity=200)
    early = simulator.call("refill", order=order)
    assert early["error"] in (
        "The order is not completed",
        "The order was completed or refill was requested less than 24 hours ago",
    )
    simulator.wait_for(order, "Completed")
    time.sleep(86_400 / 400_000)
    assert simulator.call("refill", order=order) == {"refill": "1"}
    refused = "The order was completed or refill was requested less than 24 hours ago"
    assert simulator.call("refill", orders=f"{order},1,{without}") == [
        {"order": order, "refill": {"error": refused}},
        {"order": 1, "refill": {"error": "Incorrect order ID"}},
        {"order": without, "refill": {"error": "Refill is disabled for this service"}},
    ]
    time.sleep(86_400 / 400_000)
    assert simulator.call("refill", orders=order) == [{"order": order, "refill": 2}]
    assert simulator.call("refill_status", refill=1) == {"status": "Completed"}
    assert simulator.call("refill_status", refills="1,7") == [
        {"refill": 1, "status": "Completed"},
        {"refill": 7, "status": {"error": "Refill not found"}},
    ]


def test_one_folder_serves_one_simulator_and_one_seed(start, simulator):
    taken = start("--data", str(simulator.data))
    assert taken.process.wait(timeout=5) == 1
    simulator.stop()
    simulator.flags = ("--seed", "77")
    simulator.start()
    assert simulator.process.wait(timeout=5) == 1


def test_a_port_in_use_is_said_and_ends_it(start, simulator):
    second = start("--port", str(simulator.port))
    assert second.process.wait(timeout=5) == 1


def test_kept_bodies_say_at_every_moment_what_a_single_status_says(start):
    """Many at once are answered from bodies made before; a cancel and the end are seen at once."""
    simulator = start("--speed-up", "600")
    plain = [simulator.add(f"https://example.com/p/{place}", quantity=1000 * (1 + place)) for place in range(3)]
    drip = simulator.add("https://example.com/p/9", quantity=100, runs=3, interval=10)
    orders, canceled, looks = [*plain, drip], plain[2], []
    until = time.monotonic() + 120
    while not looks or any(answer["remains"] != "0" for answer in looks[-1][:2]):
        assert time.monotonic() < until, looks[-1]
        before = [simulator.call("status", order=order) for order in orders]
        many = simulator.call("status", orders=",".join(map(str, orders)))
        looks.append([simulator.call("status", order=order) for order in orders])
        for order, first, last in zip(orders, before, looks[-1], strict=True):
            assert int(first["remains"]) >= int(many[str(order)]["remains"]) >= int(last["remains"])
            if first == last:
                assert many[str(order)] == first
        if len(looks) == 1:
            simulator.call("cancel", orders=canceled)
    assert looks[-1][0]["status"] == "Completed"
    assert looks[-1][2]["status"] in ("Partial", "Canceled")


def test_100_ids_a_call_with_100000_live_orders(simulator, tell):
    """The benchmark's target: the time is printed, not asserted."""
    first = simulator.bulk(count=100_000, quantity=1000, pace=500, ago=20)["first"]
    calls, began = 100, time.perf_counter()
    for call in range(calls):
        answer = simulator.call("status", orders=",".join(str(first + call * 1000 + place) for place in range(100)))
        assert len(answer) == 100
        assert all(re.fullmatch(r"\d+", entry["remains"]) for entry in answer.values())
    live = simulator.watch()["orders"]
    seconds = time.perf_counter() - began
    tell(f"{calls / seconds:.0f} calls of 100 ids a second, {live:,} live orders")
    assert len((simulator.data / "journal.jsonl").read_text().splitlines()) == 2
    assert json.loads((simulator.data / "journal.jsonl").read_text().splitlines()[0]) == {"seed": 1}
