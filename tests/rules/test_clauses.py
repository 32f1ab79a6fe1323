"""Every clause of the policies: known, bound to what enforces it, shipped with a text, named by a test (R6)."""

import ast
import importlib
import re
from datetime import timedelta
from pathlib import Path

import pytest

from policies import texts
from policies.rules import clauses, spending
from policies.rules.clauses import CLAUSE_BY_ID, CLAUSES, PARAMETERS, Clause, Parameter
from policies.rules.clauses import refund as clause
from policies.wording import documents

TESTS = Path(__file__).parent.parent
RULES = TESTS.parent / "policies" / "rules"
FACTS = {name: f"the {name}" for name in ("support_email", "site_name", "operator", "governing_law")}

TEXT = {ref: text for slug in texts.TITLES for ref, text in texts.shipped(slug).clauses}


@pytest.fixture(scope="module")
def named():
    """The clauses that the tests name, this catalogue of them left out."""
    others = "".join(path.read_text() for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    return set(re.findall(r"\b[a-z]+\.\d+\.\d+(?:\.[a-e])?\b", others))


@pytest.mark.parametrize("each", CLAUSES, ids=lambda each: each.id)
def test_every_clause_is_named_by_a_test(each, named):
    """One that informs too: that it is shown where it should be (tests/policies/test_informing.py)."""
    assert each.id in named


@pytest.mark.parametrize("each", CLAUSES, ids=lambda each: each.id)
def test_every_clause_is_bound_to_a_rule_that_exists_or_informs(each):
    """R6. That the rule cites or names it, and which rules cite what, is held by tests/rules/test_grounds.py."""
    if each.is_enforced:
        module, _, function = each.rule.rpartition(".")
        assert callable(getattr(importlib.import_module(f"policies.rules.{module}"), function))


def modules():
    return [path for path in sorted(RULES.rglob("*.py")) if path.parent.name != "clauses"]


def cited(path):
    """The clauses that a module's code names by their constants."""
    tree = ast.parse(path.read_text())
    catalogues = {
        name.asname or name.name: importlib.import_module(f"policies.rules.clauses.{name.name}")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "policies.rules.clauses"
        for name in node.names
        if name.name in texts.TITLES
    }
    named = {
        getattr(catalogues[node.value.id], node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in catalogues
    }
    return {each for each in named if isinstance(each, Clause)}


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_what_code_cites_is_bound_to_a_rule(path):
    """R6, the other direction: a clause that only informs is the ground of no decision."""
    assert [each.id for each in cited(path) if not each.is_enforced] == []


def test_the_search_finds_what_is_cited():
    """The control: an empty search would let everything pass."""
    assert {"refund.7.3", "refund.5.2", "refund.6.3"} < {each.id for each in cited(RULES / "refunds.py")}


@pytest.mark.parametrize("ref", [each.id for each in CLAUSES])
def test_every_clause_has_a_text_of_whole_sentences_with_its_numbers(ref):
    said = documents.fill(TEXT[ref], params={}, facts=FACTS)

    assert said.endswith(".")
    assert len(said) > 30
    assert not set("{}") & set(said)


def test_the_texts_have_the_clauses_in_the_catalogues_order_and_no_other():
    assert list(TEXT) == [each.id for each in CLAUSES]


def test_ids_are_unique_and_well_formed():
    assert len(CLAUSE_BY_ID) == len(CLAUSES)
    assert all(re.fullmatch(r"(refund|support|terms|privacy)(\.\d+){2}(\.[a-e])?", ref) for ref in CLAUSE_BY_ID)


def test_rules_of_our_own_are_marked():
    """Decisions 20 and 21: the sources have neither terms of service nor a privacy notice."""
    ours = {each.id for each in CLAUSES if each.policy in ("refund", "support") and each.ours}

    assert ours == {"refund.1.4", "refund.7.3", "refund.11.3"}
    assert all(each.ours for each in CLAUSES if each.policy in ("terms", "privacy"))


def test_the_hours_that_the_terms_name_are_those_that_a_raised_limit_waits():
    assert "after 24 hours" in TEXT["terms.4.5"]
    assert timedelta(hours=24) == spending.RAISED_AFTER


@pytest.mark.parametrize("each", PARAMETERS, ids=lambda each: each.name)
def test_every_parameter_stands_in_the_text_of_its_policy_or_is_the_clocks_own(each):
    used = {
        name
        for ref, text in TEXT.items()
        for name in re.findall(r"{(\w+)}", text)
        if ref.startswith(each.clause.policy)
    }

    assert (each.name in used) is (each.name != "warn_percent")  # staff's warning, no promise


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tolerance_bp", 200), ("tolerance_min_units", 5), ("tolerance_cap_bp", 1000), ("fail_after_h", 72),
        ("private_grace_h", 24), ("refill_cooldown_h", 24), ("refill_min_drop_bp", 500),
        ("translation_cap_business_h", 16), ("notice_days", 7), ("ticket_target_h", 24), ("ticket_breach_h", 48),
        ("email_target_h", 48), ("email_breach_h", 72), ("image_max_mib", 5), ("image_max_mpx", 20),
        ("promise_extensions", 1),
    ],
)  # fmt: skip
def test_the_defaults_are_those_that_were_decided(name, value):
    """Decision 22, S24, S27, S28."""
    assert clauses.parameter({}, name) == value


