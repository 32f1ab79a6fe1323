"""What one report of a provider changes about one live run.

Every live run is looked at in every pass, so a report that says nothing new costs a few comparisons and builds nothing.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from policies.rules.vocabulary import ReportFlag, RunOutcome

LARGEST_COUNT = 2**31 - 1  # what the database's integer holds
SAMPLES_PER_RUN = 50

PENDING = "Pending"
COMPLETED = "Completed"
_SHORT_WORDS = frozenset({"Partial", "Canceled"})
_ENDED_WORDS = _SHORT_WORDS | {COMPLETED}

# Spellings seen upstream, lower case, to the six words of API v2. What is missing here is flagged, not guessed.
_WORDS = {
    "pending": PENDING,
    "awaiting": PENDING,
    "queued": PENDING,
    "processing": "Processing",
    "in progress": "In progress",
    "inprogress": "In progress",
    "in_progress": "In progress",
    "completed": COMPLETED,
    "complete": COMPLETED,
    "partial": "Partial",
    "canceled": "Canceled",
    "cancelled": "Canceled",
}


class RunFact(NamedTuple):
    """What we know of a live run. Any tuple of this shape serves: database rows need no conversion.

    word: the last known word as we spell it, "" before the first report.
    """

    run_id: int
    order_id: int
    quantity: int
    delivered: int
    start_count: int | None
    word: str


class Step(NamedTuple):
    """What a report changed. Without `ends` and flags it is progress alone; `sample` asks for a point of the chart."""

    run_id: int
    order_id: int
    delivered: int
    start_count: int | None
    word: str
    outcome: RunOutcome | None
    flags: tuple[str, ...]
    sample: bool

    @property
    def ends(self) -> bool:
        """Whether the run is over."""
        return self.outcome is not None


def advance(
    fact: tuple[int, int, int, int, int | None, str],
    report: Mapping[str, object] | None,
    *,
    patience_over: bool = False,
) -> Step | None:
    """What a report changes about a live run, or None when it says nothing new.

    fact: the fields of RunFact. report: the provider's own object (status, remains, start_count, charge as they came),
    None when its answer left the id out. Delivered never falls; no impossible number ends a run or is believed.
    patience_over: `interruptions.has_stalled` when it was asked for. Then a report without progress is the proof that
    the run stood still all the while, since delivered never falls (refund.6.3); one that tells nothing proves nothing.
    """
    if report is None:
        return _without_proof(fact, ReportFlag.NOT_IN_ANSWER, patience_over=patience_over)
    _, _, quantity, delivered, start_count, word = fact
    said = report.get("status")
    # An end that was not believed before is read each time: now its number may be right.
    same = said == word and word not in _ENDED_WORDS and str(report.get("remains")) == str(quantity - delivered)
    if same and not patience_over and (start_count is not None or _count(report.get("start_count")) is None):
        return None
    return _read(fact, report, known_word(said), patience_over=patience_over)


def says_ended(word: str) -> bool:
    """Whether a word of API v2 says that nothing more is to come."""
    return word in _ENDED_WORDS


def unseen(fact: tuple[int, int, int, int, int | None, str]) -> Step:
    """Nobody could ask about a run whose patience is over: a person is told, and no money moves."""
    return _step(fact, flags=(ReportFlag.UNSEEN.value,))


def known_word(said: object) -> str | None:
    """A provider's word in API v2's spelling, None for one we do not know."""
    return _WORDS.get(said.strip().lower()) if isinstance(said, str) else None


def _without_proof(fact: tuple[int, int, int, int, int | None, str], odd: ReportFlag, *, patience_over: bool) -> Step:
    return _step(fact, flags=(odd.value, ReportFlag.UNSEEN.value) if patience_over else (odd.value,))


def _read(
    fact: tuple[int, int, int, int, int | None, str],
    report: Mapping[str, object],
    word: str | None,
    *,
    patience_over: bool,
) -> Step | None:
    _, _, quantity, delivered, start_count, before = fact
    if word is None:
        return _without_proof(fact, ReportFlag.UNKNOWN_WORD, patience_over=patience_over)
    count, outcome, flags = _weigh(word, report, quantity=quantity, delivered=delivered)
    if before in _ENDED_WORDS and word not in _ENDED_WORDS:
        flags = (*flags, ReportFlag.REGRESSED.value) if ReportFlag.REGRESSED.value not in flags else flags
    if patience_over and outcome is None and count == delivered:
        outcome, flags = _standstill(word, report, flags, quantity=quantity, delivered=delivered)
    if start_count is None:
        told = _count(report.get("start_count"))
        # Before the first unit "0" means "not read yet" (api-v2 b.4), and the first count told stands for good.
        start_count = told if told or count else None
    step = _step(fact, delivered=count, start_count=start_count, word=word, outcome=outcome, flags=flags)
    news = outcome is not None or flags or (count, start_count, word) != (delivered, fact[4], before)
    return step if news else None


def _weigh(
    word: str, report: Mapping[str, object], *, quantity: int, delivered: int
) -> tuple[int, RunOutcome | None, tuple[str, ...]]:
    """Delivered by now, how the run ended if it did, and what is odd."""
    raw = report.get("remains")
    if raw is None or raw == "":
        return _without_remains(word, report, quantity=quantity, delivered=delivered)
    remains = _whole(raw)
    if remains is not None and remains < 0 and word == COMPLETED:
        return quantity, RunOutcome.DELIVERED, (ReportFlag.OVER_DELIVERED.value,)
    if remains is None or not 0 <= remains <= quantity:
        return delivered, None, (ReportFlag.IMPOSSIBLE_NUMBER.value,)
    if word == PENDING:  # nothing has begun; some panels say remains 0 here
        return delivered, None, ()
    return _with_remains(word, report, count=quantity - remains, quantity=quantity, delivered=delivered)


def _with_remains(
    word: str, report: Mapping[str, object], *, count: int, quantity: int, delivered: int
) -> tuple[int, RunOutcome | None, tuple[str, ...]]:
    """A number that can be. An end that contradicts what was said before, or its own charge, is nobody's to believe."""
    if count < delivered:
        return delivered, None, _step_back(word)
    if count == quantity and word in _SHORT_WORDS and _is_free(report.get("charge")):
        return delivered, None, (ReportFlag.CONTRADICTED.value,)
    return count, _outcome(word, missing=quantity - count), ()


