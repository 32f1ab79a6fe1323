"""The hands of payments: asks gateways and has operations carry out what follows. No transaction is open meanwhile.

What is due lies in Postgres: notices to answer, top-ups to start or to look after, payouts to send back. A claim is
committed before the gateway is asked; a worker that dies leaves nothing that the next tick does not find.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import connections

from accounts.models import User
from plumbing.alone import alone
from plumbing.elapsed import Elapsed
from wallet.gateways import GATEWAYS, gateway_of
from wallet.gateways.base import (
    Asked,
    Created,
    Gateway,
    GatewayRefused,
    GatewayUnavailable,
    GatewayUnusable,
    PaymentState,
)
from wallet.models import PaymentMethod, Payout, TopUp
from wallet.operations import payments, payouts
from wallet.operations.payments import claiming
from wallet.operations.payments.claiming import Job, ToAsk, ToSend, ToTrace

AT_ONCE = 8  # calls to one gateway
WAVE = 40  # of each kind, claimed together
MOST_UNANSWERED = 3  # in a wave: then the gateway is down, and not one payment odd
PASS_SECONDS = 20.0  # after which a pass takes on nothing more
GIVE_UP_STARTING = timedelta(days=1)

log = logging.getLogger(__name__)


def methods_ready() -> list[PaymentMethod]:
    """The ways to pay that staff offer and that have their keys, in their order.

    Where staff confirm what arrives, their instructions are the key: without them nobody knows where to send money.
    """
    return [method for method in payments.methods_offered() if _is_usable(method)]


def start_payment(*, user_id: int, gateway: str, amount: Decimal, request_key: UUID, now: datetime) -> TopUp:
    """Begin a top-up and ask its gateway for the payment; without an answer it stays "created", and a tick goes on.

    Arguments and errors as of `payments.start_top_up`.
    """
    begun = payments.top_ups_of(user_id).filter(request_key=request_key).exists()
    if not begun and gateway not in {method.gateway for method in methods_ready()}:
        raise payments.TopUpRefused("gateway", "This way to pay is not offered now.")
    since = Elapsed(since=now)
    top_up = payments.start_top_up(user_id=user_id, gateway=gateway, amount=amount, request_key=request_key, now=now)
    try:
        _start(gateway_of(gateway), top_up, since=since)
    except GatewayUnavailable:
        log.warning("%s did not answer when %s was to start", gateway, top_up.reference)
    top_up.refresh_from_db()
    return top_up


def gateways_due(*, now: datetime) -> list[str]:
    """The gateways with their keys at which something is due."""
    return [code for code in claiming.gateways_due(now=now) if _is_ready(code)]


def oldest_due(*, now: datetime) -> datetime | None:
    """Since when the oldest of what is due has been so, at gateways that have their keys."""
    due = claiming.oldest_due(now=now)
    return min((since for code, since in due.items() if _is_ready(code)), default=None)


def look_after(*, gateway: str, now: datetime) -> int:
    """One pass at a gateway: what is due, wave by wave, until nothing is, the time is over or it does not answer.

    How many questions were answered; 0 also when somebody else is at it.
    """
    since, answered = Elapsed(since=now), 0
    with alone_at(gateway) as mine:
        while mine and since.seconds < PASS_SECONDS:
            jobs = claiming.claim_due(gateway=gateway, now=since.now(), limit=WAVE)
            wave = _Wave(gateway_of(gateway), since)
            done = wave.run(jobs)
            answered += done
            if not jobs or done < len(jobs):
                break
    return answered


class GatewayBusy(Exception):
    """The gateway is being spoken to just now; nothing has changed."""


def say_not_sent(*, staff: User, payout: Payout, reason: str, now: datetime) -> None:
    """End a payout that has not gone, while nobody is sending it; its gateway is then asked about its top-up.

    Arguments and errors as of `payouts.say_not_sent`; GatewayBusy when it may be on its way this moment.
    """
    with alone_at(payout.top_up.gateway if payout.top_up else "") as mine:
        if not mine:
            raise GatewayBusy
        payouts.say_not_sent(staff=staff, payout_id=payout.pk, reason=reason, now=now)
        claiming.ask_about_payout(payout_id=payout.pk, now=now)


class _Wave:
    """Calls to one gateway side by side. A few that nobody answers stop those that have not begun.

    What is answered in a way that nobody can use is put off alone, and a person is told.
    """

    def __init__(self, gateway: Gateway, since: Elapsed) -> None:
        self._gateway, self._since = gateway, since
        self._unanswered: list[Job] = []

    def run(self, jobs: Sequence[Job]) -> int:
        """How many were answered."""
        if len(jobs) < 2:
            return sum(map(self._try, jobs))
        with ThreadPoolExecutor(min(AT_ONCE, len(jobs))) as threads:
            return sum(threads.map(self._in_thread, jobs))

    def _in_thread(self, job: Job) -> bool:
        try:
            return self._try(job)
        finally:
            connections.close_all()  # this thread's own

    def _try(self, job: Job) -> bool:
        if len(self._unanswered) < MOST_UNANSWERED:
            try:
                self._do(job)
            except GatewayUnusable as odd:
                log.warning("%s: %s", self._gateway.code, odd)
                _note(job, odd, now=self._since.now())
                claiming.put_off(job, now=self._since.now())
                return True
            except GatewayUnavailable as error:
                self._unanswered.append(job)
                log.warning("%s does not answer: %s", self._gateway.code, error)
                _note(job, error, now=self._since.now())
            else:
                return True
        claiming.put_off(job, now=self._since.now())
        return False

    def _do(self, job: Job) -> None:
        if isinstance(job, ToAsk):
            _ask(self._gateway, job, since=self._since)
        elif isinstance(job, ToTrace):
            _trace(self._gateway, job, since=self._since)
        else:
            _send(self._gateway, job, since=self._since)


def _ask(gateway: Gateway, job: ToAsk, *, since: Elapsed) -> None:
    """What became of a top-up's payment; one that never got to its gateway is started."""
    if not job.payment_id:
        _start(gateway, TopUp.objects.select_related("user").get(pk=job.top_up_id), since=since)
        return
    if gateway.confirmed_by_staff:
        payments.expire(top_up_id=job.top_up_id, now=since.now())
        return
    try:
        truth = gateway.fetch(job.payment_id)
    except GatewayRefused as error:
        payments.note_refusal(
            top_up_id=job.top_up_id, claim=job.claim, events=job.events, error=str(error), now=since.now()
        )
        return
    payments.settle(top_up_id=job.top_up_id, truth=truth, claim=job.claim, events=job.events, now=since.now())