def test_a_version_outweighs_the_default():
    """Decision 24: what a version lacks is read from the declared default."""
    assert clauses.parameter({"fail_after_h": 48}, "fail_after_h") == 48
    assert clauses.choice({}, "counting") == "business_days"
    assert clauses.choice({"counting": "elapsed"}, "counting") == "elapsed"


def test_version_one_of_a_policy_has_every_parameter_of_its_clauses():
    refund, support = clauses.defaults("refund"), clauses.defaults("support")

    assert clauses.defaults("terms") == clauses.defaults("privacy") == {}
    assert {**refund, **support} == {each.name: each.default for each in PARAMETERS}
    assert "tolerance_bp" in refund


@pytest.mark.parametrize(
    ("read", "name", "value", "error"),
    [
        (clauses.parameter, "unheard_of", 1, KeyError),
        (clauses.parameter, "fail_after_h", "72", TypeError),
        (clauses.parameter, "fail_after_h", True, TypeError),
        (clauses.choice, "counting", 1, TypeError),
    ],
)
def test_a_parameter_of_another_kind_is_an_error(read, name, value, error):
    with pytest.raises(error):
        read({name: value}, name)


@pytest.mark.parametrize("each", PARAMETERS, ids=lambda each: each.name)
def test_every_default_lies_within_its_bounds(each):
    assert clauses.in_bounds(each, each.default)


@pytest.mark.parametrize(
    ("declared", "value", "fits"),
    [
        (Parameter("hours", clause.COMPLETE_FAILURE, "hours", 72, 1, 720), 0, False),
        (Parameter("hours", clause.COMPLETE_FAILURE, "hours", 72, 1, 720), 1, True),
        (Parameter("hours", clause.COMPLETE_FAILURE, "hours", 72, 1, 720), 720, True),
        (Parameter("hours", clause.COMPLETE_FAILURE, "hours", 72, 1, 720), 721, False),
        (Parameter("hours", clause.COMPLETE_FAILURE, "hours", 72, 1, 720), True, False),
        (Parameter("hours", clause.COMPLETE_FAILURE, "hours", 72, 1, 720), "72", False),
        (Parameter("way", clause.COMPLETE_FAILURE, "way", "a", choices=("a", "b")), "b", True),
        (Parameter("way", clause.COMPLETE_FAILURE, "way", "a", choices=("a", "b")), "c", False),
        (Parameter("zone", clause.COMPLETE_FAILURE, "zone", "UTC"), "", False),
        (Parameter("zone", clause.COMPLETE_FAILURE, "zone", "UTC"), "Asia/Kolkata", True),
    ],
)
def test_a_value_outside_the_bounds_is_seen(declared, value, fits):
    assert clauses.in_bounds(declared, value) is fits


def test_shipping_a_policy_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        texts.shipped("nothing")
