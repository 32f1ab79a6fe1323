"""Deciding again what was decided, from what each decision keeps, and keeping what a replay came to (support 7.3)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from plumbing import canonical, sql
from policies.models import Decision, PolicyVersion, ReplayCheck
from policies.operations.decisions import stored_reason
from policies.operations.versions import checksum_of
from policies.rules import registry
from policies.rules.registry import Outcome, Unreadable
from policies.rules.vocabulary import Automation

CHUNK = 1000  # decisions in memory at once
SHOWN = 100  # decisions named that differ; more would hide the cause in its effects
NIGHT_HOUR = 3  # UTC: the nightly replay is due from here on, an hour after the books

# The newest, and the first at or after each of as many places by chance among the rest: through the key alone.
SAMPLE = """
    WITH newest AS (SELECT id FROM policies_decision WHERE id >= %(since)s ORDER BY id DESC LIMIT %(number)s),
    ends AS (
        SELECT (SELECT min(id) FROM newest) AS above,
               (SELECT min(id) FROM policies_decision WHERE id >= %(since)s) AS low
    ),
    probes AS MATERIALIZED (
        SELECT low + floor(random() * (above - low))::bigint AS at, above
        FROM ends, generate_series(1, %(number)s) WHERE low < above
    )
    SELECT id FROM newest
    UNION
    SELECT hit.id FROM probes CROSS JOIN LATERAL (
        SELECT id FROM policies_decision WHERE id >= probes.at AND id < probes.above ORDER BY id LIMIT 1) AS hit
    ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something of a decision that does not come out as it was stored, both as text."""

    what: str
    stored: str
    replayed: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision and what of it differs; nothing does when it came out as stored."""

    decision: Decision
    differences: tuple[Difference, ...]

    def as_json(self) -> dict[str, object]:
        """What a report says of it."""
        told = [{"what": each.what, "stored": each.stored, "replayed": each.replayed} for each in self.differences]
        return {
            "decision": self.decision.pk,
            "rule": f"{self.decision.rule} v{self.decision.rule_version}",
            "subject": f"{self.decision.subject_type} {self.decision.subject_id}",
            "differences": told,
        }


@dataclass(frozen=True, slots=True)
class Version:
    """What a replay compares with a decision's policy version. checksum: as it is computed now."""

    params: Mapping[str, object]
    stored: str
    checksum: str


class Versions:
    """The policy versions that a replay meets, each read and computed once."""

    def __init__(self) -> None:
        self._known: dict[int, Version] = {}

    def of(self, decision: Decision) -> Version:
        version_id = decision.policy_version_id
        if version_id not in self._known:
            version = PolicyVersion.objects.select_related("policy").get(pk=version_id)
            self._known[version_id] = Version(version.params, version.checksum, checksum_of(version))
        return self._known[version_id]


def replay(decision: Decision, *, versions: Versions | None = None) -> tuple[Difference, ...]:
    """Decide again from the facts and parameters that the decision keeps; what does not come out as stored.

    Also whether these facts have their digest, the parameters are the policy version's, it has its checksum, and
    the time to appeal is what they give, and whether who decided is whom the rule leaves it to: a machine, or one of
    the staff. About what it was decided no facts tell. versions: shared by one run.
    """
    return (
        *_decided_otherwise(decision),
        *_other_facts(decision),
        *_other_parameters(decision, (versions or Versions()).of(decision)),
        *_other_appeal(decision),
        *_others_part(decision),
    )


def replay_all(chunks: Iterable[Sequence[Decision]]) -> Iterator[Replayed]:
    """Replay the decisions of every chunk; none is kept."""
    versions = Versions()
    for chunk in chunks:
        for decision in chunk:
            yield Replayed(decision, replay(decision, versions=versions))


def every_decision(*, since: int) -> tuple[int, Iterator[Sequence[Decision]]]:
    """How many decisions there are from the id `since` on, and all of them in chunks, the oldest first."""
    ((total, top),) = sql.rows("SELECT count(*), coalesce(max(id), 0) FROM policies_decision WHERE id >= %s", [since])
    return total, _in_chunks(since, top)


