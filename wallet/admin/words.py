"""What staff read about money and customers do not: the record's rows as sentences, and why a payment needs a look."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from plumbing.templatetags.amounts import amount
from wallet.models import Event

# Findings of policies.rules.payments: in a few words, and what to do about it.
FINDINGS: Mapping[str, tuple[str, str]] = {
    "other_reference": (
        "for another reference",
        "The payment names a reference that is not this top-up's. Find out whose it is before crediting anybody.",
    ),
    "other_currency": ("in another currency", "It was paid in money that was not asked for. Nothing was credited."),
    "short": ("less than asked", "Less arrived than was asked for. Credit what arrived, or reject it."),
    "over": ("more than asked", "More arrived than was asked for. Credit what arrived, or what was asked for."),
    "paid_after_rejection": ("paid after it was rejected", "It was rejected, and then money came after all."),
    "back_after_reversal": ("back after it was taken back", "Money that had gone back is with us again."),
    "more_arrived": ("more arrived later", "More came after it was credited. Put it right by correcting the wallet."),
    "foreign_went_back": (
        "went back, and was not ours",
        "Money of a payment that does not fit went back to its payer.",
    ),
    "shrunk": (
        "no longer all with us",
        "The gateway names less than what was credited, or does not call it paid any more. Find out there why. "
        "Nothing was taken from the wallet.",
    ),
    "returned": (
        "came back to us",
        "Less is gone than the wallet has given up: a chargeback was won, or a refund was undone. "
        "Ending the review gives it back to the wallet by itself: make no correction.",
    ),
}

_SAID: Mapping[tuple[str, str], str] = {
    ("top_up", "started"): "Asked for {total}.",
    ("top_up", "not_started"): "The gateway will not take this payment.",
    ("top_up", "unknown_to_gateway"): "The gateway does not know this payment.",
    ("top_up", "odd_answer"): "The gateway's answer was of no use; it is asked again.",
    ("top_up", "second_payment"): "A second payment came for it: {received}, known there as {payment}.",
    ("top_up", "registered"): "The gateway waits for the payment.",
    ("top_up", "confirmed"): "{received} found at the bank as “{line}”.",
    ("top_up", "credited"): "Credited {amount}, with {bonus} of bonus.",
    ("top_up", "taken_back"): "{amount} was taken back from us.",
    ("top_up", "reversed"): "{gone} of {received} went back before anything was credited.",
    ("top_up", "review"): "Needs a look: {finding}. {received} arrived.",
    ("top_up", "review_ended"): "The review ended with {credited} credited, {given_back} given back.",
    ("top_up", "resolved"): "What needed a look is as it should be again.",
    ("top_up", "rejected"): "Rejected.",
    ("top_up", "expired"): "Its time was over.",
    ("adjustment", "asked"): "Asked for a correction of {amount}.",
    ("adjustment", "done"): "Carried out: {amount}.",
    ("adjustment", "refused"): "Refused.",
    ("payout", "asked"): "Asked for {amount}.",
    ("payout", "withdrawn"): "Withdrawn; {amount} is back in the wallet.",
    ("payout", "paid"): "Paid out {amount}, reference {reference}.",
    ("payout", "refused"): "Refused; {amount} is back in the wallet.",
    ("payout", "recorded"): "Recorded as paid out: {amount}, reference {reference}.",
    ("payout", "sending"): "{amount} goes back through the gateway it came by.",
    ("payout", "failed"): "The gateway refused; {amount} is back in the wallet.",
    ("payout", "stuck"): "Not taken by the gateway after {tries} tries; staff were alarmed.",
    ("payout", "not_sent"): "It had not been sent; {amount} is back in the wallet.",
    ("goodwill", "given"): "Gave {amount} of goodwill; {left} of the month's budget was left.",
    ("safeguard", "frozen"): "Frozen.",
    ("safeguard", "unfrozen"): "Unfrozen. It was frozen since {since} for: {frozen_for}.",
    ("safeguard", "limits_set"): "The customer set their limits: {daily} a day, {monthly} a month, from {begins}.",
    ("safeguard", "staff_limits_set"): "Staff set limits: {daily} a day, {monthly} a month.",
}
_AMOUNTS = frozenset(
    {"amount", "given_back", "bonus", "credited", "left", "received", "gone", "total", "daily", "monthly"}
)


class _Facts(dict[str, str]):
    """Facts as texts; a limit that is not known is none, anything else a dash."""

    def __missing__(self, name: str) -> str:
        return "no limit" if name in ("daily", "monthly") else "–"


def finding(code: str) -> str:
    """Why a payment needs a look, in a few words."""
    return FINDINGS[code][0] if code in FINDINGS else code.replace("_", " ")


def finding_advice(code: str) -> str:
    """What to do about it; '' for what needs no look."""
    return FINDINGS[code][1] if code in FINDINGS else ""


def sentence_of(event: Event) -> str:
    """A row of the record as a sentence, with its reason."""
    facts = _Facts({name: _fact(name, value) for name, value in event.facts.items()})
    if "currency" in facts and "received" in facts:  # it may be other money than the account's
        facts["received"] = f"{Decimal(str(event.facts['received'])):.2f} {facts['currency']}"
    said = _SAID.get((event.subject_type, event.kind))
    text = said.format_map(facts) if said else _unworded(event.kind, facts)
    return f"{text} {event.reason}".strip()


def _unworded(kind: str, facts: Mapping[str, str]) -> str:
    """Terms that were edited, and kinds that have no sentence: the facts themselves."""
    listed = "; ".join(
        value if name == "changed" else f"{name.replace('_', ' ')} {value}" for name, value in facts.items()
    )
    return f"{kind.replace('_', ' ').capitalize()}{f': {listed}' if listed else ''}."


def _fact(name: str, value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{column.replace('_', ' ')} {old} → {new}" for column, (old, new) in value.items())
    if value is None:
        return "none"
    text = str(value)
    if name == "finding":
        return finding(text)
    if name in ("since", "begins"):
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
    return amount(Decimal(text)) if name in _AMOUNTS else text