def _start(gateway: Gateway, top_up: TopUp, *, since: Elapsed) -> None:
    """Ask for the payment; again asks for the same. Raises GatewayUnavailable."""
    if top_up.payment_id or top_up.state != TopUp.State.CREATED:
        return
    try:
        created = gateway.create(_asked(top_up))
    except (GatewayRefused, GatewayUnavailable) as error:
        waited = since.now() - top_up.created_at
        if isinstance(error, GatewayUnavailable) and waited <= GIVE_UP_STARTING:
            raise
        log.warning("%s was not started at %s: %s", top_up.reference, gateway.code, error)
        payments.give_up_starting(top_up_id=top_up.pk, error=str(error), now=since.now())
        return
    payments.register_payment(top_up_id=top_up.pk, created=created, now=since.now())


def _trace(gateway: Gateway, job: ToTrace, *, since: Elapsed) -> None:
    """Find the top-up that a notice is about: by the payment's own id, or by our reference on it."""
    try:
        truth = gateway.fetch(job.payment_id)
    except GatewayRefused:
        payments.mark_handled([job.event_id], outcome="no_such_payment", now=since.now())
        return
    top_up = payments.top_up_of_truth(gateway=gateway.code, truth=truth)
    if top_up is None:
        payments.mark_handled([job.event_id], outcome="not_ours", now=since.now())
        return
    if not top_up.payment_id:
        created = Created(payment_id=truth.payment_id, pay_url="")
        top_up = payments.register_payment(top_up_id=top_up.pk, created=created, now=since.now())
    if top_up.payment_id == truth.payment_id:
        claiming.link_notice(event_id=job.event_id, top_up_id=top_up.pk, now=since.now())
    elif truth.state is PaymentState.PAID:
        payments.report_second_payment(top_up_id=top_up.pk, truth=truth, event_id=job.event_id, now=since.now())
    else:
        payments.mark_handled([job.event_id], outcome="second_payment", top_up=top_up, now=since.now())


def _send(gateway: Gateway, job: ToSend, *, since: Elapsed) -> None:
    """Send a payout back the way its money came; the same key never sends twice."""
    try:
        reference = gateway.refund(
            payment_id=job.payment_id,
            amount=job.amount,
            currency=job.currency,
            key=f"payout:{job.payout_id}",
            reason=job.reason,
        )
    except GatewayRefused as error:
        payouts.fail_payout(payout_id=job.payout_id, error=str(error), now=since.now())
        claiming.ask_about_payout(payout_id=job.payout_id, now=since.now())
    else:
        payouts.finish_payout(payout_id=job.payout_id, reference=reference[:200], now=since.now())


def _note(job: Job, error: Exception, *, now: datetime) -> None:
    """Let staff see on a payout why it has not gone yet, and of which top-up its gateway says what nobody can use."""
    if isinstance(job, ToAsk) and isinstance(error, GatewayUnusable):
        payments.note_odd_answer(top_up_id=job.top_up_id, error=str(error), now=now)
    if isinstance(job, ToSend):
        payouts.retry_payout(payout_id=job.payout_id, error=str(error), due_at=now)


def _asked(top_up: TopUp) -> Asked:
    site = settings.SITE_URL.rstrip("/")
    return Asked(
        reference=top_up.reference,
        total=top_up.total,
        currency=top_up.currency,
        email=top_up.user.email,
        description=f"{settings.SITE_NAME}: {top_up.amount} {top_up.currency} for your wallet",
        return_url=payments.page_of(top_up),
        webhook_url=f"{site}/webhooks/{top_up.gateway}",
    )


def _is_usable(method: PaymentMethod) -> bool:
    if not _is_ready(method.gateway):
        return False
    return not gateway_of(method.gateway).confirmed_by_staff or bool(method.instructions.strip())


def _is_ready(code: str) -> bool:
    return code in GATEWAYS and gateway_of(code).is_ready()


def alone_at(gateway: str) -> AbstractContextManager[bool]:
    """One pass at a gateway at a time: one that hangs holds one worker."""
    return alone(f"payments:{gateway}")
