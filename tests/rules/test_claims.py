"""The claims check: what may be written about a service and what may not, however it is dressed (R13, R49, R55)."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.rules import lettering
from policies.rules.claims import FORBIDDEN_BY, found_in
from tests.rules.claims_corpus import (
    BAD,
    DISGUISE,
    DRESSED,
    FOREIGN,
    FOREIGN_AND_HONEST,
    GOOD,
    OUTCOME,
    RESULT,
    SAFETY,
    TIME,
)


@pytest.mark.parametrize(("kind", "text"), [*BAD, *DRESSED, *FOREIGN])
def test_a_promise_that_nobody_can_keep_is_found(kind, text):
    """R13, R49, R55: no fixed promise of times, engagement, sales, growth or results can be written."""
    assert kind in {claim.kind for claim in found_in(text)}


@pytest.mark.parametrize("text", [*GOOD, *FOREIGN_AND_HONEST])
def test_honest_words_are_left_alone(text):
    """The control: a check that refused everything would show nothing."""
    assert found_in(text) == ()


@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        (RESULT, "refund.12.1"),
        (OUTCOME, "refund.10.1"),
        (TIME, "refund.3.3"),
        (SAFETY, "refund.12.1"),
        (DISGUISE, "refund.10.1"),
    ],
)
def test_each_kind_cites_the_clause_that_forbids_it(kind, clause):
    assert FORBIDDEN_BY[kind].id == clause
    text = next(text for each, text in BAD if each is kind)
    reason = next(claim.reason for claim in found_in(text) if claim.kind is kind)
    assert (reason.clause.id, reason.finding) == (clause, f"claim_{kind.value}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Cheap likes, GUARANTEED!", ["GUARANTEED"]),
        ("Fast | 100 % Real | safe from bans", ["100 % Real", "safe from bans"]),
        ("It is gu&#97;ranteed.", ["gu&#97;ranteed"]),
        ("It is g.u.a.r.a.n.t.e.e.d now", ["g.u.a.r.a.n.t.e.e.d"]),
    ],
)
def test_the_words_are_named_as_they_were_written(text, words):
    found = found_in(text)

    assert [claim.words for claim in found] == words
    assert [text[claim.start : claim.end] for claim in found] == words


@pytest.mark.parametrize("text", ["Instant delivery.", "Delivered instantly", "Delivers immediately after payment"])
def test_only_an_instant_service_may_say_instant(text):
    """R19, decision 21; a fast start is no such promise (see the honest words)."""
    assert [claim.kind for claim in found_in(text)] == [TIME]
    assert found_in(text, instant=True) == ()
    assert found_in(f"{text} | Guaranteed", instant=True) != ()


def test_the_corpus_is_as_large_as_it_should_be():
    assert len(BAD) >= 60
    assert len(GOOD) >= 60


SEEDS = [text for _, text in [*BAD, *DRESSED, *FOREIGN]] + GOOD + FOREIGN_AND_HONEST
PIECES = st.one_of(
    st.text(), st.sampled_from(SEEDS), st.sampled_from(["&#", "&amp;", "<b", "</", ">", "\0", "|", "0", "-"])
)


@given(st.lists(PIECES, max_size=8).map("".join))
@example("<" * 50)
@example("&amp;amp;&#0;&#9999999;")
def test_any_text_is_read_and_what_is_found_stands_in_it_in_order(text):
    found = found_in(text)

    assert [text[claim.start : claim.end] for claim in found] == [claim.words for claim in found]
    assert all(claim.start < claim.end for claim in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(st.text())
def test_every_letter_of_the_plain_text_has_its_place_in_the_original(text):
    read = lettering.plain(text)

    assert len(read.text) == len(read.places)
    assert all(0 <= place < max(len(text), 1) for place in read.places)
    assert list(read.places) == sorted(read.places)


@given(st.sampled_from(BAD), st.sampled_from([str.upper, str.lower, str.title]))
def test_case_hides_nothing(bad, dress):
    kind, text = bad

    assert kind in {claim.kind for claim in found_in(dress(text))}


@given(st.sampled_from(BAD), st.sampled_from(GOOD))
def test_honest_words_before_a_promise_do_not_hide_it(bad, good):
    kind, text = bad

    assert kind in {claim.kind for claim in found_in(f"{good}\n{text}")}


LONG = 100_000
WORDS = [
    "guaranteed ",
    "not guarantee ",
    "in 5 minutes ",
    "100 % a b ",
    "1 hour delivery ",
    "will never ",
    "no ",
    "safe ",
    "no guarantee x ",
    "без не sin ",
]
CHARACTERS = ["a", "g ", "<a", "&amp;", "|", "x,", "é", "🔥", "&#103;"]


@pytest.mark.parametrize("piece", [*WORDS, *CHARACTERS])
def test_a_long_text_takes_time_in_proportion(piece):
    """Ten times the text takes some ten times as long, where a pattern that backtracks would take a hundred."""

    def seconds(length):
        begun = time.process_time()
        found_in(piece * (length // len(piece)))
        return time.process_time() - begun

    assert seconds(LONG) < max(1, 40 * seconds(LONG // 10))
