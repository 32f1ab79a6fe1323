"""R6, rule by rule: each cites every clause that it says it may cite, and no other, over cases that reach them all."""

import ast
import importlib
import inspect
import re
from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest

from policies.rules import claims, drip_feed, eligibility, expectations, explain, refunds, registry
from policies.rules.clauses import CLAUSES, PARAMETER_BY_NAME, Clause
from policies.rules.grounds import APPLIES, GROUNDS, rules_applying, rules_citing
from policies.rules.registry import APPLIED, RULES, refund_facts
from policies.rules.vocabulary import OrderStatus, Platform, ServiceType
from tests.rules import golden
from tests.rules.claims_corpus import BAD, DRESSED, FOREIGN, GOOD
from tests.rules.test_clauses import RULES as FOLDER
from tests.rules.test_clauses import cited
from tests.rules.test_clauses import modules as rule_modules
from tests.rules.test_drip_feed import DRIPS, PERMITTED
from tests.rules.test_eligibility import FINE
from tests.rules.test_expectations import TERMS

# They judge drafts and offers, which are nobody's case: none of them cites a clause.
DECIDE_NO_CASE = {
    "drafts.decide_faults", "publishing.decide_conditions", "publishing.decide_publishing",
    "catalogue.decide_terms", "catalogue.decide_place",
}  # fmt: skip


def kept(name):
    """What the registered rule cites over its golden cases, every version of it."""
    return (
        reason["clause"]
        for rule in RULES
        if rule.name == name
        for case in golden.kept(rule)
        for reason in case["reasons"]
    )


def conditions():
    for units, package, refill, cancel in product((1, 10, 1000), *[(False, True)] * 3):
        told = refunds.refund_conditions(
            units=units, charge=Decimal("1.50"), tolerance=units // 50, package=package, refill=refill, cancel=cancel,
            params={},
        )  # fmt: skip
        yield from (each.reason.clause.id for each in told)


def explanations():
    for status, reason in product(explain.CLAUSE_OF_STATUS, ("", "provider_down")):
        yield explain.explain(explain.StandingFacts(status, 10, 5, paused_reason=reason), params={}).clause.id
    for case in golden.kept(registry.RULE_BY_KEY["refunds.decide_refund", 1]):
        order = refund_facts(case["inputs"])
        facts = explain.StandingFacts(OrderStatus.COMPLETED, order.units, order.delivered, ended=order)
        yield explain.explain(facts, params={}).clause.id


def expected():
    for package, instant, refill in product((False, True), repeat=3):
        for parts, tolerance, forecast, cap in product((1, 3), (0, 20), (None, TERMS.forecast), (None, 1)):
            terms = replace(
                TERMS,
                package=package,
                instant=instant,
                refill=refill,
                parts=parts,
                tolerance=tolerance,
                forecast=forecast,
                daily_cap=cap,
            )
            yield from (reason.clause.id for reason in expectations.expectations(terms, params={}))


REFUSED = (
    {"account_active": False}, {"selling": False}, {"service_active": False}, {"service_type": ServiceType.POLL},
    {"quantity": None}, {"quantity": 1}, {"quantity": 10**6}, {"link": ""}, {"link": "x" * 501}, {"link": "a b"},
    {"link": "ftp://x"}, {"policies_missing": ("Refund policy",)}, {"price": Decimal(2)},
    {"leads_to": eligibility.LinkFacts(Platform.X, None, Platform.TIKTOK, ())},
)  # fmt: skip


def refusals():
    for changes in REFUSED:
        found = eligibility.check_order(replace(FINE, **changes), params={})
        assert found, changes
        yield from (each.clause.id for each in found if each.clause)


def drips():
    for drip, part in product(DRIPS, (None, 9, 10, 250, 251)):
        refused = drip_feed.check_drip(drip, part=part, permitted=PERMITTED)
        yield from (each.clause.id for each in refused if each.clause)


def promises():
    texts = [text for _, text in (*BAD, *DRESSED, *FOREIGN)] + GOOD
    return (claim.reason.clause.id for text in texts for claim in claims.found_in(text))


SEEN = {
    "refunds.decide_refund": lambda: kept("refunds.decide_refund"),
    "refunds.refund_conditions": conditions,
    "appeals.decide_overturned": lambda: kept("appeals.decide_overturned"),
    "cancellations.decide_cancel": lambda: kept("cancellations.decide_cancel"),
    "refills.decide_refill": lambda: kept("refills.decide_refill"),
    "explain.explain": explanations,
    "expectations.expectations": expected,
    "eligibility.check_order": refusals,
    "drip_feed.check_drip": drips,
    "claims.found_in": promises,
}


@pytest.mark.parametrize("rule", GROUNDS)
def test_a_rule_cites_each_clause_that_it_may_and_no_other(rule):
    assert set(SEEN[rule]()) == {each.id for each in GROUNDS[rule]}


def modules():
    """Of the rules, without the catalogues and the table of grounds."""
    return [path for path in rule_modules() if path.stem != "grounds"]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.stem)
def test_no_module_names_a_clause_that_none_of_its_rules_may_cite(path):
    """What no case above reaches is seen here: a constant in a branch that nothing enters."""
    module = ".".join(path.relative_to(FOLDER).with_suffix("").parts)
    allowed = {each for rule, grounds in GROUNDS.items() if rule.startswith(f"{module}.") for each in grounds}

    assert {each.id for each in cited(path)} - {each.id for each in allowed} == set()


def public_functions():
    """Every public function of the rules that decides, by name."""
    for path in modules():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("decide_"):
                yield f"{path.stem}.{node.name}"


