"""`python -m tests.rules.golden`: the file of each registered rule that has none. Existing ones stay as they are."""

import json
import sys

from policies.rules.registry import RULES, Rule
from tests.rules.golden import file_of, made


def write(rule: Rule) -> int:
    """Write a rule's cases, one a line; how many. Raises FileExistsError: kept answers are never written again."""
    cases = list(made(rule))
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, sort_keys=True) for case in cases)
    with file_of(rule).open("x") as file:
        file.write(f"[\n{lines}\n]\n")
    return len(cases)


def main() -> None:
    missing = [rule for rule in RULES if not file_of(rule).exists()]
    for rule in missing:
        print(f"{file_of(rule).name}: {write(rule)} cases")
    if not missing:
        print("Every rule has its file. A rule that answers otherwise is a new version in policies/rules/registry.py.")


if __name__ == "__main__":
    sys.exit(main())
