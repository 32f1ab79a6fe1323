"""What links lead to: the same thing under many spellings has one fingerprint, and no two things share one (R21)."""

import string
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import links
from orders.links.address import Address
from policies.rules.vocabulary import LinkKind, Metric, Platform
from tests.orders.links.corpus import groups

KNOWN = [group for group in groups() if group.known]
UNKNOWN = [(group.platform, link) for group in groups() if not group.known for link in group.links]


def fingerprint(link, platform=None):
    return links.fingerprint(link, platform)


@pytest.mark.parametrize("group", KNOWN, ids=lambda group: group.links[0])
def test_every_spelling_leads_to_the_same_thing(group):
    targets = [links.read(link, group.platform) for link in group.links]

    assert {(target.platform, target.name) for target in targets} == {(group.platform, targets[0].name)}
    assert group.kind in {target.kind for target in targets}
    assert len({fingerprint(link, group.platform) for link in group.links}) == 1


def test_no_two_things_share_a_fingerprint():
    prints = [fingerprint(group.links[0], group.platform) for group in KNOWN]

    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(("platform", "link"), UNKNOWN)
def test_pages_that_are_nothing_to_deliver_to_are_known_by_their_host_alone(platform, link):
    assert (links.read(link), links.platform_of(link)) == (None, platform)


@pytest.mark.parametrize("platform", Platform)
def test_the_corpus_is_large_enough(platform):
    """About a third is kept out of tuning."""
    count = {kept: sum(len(each.links) for each in KNOWN if (each.platform, each.kept_out) == (platform, kept))
             for kept in (False, True)}  # fmt: skip

    assert count[False] + count[True] >= 25
    assert count[True] >= 0.3 * (count[False] + count[True])
    assert sum(each == platform for each, _ in UNKNOWN) >= 15


class TestOtherHosts:
    @pytest.mark.parametrize(
        "link",
        ["https://example.com/p/1", "http://www.example.com/p/1/", "example.com:443/p/1", "https://EXAMPLE.com//p/./1#x",
         "https://example.com/p/%31", "https://example.com/q/../p/1?utm_source=a&fbclid=b"],
    )  # fmt: skip
    def test_spelling_is_set_aside(self, link):
        assert fingerprint(link) == fingerprint("https://example.com/p/1")

    @pytest.mark.parametrize(
        "link", ["https://example.com/p/2", "https://example.com/P/1", "https://example.com/p/1?v=2"]
    )
    def test_what_may_be_another_place_is_another(self, link):
        assert fingerprint(link) != fingerprint("https://example.com/p/1")


class TestNames:
    def test_a_bare_name_is_an_account_of_the_platform_it_is_ordered_for(self):
        assert fingerprint("@nasa", Platform.X) == fingerprint("https://x.com/NASA")
        assert fingerprint("nasa", Platform.TIKTOK) == fingerprint("https://tiktok.com/@nasa")

    def test_the_same_name_elsewhere_is_somebody_else(self):
        prints = {fingerprint("@nasa", platform) for platform in Platform}

        assert len(prints) == len(Platform)

    def test_its_fingerprints_are_known_for_each_platform_before_the_platform_is(self):
        told = links.fingerprints("@nasa")

        assert told == {"": fingerprint("@nasa")} | {each.value: fingerprint("@nasa", each) for each in Platform}
        assert list(links.fingerprints("https://x.com/nasa")) == [""]


DECORATIONS = st.sampled_from(["?x=1", "/", "#a", "?utm_source=z&igsh=q", "//", "/?"])
IDS = {
    "https://instagram.com/p/{}": st.text(string.ascii_letters + string.digits + "_-", min_size=1, max_size=11),
    "https://www.tiktok.com/@a/video/{}": st.integers(10**9, 10**19).map(str),
    "https://youtu.be/{}": st.text(string.ascii_letters + string.digits + "_-", min_size=11, max_size=11),
    "https://x.com/a/status/{}": st.integers(1, 10**19).map(str),
    "https://t.me/durov/{}": st.integers(1, 10**6).map(str),
    "https://open.spotify.com/track/{}": st.text(string.ascii_letters + string.digits, min_size=22, max_size=22),
    "https://www.twitch.tv/videos/{}": st.integers(1, 10**10).map(str),
    "https://www.facebook.com/nasa/videos/{}": st.integers(10**6, 10**16).map(str),
}


@given(st.data(), st.sampled_from(sorted(IDS)), DECORATIONS)
def test_no_decoration_makes_another_thing(data, form, decoration):
    link = form.format(data.draw(IDS[form]))

    assert fingerprint(link + decoration) == fingerprint(link)


@given(st.data(), st.sampled_from(sorted(IDS)))
def test_two_ids_are_two_things(data, form):
    one, other = data.draw(IDS[form]), data.draw(IDS[form])

    assert (fingerprint(form.format(one)) == fingerprint(form.format(other))) is (one == other)


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read_or_is_no_address(text):
    for platform in (None, Platform.FACEBOOK):
        try:
            links.fingerprint(text, platform)
        except (ValueError, UnicodeEncodeError):
            continue


class TestWanted:
    @pytest.mark.parametrize(
        ("platform", "metric", "fits", "fits_not"),
        [
            (Platform.INSTAGRAM, Metric.FOLLOWERS, LinkKind.PROFILE, LinkKind.POST),
            (Platform.INSTAGRAM, Metric.LIKES, LinkKind.VIDEO, LinkKind.PROFILE),
            (Platform.TIKTOK, Metric.VIEWS, LinkKind.VIDEO, LinkKind.PROFILE),
            (Platform.YOUTUBE, Metric.SUBSCRIBERS, LinkKind.CHANNEL, LinkKind.VIDEO),
            (Platform.YOUTUBE, Metric.VIEWS, LinkKind.VIDEO, LinkKind.CHANNEL),
            (Platform.FACEBOOK, Metric.MEMBERS, LinkKind.GROUP, LinkKind.POST),
            (Platform.X, Metric.SHARES, LinkKind.POST, LinkKind.PROFILE),
            (Platform.TELEGRAM, Metric.REACTIONS, LinkKind.POST, LinkKind.CHANNEL),
            (Platform.SPOTIFY, Metric.FOLLOWERS, LinkKind.PLAYLIST, LinkKind.TRACK),
            (Platform.TWITCH, Metric.FOLLOWERS, LinkKind.CHANNEL, LinkKind.CLIP),
        ],
    )
    def test_each_metric_has_its_kinds(self, platform, metric, fits, fits_not):
        kinds = links.wanted(platform, metric)

        assert fits in kinds
        assert fits_not not in kinds

    def test_what_is_not_stated_takes_anything(self):
        assert links.wanted(Platform.INSTAGRAM, Metric.VIEWS) == frozenset()

    def test_every_kind_that_is_wanted_can_be_told(self):
        """Otherwise a service would refuse every link that leads where it delivers."""
        told = {(group.platform, group.kind) for group in KNOWN}
        for platform in Platform:
            for metric in Metric:
                wanted = links.wanted(platform, metric)
                assert not wanted or {(platform, kind) for kind in wanted} & told, (platform, metric)


def test_all_hosts_are_told_apart():
    for one, other in combinations(links.READERS.values(), 2):
        assert not one.HOSTS & other.HOSTS


def test_an_address_keeps_what_it_is_made_of():
    assert Address.of("HTTPS://www.Example.com:8443/a//b/../c%20d?X=1&x=2#y") == Address(
        "example.com", ("a", "c d"), {"x": "1"}
    )
