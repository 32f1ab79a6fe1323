"""D49: a rule's answers belong to its version; a body that answers otherwise without a new one is found here."""

import ast
import copy
import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from policies.rules import registry
from policies.rules.registry import APPLIED, RULES, Rule
from policies.rules.vocabulary import DecisionOutcome
from tests.rules import golden
from tests.rules.golden import pins
from tests.rules.golden.__main__ import write

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "orders", "policies", "smmpanel", "support", "wallet")
EACH_RULE = pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name}_v{rule.version}")
EACH = pytest.mark.parametrize("rule", [*RULES, *APPLIED], ids=lambda rule: f"{rule.name}_v{rule.version}")
REFUND = registry.RULE_BY_KEY["refunds.decide_refund", 1]


@EACH
def test_a_rule_answers_every_kept_case_as_it_did(rule):
    assert len(golden.kept(rule)) >= (200 if rule in RULES else 14)
    assert golden.differing(rule) == []


@EACH
def test_the_kept_cases_go_through_every_branch_and_line_that_the_rule_has(rule):
    """In each function that they enter, of a rule that nobody stores in its own module; impossible facts apart."""
    command = [sys.executable, "-m", "tests.rules.golden.covering", rule.name, str(rule.version)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    entered = json.loads(ran.stdout)
    assert any(function.startswith("registry.") for function in entered) is (rule in RULES)
    assert entered
    own = "" if rule in RULES else rule.answer.__module__.rpartition(".")[2] + "."
    left = {function for function, missing in entered.items() if missing and function.startswith(own)}
    assert (
        left - (set() if rule in RULES else {"refunds.decide_refund", "refunds._pay_back"}) == set()
    )  # they have their own


def test_the_kept_refunds_come_to_every_finding_and_clause():
    """What no branch shows: each ground that an ended order can be decided on."""
    reasons = [reason for case in golden.kept(REFUND) for reason in case["reasons"]]

    assert {(reason["clause"], reason["finding"]) for reason in reasons} >= {
        ("refund.6.3", "still_running"),
        ("refund.5.2", "target_changed"),
        ("refund.7.2", "minor_difference"),
        ("refund.1.4", "canceled_before_sending"),
        ("refund.7.3", "cancel_confirmed"),
        ("refund.6.3", "complete_failure"),
        ("refund.7.3", "package_incomplete"),
        ("refund.6.3", "nothing_delivered"),
        ("refund.7.3", "undelivered_part"),
        ("refund.7.3", "already_refunded"),
        ("refund.7.3", "nothing_charged"),
    }
    assert {case["outcome"] for case in golden.kept(REFUND)} == {"refund", "refuse", "nothing_due"}


class TestAChangedBody:
    """What CI would say to each of these changes, made here around the rule."""

    @pytest.mark.parametrize(
        "change",
        [
            {"outcome": DecisionOutcome.REFUSE},
            {"amount": Decimal("0.00001")},
            {"reasons": ()},
        ],
    )
    def test_is_found(self, change):
        def decide(inputs, params):
            decided = REFUND.decide(inputs, params)
            return replace(decided, **change) if decided.amount == Decimal("1.50000") else decided

        found = golden.differing(replace(REFUND, decide=decide))

        assert found
        assert all(kept["amount"] == "1.50000" for kept, _ in found)

    def test_is_found_where_only_the_facts_of_a_reason_differ(self):
        def decide(inputs, params):
            decided = REFUND.decide(inputs, params)
            reasons = tuple(replace(each, facts={**each.facts, "units": 1}) for each in decided.reasons)
            return replace(decided, reasons=reasons)

        assert golden.differing(replace(REFUND, decide=decide))

    @pytest.mark.parametrize("rule", APPLIED, ids=lambda rule: rule.name)
    def test_of_a_rule_that_nobody_stores_is_found_too(self, rule):
        """One that answers the first of its cases with nothing at all."""
        first = golden.kept(rule)[0]["given"]

        def answer(**given):
            return "nothing" if golden.applied.plain(given) == first else rule.answer(**given)

        assert golden.differing(replace(rule, answer=answer))
        assert golden.differing(rule) == []

    def test_that_answers_the_same_is_none(self):
        """The negative control: it is the answers that count, not the function."""
        unchanged = replace(REFUND, decide=lambda inputs, params: REFUND.decide(inputs, params))

        assert golden.differing(unchanged) == []

    def test_does_not_make_its_file_anew(self):
        before = golden.file_of(REFUND).read_bytes()

        subprocess.run([sys.executable, "-m", "tests.rules.golden"], cwd=ROOT, capture_output=True, check=True)

        assert golden.file_of(REFUND).read_bytes() == before


class TestAPinnedFile:
    """What is deleted and made anew is seen: the checksum stays behind."""

    def test_holds_the_bytes_that_it_was_pinned_with(self):
        files = {path.name: pins.sum_of(path.read_bytes()) for path in golden.FOLDER.glob("*.json")}

        assert files == pins.pinned()

    def test_is_never_made_anew_with_other_answers(self, tmp_path):
        """The control: the same answers may be written again, byte by byte."""
        file, sums = tmp_path / golden.file_of(REFUND).name, tmp_path / "SHA256SUMS"
        sums.write_text(pins.SUMS.read_text())
        changed = replace(REFUND, decide=lambda inputs, params: replace(REFUND.decide(inputs, params), reasons=()))

        with pytest.raises(pins.Repinned):
            write(changed, file, sums)
        assert not file.exists()

        write(REFUND, file, sums)
        assert file.read_bytes() == golden.file_of(REFUND).read_bytes()
        assert sums.read_text() == pins.SUMS.read_text()

    def test_of_a_new_version_is_appended(self, tmp_path):
        sums = tmp_path / "SHA256SUMS"
        sums.write_text(pins.SUMS.read_text())

        pins.pin("refunds.decide_refund_v999.json", b"[]", sums)

        assert sums.read_text().startswith(pins.SUMS.read_text())
        assert pins.pinned(sums) == {**pins.pinned(), "refunds.decide_refund_v999.json": pins.sum_of(b"[]")}


class TestTheRegistry:
    def test_every_rule_has_its_file_and_every_file_its_rule(self):
        assert {path.name for path in golden.FOLDER.glob("*.json")} == {
            golden.file_of(rule).name for rule in (*RULES, *APPLIED)
        }

    def test_no_version_of_a_rule_stands_there_twice(self):
        assert len(registry.RULE_BY_KEY) == len(RULES)
        assert len({rule.name for rule in (*RULES, *APPLIED)}) == len({rule.name for rule in RULES}) + len(APPLIED)

    def test_the_newest_version_of_a_rule_decides(self):
        newest = {rule.name: max(each.version for each in RULES if each.name == rule.name) for rule in RULES}

        assert {name: registry.current(name).version for name in newest} == newest
        with pytest.raises(KeyError):
            registry.current("refunds.decide_nothing")

    @pytest.mark.parametrize(
        ("name", "version", "inputs"),
        [
            ("refunds.decide_nothing", 1, {}),
            ("refunds.decide_refund", 999, {}),
            ("refunds.decide_refund", 1, {"units": 1000}),
            ("refunds.decide_refund", 1, {**golden.kept(REFUND)[0]["inputs"], "charge": "much"}),
            ("refunds.decide_refund", 1, {**golden.kept(REFUND)[0]["inputs"], "cause": "a whim"}),
            ("refunds.decide_refund", 1, {**golden.kept(REFUND)[0]["inputs"], "units": "1"}),
            ("refunds.decide_refund", 1, []),
        ],
    )
    def test_facts_that_cannot_be_read_are_said_to_be(self, name, version, inputs):
        with pytest.raises(registry.Unreadable):
            registry.again(name=name, version=version, inputs=inputs, params={})


@EACH_RULE
def test_a_rule_is_a_function_of_its_facts_and_parameters_alone(rule):
    """The same twice, in any order, and what it was given stays as it was."""
    cases = golden.kept(rule)
    before = copy.deepcopy(cases)

    first = [golden.answer(rule, case["inputs"], case["params"]) for case in cases]
    second = [golden.answer(rule, case["inputs"], case["params"]) for case in reversed(cases)]
    under = [rule.under(case["inputs"], case["params"]) for case in cases]

    assert first == second[::-1]
    assert under == [rule.under(case["inputs"], case["params"]) for case in cases]
    assert cases == before
    assert rule.decide.__module__.startswith("policies.rules.")
    assert rule.under.__module__.startswith("policies.rules.")


RECORDING = ("record_decision", "keep_answer")


def recorded(source: str) -> list[str | None]:
    """The rule that each call that records a decision names, None where it is no text."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = {
        target.id: node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return [_rule_of(call, named) for call in calls if _called(call) in RECORDING]


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _rule_of(call: ast.Call, named: dict[str, str]) -> str | None:
    (rule,) = (keyword.value for keyword in call.keywords if keyword.arg == "rule")
    if isinstance(rule, ast.Constant):
        return str(rule.value)
    return named.get(rule.id) if isinstance(rule, ast.Name) else None


def test_whoever_records_a_decision_names_a_registered_rule():
    """Decision 24: what is recorded can be replayed. A name that is computed cannot be checked, so it is refused."""
    passing_on = ROOT / "orders" / "operations" / "deciding.py"  # whose callers name it
    paths = [path for app in APPS for path in (ROOT / app).rglob("*.py") if path != passing_on]
    sources = [path.read_text() for path in paths]
    rules = [rule for source in sources for rule in recorded(source)]

    assert rules
    assert {rule for rule in rules if rule not in {each.name for each in RULES}} == set()


def test_a_rule_that_is_not_registered_would_be_seen():
    """The control of the test above."""
    assert recorded('RULE = "x.y"\npolicies.record_decision(rule=RULE)\nrecord_decision(rule=f"{x}")') == ["x.y", None]
    assert recorded('keep_answer(order, rule="x.z")') == ["x.z"]


def test_a_rehearsal_changes_the_tolerance_and_nothing_else():
    """D50: `under` is the same case governed by other numbers from the start; a package has no tolerance."""
    facts = {**golden.kept(REFUND)[0]["inputs"], "units": 1000, "tolerance": 20, "package": False}

    assert REFUND.under(facts, {"tolerance_bp": 0, "tolerance_min_units": 0}) == {**facts, "tolerance": 0}
    assert REFUND.under({**facts, "package": True}, {"tolerance_bp": 0}) == {**facts, "package": True}


def test_facts_that_no_parameter_enters_are_rehearsed_as_given():
    plain = Rule("x.y", 1, REFUND.decide)

    assert plain.under({"units": 1}, {"tolerance_bp": 0}) == {"units": 1}
