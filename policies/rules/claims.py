"""What a service's texts may not promise: results, exact times, safety from the platform, disguise (R13, R49, R55).

Allowed, because it is honest: a denial ("not guaranteed"), a forecast ("usually about 2 hours", "0-24 hours"), when a
service starts, how fast it goes, what kind of accounts deliver ("real"), and the terms of a refill (refund.8.1), also
where they are called a guarantee. Refused is what nobody can keep: "non drop", "lifetime guaranteed", "done in 1 hour".

It is an aid for staff, whom a reason lets overrule it, and no proof of honesty. It knows words, not meaning, and so it
cannot catch: a promise in words of its own ("you will love the result"), one told over two sentences or fields, irony,
a picture, flag letters and letters that look alike beyond the table in `lettering`, and other languages than English
beyond the commonest words of six (`foreign_promises`). It stops honest words too, such as "a view takes 30 seconds".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from policies.rules import foreign_promises, lettering, promises
from policies.rules.clauses import Clause, Reason
from policies.rules.clauses import refund as clause
from policies.rules.vocabulary import Word


class ClaimKind(Word):
    """What is promised that nobody can keep."""

    RESULT = "result"  # that the number comes, is real or stays
    OUTCOME = "outcome"  # what comes of it: engagement, sales, growth, fame
    TIME = "time"
    SAFETY = "safety"  # that the platform allows it, or will neither notice nor act
    DISGUISE = "disguise"  # that it passes for what it is not


FORBIDDEN_BY: dict[ClaimKind, Clause] = {
    ClaimKind.RESULT: clause.DYNAMIC,
    ClaimKind.OUTCOME: clause.VISIBILITY_ONLY,
    ClaimKind.TIME: clause.NO_EXACT_TIME,
    ClaimKind.SAFETY: clause.DYNAMIC,
    ClaimKind.DISGUISE: clause.VISIBILITY_ONLY,
}


@dataclass(frozen=True, slots=True)
class Claim:
    """A promise found in a text. words: as written there, from `start` up to `end`."""

    kind: ClaimKind
    words: str
    start: int
    end: int

    @property
    def reason(self) -> Reason:
        """The clause that forbids it."""
        return Reason(FORBIDDEN_BY[self.kind], f"claim_{self.kind.value}", {"words": self.words})


@lru_cache(maxsize=1024)  # an import says the same of many services
def found_in(text: str, *, instant: bool = False) -> tuple[Claim, ...]:
    """Find the promises in a text, in their order. instant: whether the service is, and so may say it (decision 21)."""
    read = lettering.plain(text)
    claims: list[Claim] = []
    for kind, first, last in sorted(_found(read.text, instant), key=lambda each: each[1:]):
        start, end = read.span(first, last)
        if not claims or start >= claims[-1].end:
            claims.append(Claim(kind, text[start:end], start, end))
    return tuple(claims)


def _found(text: str, instant: bool) -> Iterator[tuple[ClaimKind, int, int]]:
    """Every promise that nothing around it takes back: its kind, and its stretch of the plain text."""
    told = promises.DENIAL.sub(lambda denial: "#" * len(denial[0]), text)
    for kind, pattern, stands in _PATTERNS:
        if instant and pattern is promises.INSTANT:
            continue
        for found in pattern.finditer(told):
            if not promises.NEGATED.search(_before(found)) and stands(found):
                yield kind, found.start(1), found.end(1)


def _always(found: re.Match[str]) -> bool:
    return True


def _is_no_refill_term(found: re.Match[str]) -> bool:
    """Whether a guarantee is of something else than the refill, and not taken back ("Guarantee: no")."""
    before, after = _before(found), _after(found)
    term = promises.REFILL_BEFORE.search(before) or promises.REFILL_AFTER.match(after)
    refill = term and not promises.OF_DELIVERY.match(after)
    return not refill and _is_not_taken_back(found) and not found[1].endswith(foreign_promises.WITHOUT)


def _is_not_taken_back(found: re.Match[str]) -> bool:
    return not promises.TAKEN_BACK.match(_after(found))


def _is_no_forecast(found: re.Match[str]) -> bool:
    """Whether a stated time is that of a delivery, and more than a forecast."""
    before, after = _before(found), _after(found)
    lead = re.split(r" (?:,|and|then) ", f"{before} ")[-1]
    if promises.FORECAST.search(f"{before}{found[1]}{after}") or promises.OTHER_TIMES.search(f" {lead}"):
        return False
    alone = not before.strip() and after[:-1].strip() in ("", ",")
    return alone or promises.WHAT_IS_TIMED.search(f"{before}{found[1]}{after}") is not None


def _before(found: re.Match[str]) -> str:
    """The phrase that leads to what was found; enough of it."""
    return found.string[max(0, found.start(1) - 120) : found.start(1)].rpartition("|")[2]


def _after(found: re.Match[str]) -> str:
    """The rest of its phrase, with the break that ends it; enough of it."""
    rest = found.string[found.end(1) : found.end(1) + 120]
    return rest[: rest.find("|") + 1] if "|" in rest else rest


_PATTERNS: tuple[tuple[ClaimKind, re.Pattern[str], Callable[[re.Match[str]], bool]], ...] = (
    (ClaimKind.RESULT, promises.GUARANTEED, _is_no_refill_term),
    (ClaimKind.RESULT, promises.RESULT, _is_not_taken_back),
    (ClaimKind.OUTCOME, promises.OUTCOME, _always),
    (ClaimKind.TIME, promises.TIME, _always),
    (ClaimKind.TIME, promises.STATED_TIME, _is_no_forecast),
    (ClaimKind.TIME, promises.INSTANT, _always),
    (ClaimKind.SAFETY, promises.SAFETY, _is_not_taken_back),
    (ClaimKind.SAFETY, promises.SAFE_ALONE, _always),
    (ClaimKind.DISGUISE, promises.DISGUISE, _always),
)
