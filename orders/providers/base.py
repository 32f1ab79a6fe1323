"""What every provider's adapter offers, in our words: no spelling and no exception of a protocol gets past it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from plumbing.outbound import Exchange
from policies.rules.catalogue import RemoteService

Answer = Exchange  # of a submission: raw, because `classify` alone decides what it means
Report = Mapping[str, object]  # status, remains, start_count, charge: as they came over the wire


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a provider lists. unreadable: its ids, or places in the list, of entries that make no sense."""

    services: Sequence[RemoteService]
    unreadable: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class AddRequest:
    """One thing to deliver. quantity: None where the type takes none. fields: the type's own, by their wire names."""

    provider_service: str
    link: str
    quantity: int | None
    request_id: str
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> Sequence[str]:
        """What of it a customer wrote."""
        return [self.link, *self.fields.values()]


@dataclass(frozen=True, slots=True)
class Statuses:
    """What a provider said about many orders of its own, by its ids.

    failed: ids whose call came to nothing, so they stay due; an id in neither was asked for and left out of the answer.
    problem: the first failure in a word or the provider's own text, "" without one.
    """

    reports: Mapping[int, Report]
    failed: frozenset[int] = frozenset()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What we have paid the provider in advance. request_ids: it heals unknowns by request id (decision 13)."""

    amount: Decimal
    currency: str
    request_ids: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The provider has this request, as this order of its own."""

    provider_order_id: int
    report: Report


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider, which does keep request ids, knows this one not: it may be sent again under the same id."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Asking came to nothing; it may be asked again. problem: a word of ours or the provider's own text.

    retry_after_s: seconds that it asks us to wait, at most an hour.
    """

    problem: str
    retry_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class Cancels:
    """What a provider said of cancels, by its own ids. An id in neither has no answer, and may be asked for again.

    declined: with its words. problem: why there is no answer, in a word. note: about all that were accepted.
    """

    accepted: frozenset[int] = frozenset()
    declined: Mapping[int, str] = field(default_factory=dict)
    problem: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refills:
    """What a provider said when it was asked to refill orders, by its own ids of them. An id in neither has no answer.

    taken: its numbers for the refills. declined: with its words. problem: why there is no answer, in a word.
    """

    taken: Mapping[int, int] = field(default_factory=dict)
    declined: Mapping[int, str] = field(default_factory=dict)
    problem: str = ""


class Provider(Protocol):
    """Speaks one provider's protocol. No method raises for what the other side does. Safe to share between threads."""

    def services(self) -> Catalogue | Failed:
        """List everything it sells."""
        ...

    def add(self, request: AddRequest) -> Answer:
        """Submit once, over a fresh connection; nothing here ever sends it a second time."""
        ...

    def statuses(self, ids: Sequence[int]) -> Statuses:
        """Ask about many orders in as few calls as the protocol allows, several calls at once."""
        ...

    def cancel(self, ids: Sequence[int]) -> Cancels:
        """Ask to cancel up to 100 orders. Asking twice is harmless; what was delivered, `statuses` says afterwards."""
        ...

    def refill(self, ids: Sequence[int]) -> Refills:
        """Ask to refill up to 100 orders. A second time while one is under way is refused: harmless, but its number is
        then not told again."""
        ...

    def refill_words(self, numbers: Sequence[int]) -> Mapping[int, str]:
        """How far up to 100 refills are, in the provider's words; a number without an answer is left out."""
        ...

    def find(self, request_id: str) -> Found | NotFound | Failed:
        """Ask whether a submission arrived. Only for a provider that has request ids."""
        ...

    def balance(self) -> Balance | Failed:
        """Ask what is left of our money there."""
        ...