def sample(*, number: int, since: int = 0) -> tuple[int, Iterator[Sequence[Decision]]]:
    """The newest `number` decisions and up to as many of the others by chance, from the id `since` on, in chunks."""
    ids = [id_ for (id_,) in sql.rows(SAMPLE, {"number": number, "since": since})]
    return len(ids), (_read(id__in=ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


def keep(
    *, milliseconds: int, checked: int, differing: int, report: Sequence[Mapping[str, object]], now: datetime
) -> ReplayCheck:
    """Store what a replay came to; it is never changed. report: the first that differ."""
    return ReplayCheck.objects.create(
        at=now, milliseconds=milliseconds, checked=checked, differing=differing, report=list(report)
    )


def is_due(*, now: datetime) -> bool:
    """Whether the night's replay is still to be made: once a UTC day, from three o'clock on."""
    night = _night(now)
    return now >= night and not ReplayCheck.objects.filter(at__gte=night).exists()


def missed_since(*, now: datetime) -> datetime | None:
    """When the night's replay should have been made that was not, None before the first of all."""
    night, last = _night(now), ReplayCheck.objects.order_by("-id").values_list("at", flat=True).first()
    return night if last and last < night <= now else None


def _night(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)


def _in_chunks(since: int, top: int) -> Iterator[Sequence[Decision]]:
    while chunk := _read(id__range=(since, top)):
        yield chunk
        since = chunk[-1].pk + 1


def _read(**which: object) -> Sequence[Decision]:
    with sql.read_only():
        return list(Decision.objects.filter(**which).order_by("id")[:CHUNK])


def _decided_otherwise(decision: Decision) -> Iterator[Difference]:
    name, version = decision.rule, decision.rule_version
    try:
        again = registry.again(name=name, version=version, inputs=decision.inputs, params=decision.params)
    except Unreadable as error:
        yield Difference("rule", f"{name} v{version}", str(error))
        return
    replayed = _stored_form(again)
    for what, stored in _kept_form(decision).items():
        if stored != replayed[what]:
            yield Difference(what, _as_text(stored), _as_text(replayed[what]))


def _kept_form(decision: Decision) -> dict[str, object]:
    return {
        "outcome": decision.outcome,
        "amount": decision.amount,
        "clauses": decision.clause_refs,
        "reasons": decision.detail.get("reasons") if isinstance(decision.detail, dict) else decision.detail,
    }


def _stored_form(again: Outcome) -> dict[str, object]:
    return {
        "outcome": again.outcome.value,
        "amount": again.amount,
        "clauses": list(dict.fromkeys(reason.clause.id for reason in again.reasons)),
        "reasons": [stored_reason(reason) for reason in again.reasons],
    }


def _other_facts(decision: Decision) -> Iterator[Difference]:
    try:
        digest = canonical.digest(decision.inputs)
    except TypeError as error:  # a number with a fraction, which no fact is
        digest = str(error)
    if digest != decision.inputs_sha256:
        yield Difference("digest of the facts", decision.inputs_sha256, digest)


def _other_parameters(decision: Decision, version: Version) -> Iterator[Difference]:
    """What a version settles must be what the decision keeps; the rest were defaults of their day."""
    kept = decision.params if isinstance(decision.params, dict) else {}
    for name, settled in version.params.items():
        if kept.get(name) != settled:
            yield Difference(f"parameter {name}", _as_text(kept.get(name)), _as_text(settled))
    if version.checksum != version.stored:
        yield Difference("checksum of the policy version", version.stored, version.checksum)


def _other_appeal(decision: Decision) -> Iterator[Difference]:
    """What may be appealed, may be for the days that its parameters say; what superseded another one is final."""
    days = decision.params.get("appeal_days") if isinstance(decision.params, dict) else None
    if not isinstance(days, int) or (decision.appeal_until is None and decision.supersedes_id is not None):
        return
    until = decision.decided_at + timedelta(days=days)
    if decision.appeal_until != until:
        yield Difference("time to appeal", _as_text(decision.appeal_until), _as_text(until))


def _others_part(decision: Decision) -> Iterator[Difference]:
    """What a rule leaves to a person, one of the staff decided; what it decides by itself, a machine did."""
    rule = registry.RULE_BY_KEY.get((decision.rule, decision.rule_version))
    if rule is None:
        return
    if decision.automated != rule.automated.value:
        yield Difference("part of the machine", decision.automated, rule.automated.value)
    if rule.automated is Automation.NONE and not decision.actor.startswith("staff:"):
        yield Difference("who decided", decision.actor, "one of the staff")


def _as_text(value: object) -> str:
    if isinstance(value, str | Decimal | datetime):
        return str(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
