"""The sandbox's adapter before the real simulator process: the contract, and webhooks as they really arrive."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from plumbing.outbound import Outbound
from tests.simulator.conftest import SECRET, Simulator
from tests.simulator.till import Till
from tests.wallet.gateways.contract import (
    TOTAL,
    DisputeContract,
    GatewayContract,
    TimedSignatureContract,
    asked,
    every_call,
)
from wallet.gateways.base import Forged, GatewayUnavailable, PaymentState
from wallet.gateways.sandbox import Sandbox


class Stage:
    """A running simulator that nobody has asked for a payment yet, and the adapter before it."""

    secrets = (SECRET,)

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        simulator.control(reset=True, forget_payments=True)
        self.gateway = self.gateway_at(simulator.port)

    def gateway_at(self, port: int, *, seconds: float = 10.0) -> Sandbox:
        way = Outbound(allow={f"127.0.0.1:{port}"})
        return Sandbox(url=f"http://127.0.0.1:{port}", secret=SECRET, way=way, seconds=seconds)

    def lacking_a_key(self) -> list[Sandbox]:
        return [replace(self.gateway, url=""), replace(self.gateway, secret="")]

    def payments_asked(self) -> int:
        return len(self._payments())

    def pay(self, payment_id: str, amount: Decimal, currency: str) -> None:
        self._press("pay", payment_id, amount=str(amount), currency=currency)

    def expire(self, payment_id: str) -> None:
        self._press("close", payment_id)

    def refund_elsewhere(self, payment_id: str, amount: Decimal) -> None:
        self._press("refund", payment_id, amount=str(amount))

    def refunds_sent(self) -> list[Decimal]:
        happened = [happening for payment in self._payments() for happening in payment["happened"]]
        return [Decimal(happening["amount"]) for happening in happened if happening["key"]]

    def refuse(self, words: str) -> None:
        self.simulator.fault(f"error:{words}", action="*", rate=1)

    def notice_of(self, payment_id: str) -> bytes:
        (payment,) = [payment for payment in self._payments() if payment["id"] == payment_id]
        return event(payment_id, payment["reference"], "payment.paid")

    def notice_of_nothing(self) -> bytes:
        return json.dumps({"id": "evt_0", "type": "account.updated", "created": 1}).encode()

    def sign(self, body: bytes, *, at: datetime, secret: str | None = None) -> Mapping[str, str]:
        signed_at = int(at.timestamp())
        key = (SECRET if secret is None else secret).encode()
        digest = hmac.new(key, f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"Sandbox-Signature": f"t={signed_at},v1={digest}"}

    def dispute(self, payment_id: str, amount: Decimal) -> bytes:
        self._press("charge_back", payment_id, amount=str(amount))
        return event(payment_id, "TU-7F3K9Q", "payment.disputed")

    def win_dispute(self, payment_id: str) -> None:
        self._press("win_dispute", payment_id)

    def _payments(self) -> list[dict[str, Any]]:
        return list(self.simulator.watch("payments")["payments"])

    def _press(self, button: str, payment_id: str, **other: str) -> None:
        wish = {"ids": [payment_id], "do": button} | other
        answer = self.simulator.http.post(f"{self.gateway.url}/control/payments", json=wish)
        assert answer.status_code == 200, answer.text


def event(payment_id: str, reference: str, kind: str) -> bytes:
    said = {"id": f"evt_{kind}", "type": kind, "created": 1, "payment": payment_id, "reference": reference}
    return json.dumps(said, separators=(",", ":")).encode()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    simulator = Simulator(tmp_path_factory.mktemp("sandbox"))
    yield simulator
    simulator.stop()


@pytest.fixture
def stage(running):
    return Stage(running)


@pytest.fixture
def till(running):
    till = Till(running)
    yield till
    till.close()


class TestSandbox(GatewayContract, DisputeContract, TimedSignatureContract):
    """The contract of every gateway, with chargebacks and with signatures that carry their time."""

    @pytest.fixture
    def stage(self, stage):
        return stage


def verify(stage, heard):
    at = datetime.fromtimestamp(heard.at, UTC)
    return stage.gateway.verify(body=heard.body, headers={"sandbox-signature": heard.signature}, now=at)


def test_its_webhooks_are_taken_and_lead_to_the_truth(stage, till):
    created = stage.gateway.create(asked(webhook_url=till.url))
    stage.pay(created.payment_id, TOTAL, "USD")
    notice = verify(stage, till.hear(1)[0])

    assert (notice.payment_id, notice.kind, notice.reference) == (created.payment_id, "payment.paid", "TU-7F3K9Q")
    assert stage.gateway.fetch(notice.payment_id).state is PaymentState.PAID


def test_its_duplicates_are_one_event_and_its_forgeries_and_stale_ones_are_none(stage, till):
    """Row 24: a forged, a stale and a repeated webhook, as the simulator really sends them."""
    for kind in ("forged", "stale", "duplicate:3"):
        stage.simulator.fault(kind, action="webhook")
    till.answer = lambda heard: 200 if is_taken(stage, heard) else 400
    payment_id = stage.gateway.create(asked(webhook_url=till.url)).payment_id
    stage.pay(payment_id, TOTAL, "USD")

    answers = {(copy["kind"], *copy["answers"]) for copy in till.settled()}
    assert answers == {("forged", 400), ("stale", 400), ("genuine", 200)}
    assert len({verify(stage, heard).event_id for heard in till.heard if is_taken(stage, heard)}) == 1
    assert len(till.heard) == 5


def is_taken(stage, heard):
    try:
        return bool(verify(stage, heard))
    except Forged:
        return False


def test_the_page_it_names_is_one_where_a_payer_can_pay(stage):
    created = stage.gateway.create(asked())
    page = stage.simulator.http.get(created.pay_url)

    assert page.status_code == 200
    assert "TU-7F3K9Q" in page.text
    assert "ada@example.test" not in page.text


def test_an_amount_with_the_ledgers_five_decimals_is_asked_for_in_cents(stage):
    payment_id = stage.gateway.create(asked(total=Decimal("25.10000"))).payment_id
    stage.pay(payment_id, Decimal("25.10"), "USD")
    refunded = Decimal("5.10000")
    stage.gateway.refund(payment_id=payment_id, amount=refunded, currency="USD", key="payout:1", reason="")

    assert stage.gateway.fetch(payment_id).refunded == Decimal("5.10")


@every_call
def test_there_is_no_way_past_the_guard(stage, call):
    """X6: `make run` puts the simulator's address into OUTBOUND_ALLOW."""
    with pytest.raises(GatewayUnavailable, match="guard"):
        call(replace(stage.gateway, way=Outbound()))
