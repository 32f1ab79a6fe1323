"""What a provider's list may change by itself: less can be ordered and less is promised, never more (fault row 17)."""

from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.catalogue import LeftOut, RemoteService, Terms, decide_terms
from policies.rules.syncing import Guards, Kind, Known, Why, compare, is_below_margin

GUARDS = Guards(markup=Decimal(30), least_margin=Decimal(5))
ENTRY = RemoteService(
    provider_service="1", name="Likes", category="Instagram", type="Default", rate=Decimal(1), min=10, max=1000
)


def known_of(entry=ENTRY, **changes):
    """A route whose service is what the entry says."""
    terms = decide_terms(entry, markup=GUARDS.markup)
    stated = {
        "provider_service": entry.provider_service,
        "service_id": int(entry.provider_service),
        "leads": True,
        "open": True,
        "selling": True,
        "closed": None,
        "cost": entry.rate,
        "terms": replace(terms, **{name: changes.pop(name) for name in set(changes) & TERMS}),
        "category": entry.category,
    }
    return Known(**{**stated, **changes})


TERMS = {field.name for field in fields(Terms)}


def diff_of(listed, *known, unreadable=(), guards=GUARDS):
    return compare(known=known, listed=listed, unreadable=unreadable, guards=guards)


def changes(listed, *known, **more):
    """Kind and whether it is safe, of what differs."""
    return {change.kind: change.safe for change in diff_of(listed, *known, **more).changes}


def only(listed, *known):
    (change,) = diff_of(listed, *known).changes
    return change


def many(size):
    entries = [replace(ENTRY, provider_service=str(number)) for number in range(1, size + 1)]
    return entries, [known_of(entry) for entry in entries]


class TestNothing:
    def test_the_list_that_is_sold_changes_nothing(self):
        assert diff_of([ENTRY], known_of()).changes == ()

    def test_a_second_route_changes_no_terms(self):
        assert diff_of([replace(ENTRY, name="Theirs", min=5, refill=True)], known_of(leads=False)).changes == ()


class TestNew:
    def test_waits_with_the_whole_entry_and_our_price(self):
        change = only([ENTRY])

        assert (change.kind, change.safe, change.service_id) == (Kind.NEW, False, None)
        assert (change.after["rate"], change.after["price"]) == ("1.00000", "1.30000")
        assert set(change.after) == {field.name for field in fields(RemoteService)} | {"price"}

    def test_the_first_of_two_entries_under_one_number_counts(self):
        diff = diff_of([ENTRY, replace(ENTRY, name="Other", rate=Decimal(9))], known_of())

        assert diff.changes == ()
        assert diff.left_out == (LeftOut("1", "listed_twice"),)

    def test_what_cannot_be_sold_is_left_out_and_not_gone(self):
        diff = diff_of([replace(ENTRY, type="Odd")], known_of())

        assert diff.changes == ()
        assert diff.left_out == (LeftOut("1", "unknown_type"),)


class TestGone:
    def test_one_of_ten_goes_by_itself(self):
        entries, known = many(10)

        assert changes(entries[1:], *known) == {Kind.GONE: True}

    @pytest.mark.parametrize(("left", "believed"), [(80, True), (79, False), (50, False), (1, False)])
    def test_a_list_that_shrank_by_more_than_a_fifth_takes_nothing_away(self, left, believed):
        """Fault row 17: what is missing from such a list waits for a person."""
        entries, known = many(100)

        diff = diff_of(entries[:left], *known)

        assert diff.missing == 100 - left
        assert diff.shrank is not believed
        assert {(change.kind, change.safe, change.finding) for change in diff.changes} == {
            (Kind.GONE, believed, "" if believed else "list_shrank")
        }

    @pytest.mark.parametrize(("unreadable", "refused"), [((), "empty_list"), (("1",), "nothing_readable")])
    def test_an_empty_list_changes_nothing_at_all(self, unreadable, refused):
        _, known = many(10)

        diff = diff_of([], *known, unreadable=unreadable)

        assert (diff.changes, diff.refused, diff.missing) == ((), refused, 10)

    def test_an_entry_that_makes_no_sense_is_not_gone(self):
        entries, known = many(10)

        assert changes(entries[1:], *known, unreadable=["1"]) == {}

    def test_what_is_not_sold_does_not_count(self):
        entries, known = many(4)
        off = [replace(each, selling=False) for each in known[1:]]

        assert diff_of(entries[:1], known[0], *off).shrank is False

    def test_what_an_import_closed_comes_back(self):
        closed = {"open": False, "selling": False, "closed": Why.GONE}

        assert changes([ENTRY], known_of(**closed)) == {Kind.BACK: True}
        assert changes([ENTRY], known_of(open=False, selling=False)) == {}  # a person closed it

    def test_what_comes_back_too_dear_waits(self):
        closed = known_of(open=False, selling=False, closed=Why.GONE, cost=Decimal(1))

        assert changes([replace(ENTRY, rate=Decimal("1.29"))], closed)[Kind.BACK] is False


