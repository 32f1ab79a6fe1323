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
from policies.rules.stated_numbers import stated_numbers, states_number
from policies.wording import documents

FACTS = dict.fromkeys(("support_email", "site_name", "operator", "governing_law"), "somebody@example.test")
ZONES = {"Asia/Kolkata", "Europe/Berlin"}
NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def content(slug, *, without=(), texts_of=(), params=(), summary=None):
    """The shipped policy with some of it otherwise."""
    shipped = {ref: (CLAUSE_BY_ID[ref].heading, text) for ref, text in texts.shipped(slug).clauses}
    clauses = {ref: said for ref, said in shipped.items() if ref not in without}
    said = texts.shipped(slug).summary if summary is None else summary
    return Content(slug, said, {**clauses, **dict(texts_of)}, {**defaults(slug), **dict(params)})


def faults(draft):
    before = content(draft.policy).clauses
    found = drafts.decide_faults(draft, before=before, known=FACTS, time_zones=ZONES)
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

        told = faults(content("refund", texts_of=moved))

        assert told == [("refund.6.3:text", "number_missing"), ("refund.6.3:text", "unenforced_number")]

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

    @pytest.mark.parametrize(
        ("ref", "said", "field"),
        [
            ("refund.7.3", ("Missing", "Paid back within 3 days."), "refund.7.3:text"),
            ("refund.7.3", ("Missing", "Paid back within three days."), "refund.7.3:text"),
            ("refund.7.3", ("Paid back in 3 days", "What is missing."), "refund.7.3:heading"),
        ],
    )
    def test_no_clause_that_is_enforced_begins_to_state_one_that_is_not(self, ref, said, field):
        assert faults(content("refund", texts_of={ref: said})) == [(field, "unenforced_number")]

    def test_one_that_it_stated_before_may_stay_and_no_other_may_follow(self):
        """terms.4.5 states a day that no version settles."""
        heading, text = content("terms").clauses["terms.4.5"]
        other = {"terms.4.5": (heading, f"{text} And in 9 days.")}

        assert states_number(text)
        assert faults(content("terms", texts_of={"terms.4.5": (heading, f"Said anew. {text}")})) == []
        assert faults(content("terms", texts_of=other)) == [("terms.4.5:text", "unenforced_number")]

    @pytest.mark.parametrize(
        ("summary", "finding"),
        [
            ("Orders fail after 72 hours.", "number_in_summary"),
            ("Orders fail after forty-eight hours.", "number_in_summary"),
            ("Orders fail after {fail_after_h} hours, instead of 72.", "number_in_summary"),
            ("Orders fail after {notice_days}.", "unknown_placeholder"),
            ("Orders fail after {fail_after_h!r}.", "broken_braces"),
            ("Orders fail { sooner.", "broken_braces"),
            (" ", "empty"),
            ("x" * 601, "too_long"),
        ],
    )
    def test_the_summary_states_none_of_its_own(self, summary, finding):
        """It stands beside the box that a customer ticks."""
        assert faults(content("refund", summary=summary)) == [("summary", finding)]

    @pytest.mark.parametrize(("lines", "found"), [(1, []), (3, []), (4, [("summary", "too_many_lines")])])
    def test_the_summary_has_three_lines_at_most(self, lines, found):
        """Decision 25: it stands beside the box."""
        assert faults(content("refund", summary="\n".join(["Said plainly."] * lines))) == found

    def test_the_summary_may_name_those_that_are_enforced(self):
        said = "One order fails after {fail_after_h} hours; write to {support_email}."

        assert faults(content("refund", summary=said)) == []

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


def test_a_number_is_known_by_the_word_behind_it():
    assert stated_numbers("After 30 days, {fail_after_h} hours or Two  weeks.") == {"30 days", "two  weeks"}


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
    HEADING, TEXT = BASE.clauses["refund.1.1"]

    @pytest.mark.parametrize(
        "after",
        [
            content("refund", params={"appeal_days": 60}),
            content("refund", texts_of={"refund.7.3": ("What is missing", "Otherwise.")}),
            content("refund", texts_of={"refund.1.1": ("Purpose", "Nothing below is a right.")}),
            content("refund", texts_of={"refund.1.1": (f"{HEADING} not", TEXT)}),
            content("refund", texts_of={"refund.1.1": (HEADING, f"{TEXT} 5 %")}),
            content("refund", without={"refund.12.2"}),
            content("refund", summary="Everything is paid back."),
            content("refund", summary=f"{BASE.summary} Not."),
        ],
    )
    def test_any_number_and_any_word_makes_it_so(self, after):
        """Also of a clause that informs: it can take back what another one grants."""
        assert publishing.is_material(publishing.difference(self.BASE, after))

    @pytest.mark.parametrize(
        "after",
        [
            content("refund"),
            content("refund", texts_of={"refund.1.1": (HEADING.upper(), TEXT)}),
            content("refund", texts_of={"refund.1.1": (HEADING, TEXT.replace(".", " !").replace(" ", "  "))}),
            content("refund", summary=BASE.summary.replace("\n", " ").replace(";", ",").lower()),
        ],
    )
    def test_blanks_punctuation_and_capitals_do_not(self, after):
        """The control."""
        assert not publishing.is_material(publishing.difference(self.BASE, after))

    @pytest.mark.parametrize(("before", "after"), [("5 %", "5 €"), ("5 %", "5"), ("{a}", "a"), ("1.5 h", "15 h")])
    def test_a_sign_that_says_something_is_a_word(self, before, after):
        older, newer = (content("privacy", texts_of={"privacy.5.2": ("Mail", text)}) for text in (before, after))

        assert publishing.is_material(publishing.difference(older, newer))

    def test_a_summary_alone_is_a_change(self):
        found = publishing.difference(self.BASE, content("refund", summary=self.BASE.summary.upper()))

        assert (found.is_empty, found.summary, found.clauses) == (False, True, frozenset())

    def test_a_difference_names_what_differs(self):
        after = content("refund", without={"refund.12.2"}, params={"appeal_days": 60})

        found = publishing.difference(self.BASE, after)
        assert (found.clauses, found.parameters) == ({"refund.12.2"}, {"appeal_days"})
        assert publishing.difference(self.BASE, self.BASE).is_empty


CHANGED = Difference(frozenset(), frozenset({"appeal_days"}))


def draft(**otherwise):
    ready = {"publisher": "staff:2", "writers": frozenset({"staff:1"}), "change": CHANGED, "material": True}
    return DraftFacts(**{**ready, "faults": (), "rehearsed": 200, "to_rehearse": 200, **otherwise})


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
            ({"rehearsed": 0}, "rehearsed_on_too_few"),
            ({"rehearsed": 199}, "rehearsed_on_too_few"),
            ({"rehearsed": 1, "to_rehearse": 2}, "rehearsed_on_too_few"),
            ({"publisher": "staff:1"}, "second_person"),
        ],
    )
    def test_each_condition_is_needed(self, otherwise, finding):
        """D51."""
        assert [each.finding for each in publishing.decide_publishing(draft(**otherwise), asked())] == [finding]

    def test_a_rehearsal_on_nothing_is_one_where_there_is_nothing(self):
        """Support 7.4: the first version of a policy after its seed has no decision to be tried on."""
        assert publishing.decide_publishing(draft(rehearsed=0, to_rehearse=0), asked()) == ()

    @pytest.mark.parametrize("looked_at", [3, 4, 10_000])
    def test_a_rehearsal_on_all_there_is_suffices(self, looked_at):
        assert publishing.decide_publishing(draft(rehearsed=looked_at, to_rehearse=3), asked()) == ()

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
