"""What every online gateway does, as cases; a gateway's own test module runs them against the service it speaks to.

A subclass gives the fixture `stage`. A gateway whose payers can dispute adds `DisputeContract`, one whose signatures
carry their time adds `TimedSignatureContract`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest

from tests.plumbing.listeners import http, listening, saying
from wallet.gateways.base import Asked, Forged, Gateway, GatewayRefused, GatewayUnavailable, PaymentState

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TOTAL = Decimal("25.00")


class Stage(Protocol):
    """The service that a gateway speaks to, in a test's hands, and the real adapter before it."""

    gateway: Gateway
    secrets: Sequence[str]  # of which no error may show one

    def gateway_at(self, port: int, *, seconds: float = 10.0) -> Gateway:
        """The same adapter before another port of 127.0.0.1, waiting so long for each answer at most."""

    def lacking_a_key(self) -> Sequence[Gateway]:
        """The adapter once for each of its keys, without it."""

    def payments_asked(self) -> int:
        """How many payments the service knows."""

    def pay(self, payment_id: str, amount: Decimal, currency: str) -> None:
        """A payer pays, finally; also after the payment has expired."""

    def expire(self, payment_id: str) -> None: ...

    def refund_elsewhere(self, payment_id: str, amount: Decimal) -> None:
        """Somebody sends money back from the service's own pages."""

    def refunds_sent(self) -> Sequence[Decimal]:
        """All that was sent back through the adapter."""

    def refuse(self, words: str) -> None:
        """From now on the service says no to everything, in its own form, with these words."""

    def notice_of(self, payment_id: str) -> bytes:
        """The body of a webhook about a payment; the same event each time."""

    def notice_of_nothing(self) -> bytes:
        """The body of a webhook about something that is no payment of ours."""

    def sign(self, body: bytes, *, at: datetime, secret: str | None = None) -> Mapping[str, str]:
        """The headers of a webhook. secret: another than the right one."""


class DisputedStage(Stage, Protocol):
    """A service whose payers' banks can take money back."""

    def dispute(self, payment_id: str, amount: Decimal) -> bytes:
        """A chargeback begins; the body of the webhook about it."""

    def win_dispute(self, payment_id: str) -> None: ...


def asked(reference: str = "TU-7F3K9Q", **changes: object) -> Asked:
    """A customer's wish to pay 25 dollars."""
    stated = {
        "reference": reference,
        "total": TOTAL,
        "currency": "USD",
        "email": "ada@example.test",
        "description": "Balance of 25.00 USD",
        "return_url": f"https://panel.example.test/wallet/top-ups/{reference}",
        "webhook_url": "https://panel.example.test/webhooks/x",
    }
    return Asked(**(stated | changes))


