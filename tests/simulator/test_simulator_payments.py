"""The sandbox for payments, as its own process over HTTP: its API, its page's buttons, and what a restart keeps."""

import signal
import subprocess
import sys

import pytest
import requests

from tests.simulator.till import BUYER_RETURNS_TO, Till

SLOW = ("--speed-up", "600")  # "in a while" takes two seconds


@pytest.fixture
def till(simulator):
    till = Till(simulator)
    yield till
    till.close()


def test_a_payment_waits_for_its_payer(till):
    payment = till.create("T-1", "12.50")
    truth = till.truth(payment)
    assert payment["url"] == f"{till.home}/pay/{payment['id']}"
    assert truth == payment
    assert (truth["state"], truth["reference"], truth["total"]) == ("open", "T-1", "12.50")
    assert (truth["received"], truth["refunded"], truth["disputed"], truth["currency"]) == (*["0.00"] * 3, "USD")


def test_the_same_reference_is_the_same_payment_and_never_another_amount(till):
    payment = till.create("T-1", "12.50")
    again = till.ask("T-1", "12.50", description="in other words")
    assert (again.status_code, again.json()["id"]) == (200, payment["id"])
    assert till.ask("T-1", "12.51").status_code == 409
    assert till.ask("T-1", "12.50", currency="EUR").status_code == 409
    assert till.create("T-2", "12.50")["id"] != payment["id"]


def test_only_who_knows_the_secret_is_answered(till):
    answer = till.ask("T-1", secret="another")
    assert (answer.status_code, answer.json()) == (401, {"error": "Wrong secret"})
    assert till.ask("T-1", secret="").status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": "0.00"},
        {"total": "1.005"},
        {"total": "-1"},
        {"total": "NaN"},
        {"total": "1e3"},
        {"currency": "usd"},
        {"reference": ""},
        {"webhook_url": "http://127.0.0.1/\r\nX: y"},
        {"return_url": "javascript:alert(1)"},
        {"return_url": "http://seller.test/\r\nSet-Cookie: a=b"},
        {"return_url": "http://seller.test; script-src *"},
        {"description": "x" * 2001},
    ],
)
def test_what_it_cannot_do_is_refused_in_words(till, wrong):
    answer = till.ask(**{"reference": "T-1", "total": "10.00"} | wrong)
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_what_nobody_asked_for_is_not_found(till):
    assert till.truth({"id": "pay_none"}) == {"error": "No such payment"}
    assert requests.get(f"{till.home}/pay/pay_none").status_code == 404
    assert till.refund({"id": "pay_none"}, "1.00").status_code == 404


@pytest.mark.parametrize(
    ("button", "state", "received", "currency"),
    [
        ("pay", "paid", "10.00", "USD"),
        ("pay_less", "paid", "5.00", "USD"),
        ("pay_more", "paid", "15.01", "USD"),
        ("pay_foreign", "paid", "10.00", "EUR"),
        ("close", "dead", "0.00", "USD"),
    ],
)
def test_a_button_does_what_it_says_and_sends_the_payer_back(till, button, state, received, currency):
    payment = till.create()
    answer = till.press(payment, button)
    truth = till.truth(payment)
    assert (answer.status_code, answer.headers["Location"]) == (303, BUYER_RETURNS_TO)
    assert (truth["state"], truth["received"], truth["currency"]) == (state, received, currency)
    word = "closed" if button == "close" else "paid"
    assert [heard.said["type"] for heard in till.hear(1)] == [f"payment.{word}"]


def test_money_that_comes_in_a_while_is_not_there_before(start):
    till = Till(start(*SLOW))
    try:
        payment = till.create()
        assert till.press(payment, "pay_later").headers["Location"] == BUYER_RETURNS_TO
        assert till.truth(payment)["state"] == "open"
        assert "The money is on its way" in till.simulator.http.get(payment["url"]).text
        assert till.press(payment, "pay").status_code == 409
        till.hear(1)
        assert till.truth(payment)["state"] == "paid"
    finally:
        till.close()


def test_nothing_is_paid_twice(till):
    payment = till.create()
    till.press(payment, "pay")
    assert till.press(payment, "pay").status_code == till.press(payment, "close").status_code == 409
    assert till.truth(payment)["received"] == "10.00"


def test_money_may_come_after_a_payment_was_closed(till):
    """Row 25: expired, then paid."""
    payment = till.create()
    till.press(payment, "close")
    assert till.press(payment, "close").status_code == 409
    assert till.truth(payment)["state"] == "dead"
    till.press(payment, "pay")
    assert (till.truth(payment)["state"], till.truth(payment)["received"]) == ("paid", "10.00")


def test_a_test_presses_with_other_amounts_and_sees_all_that_happened(till):
    payment = till.create()
    till.press_all("pay", [payment], amount="9.99", currency="GBP")
    till.press_all("refund", [payment], amount="4.00")
    till.press_all("charge_back", [payment], amount="5.00")
    truth = till.truth(payment)
    assert [truth[name] for name in ("received", "currency", "refunded", "disputed")] == ["9.99", "GBP", "4.00", "5.00"]
    (listed,) = till.simulator.watch("payments")["payments"]
    assert [happening["amount"] for happening in listed["happened"]] == ["9.99", "4.00", "5.00"]
    for wish in (
        {"do": "refund", "amount": "1.00"},
        {"do": "charge_back", "amount": "1.00"},
        {"do": "refund", "amount": 0},
    ):
        answer = till.simulator.http.post(f"{till.home}/control/payments", json=wish | {"ids": [payment["id"]]})
        assert answer.status_code == 400