class TestCost:
    def test_is_learned_at_once_and_our_price_waits(self):
        assert changes([replace(ENTRY, rate=Decimal("1.1"))], known_of()) == {Kind.COST: True, Kind.PRICE: False}

    @pytest.mark.parametrize(
        ("rate", "paused"),
        [("1.235", False), ("1.23501", True), ("1.3", True), ("5", True), ("0.5", False)],
    )
    def test_a_rise_past_the_margin_pauses(self, rate, paused):
        """Sold at 1.30; 5 % of it are 0.065, so that 1.235 may be taken."""
        found = changes([replace(ENTRY, rate=Decimal(rate))], known_of())

        assert found.get(Kind.PAUSE, False) is paused

    def test_a_rise_while_it_is_off_sale_closes_it_too(self):
        """Else it would be put on sale again at a loss that nobody saw come."""
        assert changes([replace(ENTRY, rate=Decimal(2))], known_of(selling=False))[Kind.PAUSE] is True

    def test_says_why(self):
        diff = diff_of([replace(ENTRY, rate=Decimal(2))], known_of())
        (pause,) = [change for change in diff.changes if change.kind is Kind.PAUSE]

        assert pause.after == {"why": "cost", "cost": "2.00000"}

    def test_what_was_sold_too_cheap_before_is_a_persons_choice(self):
        assert Kind.PAUSE not in changes([ENTRY], known_of(rate=Decimal("0.5")))
        assert Kind.PAUSE not in changes([replace(ENTRY, rate=Decimal("0.9"))], known_of(rate=Decimal("0.5")))

    def test_a_cost_first_heard_counts_as_a_rise(self):
        assert changes([replace(ENTRY, rate=Decimal(2))], known_of(cost=None))[Kind.PAUSE] is True

    def test_a_fallback_that_became_too_dear_is_closed_too(self):
        found = changes([replace(ENTRY, rate=Decimal(2))], known_of(leads=False))

        assert found == {Kind.COST: True, Kind.PAUSE: True}

    def test_falling_back_below_the_margin_opens_again(self):
        paused = known_of(open=False, selling=False, closed=Why.COST, cost=Decimal(2))

        assert changes([replace(ENTRY, rate=Decimal("1.2"))], paused)[Kind.BACK] is True
        assert Kind.BACK not in changes([replace(ENTRY, rate=Decimal("1.5"))], paused)

    def test_nothing_is_paused_twice(self):
        paused = known_of(open=False, selling=False, closed=Why.COST, cost=Decimal(2))

        assert Kind.PAUSE not in changes([replace(ENTRY, rate=Decimal(3))], paused)

    @given(st.decimals(0, 1000, places=5), st.decimals(0, 1000, places=5), st.decimals(0, 99, places=2))
    def test_the_margin_is_a_share_of_the_rate(self, rate, cost, least):
        below = is_below_margin(rate=rate, cost=cost, least_margin=least)

        if rate:
            assert below == (1 - Fraction(cost) / Fraction(rate) < Fraction(least) / 100)
        else:
            assert below == (cost > 0)


class TestQuantities:
    @pytest.mark.parametrize(
        ("least", "most", "found"),
        [
            (20, 1000, {Kind.NARROWER: True}),
            (10, 900, {Kind.NARROWER: True}),
            (20, 900, {Kind.NARROWER: True}),
            (5, 1000, {Kind.WIDER: False}),
            (10, 2000, {Kind.WIDER: False}),
            (20, 2000, {Kind.NARROWER: True, Kind.WIDER: False}),
            (2000, 5000, {Kind.NARROWER: True}),  # nothing of what was offered is left
        ],
    )
    def test_fewer_at_once_and_more_with_a_person(self, least, most, found):
        assert changes([replace(ENTRY, min=least, max=most)], known_of()) == found

    @given(*(st.integers(1, 50) for _ in range(4)))
    def test_applying_all_of_it_gives_theirs_and_the_safe_part_never_more(self, ours_least, ours_more, least, more):
        ours, theirs = (ours_least, ours_least + ours_more), (least, least + more)
        known = known_of(min_quantity=ours[0], max_quantity=ours[1])
        found = diff_of([replace(ENTRY, min=theirs[0], max=theirs[1])], known).changes
        quantities = {"min_quantity": ours[0], "max_quantity": ours[1]}
        for change in sorted(found, key=lambda each: not each.safe):
            assert all(quantities[name] == value for name, value in change.before.items())
            quantities.update(change.after)
            assert quantities["min_quantity"] <= quantities["max_quantity"]
            if change.safe:  # the provider takes whatever may be ordered now
                assert theirs[0] <= quantities["min_quantity"]
                assert quantities["max_quantity"] <= theirs[1]
        assert tuple(quantities.values()) == theirs