UNUSABLE = {
    "an error of the server": saying(http(b'{"error": "oops"}', status="500 Oops")),
    "an overload": saying(http(b"{}", status="503 Busy", headers="Retry-After: 1\r\n")),
    "too many requests": saying(http(b'{"error": {"message": "slow down"}}', status="429 Too Many")),
    "our keys refused": saying(http(b'{"error": {"message": "bad key"}, "message": "bad key"}', status="401 No")),
    "our keys too weak": saying(http(b'{"error": {"message": "no right"}, "message": "no right"}', status="403 No")),
    "a proxy's page that there is no such page": saying(http(b"<html>not found</html>", status="404 Not Found")),
    "a redirect": saying(http(b"", status="302 Found", headers="Location: https://elsewhere.example/\r\n")),
    "a page": saying(http(b"<html>welcome</html>")),
    "letters of no alphabet": saying(http(b"\xff\xfe\x00")),
    "nothing": saying(http(b"")),
    "null": saying(http(b"null")),
    "a text": saying(http(b'"ok"')),
    "an object of another shape": saying(http(b"{}")),
    "a list of another shape": saying(http(b"[1]")),
    "half an answer": saying(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": "'),
    "hanging up": saying(b""),
    "no HTTP": saying(b"220 smtp.example ESMTP\r\n"),
}


def create(gateway: Gateway) -> object:
    return gateway.create(asked())


def fetch(gateway: Gateway) -> object:
    return gateway.fetch("cs_test_1")


def refund(gateway: Gateway) -> object:
    return gateway.refund(payment_id="cs_test_1", amount=TOTAL, currency="USD", key="payout:1", reason="asked for")


every_call = pytest.mark.parametrize("call", [create, fetch, refund])


@contextmanager
def silence() -> Iterator[int]:
    """A port that takes a request and says nothing."""

    def silent(listener, connection):
        listener.closed.wait(20)

    with listening(silent) as listener:
        yield listener.port
        listener.closed.set()


def nobody() -> int:
    """A port at which nobody listens."""
    with listening(saying(b"")) as listener:
        return listener.port


class GatewayContract:
    """The cases of every online gateway."""

    @pytest.fixture
    def stage(self) -> Stage:
        raise NotImplementedError

    # --- keys

    def test_it_is_ready_with_all_of_its_keys_and_without_any_one_it_is_not(self, stage: Stage):
        assert stage.gateway.is_ready()
        assert stage.lacking_a_key()
        assert not any(gateway.is_ready() for gateway in stage.lacking_a_key())

    def test_it_shows_no_secret_when_it_is_printed(self, stage: Stage):
        assert not any(secret in repr(stage.gateway) for secret in stage.secrets)

    # --- asking for a payment

    def test_a_payment_that_was_asked_for_is_open_and_has_a_page(self, stage: Stage):
        created = stage.gateway.create(asked())
        truth = stage.gateway.fetch(created.payment_id)

        assert created.pay_url.startswith("http")
        assert truth.payment_id == created.payment_id
        assert truth.reference == "TU-7F3K9Q"
        assert truth.state is PaymentState.OPEN
        assert (truth.received, truth.refunded, truth.disputed) == (0, 0, 0)

    def test_asking_again_under_the_same_reference_asks_once(self, stage: Stage):
        first = stage.gateway.create(asked())

        assert stage.gateway.create(asked()) == first
        assert stage.payments_asked() == 1

    def test_another_reference_is_another_payment(self, stage: Stage):
        first = stage.gateway.create(asked())

        assert stage.gateway.create(asked("TU-2")).payment_id != first.payment_id
        assert stage.payments_asked() == 2

    def test_another_amount_under_the_same_reference_is_refused(self, stage: Stage):
        stage.gateway.create(asked())
        with pytest.raises(GatewayRefused):
            stage.gateway.create(asked(total=Decimal("9999.00")))
        assert stage.payments_asked() == 1

    # --- the truth

    @pytest.mark.parametrize("amount", ["25.00", "24.99", "0.01", "25.01", "1000.00"])
    def test_what_was_paid_is_said_exactly_be_it_enough_or_not(self, stage: Stage, amount):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.pay(payment_id, Decimal(amount), "USD")
        truth = stage.gateway.fetch(payment_id)

        assert truth.state is PaymentState.PAID
        assert (truth.received, truth.currency) == (Decimal(amount), "USD")

    def test_other_money_is_said_to_be_other_money(self, stage: Stage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.pay(payment_id, TOTAL, "EUR")
        truth = stage.gateway.fetch(payment_id)

        assert truth.state is PaymentState.PAID
        assert (truth.received, truth.currency) == (TOTAL, "EUR")

    def test_a_payment_that_expired_is_dead(self, stage: Stage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.expire(payment_id)
        truth = stage.gateway.fetch(payment_id)

        assert truth.state is PaymentState.DEAD
        assert truth.received == 0

    def test_a_payment_that_was_paid_after_it_expired_is_paid(self, stage: Stage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.expire(payment_id)
        stage.pay(payment_id, TOTAL, "USD")
        truth = stage.gateway.fetch(payment_id)

        assert truth.state is PaymentState.PAID
        assert truth.received == TOTAL

    def test_a_payment_nobody_asked_for_is_refused(self, stage: Stage):
        for payment_id in ("cs_test_unknown", "unknown", "../../other", "", "ü"):
            with pytest.raises(GatewayRefused):
                stage.gateway.fetch(payment_id)

    # --- money sent back

    def test_refunds_by_others_are_counted_together(self, stage: Stage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.pay(payment_id, TOTAL, "USD")

        stage.refund_elsewhere(payment_id, Decimal("10.00"))
        assert stage.gateway.fetch(payment_id).refunded == Decimal("10.00")
        stage.refund_elsewhere(payment_id, Decimal("15.00"))
        truth = stage.gateway.fetch(payment_id)

        assert truth.state is PaymentState.PAID
        assert (truth.received, truth.refunded, truth.disputed) == (TOTAL, TOTAL, 0)

    def test_one_key_refunds_once_and_another_again(self, stage: Stage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.pay(payment_id, TOTAL, "USD")
        part = {"payment_id": payment_id, "amount": Decimal("10.00"), "currency": "USD", "reason": "asked for"}

        first = stage.gateway.refund(key="payout:1", **part)
        assert first
        assert stage.gateway.refund(key="payout:1", **part) == first
        assert stage.refunds_sent() == [Decimal("10.00")]

        assert stage.gateway.refund(key="payout:2", **part) != first
        assert stage.refunds_sent() == [Decimal("10.00"), Decimal("10.00")]
        assert stage.gateway.fetch(payment_id).refunded == Decimal("20.00")

    # --- when it does not answer, or says no

    @every_call
    @pytest.mark.parametrize("answer", UNUSABLE)
    def test_an_answer_that_is_no_use_means_unavailable_and_shows_no_secret(self, stage: Stage, call, answer):
        with listening(UNUSABLE[answer]) as listener, pytest.raises(GatewayUnavailable) as raised:
            call(stage.gateway_at(listener.port))
        assert listener.connections > 0
        assert not any(secret in repr(raised.value) + str(raised.value) for secret in stage.secrets)

    @every_call
    def test_silence_means_unavailable(self, stage: Stage, call):
        with silence() as port, pytest.raises(GatewayUnavailable):
            call(stage.gateway_at(port, seconds=0.4))

    @every_call
    def test_nobody_listening_means_unavailable(self, stage: Stage, call):
        with pytest.raises(GatewayUnavailable):
            call(stage.gateway_at(nobody()))

    def test_an_error_of_the_server_is_not_tried_again_unasked(self, stage: Stage):
        with listening(UNUSABLE["an error of the server"]) as listener, pytest.raises(GatewayUnavailable):
            fetch(stage.gateway_at(listener.port))
        assert listener.connections == 1

    def test_a_no_is_passed_on_in_its_own_words(self, stage: Stage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.pay(payment_id, TOTAL, "USD")
        stage.refuse("this store is closed")

        with pytest.raises(GatewayRefused, match="this store is closed"):
            stage.gateway.create(asked("TU-3"))
        with pytest.raises(GatewayRefused, match="this store is closed"):
            stage.gateway.fetch(payment_id)
        with pytest.raises(GatewayRefused, match="this store is closed"):
            stage.gateway.refund(payment_id=payment_id, amount=TOTAL, currency="USD", key="payout:1", reason="")
        assert stage.refunds_sent() == []

    # --- notices

    def test_a_notice_leads_to_the_payment_it_is_about(self, stage: Stage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.pay(payment_id, TOTAL, "USD")
        body = stage.notice_of(payment_id)
        notice = stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW), now=NOW)

        assert notice.event_id
        assert notice.kind
        assert notice.reference in ("TU-7F3K9Q", "")
        assert stage.gateway.fetch(notice.payment_id).payment_id == payment_id

    def test_the_same_event_has_the_same_id_each_time_and_header_names_any_case(self, stage: Stage):
        payment_id = stage.gateway.create(asked()).payment_id
        body = stage.notice_of(payment_id)
        headers = stage.sign(body, at=NOW)
        shouted = {name.upper(): value for name, value in headers.items()}

        first = stage.gateway.verify(body=body, headers=headers, now=NOW)
        assert stage.gateway.verify(body=stage.notice_of(payment_id), headers=shouted, now=NOW) == first

    def test_an_event_about_nothing_of_ours_names_no_payment(self, stage: Stage):
        body = stage.notice_of_nothing()
        notice = stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW), now=NOW)

        assert notice.event_id
        assert notice.payment_id == ""

    def test_every_changed_byte_is_noticed(self, stage: Stage):
        body = stage.notice_of(stage.gateway.create(asked()).payment_id)
        headers = stage.sign(body, at=NOW)
        for place in range(len(body)):
            changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            with pytest.raises(Forged):
                stage.gateway.verify(body=changed, headers=headers, now=NOW)
        for changed in (b"", body + b" ", body[:-1]):
            with pytest.raises(Forged):
                stage.gateway.verify(body=changed, headers=headers, now=NOW)

    def test_a_signature_by_another_secret_is_forged(self, stage: Stage):
        body = stage.notice_of(stage.gateway.create(asked()).payment_id)
        with pytest.raises(Forged):
            stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW, secret="whsec_other"), now=NOW)

    def test_without_a_secret_of_ours_everything_is_forged(self, stage: Stage):
        body = stage.notice_of(stage.gateway.create(asked()).payment_id)
        for gateway in stage.lacking_a_key():
            for secret in ("", " "):
                with pytest.raises(Forged):
                    gateway.verify(body=body, headers=stage.sign(body, at=NOW, secret=secret), now=NOW)

    def test_no_signature_or_a_mangled_one_is_forged(self, stage: Stage):
        body = stage.notice_of(stage.gateway.create(asked()).payment_id)
        right = stage.sign(body, at=NOW)
        with pytest.raises(Forged):
            stage.gateway.verify(body=body, headers={}, now=NOW)
        for mangled in ("", "x", "t=,v1=", "t=1", "sha256=", "sha256=ü", "t=1,v1=ü", "\udcff", "0" * 100_000):
            headers = dict.fromkeys(right, mangled)
            with pytest.raises(Forged):
                stage.gateway.verify(body=body, headers=headers, now=NOW)
        for name, value in right.items():
            with pytest.raises(Forged):
                stage.gateway.verify(body=body, headers=right | {name: value[:-1] + "ü"}, now=NOW)

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"hello", b"\xff\xfe", b"null", b"[]", b"{}", b'{"id": 1}', b'"x"', b"[" * 9),
            pytest.param(b"[" * 100_000 + b"]" * 100_000, id="deep lists"),
            pytest.param(b'{"id":' * 100_000 + b"1" + b"}" * 100_000, id="deep objects"),
        ],
    )
    def test_what_is_no_event_is_forged_however_well_it_is_signed(self, stage: Stage, body):
        with pytest.raises(Forged):
            stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW), now=NOW)

    def test_a_forgery_is_refused_without_repeating_it(self, stage: Stage):
        with pytest.raises(Forged) as raised:
            stage.gateway.verify(body=json.dumps({"id": "spell"}).encode(), headers={}, now=NOW)
        assert "spell" not in repr(raised.value)


