"""The table of transitions: which status of an order may follow which, and who may cause it (decision 11)."""

from collections.abc import Mapping
from typing import NamedTuple

from policies.rules.vocabulary import TERMINAL, Mover, OrderStatus

_S = OrderStatus

_ENGINE = frozenset({Mover.SYSTEM})
_STAFF = frozenset({Mover.STAFF})
_NOT_CUSTOMER = frozenset({Mover.SYSTEM, Mover.STAFF})
_PERSON = frozenset({Mover.CUSTOMER, Mover.STAFF})
_ANYBODY = frozenset(Mover)

# What may follow what, by whom: read as "queued may become paused through the system or staff". Every row is reached by
# some order and no order leaves the table: `tests/rules/test_transitions.py` walks all that can happen. Where staff
# decide about one part, the order takes the status that its other parts add up to.
TRANSITIONS: Mapping[OrderStatus, Mapping[OrderStatus, frozenset[Mover]]] = {
    _S.QUEUED: {
        _S.WAITING: _NOT_CUSTOMER, _S.HELD: _ENGINE, _S.SUBMITTING: _NOT_CUSTOMER, _S.PAUSED: _NOT_CUSTOMER,
        _S.CANCELED: _ANYBODY, _S.FAILED: _ENGINE,
    },
    _S.WAITING: {
        _S.HELD: _ENGINE, _S.SUBMITTING: _NOT_CUSTOMER, _S.PAUSED: _NOT_CUSTOMER, _S.CANCELED: _ANYBODY,
        _S.FAILED: _ENGINE,
    },
    _S.HELD: {
        _S.QUEUED: _NOT_CUSTOMER, _S.WAITING: _ENGINE, _S.SUBMITTING: _NOT_CUSTOMER, _S.PROCESSING: _STAFF,
        _S.PAUSED: _NOT_CUSTOMER, _S.CANCELED: _ANYBODY, _S.FAILED: _NOT_CUSTOMER,
    },
    _S.SUBMITTING: {
        _S.QUEUED: _ENGINE, _S.HELD: _ENGINE, _S.UNKNOWN: _ENGINE, _S.PROCESSING: _NOT_CUSTOMER,
        _S.PAUSED: _NOT_CUSTOMER, _S.CANCEL_REQUESTED: _PERSON, _S.FAILED: _ENGINE,
    },
    _S.UNKNOWN: {
        _S.QUEUED: _NOT_CUSTOMER, _S.HELD: _NOT_CUSTOMER, _S.SUBMITTING: _NOT_CUSTOMER, _S.PROCESSING: _NOT_CUSTOMER,
        _S.PAUSED: _NOT_CUSTOMER, _S.CANCEL_REQUESTED: _PERSON, _S.STOPPED: _NOT_CUSTOMER, _S.FAILED: _NOT_CUSTOMER,
    },
    _S.PROCESSING: {
        _S.IN_PROGRESS: _NOT_CUSTOMER, _S.PAUSED: _NOT_CUSTOMER, _S.CANCEL_REQUESTED: _PERSON,
        _S.COMPLETED: _NOT_CUSTOMER, _S.PARTIAL: _NOT_CUSTOMER, _S.CANCELED: _ANYBODY,
        _S.STOPPED: _NOT_CUSTOMER, _S.FAILED: _NOT_CUSTOMER,
    },
    _S.IN_PROGRESS: {
        _S.PAUSED: _NOT_CUSTOMER, _S.CANCEL_REQUESTED: _PERSON, _S.COMPLETED: _NOT_CUSTOMER, _S.PARTIAL: _ANYBODY,
        _S.STOPPED: _NOT_CUSTOMER, _S.FAILED: _NOT_CUSTOMER,
    },
    _S.PAUSED: {
        _S.QUEUED: _ANYBODY, _S.WAITING: _ANYBODY, _S.HELD: _ANYBODY, _S.SUBMITTING: _ANYBODY, _S.UNKNOWN: _ANYBODY,
        _S.PROCESSING: _ANYBODY, _S.IN_PROGRESS: _ANYBODY, _S.CANCEL_REQUESTED: _PERSON,
        _S.COMPLETED: _NOT_CUSTOMER, _S.PARTIAL: _ANYBODY, _S.CANCELED: _ANYBODY,
        _S.STOPPED: _NOT_CUSTOMER, _S.FAILED: _NOT_CUSTOMER,
    },
    _S.CANCEL_REQUESTED: {
        _S.PROCESSING: _ENGINE, _S.IN_PROGRESS: _ENGINE, _S.PAUSED: _ENGINE, _S.COMPLETED: _NOT_CUSTOMER,
        _S.PARTIAL: _NOT_CUSTOMER, _S.CANCELED: _NOT_CUSTOMER, _S.STOPPED: _NOT_CUSTOMER, _S.FAILED: _NOT_CUSTOMER,
    },
    **{status: {} for status in TERMINAL},
}  # fmt: skip


class Transition(NamedTuple):
    """One row of the table. public: what resellers are told of `after`, the word first when nothing was delivered."""

    before: OrderStatus
    after: OrderStatus
    by: frozenset[Mover]
    public: tuple[str, ...]


def transitions() -> list[Transition]:
    """All rows, in the order of the statuses."""
    return [
        Transition(before, after, TRANSITIONS[before][after], public_words(after))
        for before in OrderStatus
        for after in OrderStatus
        if after in TRANSITIONS[before]
    ]


def public_words(status: OrderStatus) -> tuple[str, ...]:
    """The words of API v2 for a status: one, or two where it depends on what was delivered."""
    return tuple(dict.fromkeys(status.public_word(delivered=delivered) for delivered in (0, 1)))


class IllegalTransition(Exception):
    """A status that may not follow the one the order has, or not through this actor."""


def check_transition(before: OrderStatus, after: OrderStatus, *, actor: str) -> None:
    """Raise IllegalTransition unless `after` is `before` or may follow it through the actor, "staff:3" or "system"."""
    if after is before:
        return
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(f"{before} -> {after}")
    if Mover.of(actor) not in TRANSITIONS[before][after]:
        raise IllegalTransition(f"{before} -> {after} by {actor}")
