"""The API v2 adapter against a real simulated provider over HTTP, and against servers that misbehave (fault row 6)."""

import json
import threading
import time
from decimal import Decimal

import pytest

from orders.providers.base import Balance, Catalogue, Failed, Found, Statuses
from orders.providers.classify import classify
from policies.rules.catalogue import RemoteService
from policies.rules.vocabulary import Submission
from tests.orders.providers.conftest import adapter_to
from tests.orders.providers.contract import AdapterContract, request_for
from tests.plumbing.listeners import http, listening, read_request, saying
from tests.simulator.conftest import FOLLOWERS, KEY


def submitted(adapter, **changes):
    return classify(adapter.add(request_for(str(FOLLOWERS), **changes)))


class TestAgainstTheSimulator(AdapterContract):
    @pytest.fixture
    def provider(self, panel):
        return adapter_to(panel.port)


# --- submitting


def test_a_timeout_then_a_success_is_never_retried_into_a_refund(panel):
    """orders.md c.6: a client that retried after a timeout refunded an order that its second try had placed."""
    panel.fault("late:30", accepted=1.0)
    adapter = adapter_to(panel.port, add_deadline=0.5)
    request = request_for(str(FOLLOWERS))
    result = classify(adapter.add(request))
    assert (result.submission, result.reason) == (Submission.UNKNOWN, "timeout")
    counts = panel.watch()
    assert counts["requests"]["add"] == 1
    assert counts["links"][request.link] == {"arrived": 1, "accepted": 1}
    assert isinstance(adapter.find(request.request_id), Found)


@pytest.mark.parametrize(
    ("kind", "submission", "reason"),
    [
        ("late:30", Submission.UNKNOWN, "timeout"),
        ("slow_drip:30", Submission.UNKNOWN, "timeout"),
        ("drop", Submission.UNKNOWN, "reset"),
        ("huge", Submission.UNKNOWN, "too_large"),
        ("gzip_bomb", Submission.UNKNOWN, "too_large"),
        ("http_500", Submission.UNKNOWN, "http_500"),
        ("http_502", Submission.UNKNOWN, "http_502"),
        ("html", Submission.UNKNOWN, "not_an_object"),
        ("empty", Submission.UNKNOWN, "not_an_object"),
        ("garbage", Submission.UNKNOWN, "not_an_object"),
        ("wrong_shape", Submission.UNKNOWN, "not_an_object"),
        ("http_429:3", Submission.NOT_ACCEPTED, "too_many_requests"),
        ("error:Not enough funds on balance", Submission.PROVIDER_CLOSED, "funds"),
        ("error:neworder.error.link", Submission.REJECTED, "link"),
        ("error:Geçersiz", Submission.UNMAPPED, "unmapped"),
    ],
)
def test_each_trouble_is_one_try_that_ends_in_time(panel, kind, submission, reason):
    """Whether the provider carried it out makes no difference to what we can know."""
    for accepted in (0.0, 1.0):
        panel.fault(kind, accepted=accepted)
        began = time.monotonic()
        result = submitted(adapter_to(panel.port, add_deadline=1 if reason == "timeout" else 25))
        assert (result.submission, result.reason) == (submission, reason)
        assert time.monotonic() - began < 25  # the late one and the drip would take 30
    assert panel.watch()["requests"]["add"] == 2


def test_a_provider_that_is_down_was_sent_nothing(panel):
    panel.stop()
    assert submitted(adapter_to(panel.port)).submission is Submission.NOT_SENT


def test_a_redirect_is_not_followed_with_our_key():
    with listening(saying(http(b'{"order": 5}'))) as elsewhere:
        away = f"Location: http://127.0.0.1:{elsewhere.port}/api/v2\r\n"
        with listening(saying(http(b"", status="307 Temporary Redirect", headers=away))) as listener:
            result = submitted(adapter_to(listener.port))
        assert (result.submission, result.reason) == (Submission.UNKNOWN, "http_307")
        assert elsewhere.connections == 0