class TestPromises:
    @pytest.mark.parametrize("name", ["cancel", "dripfeed"])
    def test_what_is_lost_is_lost_at_once_and_what_is_won_waits(self, name):
        with_it = replace(ENTRY, **{name: True})

        assert changes([ENTRY], known_of(with_it)) == {Kind.LESS: True}
        assert changes([with_it], known_of(ENTRY)) == {Kind.MORE: False}

    def test_refills_are_ordered_from_none_to_life(self):
        order = [
            {"refill": False},
            {"refill": True, "refill_days": None},
            {"refill": True, "refill_days": 7},
            {"refill": True, "refill_days": 30},
            {"refill": True, "refill_days": 0},
        ]
        entries = [replace(ENTRY, **each) for each in order]
        for place, entry in enumerate(entries):
            for other, listed in enumerate(entries):
                expected = {} if place == other else {Kind.MORE: False} if other > place else {Kind.LESS: True}
                assert changes([listed], known_of(entry)) == expected

    def test_speed_is_a_statement_and_taken_over(self):
        assert changes([replace(ENTRY, pace=500, average_minutes=9)], known_of()) == {Kind.SPEED: True}

    def test_texts_wait(self):
        told = replace(ENTRY, name="New", description="Other", category="Else")

        assert changes([told], known_of()) == dict.fromkeys((Kind.NAME, Kind.DESCRIPTION, Kind.CATEGORY), False)


class TestType:
    def test_another_type_pauses_and_waits_with_its_price_and_quantities(self):
        """Rate and quantity of a package mean something else: neither may be taken over alone."""
        package = replace(ENTRY, type="Package", rate=Decimal(9))
        diff = diff_of([package], known_of())
        found = {change.kind: change for change in diff.changes}

        assert {kind: change.safe for kind, change in found.items()} == {
            Kind.COST: True, Kind.PAUSE: True, Kind.TYPE: False,
        }  # fmt: skip
        assert found[Kind.PAUSE].after["why"] == "type"
        assert found[Kind.TYPE].after == {
            "type": "Package", "rate": "11.70000", "min_quantity": 1, "max_quantity": 1,
        }  # fmt: skip

    def test_the_old_type_opens_it_again(self):
        paused = known_of(open=False, selling=False, closed=Why.TYPE)

        assert changes([ENTRY], paused) == {Kind.BACK: True}


ENTRIES = st.builds(
    replace,
    st.just(ENTRY),
    provider_service=st.sampled_from(["1", "2", "3", "4"]),
    type=st.sampled_from(["Default", "Package", "Odd"]),
    rate=st.decimals(0, 5, places=5),
    min=st.integers(0, 100),
    max=st.integers(0, 1000),
    refill=st.booleans(),
    refill_days=st.sampled_from([None, 0, 30]),
    cancel=st.booleans(),
    name=st.sampled_from(["Likes", "Views"]),
)
KNOWN = st.builds(
    lambda number, more: known_of(replace(ENTRY, provider_service=number), **more),
    st.sampled_from(["1", "2", "3", "4"]),
    st.fixed_dictionaries({"selling": st.booleans(), "leads": st.booleans(), "cancel": st.booleans()}),
)


@given(st.lists(ENTRIES, max_size=8), st.lists(KNOWN, max_size=4, unique_by=lambda each: each.service_id))
def test_no_list_whatever_it_says_sells_more_by_itself(listed, known):
    """Of what happens without a person nothing sells anew, nothing promises more, and nothing changes a price."""
    diff = diff_of(listed, *known)

    safe = {change.kind for change in diff.changes if change.safe}
    assert safe <= {Kind.GONE, Kind.BACK, Kind.COST, Kind.PAUSE, Kind.NARROWER, Kind.LESS, Kind.SPEED}
    keys = [(change.provider_service, change.service_id, change.kind) for change in diff.changes]
    assert len(keys) == len(set(keys))
