"""The wire format of the simulated provider: exact shapes and types, api-v2.md sections b.1 to b.8."""

import re

import requests

MONEY = re.compile(r"^\d+\.\d{5}$")


def test_the_catalogue_has_1200_services_in_40_categories_over_8_platforms(simulator):
    """Point 5: a catalogue of real size, so that its import is a real one."""
    services = simulator.call("services")
    assert len(services) >= 1200
    assert len({service["category"] for service in services}) == 40
    assert len({service["platform"] for service in services}) == 8
    assert len({service["service"] for service in services}) == len(services)
    assert {service["type"] for service in services} == {"Default", "Package", "Custom Comments"}


def test_a_service_has_string_numbers_real_booleans_and_an_honest_description(simulator):
    """b.2, and decision 16: a description promises nothing that is not delivered, and instant only where it is."""
    for service in simulator.call("services"):
        assert isinstance(service["service"], int)
        assert all(
            isinstance(service[name], str) for name in ("name", "category", "rate", "min", "max", "average_time")
        )
        assert all(isinstance(service[name], bool) for name in ("refill", "cancel", "dripfeed"))
        assert MONEY.match(service["rate"])
        assert service["refill"] == (service["refill_days"] > 0)
        assert service["pace"] > 0
        assert int(service["min"]) <= int(service["max"])
        assert not re.search(r"\b(real|guarantee\w*|organic|permanent)\b", service["desc"] + service["name"], re.I)
        assert ("instant" in service["name"].lower()) <= ("instant" in service["desc"].lower())


def test_the_same_seed_gives_the_same_catalogue_and_the_ids_never_change(start):
    """Decision 15."""
    one, again, other = start("--seed", "5"), start("--seed", "5"), start("--seed", "6")
    services = [simulator.call("services") for simulator in (one, again, other)]
    assert services[0] == services[1] != services[2]
    assert [service["service"] for service in services[0]] == [service["service"] for service in services[2]]


def test_a_list_that_was_asked_for_stands_in_the_catalogues_place_until_a_reset(simulator):
    generated = simulator.call("services")
    for listed in ([], ["nonsense", None], generated[:3], {"error": "No"}):
        simulator.control(catalogue=listed)
        assert simulator.call("services") == listed
    assert simulator.add() > 0  # what can be ordered stays the same

    simulator.control(reset=True)

    assert simulator.call("services") == generated


def test_add_answers_one_integer_id(simulator):
    """b.3"""
    answer = simulator.call("add", service=1001, link="https://example.com/p/1", quantity=100)
    assert list(answer) == ["order"]
    assert isinstance(answer["order"], int)


def test_a_status_is_five_strings(simulator):
    """b.4: before the start the start count is "0"."""
    answer = simulator.call("status", order=simulator.add())
    assert MONEY.match(answer.pop("charge"))
    assert answer == {"start_count": "0", "status": "Pending", "remains": "1000", "currency": "USD"}


def test_many_statuses_are_an_object_by_id_with_unknown_ids_in_their_place(simulator):
    """b.4, and b.10.4: `orders` gives the shape of many even for one id; `order` with commas does too."""
    first, second = simulator.add(), simulator.add("https://example.com/p/2")
    answer = simulator.call("status", orders=f"{first},17,{second},{first}")
    assert list(answer) == [str(first), "17", str(second)]
    assert answer["17"] == {"error": "Incorrect order ID"}
    assert set(answer[str(first)]) == {"charge", "start_count", "status", "remains", "currency"}
    assert list(simulator.call("status", orders=first)) == [str(first)]
    assert list(simulator.call("status", order=f"{first},{second}")) == [str(first), str(second)]


def test_more_than_100_ids_are_refused(simulator):
    assert len(simulator.call("status", orders=",".join(map(str, range(100))))) == 100
    assert simulator.call("status", orders=",".join(map(str, range(101)))) == {"error": "Too many orders, at most 100"}


def test_the_balance_falls_by_exactly_the_charge(simulator):
    """b.8: two strings; the evidence of reliability section 2 rests on it."""
    before = simulator.call("balance")
    order = simulator.add(quantity=333)
    after, charge = simulator.call("balance"), simulator.call("status", order=order)["charge"]
    assert before == {"balance": "1000000.00000", "currency": "USD"}
    assert cents(before["balance"]) - cents(after["balance"]) == cents(charge)


def test_a_package_is_charged_whole_and_comments_by_the_line(simulator):
    """b.3: Package: charge = rate; Custom Comments: as many units as non-empty lines, however they are separated."""
    services = simulator.call("services")
    package = next(service for service in services if service["type"] == "Package")
    comments = next(service for service in services if service["type"] == "Custom Comments")
    whole = simulator.call("status", order=simulator.add(service=package["service"], quantity=7))
    lines = simulator.call("status", order=simulator.add(service=comments["service"], comments="a\r\nb\n\nc\\nd\ne"))
    assert (whole["charge"], whole["remains"]) == (package["rate"], "1")
    assert lines["remains"] == "5"


def test_refusals_are_http_200_with_one_key_in_the_human_dialect(simulator):
    """b.8"""
    refusals = [
        ({"action": "add", "service": 99, "link": "https://example.com/", "quantity": 100}, "Incorrect service ID"),
        ({"action": "add", "service": 1001, "link": "", "quantity": 100}, "Bad link"),
        (
            {"action": "add", "service": 1001, "link": "https://a.example/", "quantity": 5},
            "Quantity less than minimal 50",
        ),
        (
            {"action": "add", "service": 1001, "link": "https://a.example/", "quantity": 10**6},
            "Quantity more than maximum 50000",
        ),
        ({"action": "status", "order": 1}, "Incorrect order ID"),
        ({"action": "status", "order": "x"}, "Incorrect order ID"),
        ({"action": "fly"}, "Incorrect request"),
        ({}, "Incorrect request"),
        ({"action": "balance", "key": "wrong"}, "Invalid API key"),
    ]
    for params, text in refusals:
        answer = simulator.post(**params)
        assert (answer.status_code, answer.json()) == (200, {"error": text})


def test_an_order_beyond_the_balance_is_refused(simulator):
    """Fault row 8."""
    simulator.control(deposit="-999999.95")
    answer = simulator.call("add", service=1001, link="https://example.com/p/1", quantity=1000)
    assert answer == {"error": "Not enough funds on balance"}


def test_form_and_json_with_and_without_the_last_slash_are_the_same(simulator):
    """b.1"""
    for path in ("/api/v2", "/api/v2/"):
        url = f"http://127.0.0.1:{simulator.port}{path}"
        params = {"key": "demo-simulator-key", "action": "balance"}
        form = requests.post(url, data=params, timeout=5, allow_redirects=False)
        body = requests.post(url, json=params, timeout=5, allow_redirects=False)
        assert form.status_code == body.status_code == 200
        assert form.headers["Content-Type"] == "application/json"
        assert form.json() == body.json()


def cents(amount: str) -> int:
    assert MONEY.match(amount)
    return int(amount.replace(".", ""))
