"""`python -m tests.rules.golden`: the file of each registered rule that has none. Existing ones stay as they are."""

import json
import sys
from pathlib import Path

from policies.rules.registry import APPLIED, RULES, Applied, Rule
from tests.rules.golden import file_of, made, pins


def write(rule: Rule | Applied, file: Path | None = None, sums: Path = pins.SUMS) -> int:
    """Write a rule's cases, one a line, and pin their bytes; how many.

    Raises FileExistsError or Repinned: kept answers are never written otherwise, not even after their file is gone.
    """
    cases = list(made(rule))
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, sort_keys=True) for case in cases)
    content = f"[\n{lines}\n]\n".encode()
    path = file or file_of(rule)
    pins.pin(path.name, content, sums)
    with path.open("xb") as opened:
        opened.write(content)
    return len(cases)


def main() -> None:
    missing = [rule for rule in (*RULES, *APPLIED) if not file_of(rule).exists()]
    for rule in missing:
        print(f"{file_of(rule).name}: {write(rule)} cases")
    if not missing:
        print("Every rule has its file. A rule that answers otherwise is a new version in policies/rules/registry.py.")


if __name__ == "__main__":
    sys.exit(main())
