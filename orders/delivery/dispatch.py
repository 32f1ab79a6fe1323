"""Sending due runs: lease, balance, claim, one try each, write down what is certain, balance (decision 12)."""

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from decimal import Decimal

from django.db.models import Q

from orders.delivery import answers, leases
from orders.delivery.claiming import Claim, Claimed, claim_wave, is_due
from orders.models import Provider, ProviderLease, Run, Switches, Wave
from orders.operations import providers
from orders.providers import adapter_for, base
from orders.providers.classify import Classified, classify, closing_problem
from plumbing.elapsed import Elapsed
from policies.rules.vocabulary import RunOutcome, RunState

PASS_SECONDS = 5.0  # full waves follow one another so long; then the next tick goes on

# How runs end whose provider pays their rest back.
GIVES_BACK = [RunOutcome.SHORT.value, RunOutcome.CANCEL_CONFIRMED.value]

HALF_OPEN = Q(opened_at__isnull=False)  # of one that may be called: its time to be left in peace is over

Outcome = tuple[Claimed, Classified]


def providers_due(*, now: datetime) -> list[int]:
    """Providers that may be called, have runs due or a probe, and are not being sent to already."""
    if Switches.objects.filter(stop_dispatch=True).exists():
        return []
    due = Run.objects.filter(state=RunState.QUEUED.value, due_at__lte=now).values("provider_id")
    wanted = Provider.objects.open(now).filter(Q(pk__in=due) | HALF_OPEN).values_list("pk", flat=True)
    return sorted(set(wanted) - leases.taken(ProviderLease.Work.DISPATCH))


def send_due(*, provider_id: int, now: datetime) -> int:
    """Send a provider's due runs, wave after wave while waves are full. Returns how many were sent.

    Safe to run anywhere, twice at once, or to die anywhere: whoever has no lease does nothing, and a run that was
    claimed by the dead becomes unknown, never due again by itself.
    """
    sent, elapsed = 0, Elapsed(since=now)
    with leases.held(provider_id=provider_id, work=ProviderLease.Work.DISPATCH) as lease:
        while lease and elapsed.seconds < PASS_SECONDS:
            claim = send_wave(provider_id=provider_id, elapsed=elapsed)
            sent += len(claim.claimed)
            if not claim.full or not lease.renew():
                break
    return sent


def send_wave(*, provider_id: int, elapsed: Elapsed) -> Claim:
    """Send the longest due runs, as many as the provider takes at once, each of them one time.

    The claim is committed before the first byte leaves. A crash after it, a timeout, or an answer that says nothing
    leaves the run *unknown*: held, visible to staff, healed by its request id or by evidence (`reconcile`). The
    balance comes first: it is the probe that a provider in trouble must pass before anything is claimed.
    """
    nothing = Claim((), full=False)
    provider = Provider.objects.open(elapsed.now()).filter(pk=provider_id).first()
    if provider is None or Switches.objects.filter(stop_dispatch=True).exists():
        return nothing
    most = providers.most_now(provider, now=elapsed.now())
    if provider.opened_at is None and not (most and is_due(provider_id=provider_id, now=elapsed.now())):
        return nothing
    before = learn_balance(provider, elapsed)
    if isinstance(before, base.Failed):
        _leave_in_peace(provider_id, before, elapsed.now())
        return nothing
    if provider.opened_at:
        providers.close_breaker(provider_id=provider_id)
    provider.refresh_from_db()  # it may just have said that it takes request ids
    claim = claim_wave(provider=provider, balance=before, now=elapsed.now(), most=most)
    if claim.claimed:
        said: list[Classified] = []
        for outcomes in _tries(adapter_for(provider), claim.claimed):
            answers.record(provider_id=provider_id, outcomes=outcomes, now=elapsed.now())
            said += [each for _, each in outcomes]
        answers.learn(provider_id=provider_id, said=said, now=elapsed.now())
        _close(claim, provider, elapsed)
    return claim


def learn_balance(provider: Provider, elapsed: Elapsed) -> Decimal | base.Failed:
    """Ask what is left of our money at a provider, and keep it."""
    said = adapter_for(provider).balance()
    if isinstance(said, base.Failed):
        return said
    providers.learn_balance(
        provider_id=provider.pk,
        amount=said.amount,
        currency=said.currency,
        request_ids=said.request_ids,
        now=elapsed.now(),
    )
    return said.amount


def _leave_in_peace(provider_id: int, failed: base.Failed, now: datetime) -> None:
    """It did not tell its balance: a wrong key needs a person, everything else a while."""
    if problem := closing_problem(failed.problem):
        providers.shut(provider_id=provider_id, problem=problem, now=now)
        return
    if not failed.retry_after_s:
        providers.fail(provider_id=provider_id, times=1, now=now)
    providers.back_off(provider_id=provider_id, now=now, wait_seconds=failed.retry_after_s)


def _tries(adapter: base.Provider, claimed: Sequence[Claimed]) -> Iterator[list[Outcome]]:
    """One try each, all at once, no transaction open; what has been answered comes out as soon as it is known."""
    with ThreadPoolExecutor(len(claimed)) as threads:
        tries = {threads.submit(adapter.add, each.request): each for each in claimed}
        pending: set[Future[base.Answer]] = set(tries)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield [(tries[one], classify(one.result(), ours=tries[one].request.words)) for one in done]


def _close(claim: Claim, provider: Provider, elapsed: Elapsed) -> None:
    """The balance after the wave, beside the one before: evidence, void if money came back in between."""
    wave = Wave.objects.get(attempts=claim.claimed[0].attempt)
    after = learn_balance(provider, elapsed)
    wave.balance_after, wave.ended_at = None if isinstance(after, base.Failed) else after, elapsed.now()
    ended = Run.objects.filter(provider=provider, state=RunState.ENDED.value, ended_at__gte=wave.started_at)
    gave_back = ended.filter(outcome__in=GIVES_BACK)
    wave.void = gave_back.exists()
    wave.save(update_fields=["balance_after", "ended_at", "void"])
