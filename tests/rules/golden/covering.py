"""`python -m tests.rules.golden.covering`: what of the rules' code the kept cases of a rule go through, as JSON.

A process of its own, so that it measures the same whether or not a test run measures itself.
"""

import json
import sys
import tempfile
from pathlib import Path

import coverage

ROOT = Path(__file__).resolve().parents[3]
GUARDS = r"^\s*raise "  # of impossible facts: no stored case can reach them


def main(name: str, version: int) -> None:
    measured = coverage.Coverage(
        data_file=None, branch=True, config_file=False, include=[str(ROOT / "policies" / "rules" / "*")]
    )
    measured.exclude(GUARDS)
    measured.start()
    from policies.rules.registry import APPLIED, RULES  # imported under measurement
    from tests.rules.golden import differing

    (rule,) = (each for each in (*RULES, *APPLIED) if (each.name, each.version) == (name, version))
    differing(rule)
    measured.stop()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        measured.json_report(outfile=str(report))
        print(json.dumps(_functions(json.loads(report.read_text()))))


def _functions(report: dict[str, dict[str, dict[str, dict[str, dict[str, list[object]]]]]]) -> dict[str, list[object]]:
    """Each function that the cases entered, with the branches and lines of it that none of them took."""
    entered = {}
    for file, measured in report["files"].items():
        for function, seen in measured["functions"].items():
            if function and seen["executed_lines"]:
                entered[f"{Path(file).stem}.{function}"] = seen["missing_branches"] + seen["missing_lines"]
    return entered


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