def test_a_wave_shares_one_adapter_between_threads(panel):
    adapter, results = adapter_to(panel.port), []
    threads = [threading.Thread(target=lambda: results.append(submitted(adapter))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({result.provider_order_id for result in results}) == 8


def test_the_request_id_goes_only_to_a_provider_that_takes_it():
    """A panel that does not know the field might read it as something else."""
    for request_ids in (True, False):
        with listening(saying(http(b'{"order": 5}'))) as listener:
            submitted(adapter_to(listener.port, request_ids=request_ids), request_id="8c6d")
        assert (b"request_id=8c6d" in listener.requests[0]) is request_ids


def test_fields_of_the_type_are_sent_and_can_replace_nothing_of_ours():
    with listening(saying(http(b'{"order": 5}'))) as listener:
        fields = {"comments": "one\ntwo", "key": "stolen", "action": "cancel", "service": "1"}
        submitted(adapter_to(listener.port), quantity=None, fields=fields)
    body = listener.requests[0].partition(b"\r\n\r\n")[2]
    assert b"comments=one%0Atwo" in body
    assert b"quantity" not in body
    assert f"key={KEY}".encode() in body
    assert b"action=add" in body
    assert f"service={FOLLOWERS}".encode() in body
    assert b"Connection: close" in listener.requests[0]


def test_a_provider_that_repeats_our_key_does_not_bring_it_into_our_records():
    said = json.dumps({"error": f"Unknown request for {KEY}"}).encode()
    with listening(saying(http(said))) as listener:
        adapter = adapter_to(listener.port)
        assert KEY not in submitted(adapter).detail
        assert KEY not in repr(adapter)


# --- asking


def test_many_orders_are_asked_about_100_a_call_over_few_connections(panel):
    made = panel.bulk(count=1050, quantity=100)
    ids = list(range(made["first"], made["last"] + 1))
    said = adapter_to(panel.port).statuses(ids)
    assert sorted(said.reports) == ids
    assert said.failed == frozenset()
    assert panel.watch()["requests"]["status"] == 11


def test_a_report_is_what_came_over_the_wire(panel):
    order = panel.add(quantity=1000)
    panel.wait_for(order, "Completed")
    report = adapter_to(panel.port).statuses([order]).reports[order]
    assert report["status"] == "Completed"
    assert report["remains"] == "0"
    assert {"charge", "start_count", "currency"} <= set(report)


def test_a_call_that_fails_leaves_its_ids_out_and_says_so(panel):
    made = panel.bulk(count=300, quantity=100)
    ids = list(range(made["first"], made["last"] + 1))
    panel.fault("http_502", action="status")
    said = adapter_to(panel.port, poll_concurrency=1).statuses(ids)
    assert said.failed == frozenset(ids[:100])
    assert sorted(said.reports) == ids[100:]
    assert said.problem == "http_502"


def test_ids_that_the_answer_leaves_out_are_neither_reported_nor_failed(panel):
    """Fault row 16: they stay due, and the difference to a failed call is kept."""
    made = panel.bulk(count=100, quantity=100)
    ids = list(range(made["first"], made["last"] + 1))
    panel.fault("missing:0.5", action="status")
    said = adapter_to(panel.port).statuses(ids)
    assert len(said.reports) == 50
    assert said.failed == frozenset()


def test_a_refusal_of_the_whole_call_fails_all_its_ids(panel):
    said = adapter_to(panel.port, key="wrong").statuses([1, 2])
    assert said == Statuses({}, failed=frozenset({1, 2}), problem="Invalid API key")


def test_a_provider_that_hangs_costs_one_deadline_however_many_calls_there_are():
    def silent(listener, connection):
        read_request(connection)
        listener.closed.wait(10)

    with listening(silent) as listener:
        began = time.monotonic()
        said = adapter_to(listener.port, poll_deadline=0.6, poll_concurrency=2).statuses(range(1, 1001))
        assert time.monotonic() - began < 5  # ten calls, two at once, each hanging for 10
        assert said.failed == frozenset(range(1, 1001))
        assert said.problem == "timeout"
        listener.closed.set()


def test_a_bare_text_for_an_order_is_kept_as_its_error():
    with listening(saying(http(b'{"1": "Incorrect order ID", "2": {"status": "Pending"}}'))) as listener:
        reports = adapter_to(listener.port).statuses([1, 2]).reports
    assert reports == {1: {"error": "Incorrect order ID"}, 2: {"status": "Pending"}}


@pytest.mark.parametrize(
    "said",
    [b"", b"<html>", b"[]", b"null", b'{"error": "Too many requests"}', b'{"error": null}', b"[" * 100_000],
)
def test_no_answer_to_a_poll_raises(said):
    with listening(saying(http(said))) as listener:
        assert adapter_to(listener.port).statuses([7]).failed == frozenset({7})


# --- canceling


@pytest.mark.parametrize(
    ("said", "accepted", "declined"),
    [
        (b'[{"order": 1, "cancel": 1}, {"order": "2", "cancel": {"error": "Too late"}}]', {1}, {2: "Too late"}),
        (b'[{"order": "1", "cancel": "1"}, {"order": 99, "cancel": 1}]', {1}, {}),
        (b'[{"order": 1, "cancel": 1}, {"order": 1, "cancel": {"error": "No"}}]', set(), {1: "No"}),
        (b'[{"order": 1, "cancel": "ord_77"}, null, 7, {"cancel": 1}, {"order": -1, "cancel": 1}]', set(), {}),
        (b'{"error": "Incorrect request"}', set(), {1: "Incorrect request", 2: "Incorrect request"}),
        (b'{"error": "Cancel is disabled"}', set(), dict.fromkeys((1, 2), "Cancel is disabled")),
        *(
            (b'{"error": "%s"}' % said, set(), {})
            for said in (b"Invalid API key", b"Too many requests", b"Cannot cancel: rate limit", b"Internal error")
        ),
        *((said, set(), {}) for said in (b"", b"<html>", b"[]", b"null", b"{}", b"[" * 100_000)),
    ],
)
def test_only_a_plain_yes_is_one_and_only_words_are_a_no(said, accepted, declined):
    with listening(saying(http(said))) as listener:
        answer = adapter_to(listener.port).cancel([1, 2])

    assert (answer.accepted, dict(answer.declined)) == (accepted, declined)


# --- refilling


@pytest.mark.parametrize(
    ("said", "taken", "declined"),
    [
        (b'[{"order": 1, "refill": 5}, {"order": "2", "refill": {"error": "Too late"}}]', {1: 5}, {2: "Too late"}),
        (b'[{"order": "1", "refill": "5"}, {"order": 99, "refill": 6}]', {1: 5}, {}),
        (b'[{"order": 1, "refill": 5}, {"order": 1, "refill": {"error": "No"}}]', {}, {1: "No"}),
        (b'[{"order": 1, "refill": "r_7"}, null, 7, {"refill": 1}, {"order": 2, "refill": -1}]', {}, {}),
        *((said, {}, {}) for said in (b'{"error": "Incorrect request"}', b"", b"<html>", b"[]", b"null", b"[" * 9_999)),
    ],
)
def test_only_a_number_is_a_refill_and_only_words_are_a_no(said, taken, declined):
    with listening(saying(http(said))) as listener:
        answer = adapter_to(listener.port).refill([1, 2])

    assert (dict(answer.taken), dict(answer.declined)) == (taken, declined)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b'[{"refill": 5, "status": "Completed"}, {"refill": "6", "status": {"error": "Refill not found"}}]',
         {5: "Completed"}),
        (b'[{"refill": "5", "status": "In progress"}, {"refill": 7, "status": "Completed"}, null]', {5: "In progress"}),
        *((said, {}) for said in (b'{"error": "x"}', b"", b"<html>", b"[]", b'[{"status": "Completed"}]')),
    ],
)  # fmt: skip
def test_how_far_refills_are_is_what_is_said_of_those_that_were_asked_about(said, words):
    with listening(saying(http(said))) as listener:
        assert adapter_to(listener.port).refill_words([5, 6]) == words