def test_whatever_decides_a_case_says_what_it_may_cite():
    deciding = set(public_functions())

    assert deciding >= DECIDE_NO_CASE
    assert deciding - DECIDE_NO_CASE == {rule for rule in GROUNDS if ".decide_" in rule}
    assert {rule.name for rule in RULES} <= GROUNDS.keys()


def names(rule, clause: Clause):
    """Whether a function says of itself that it applies a clause."""
    module, _, function = rule.rpartition(".")
    told = inspect.getdoc(getattr(importlib.import_module(f"policies.rules.{module}"), function)) or ""
    return re.search(rf"\b{re.escape(clause.id)}\b(?!\.\d)", told) is not None


@pytest.mark.parametrize("each", [each for each in CLAUSES if each.is_enforced], ids=lambda each: each.id)
def test_an_enforced_clause_is_cited_or_named_by_its_very_rule(each):
    """The function that the catalogue names, not only its module."""
    assert each.rule in rules_citing(each) or each.rule in rules_applying(each)


@pytest.mark.parametrize("rule", APPLIES)
def test_a_rule_that_applies_clauses_without_citing_them_says_so_of_itself(rule):
    assert [each.id for each in APPLIES[rule] if not names(rule, each)] == []
    assert set(APPLIES[rule]).isdisjoint(GROUNDS.get(rule, ()))


def test_every_rule_that_works_by_a_clause_is_registered_and_no_other():
    """R6, S49: what applies a clause has a version and golden cases."""
    assert GROUNDS.keys() | APPLIES.keys() == {rule.name for rule in (*RULES, *APPLIED)}


@pytest.mark.parametrize("rule", APPLIED, ids=lambda rule: rule.name)
def test_a_registered_name_is_that_of_its_function(rule):
    module, _, function = rule.name.rpartition(".")

    assert getattr(importlib.import_module(f"policies.rules.{module}"), function) is rule.answer


# Modules whose functions decide nobody's case: they read texts, propose to staff, or are written down elsewhere.
NO_RULES = {
    *("arithmetic", "rehearsing", "registry", "grounds"),  # the words and the replays of what is decided
    *("claims", "lettering", "foreign_promises", "promises", "stated_numbers"),  # of `claims.found_in`
    *("catalogue", "syncing", "drafts"),  # what is proposed to staff, who decide
    *("checking", "balances"),  # when somebody asks again, and what a person is shown of an unknown
    *("transitions", "reports"),  # docs/statuses.md is generated from one; the other's ends are `delivery.cause_of`
    "money",  # roundings, which every sum shows
}
PARTS_OF = {
    "cancellations.as_in_version_1": "cancellations.decide_cancel",
    "cancellations.is_free_to_cancel": "cancellations.decide_cancel",
    "delivery.final_outcome": "delivery.cause_of",
    "delivery.dearer": "what staff are told",
    "drip_feed.is_offered": "drip_feed.check_drip",
    "eligibility.is_web_address": "eligibility.check_order",
    "eligibility.not_enough_funds": "eligibility.check_order",
    "eligibility.spending_limit_reached": "what the wallet found, in words",
    "forecasts.size_of": "forecasts.from_history",
    "interruptions.fails_at": "interruptions.has_stalled",
    "pacing.minutes_apart": "pacing.under_cap",
    "pacing.most_a_day": "pacing.under_cap",
    "payments.bonus_share": "payments.judge_payment",
    "payments.lacking": "payments.judge_payment",
    "publishing.decide_conditions": "publishing.decide_publishing",
    "publishing.difference": "what a person reads",
    "publishing.earliest": "publishing.decide_publishing",
    "publishing.is_material": "publishing.decide_publishing",
    "quotes.used": "quotes.check_quote",
    "refunds.kept": "refunds.decide_refund",
    "routing.skip": "routing.choose",
}


def all_functions():
    """Every public function of the rules, by the name that a registry would give it."""
    for path in rule_modules():
        package = path.parent.name if path.parent != FOLDER else path.stem
        if path.stem in NO_RULES:
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{package}.{node.name}"


def test_every_function_of_the_rules_is_registered_or_a_part_of_one_that_is():
    """A rule that nobody registered would be found here."""
    registered = {rule.name for rule in (*RULES, *APPLIED)}

    assert {name for name in all_functions() if name not in registered} == PARTS_OF.keys()
    assert {part for part in PARTS_OF.values() if "." in part} <= registered


def test_only_enforced_clauses_are_grounds():
    assert [each.id for grounds in GROUNDS.values() for each in grounds if not each.is_enforced] == []


class TestTheControl:
    def test_a_rule_that_cites_more_or_less_is_seen(self):
        seen = set(SEEN["refunds.decide_refund"]())

        for clause in GROUNDS["refunds.decide_refund"]:
            assert seen != seen - {clause.id}
        assert "refund.8.1" not in seen

    def test_a_function_that_names_no_clause_is_seen(self):
        clause = next(each for each in CLAUSES if each.id == "refund.8.1")

        assert not names("pacing.plan", clause)
        assert rules_citing(next(each for each in CLAUSES if each.id == "refund.1.1")) == ()


def parameters_read():
    """The names that code hands to `parameter` and `choice`."""
    root = Path(FOLDER).parents[1]
    for folder in ("policies", "orders", "wallet", "support", "smmpanel"):
        for path in (root / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("parameter", "choice"):
                    yield from (arg.value for arg in node.args[1:] if isinstance(arg, ast.Constant))


def test_what_code_reads_belongs_to_an_enforced_clause():
    """An informational clause holds no enforced parameter: a number that decides stands in a clause that does."""
    read = set(parameters_read())
    assert {"fail_after_h", "notice_days", "tolerance_bp", "appeal_days"} <= read
    assert [name for name in sorted(read) if not PARAMETER_BY_NAME[name].clause.is_enforced] == []