def test_a_refund_is_sent_once_for_each_key_and_never_more_than_is_left(till):
    payment = till.create()
    till.press(payment, "pay")
    first, again, other = (till.refund(payment, "4.00", key=key) for key in ("a", "a", "b"))
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert till.refund(payment, "5.00", key="a").status_code == 409
    assert till.refund(payment, "2.01", key="c").json() == {"error": "More than is left of this payment"}
    assert till.refund(payment, "1.00", key="d", currency="EUR").status_code == 422
    assert till.truth(payment)["refunded"] == "8.00"


def test_the_payers_bank_takes_back_what_is_left_and_may_give_it_back(till):
    payment = till.create()
    till.press(payment, "pay")
    till.refund(payment, "4.00")
    answer = till.press(payment, "charge_back")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/pay/{payment['id']}")
    assert till.truth(payment)["disputed"] == "6.00"
    assert till.press(payment, "charge_back").status_code == 409
    assert till.press(payment, "refund").status_code == 409
    till.press(payment, "win_dispute")
    assert till.truth(payment)["disputed"] == "0.00"
    till.press(payment, "refund")
    assert till.truth(payment)["refunded"] == "10.00"
    kinds = [heard.said["type"].partition(".")[2] for heard in till.hear(5)]
    assert sorted(kinds) == ["dispute_won", "disputed", "paid", "refunded", "refunded"]


def test_a_form_of_another_page_does_nothing(till):
    payment = till.create()
    token = till.token(payment)
    assert till.press(payment, "pay", Origin="http://evil.test").status_code == 403
    assert till.press(payment, "pay", Origin="null").status_code == 403
    assert till.press(payment, "pay", **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    for wrong in ("", till.token(till.create("T-2")), token[:-1], "é"):
        assert requests.post(payment["url"], data={"token": wrong, "do": "pay"}).status_code == 403
    assert requests.post(payment["url"], data={"token": token, "do": "rob"}).status_code == 422
    assert till.truth(payment)["state"] == "open"
    assert till.press(payment, "pay", Origin=till.home, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_the_page_loads_nothing_but_its_styles_and_says_whatever_the_seller_said_as_text(till):
    payment = till.create(description="<script>alert(1)</script>", return_url="http://seller.test:81/?a='\"<b>")
    page = requests.get(payment["url"])
    policy = page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "default-src 'none'" in policy
    assert policy.endswith("form-action 'self' http://seller.test:81")
    assert requests.get(f"{till.home}/pay/pay.css").headers["Content-Type"].startswith("text/css")


def test_an_answer_may_fail_whether_or_not_it_was_carried_out(till):
    """Whoever asked cannot know; the same reference again is safe."""
    till.simulator.fault("http_502", action="create_payment")
    till.simulator.fault("http_502", action="create_payment", accepted=0)
    assert till.ask("T-1").status_code == till.ask("T-2").status_code == 502
    assert till.ask("T-1").status_code == 200
    assert till.ask("T-2").status_code == 201
    till.simulator.fault("error:Closed for today", action="refund_payment")
    assert till.refund(till.ask("T-1").json(), "1.00").json() == {"error": "Closed for today"}
    till.simulator.fault("drop", action="fetch_payment")
    with pytest.raises(requests.ConnectionError):
        till.truth(till.ask("T-1").json())


def test_a_restart_keeps_payments_and_their_tokens_and_tells_what_was_not_heard(till):
    """kill -9 right after the payment: the journal has it, the webhook comes after the start."""
    till.answer = lambda heard: 503
    paid, open_payment = till.create("T-1"), till.create("T-2", "7.00")
    token = till.token(open_payment)
    till.press(paid, "pay")
    till.refund(paid, "3.00")
    before = till.truth(paid), till.truth(open_payment)
    till.hear(1)
    till.simulator.stop(signal.SIGKILL)
    till.answer, heard = (lambda heard: 200), len(till.heard)
    till.simulator.start()
    assert (till.truth(paid), till.truth(open_payment)) == before
    assert till.token(open_payment) == token
    assert till.ask("T-1").status_code == 200
    till.hear(heard + 2)
    assert [copy["answers"] for copy in till.settled()] == [[200], [200]]
    till.simulator.stop()
    till.simulator.start()
    assert till.settled() == []


def test_without_a_secret_it_is_closed(tmp_path, simulator):
    program = f"""
import os; os.environ.pop("SANDBOX_SECRET", None)
from orders.simulator.__main__ import main
main(["--port", "{simulator.port}", "--data", {str(tmp_path / "closed")!r}])
"""
    simulator.stop()
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        url = f"http://127.0.0.1:{simulator.port}/pay/api/payments"
        assert requests.post(url, headers={"Authorization": "Bearer "}).status_code == 503
    finally:
        process.terminate()
        process.communicate()


def test_a_sandbox_that_forgot_begins_anew(till):
    """Also what was still to be told, and after a restart."""
    till.answer = lambda heard: 500
    payment = till.create("T-1", "10.00")
    till.press(payment, "pay")
    till.hear(1)
    till.simulator.control(forget_payments=True)
    assert till.simulator.watch("payments")["payments"] == till.simulator.watch("webhooks")["webhooks"] == []
    assert till.truth(payment) == {"error": "No such payment"}
    till.simulator.stop()
    till.simulator.start()
    assert till.create("T-1", "99.00")["state"] == "open"
