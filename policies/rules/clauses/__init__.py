"""Every clause and every parameter of the published policies, by id and by name."""

from typing import cast

from policies.rules.clauses.base import Clause, Parameter, Params, Reason, Value
from policies.rules.clauses.privacy import PRIVACY_CLAUSES
from policies.rules.clauses.refund import REFUND_CLAUSES, REFUND_PARAMETERS
from policies.rules.clauses.support import SUPPORT_CLAUSES, SUPPORT_PARAMETERS
from policies.rules.clauses.terms import TERMS_CLAUSES

CLAUSES: tuple[Clause, ...] = (*REFUND_CLAUSES, *SUPPORT_CLAUSES, *TERMS_CLAUSES, *PRIVACY_CLAUSES)
PARAMETERS: tuple[Parameter, ...] = (*REFUND_PARAMETERS, *SUPPORT_PARAMETERS)

CLAUSE_BY_ID = {clause.id: clause for clause in CLAUSES}
PARAMETER_BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


def parameter(params: Params, name: str) -> int:
    """The number a version gives `name`, or the default declared beside its clause (decision 24).

    Raises KeyError for a name nobody declared and TypeError for one whose value is a word.
    """
    value = _value(params, name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is not a number: {value!r}")
    return value


def choice(params: Params, name: str) -> str:
    """The word a version gives `name`, or its default. Raises KeyError as `parameter` does, TypeError for a number."""
    value = _value(params, name)
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a word: {value!r}")
    return value


def _value(params: Params, name: str) -> object:
    declared = PARAMETER_BY_NAME[name]
    return params.get(name, declared.default)


def defaults(policy: str) -> dict[str, int | str]:
    """What version 1 of a policy ships with: every parameter of its clauses."""
    return {each.name: each.default for each in PARAMETERS if each.clause.policy == policy}


def in_bounds(declared: Parameter, value: object) -> bool:
    """Whether a version may give a parameter this value."""
    if declared.choices:
        return value in declared.choices
    if isinstance(declared.default, str):
        return isinstance(value, str) and value != ""
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    low, high = cast("tuple[int, int]", (declared.minimum, declared.maximum))
    return low <= value <= high


__all__ = [
    "CLAUSES",
    "CLAUSE_BY_ID",
    "PARAMETERS",
    "PARAMETER_BY_NAME",
    "Clause",
    "Parameter",
    "Params",
    "Reason",
    "Value",
    "choice",
    "defaults",
    "in_bounds",
    "parameter",
]