def _step_back(word: str) -> tuple[str, ...]:
    """Of a run that goes on it is noted; one that ends with less than was told before is left to a person."""
    back = ReportFlag.REGRESSED.value
    return (ReportFlag.CONTRADICTED.value, back) if word in _ENDED_WORDS else (back,)


def _without_remains(
    word: str, report: Mapping[str, object], *, quantity: int, delivered: int
) -> tuple[int, RunOutcome | None, tuple[str, ...]]:
    """Completed means all of it; an end that hides how much is missing is believed only if free."""
    if word == COMPLETED:
        return quantity, RunOutcome.DELIVERED, ()
    if word not in _SHORT_WORDS:
        return delivered, None, ()
    if word == "Canceled" and _is_free(report.get("charge")):
        return delivered, _outcome(word, missing=quantity - delivered), ()
    return delivered, None, (ReportFlag.REMAINS_MISSING.value,)


def _standstill(
    word: str, report: Mapping[str, object], flags: tuple[str, ...], *, quantity: int, delivered: int
) -> tuple[RunOutcome | None, tuple[str, ...]]:
    """Proved by the very number that was known before, or by a provider that has not begun; by nothing odd."""
    same = _whole(report.get("remains")) == quantity - delivered
    if not flags and (same or (word == PENDING and delivered == 0)):
        return RunOutcome.STALLED, ()
    return None, (*flags, ReportFlag.UNSEEN.value)


def _outcome(word: str, *, missing: int) -> RunOutcome | None:
    if word != COMPLETED and word not in _SHORT_WORDS:
        return None
    return RunOutcome.DELIVERED if missing == 0 else RunOutcome.SHORT


def _step(
    fact: tuple[int, int, int, int, int | None, str],
    *,
    delivered: int | None = None,
    start_count: int | None = None,
    word: str | None = None,
    outcome: RunOutcome | None = None,
    flags: tuple[str, ...] = (),
) -> Step:
    run_id, order_id, quantity, before, start_before, word_before = fact
    count = before if delivered is None else delivered
    return Step(
        run_id=run_id,
        order_id=order_id,
        delivered=count,
        start_count=start_before if start_count is None else start_count,
        word=word_before if word is None else word,
        outcome=outcome,
        flags=flags,
        sample=SAMPLES_PER_RUN * count // quantity > SAMPLES_PER_RUN * before // quantity,
    )


def _whole(raw: object) -> int | None:
    """A whole number as an int or as plain ASCII digits, None for anything else. `int()` would take "1_0" and " ٣ "."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if not isinstance(raw, str) or not 0 < len(raw) <= 11:
        return None
    digits = raw.removeprefix("-")
    return int(raw) if digits.isascii() and digits.isdigit() else None


def _count(raw: object) -> int | None:
    """A start count that can be one and that the database can hold."""
    number = _whole(raw)
    return number if number is not None and 0 <= number <= LARGEST_COUNT else None


def _is_free(charge: object) -> bool:
    """Whether the provider charged nothing: absent or zero. What cannot be read is not nothing."""
    if charge is None or charge == "":
        return True
    try:
        return Decimal(str(charge)) == 0
    except InvalidOperation:
        return False
