"""Which clause is applied by which rule, and which tests hold it: what the map shows. Asks no database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from policies import texts
from policies.rules.clauses import CLAUSES, PARAMETERS, Clause
from policies.rules.grounds import rules_applying, rules_citing

# Numbers that the policies state and no code reads yet: people keep to them.
KEPT_BY_PEOPLE = frozenset(
    {
        *("private_grace_h", "support_time_zone", "support_opens", "support_closes", "support_weekdays", "counting"),
        *("ticket_target_h", "ticket_breach_h", "email_target_h", "email_breach_h", "warn_percent", "reopen_days"),
        *("promise_extensions", "translation_cap_business_h", "description_min_chars", "description_max_chars"),
        *("image_max_mib", "image_max_mpx"),
    }
)
CLAUSE_TESTS = Path(__file__).resolve().parent.parent / "clause_tests.json"  # written by manage.py clause_tests


@dataclass(frozen=True, slots=True)
class Binding:
    """A clause, what else cites or applies it beside its rule, the names of its parameters, the tests that name it."""

    clause: Clause
    cited_by: tuple[str, ...]
    applied_by: tuple[str, ...]
    parameters: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def kept_by_people(self) -> tuple[str, ...]:
        """Its parameters that no code reads yet."""
        return tuple(name for name in self.parameters if name in KEPT_BY_PEOPLE)

    @property
    def kept_by_code(self) -> tuple[str, ...]:
        """Its parameters that code reads."""
        return tuple(name for name in self.parameters if name not in KEPT_BY_PEOPLE)


@dataclass(frozen=True, slots=True)
class MapPart:
    """A policy's clauses in reading order."""

    slug: str
    title: str
    bindings: tuple[Binding, ...]

    @property
    def has_numbers_kept_by_people(self) -> bool:
        """Whether one of its clauses states a number that the software does not apply."""
        return any(binding.kept_by_people for binding in self.bindings)

    @property
    def applied(self) -> int:
        """How many of them the software decides by."""
        return sum(binding.clause.is_enforced for binding in self.bindings)


def clause_map() -> tuple[MapPart, ...]:
    """Every clause this software knows, policy by policy (R6)."""
    return tuple(
        MapPart(slug, title, tuple(_binding(clause) for clause in CLAUSES if clause.policy == slug))
        for slug, title in texts.TITLES.items()
    )


def _binding(clause: Clause) -> Binding:
    parameters = tuple(each.name for each in PARAMETERS if each.clause is clause)
    cited_by = tuple(rule for rule in rules_citing(clause) if rule != clause.rule)
    applied_by = tuple(rule for rule in rules_applying(clause) if rule != clause.rule and rule not in cited_by)
    return Binding(clause, cited_by, applied_by, parameters, tuple(_tests().get(clause.id, ())))


@cache
def _tests() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = json.loads(CLAUSE_TESTS.read_text(encoding="utf-8"))
    return found
