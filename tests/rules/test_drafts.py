"""What a draft may say and when it may be published, as pure rules (S49, support 7.4)."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import texts
from policies.rules import drafts, publishing
from policies.rules.clauses import CLAUSE_BY_ID, CLAUSES, defaults, privacy, refund, support, terms
from policies.rules.drafts import Content, Fault
from policies.rules.publishing import Difference, DraftFacts, PublishFacts
from policies.rules.stated_numbers import states_number
from policies.wording import documents

FACTS = dict.fromkeys(("support_email", "site_name", "operator", "governing_law"), "somebody@example.test")
ZONES = {"Asia/Kolkata", "Europe/Berlin"}
NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def content(slug, *, without=(), texts_of=(), params=()):
    """The shipped policy with some of it otherwise."""
    shipped = {ref: (CLAUSE_BY_ID[ref].heading, text) for ref, text in texts.shipped(slug).clauses}
    clauses = {ref: said for ref, said in shipped.items() if ref not in without}
    return Content(slug, {**clauses, **dict(texts_of)}, {**defaults(slug), **dict(params)})


def faults(draft):
    stated = {ref: drafts.placeholders(text) for ref, (_, text) in content(draft.policy).clauses.items()}
    found = drafts.decide_faults(draft, stated=stated, known=FACTS, time_zones=ZONES)
    return [(each.where, each.finding) for each in found]


@pytest.mark.parametrize("slug", texts.TITLES)
def test_what_ships_can_stand(slug):
    assert faults(content(slug)) == []


TEXTS = [
    ("refund.1.1", ("", "A text."), "refund.1.1:heading", "empty"),
    ("refund.1.1", ("x" * 121, "A text."), "refund.1.1:heading", "too_long"),
    ("refund.1.1", ("Purpose", "  "), "refund.1.1:text", "empty"),
    ("refund.1.1", ("Purpose", "x" * 4001), "refund.1.1:text", "too_long"),
    ("refund.1.1", ("Purpose", "{nothing}"), "refund.1.1:text", "unknown_placeholder"),
    ("refund.1.1", ("Purpose", "{notice_days}"), "refund.1.1:text", "unknown_placeholder"),
    ("refund.1.1", ("Purpose", "{fail_after_h.__class__}"), "refund.1.1:text", "unknown_placeholder"),
    ("refund.1.1", ("Purpose", "{fail_after_h:>10}"), "refund.1.1:text", "broken_braces"),
    ("refund.1.1", ("Purpose", "{fail_after_h!r}"), "refund.1.1:text", "broken_braces"),
    ("refund.1.1", ("Purpose", "{}"), "refund.1.1:text", "broken_braces"),
    ("refund.1.1", ("Purpose", "72 } hours"), "refund.1.1:text", "broken_braces"),
    ("refund.6.3", ("Failure", "After some hours."), "refund.6.3:text", "number_missing"),
    ("refund.99", ("New", "A text."), "refund.99", "unknown_clause"),
    ("support.3.1", ("New", "A text."), "support.3.1", "unknown_clause"),
]


@pytest.mark.parametrize(("ref", "said", "field", "finding"), TEXTS)
def test_a_text_that_cannot_stand_is_told_at_its_field(ref, said, field, finding):
    assert faults(content("refund", texts_of={ref: said})) == [(field, finding)]


LATE = "An order has failed after 720 hours without progress."


class TestTheNumberInTheSentenceIsTheNumberEnforced:
    """Decision 20."""

    def test_it_cannot_move_to_another_clause(self):
        moved = {"refund.6.3": ("Failure", LATE), "refund.12.2": ("Words", "See {fail_after_h}.")}

        assert faults(content("refund", texts_of=moved)) == [("refund.6.3:text", "number_missing")]

    @pytest.mark.parametrize(
        ("ref", "said", "field"),
        [
            ("refund.6.3", ("Failure", "After 720 hours (x{fail_after_h}x)."), "refund.6.3:text"),
            ("refund.6.3", ("Failure", "After {{720}} hours, {fail_after_h}."), "refund.6.3:text"),
            ("refund.6.3", ("Failure", "After ⅞ of {fail_after_h} hours."), "refund.6.3:text"),
            ("refund.6.3", ("Failure after 720 hours", "Or {fail_after_h}."), "refund.6.3:heading"),
            ("refund.1.1", ("Purpose", "{fail_after_h} or 720 hours."), "refund.1.1:text"),
            ("refund.6.3", ("Failure", "After forty-eight hours ({fail_after_h})."), "refund.6.3:text"),
            ("refund.6.3", ("Failure", "After {fail_after_h} hours or two working days."), "refund.6.3:text"),
            ("refund.6.3", ("Failure within a week", "Or {fail_after_h}."), "refund.6.3:heading"),
        ],
    )
    def test_no_other_number_stands_beside_it(self, ref, said, field):
        assert faults(content("refund", texts_of={ref: said})) == [(field, "loose_number")]

    def test_broken_braces_hide_no_number(self):
        told = faults(content("refund", texts_of={"refund.6.3": ("Failure", "{fail_after_h} { 720")}))

        assert told == [("refund.6.3:text", "broken_braces"), ("refund.6.3:text", "loose_number")]

    def test_a_clause_that_states_none_may_count(self):
        """The control: what is refused is a number beside an enforced one."""
        assert faults(content("refund", texts_of={"refund.1.1": ("Purpose", "One of 4 policies.")})) == []

    def test_counting_beside_one_is_no_other_number(self):
        """The control for words: one that counts things limits nothing."""
        said = {
            "refund.6.3": ("One failure", "Once two runs failed, at once or one by one, after {fail_after_h} hours.")
        }

        assert faults(content("refund", texts_of=said)) == []


@pytest.mark.parametrize(
    "text",
    [
        "kept for 30 days", "४८ घंटे", "⅔ of it", "forty-eight hours", "Forty eight hours", "two weeks",
        "one business day", "a year at most", "half an hour", "a couple of weeks", "one hundred and twenty days",
        "ten percent", "twice", "a { broken 7",
    ],
)  # fmt: skip
def test_a_number_in_a_text_is_seen(text):
    assert states_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "{fail_after_h} hours", "one ticket for one problem", "at once", "two of the three policies", "some days later",
        "a new date", "none", "often", "for a person", "Sunday",
    ],
)  # fmt: skip
def test_what_is_no_number_is_left_alone(text):
    assert not states_number(text)


NUMBERS = [
    ("refund", {"fail_after_h": 0}, "fail_after_h", "out_of_bounds"),
    ("refund", {"fail_after_h": 721}, "fail_after_h", "out_of_bounds"),
    ("refund", {"fail_after_h": "72"}, "fail_after_h", "out_of_bounds"),
    ("refund", {"fail_after_h": True}, "fail_after_h", "out_of_bounds"),
    ("refund", {"tolerance_bp": 900, "tolerance_cap_bp": 800}, "tolerance_cap_bp", "out_of_order"),
    ("refund", {"notice_days": 7}, "notice_days", "unknown_parameter"),
    ("refund", {"invented": 7}, "invented", "unknown_parameter"),
    ("support", {"ticket_target_h": 49}, "ticket_breach_h", "out_of_order"),
    ("support", {"email_target_h": 73}, "email_breach_h", "out_of_order"),
    ("support", {"support_opens": "18:00"}, "support_closes", "out_of_order"),
    ("support", {"support_opens": "9:00"}, "support_opens", "no_local_time"),
    ("support", {"support_weekdays": "11"}, "support_weekdays", "no_iso_weekdays"),
    ("support", {"support_weekdays": "18"}, "support_weekdays", "no_iso_weekdays"),
    ("support", {"support_time_zone": "Asia/Atlantis"}, "support_time_zone", "no_time_zone"),
    ("support", {"counting": "by_feel"}, "counting", "no_way_to_count"),
    ("support", {"counting": ""}, "counting", "no_way_to_count"),
]


@pytest.mark.parametrize(("slug", "params", "field", "finding"), NUMBERS)
def test_a_number_that_cannot_stand_is_told_at_its_field(slug, params, field, finding):
    assert faults(content(slug, params=params)) == [(field, finding)]


@pytest.mark.parametrize("params", [{"ticket_target_h": 48}, {"support_opens": "17:59"}, {"counting": "elapsed"}])
def test_numbers_at_their_edge_stand(params):
    assert faults(content("support", params=params)) == []


@pytest.mark.parametrize("each", CLAUSES, ids=lambda each: each.id)
def test_what_a_rule_needs_cannot_be_removed_and_what_informs_can(each):
    removed = faults(content(each.policy, without={each.id}))

    assert ((each.id, "must_stay") in removed) is drafts.must_stay(each)
    assert drafts.must_stay(each) or removed == []


def test_whatever_rules_name_must_stay():
    """Each clause that a module of the rules names stays in every version."""
    documents_of = (privacy, refund, support, terms)
    known = {name: each for module in documents_of for name, each in vars(module).items() if hasattr(each, "rule")}
    modules = [path for path in Path(drafts.__file__).parent.rglob("*.py") if "clauses" not in path.parts]
    sources = [source for source in (path.read_text() for path in modules) if "policies.rules.clauses" in source]
    named = {word for source in sources for word in re.findall(r"\b[A-Z_]{4,}\b", source)} & known.keys()

    assert [name for name in sorted(named) if not drafts.must_stay(known[name])] == []


PIECES = st.sampled_from(
    ["{", "}", "{fail_after_h}", "{support_email}", "{notice_days}", "{a!r}", "{0}", " a ", "{{", "[0]"]
)


@given(st.lists(PIECES, min_size=1, max_size=6).map("".join))
def test_a_text_that_can_stand_can_be_filled_in(text):
    draft = content("refund", texts_of={"refund.1.1": ("Purpose", text)})
    if not [finding for field, finding in faults(draft) if finding != "empty"]:
        documents.fill(text, params=draft.params, facts=FACTS)


class TestMaterial:
    """Support 7.4: whether notice is needed is not left to taste alone."""

    BASE = content("refund")

    @pytest.mark.parametrize(
        ("after", "material"),
        [
            (content("refund"), False),
            (content("refund", texts_of={"refund.1.1": ("Purpose", "Otherwise.")}), False),
            (content("refund", without={"refund.12.2"}), False),
            (content("refund", texts_of={"refund.7.3": ("What is missing", "Otherwise.")}), True),
            (content("refund", params={"appeal_days": 60}), True),
            (content("refund", texts_of={"refund.1.1": ("Purpose", "For 30 days.")}), True),
            (content("refund", texts_of={"refund.1.1": ("Purpose", "For thirty days.")}), True),
        ],
    )
    def test_a_number_or_an_enforced_clause_makes_it_so(self, after, material):
        assert publishing.is_material(publishing.difference(self.BASE, after)) is material

    @pytest.mark.parametrize(
        ("after", "material"),
        [
            ({"texts_of": {"privacy.5.2": ("Mail", "Deleted after 300 days.")}}, True),
            ({"texts_of": {"privacy.5.2": ("Mail", "Deleted some day.")}}, True),
            ({"without": {"privacy.5.2"}}, True),
            ({"texts_of": {"privacy.6.1": ("Cookies", "We set some.")}}, True),
            ({"texts_of": {"privacy.1.2": ("A notice", "It informs.")}}, False),
        ],
    )
    def test_the_number_of_a_clause_that_informs_is_one_too(self, after, material):
        """privacy.5.2 and 6.1 state how long something is kept, and no parameter does."""
        before = content("privacy")

        assert publishing.is_material(publishing.difference(before, content("privacy", **after))) is material

    def test_a_difference_names_what_differs(self):
        after = content("refund", without={"refund.12.2"}, params={"appeal_days": 60})

        found = publishing.difference(self.BASE, after)
        assert (found.clauses, found.parameters) == ({"refund.12.2"}, {"appeal_days"})
        assert publishing.difference(self.BASE, self.BASE).is_empty


CHANGED = Difference(frozenset(), frozenset({"appeal_days"}))


def draft(**otherwise):
    ready = {"publisher": "staff:2", "writers": frozenset({"staff:1"}), "change": CHANGED, "material": True}
    return DraftFacts(**{**ready, "faults": (), "rehearsed": 10, "to_rehearse": True, **otherwise})


def asked(**otherwise):
    right = {"slug": "refund", "slug_typed": "refund", "checksum": "a", "shown": "a", "effective_from": NOON + 7 * DAY}
    return PublishFacts(**{**right, "newest": NOON - DAY, "material": True, "notice_days": 7, "now": NOON, **otherwise})


class TestPublishing:
    def test_what_is_ready_and_asked_for_rightly_is_published(self):
        assert publishing.decide_publishing(draft(), asked()) == ()

    @pytest.mark.parametrize(
        ("otherwise", "finding"),
        [
            ({"change": Difference(frozenset(), frozenset())}, "changes_something"),
            ({"faults": (Fault("x", "empty"),)}, "can_stand"),
            ({"material": False}, "marked_material"),
            ({"rehearsed": None}, "rehearsed"),
            ({"rehearsed": 0}, "rehearsed_on_nothing"),
            ({"publisher": "staff:1"}, "second_person"),
        ],
    )
    def test_each_condition_is_needed(self, otherwise, finding):
        """D51."""
        assert [each.finding for each in publishing.decide_publishing(draft(**otherwise), asked())] == [finding]

    def test_a_rehearsal_on_nothing_is_one_where_there_is_nothing(self):
        """Support 7.4: the first version of a policy after its seed has no decision to be tried on."""
        assert publishing.decide_publishing(draft(rehearsed=0, to_rehearse=False), asked()) == ()

    @pytest.mark.parametrize(
        ("otherwise", "field", "finding"),
        [
            ({"slug_typed": "support"}, "slug", "another_slug"),
            ({"shown": "b"}, "", "changed_meanwhile"),
            ({"effective_from": NOON + 7 * DAY - timedelta(seconds=1)}, "effective_from", "too_little_notice"),
            ({"effective_from": NOON - timedelta(seconds=1)}, "effective_from", "in_the_past"),
            ({"effective_from": NOON - timedelta(seconds=1), "material": False}, "effective_from", "in_the_past"),
            ({"newest": NOON + 9 * DAY}, "effective_from", "before_another"),
            ({"newest": NOON + 7 * DAY}, "effective_from", "before_another"),
        ],
    )
    def test_what_is_asked_for_wrongly_is_told_at_its_field(self, otherwise, field, finding):
        found = publishing.decide_publishing(draft(), asked(**otherwise))

        assert [(each.where, each.finding) for each in found] == [(field, finding)]

    def test_what_needs_no_notice_takes_effect_at_once(self):
        assert publishing.decide_publishing(draft(), asked(material=False, effective_from=NOON)) == ()

    @pytest.mark.parametrize(
        ("material", "newest", "first"),
        [
            (False, NOON - DAY, NOON),
            (True, NOON - DAY, NOON + 7 * DAY),
            (False, NOON + DAY, NOON + DAY + timedelta(seconds=1)),
            (True, NOON + DAY, NOON + 7 * DAY),
        ],
    )
    def test_the_earliest_moment_is_one_that_is_accepted(self, material, newest, first):
        found = publishing.earliest(material=material, notice_days=7, newest=newest, now=NOON)

        assert found == first
        right = asked(material=material, newest=newest, effective_from=found)
        assert publishing.decide_publishing(draft(), right) == ()
