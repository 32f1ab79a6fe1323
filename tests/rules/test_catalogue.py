"""What an entry of a list becomes: closed lists, plain words, rates that lose no fraction (R19, R46, R48)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.rules.catalogue import LeftOut, RemoteService, Terms, decide_place, decide_terms, marked_up, says_instant
from policies.rules.vocabulary import Metric, Platform, ServiceType

ENTRY = RemoteService(
    provider_service="7", name="Likes", category="Instagram", type="Default", rate=Decimal("0.9"), min=10, max=1000
)


def place(category, name, **changes):
    decided = decide_place(replace(ENTRY, category=category, name=name, **changes))
    return decided.platform, decided.metric


@pytest.mark.parametrize(
    ("category", "name", "platform", "metric"),
    [
        ("Instagram Followers", "Fast | Refill 30", Platform.INSTAGRAM, Metric.FOLLOWERS),
        ("IG", "Likes [Real]", Platform.INSTAGRAM, Metric.LIKES),
        ("Tik Tok Video Views", "500k a day", Platform.TIKTOK, Metric.VIEWS),
        ("YT", "Subs 50/day", Platform.YOUTUBE, Metric.SUBSCRIBERS),
        ("FB Pages", "Page followers", Platform.FACEBOOK, Metric.FOLLOWERS),
        ("X Retweets", "USA", Platform.X, Metric.SHARES),
        ("Twitter", "Poll votes", Platform.X, Metric.VOTES),
        ("Telegram", "Channel members", Platform.TELEGRAM, Metric.MEMBERS),
        ("TG", "Post reactions", Platform.TELEGRAM, Metric.REACTIONS),
        ("Spotify", "Track plays", Platform.SPOTIFY, Metric.PLAYS),
        ("Twitch", "Channel visits", Platform.TWITCH, Metric.VISITS),
        ("Other", "Instagram saves", Platform.INSTAGRAM, Metric.SAVES),
        # nobody guesses
        ("Instagram & Facebook", "Likes", None, Metric.LIKES),
        ("Instagram", "Likes + Views", Platform.INSTAGRAM, None),
        ("Speed x10", "Followers", None, Metric.FOLLOWERS),
        ("LinkedIn", "Endorsements", None, None),
        ("Instagram", "More sales", Platform.INSTAGRAM, None),
        ("Instagrammar", "Likelihood", None, None),
    ],
)
def test_place_is_read_from_plain_words_and_never_guessed(category, name, platform, metric):
    assert place(category, name) == (platform, metric)


def test_the_entrys_own_words_come_first_when_they_are_in_the_closed_lists():
    assert place("Instagram", "Likes", platform="tiktok", metric="views") == (Platform.TIKTOK, Metric.VIEWS)
    assert place("Instagram", "Likes", platform="myspace", metric="sales") == (Platform.INSTAGRAM, Metric.LIKES)


@pytest.mark.parametrize(
    ("wire_type", "metric"),
    [
        ("Custom Comments", Metric.COMMENTS),
        ("Mentions Hashtag", Metric.MENTIONS),
        ("Comment Likes", Metric.LIKES),
        ("Poll", Metric.VOTES),
        ("Web Traffic", Metric.VISITS),
    ],
)
def test_a_type_that_counts_one_thing_says_what(wire_type, metric):
    assert place("Instagram Followers", "Views", type=wire_type) == (Platform.INSTAGRAM, metric)


def test_terms_are_the_entrys_with_our_rate():
    terms = decide_terms(
        replace(ENTRY, refill=True, refill_days=30, cancel=True, pace=600, average_minutes=5, description="d"),
        markup=Decimal(30),
    )
    assert terms == Terms(
        name="Likes",
        description="d",
        type="Default",
        rate=Decimal("1.17000"),
        min_quantity=10,
        max_quantity=1000,
        refill=True,
        refill_days=30,
        cancel=True,
        dripfeed=False,
        pace_per_hour=600,
        average_minutes=5,
    )


@pytest.mark.parametrize("wire_type", [word.value for word in ServiceType if word.is_package])
def test_a_package_is_one_unit(wire_type):
    terms = decide_terms(replace(ENTRY, type=wire_type, min=1000, max=1000), markup=Decimal(0))
    assert (terms.min_quantity, terms.max_quantity) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"type": "Comment Replies"}, "unknown_type"),
        ({"type": "default"}, "unknown_type"),
        ({"min": 100, "max": 99}, "impossible_quantities"),
        ({"min": 0, "max": 0}, "impossible_quantities"),
        ({"rate": Decimal(-1)}, "impossible_rate"),
        ({"rate": Decimal("1e9")}, "impossible_rate"),
    ],
)
def test_what_cannot_be_sold_says_why(changes, finding):
    assert decide_terms(replace(ENTRY, **changes), markup=Decimal(30)) == LeftOut("7", finding)


def test_no_minimum_means_one():
    assert decide_terms(replace(ENTRY, min=0), markup=Decimal(0)).min_quantity == 1


def test_days_of_refill_are_stated_only_with_a_refill():
    assert decide_terms(replace(ENTRY, refill_days=30), markup=Decimal(0)).refill_days is None


@given(st.decimals(0, 10**6, places=5), st.decimals(0, 1000, places=2))
def test_our_rate_is_never_below_the_markup_and_at_most_a_hundred_thousandth_above(rate, markup):
    exact = rate * (100 + markup) / 100
    assert exact <= marked_up(rate, markup=markup) < exact + Decimal("0.00001")


def test_a_negative_markup_is_refused():
    with pytest.raises(ValueError, match="markup"):
        marked_up(Decimal(1), markup=Decimal(-1))


@pytest.mark.parametrize(
    ("description", "instant"),
    [
        ("Instant delivery of the whole quantity.", True),
        ("Delivered instantly", True),
        ("Instant start, 500 an hour", False),
        ("Not instant delivery", False),
        ("No instant delivery here", False),
        ("Starts within five minutes", False),
        ("", False),
    ],
)
def test_a_service_is_instant_only_if_its_description_says_so(description, instant):
    """R19: nobody should expect immediate full delivery unless the description states it; a fast start does not."""
    assert says_instant(description) is instant