class DisputeContract:
    """The further cases of a gateway whose payers' banks can take money back."""

    def test_a_chargeback_is_money_withdrawn_until_it_is_won(self, stage: DisputedStage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.pay(payment_id, TOTAL, "USD")
        stage.dispute(payment_id, TOTAL)
        truth = stage.gateway.fetch(payment_id)

        assert truth.state is PaymentState.PAID
        assert (truth.received, truth.refunded, truth.disputed) == (TOTAL, 0, TOTAL)

        stage.win_dispute(payment_id)
        assert stage.gateway.fetch(payment_id).disputed == 0

    def test_the_notice_of_a_chargeback_leads_to_the_payment(self, stage: DisputedStage):
        payment_id = stage.gateway.create(asked()).payment_id
        stage.pay(payment_id, TOTAL, "USD")
        body = stage.dispute(payment_id, Decimal("5.00"))
        notice = stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW), now=NOW)
        truth = stage.gateway.fetch(notice.payment_id)

        assert truth.payment_id == payment_id
        assert truth.reference == "TU-7F3K9Q"
        assert truth.disputed == Decimal("5.00")


class TimedSignatureContract:
    """The further cases of a gateway whose signatures carry their time."""

    @pytest.mark.parametrize("apart", [timedelta(0), timedelta(minutes=5), -timedelta(minutes=5)])
    def test_a_notice_is_good_for_five_minutes(self, stage: Stage, apart):
        body = stage.notice_of(stage.gateway.create(asked()).payment_id)

        assert stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW - apart), now=NOW).event_id

    @pytest.mark.parametrize("apart", [timedelta(minutes=5, seconds=1), timedelta(days=3), -timedelta(seconds=301)])
    def test_a_stale_notice_or_one_from_the_future_is_forged(self, stage: Stage, apart):
        body = stage.notice_of(stage.gateway.create(asked()).payment_id)
        with pytest.raises(Forged):
            stage.gateway.verify(body=body, headers=stage.sign(body, at=NOW - apart), now=NOW)