# --- finding


def test_a_panel_without_request_ids_is_never_taken_for_one_that_lost_the_order(simulate):
    """It answers "Incorrect order ID" to anything: sending again on that word would double the order (decision 13)."""
    without = simulate("--no-request-ids")
    adapter = adapter_to(without.port)
    request = request_for(str(FOLLOWERS))
    adapter.add(request)
    assert isinstance(adapter.find(request.request_id), Failed)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"order": 0}',
        b'{"order": "x"}',
        b'{"error": "Internal error"}',
        b'{"order": 5, "error": "Incorrect order ID"}',
        b'{"error": ["Incorrect order ID"]}',
    ],
)
def test_whatever_is_not_plainly_yes_or_no_leaves_it_unknown(said):
    with listening(saying(http(said))) as listener:
        assert isinstance(adapter_to(listener.port).find("8c6d"), Failed)


# --- balance and catalogue


def test_a_balance_is_money_and_tells_of_request_ids(simulate):
    balance = adapter_to(simulate("--balance", "12.5", "--no-request-ids").port).balance()
    assert balance == Balance(amount=Decimal("12.50000"), currency="USD", request_ids=False)


@pytest.mark.parametrize(
    "said", [b'{"balance": "NaN"}', b'{"balance": "1e400"}', b'{"balance": null}', b'{"error": "x"}', b"5"]
)
def test_a_balance_that_is_no_amount_is_a_failure(said):
    with listening(saying(http(said))) as listener:
        assert isinstance(adapter_to(listener.port).balance(), Failed)


def test_the_whole_catalogue_is_read(panel):
    listed = adapter_to(panel.port).services()
    assert len(listed.services) >= 1200
    assert len({service.category for service in listed.services}) == 40
    assert len({service.platform for service in listed.services}) == 8


def test_a_catalogue_in_other_spellings_is_read_and_nonsense_is_named():
    rows = [
        {
            "service": "7",
            "name": "Likes",
            "category": "",
            "rate": 0.9,
            "min": 5,
            "max": "10",
            "refill": "1",
            "cancel": 0,
        },
        {"service": 8, "name": "", "category": "c", "rate": "1", "min": "1", "max": "2"},
        {"service": 9, "name": "n", "category": "c", "rate": "cheap", "min": "1", "max": "2"},
        "nonsense",
        {"service": [1]},
    ]
    with listening(saying(http(json.dumps(rows).encode()))) as listener:
        listed = adapter_to(listener.port).services()
    assert listed == Catalogue(
        services=[
            RemoteService(
                provider_service="7",
                name="Likes",
                category="Other",
                type="Default",
                rate=Decimal("0.9"),
                min=5,
                max=10,
                refill=True,
            )
        ],
        unreadable=["8", "9", "entry 4", "entry 5"],
    )


@pytest.mark.parametrize("said", [b"", b"{}", b'{"error": "Invalid API key"}', b"<html>"])
def test_a_catalogue_that_is_no_list_is_a_failure(said):
    with listening(saying(http(said))) as listener:
        assert isinstance(adapter_to(listener.port).services(), Failed)
