"""The claims check: what may be written about a service and what may not, however it is dressed (R13, R49, R55)."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.rules import lettering
from policies.rules.claims import FORBIDDEN_BY, ClaimKind, found_in

RESULT, OUTCOME, TIME, SAFETY, DISGUISE = ClaimKind

BAD = [
    # that the number comes, is real or stays
    (RESULT, "Instagram Followers | Guaranteed"),
    (RESULT, "YouTube Views [ Min 3K | Speed: 50K+/Day | Lifetime Guaranteed | Social Ads Views ] 0-12 HRS"),
    (RESULT, "Instagram Reel Views | Lifetime Guaranteed"),
    (RESULT, "Lifetime guarantee on every like"),
    (RESULT, "Instagram Arabic Like [100% Real] [Max 1K]"),
    (RESULT, "100 % real and active users"),
    (RESULT, "100% high quality real accounts"),
    (RESULT, "100 percent genuine followers"),
    (RESULT, "Real 100%"),
    (RESULT, "Real engagement guaranteed"),
    (RESULT, "Satisfaction guaranteed or your money back"),
    (RESULT, "Money back guarantee"),
    (RESULT, "We guarantee your followers"),
    (RESULT, "Results guaranteed!"),
    (RESULT, "Guaranteed result for every order"),
    (RESULT, "We promise that your number stays"),
    (RESULT, "Success assured"),
    (RESULT, "Instagram Followers [ Max - 1M | Non Drop | 30 Days Refill With Button | HQ ] INSTANT"),
    (RESULT, "Facebook Followers | Page\\Profile | Non-Drop | 100K Per Day"),
    (RESULT, "No drop ever"),
    (RESULT, "Zero drops"),
    (RESULT, "Drop rate: 0%"),
    (RESULT, "These followers never drop"),
    (RESULT, "They will not drop"),
    (RESULT, "Drop-proof likes"),
    (RESULT, "Permanent followers, high quality"),
    (RESULT, "Likes that stay forever"),
    (RESULT, "No password needed, guaranteed delivery"),
    (RESULT, "Not only fast but guaranteed"),
    (RESULT, "Don't worry, it is guaranteed"),
    (RESULT, "We do not promise, we guarantee"),
    (RESULT, "Guaranteed no drops"),
    (RESULT, "No tricks. Guaranteed."),
    # what comes of it
    (OUTCOME, "Your reel will go viral"),
    (OUTCOME, "Makes you viral in one night"),
    (OUTCOME, "Become famous on TikTok"),
    (OUTCOME, "Increase your sales with our followers"),
    (OUTCOME, "Boosts your engagement"),
    (OUTCOME, "Get more customers today"),
    (OUTCOME, "Grow your business"),
    (OUTCOME, "Organic growth for your page"),
    (OUTCOME, "Real engagement from active people"),
    (OUTCOME, "Instagram Followers [Active & Highly Engaged / Fast]"),
    (OUTCOME, "Push your post to the explore page"),
    (OUTCOME, "Rank first on YouTube"),
    (OUTCOME, "Earn money with your channel"),
    (OUTCOME, "4000 hours watch time, get monetized"),
    (OUTCOME, "Followers who will buy from you"),
    (OUTCOME, "More profit for your shop"),
    # exact times
    (TIME, "Starts in exactly 1 h"),
    (TIME, "Completed in exactly 60 minutes"),
    (TIME, "10,000 likes in 5 minutes"),
    (TIME, "Instagram Likes | in 5 minutes | cheap"),
    (TIME, "Delivered within 24 hours"),
    (TIME, "Instagram Followers, delivering in 12-24 hours"),
    (TIME, "We deliver your order in under 1 hour"),
    (TIME, "Starts within five minutes, then the whole package in half an hour."),
    (TIME, "Full delivery within half an hour"),
    (TIME, "Completion time: 1 hour"),
    (TIME, "1-hour delivery"),
    (TIME, "24h delivery"),
    (TIME, "Done by tomorrow"),
    (TIME, "You have it by Monday"),
    (TIME, "Same-day delivery"),
    (TIME, "Delivered today"),
    (TIME, "Followers in minutes"),
    (TIME, "Always on time"),
    (TIME, "Without any delay"),
    (TIME, "Instant delivery"),
    (TIME, "Delivered immediately"),
    (TIME, "Starts in 1 hour and completes in 24 hours"),
    # safety from the platform
    (SAFETY, "Safe from bans"),
    (SAFETY, "100 % safe"),
    (SAFETY, "Completely safe for your account"),
    (SAFETY, "Instagram Views - HQ | Super fast | ✅ Safe"),
    (SAFETY, "No risk for you"),
    (SAFETY, "There are no risks, so buy now"),
    (SAFETY, "Risk-free followers"),
    (SAFETY, "Ban-proof method"),
    (SAFETY, "You will never get banned"),
    (SAFETY, "Your account cannot be suspended"),
    (SAFETY, "No ban, no block"),
    (SAFETY, "Undetectable"),
    (SAFETY, "Cannot be detected by Instagram"),
    (SAFETY, "Instagram approved"),
    (SAFETY, "Approved by TikTok"),
    (SAFETY, "Official YouTube partner"),
    (SAFETY, "Complies with Instagram's terms"),
    (SAFETY, "Protected against shadowbans"),
    # disguise
    (DISGUISE, "Looks organic"),
    (DISGUISE, "Delivery that looks completely natural"),
    (DISGUISE, "Premium profiles with real-looking bio and avatars"),
    (DISGUISE, "Human-like so that nobody notices"),
    (DISGUISE, "Mimics human behaviour"),
    (DISGUISE, "Random pauses in a natural pattern"),
    (DISGUISE, "Nobody will know that you bought them"),
    (DISGUISE, "Indistinguishable from real fans"),
    (DISGUISE, "Bypasses the algorithm"),
    (DISGUISE, "Fools Instagram"),
]

DRESSED = [
    (RESULT, "GUARANTEED"),
    (RESULT, "g u a r a n t e e d"),
    (RESULT, "G.U.A.R.A.N.T.E.E.D"),
    (RESULT, "guaran-teed"),
    (RESULT, "gua ran teed"),
    (RESULT, "guar*an*teed"),
    (RESULT, "guar_anteed"),
    (RESULT, "g\u200bu\u200barant\u00adeed"),
    (RESULT, "gúáräñtèéd"),
    (RESULT, "ｇｕａｒａｎｔｅｅｄ"),
    (RESULT, "𝗚𝘂𝗮𝗿𝗮𝗻𝘁𝗲𝗲𝗱"),
    (RESULT, "ɢᴜᴀʀᴀɴᴛᴇᴇᴅ"),
    (RESULT, "🅶🆄🅰🆁🅰🅽🆃🅴🅴🅳"),
    (RESULT, "Gυаrаntееd"),  # Greek and Cyrillic letters
    (RESULT, "g&#117;arant&eacute;ed"),
    (RESULT, "&amp;#103;uaranteed"),
    (RESULT, "guar<b>ant</b>eed"),
    (RESULT, "Fast<br>Guaranteed"),
    (RESULT, "gu4ranteed"),
    (RESULT, "guaaaranteeeed"),
    (RESULT, "guarenteed"),
    (RESULT, "gauranteed"),
    (RESULT, "garantizado"),
    (RESULT, "garantiert"),
    (RESULT, "100%real"),
    (RESULT, "１００％ ｒｅａｌ"),
    (RESULT, "100 &percnt; real"),
    (RESULT, "🔥100% REAL🔥"),
    (SAFETY, "S A F E  from bans"),
    (SAFETY, "un-detectable"),
    (DISGUISE, "l0oks organic"),
]

GOOD = [
    # names as panels write them
    "Instagram Followers | Europe | Standard | Refill 30 days",
    "Instagram Post Likes | Worldwide | Fast, instant start",
    "Instagram Followers [Real] [Refill 30 Days] [Start: 0-1 Hour] [Speed 10K/Day]",
    "Instagram Views [NO REELS] [Max: 9M] [Start Time: 0-1 Hour] [Speed: 100K/Day]",
    "Telegram Members [Refill: 7D] [Start Time: 0 - 1 Hr] [Max: 30K] [Speed: 20K/D] ⛔",
    "TikTok Followers [NO REFILL] [Max: 50K] [Start Time: 4 Hours] [Speed: 500/Day]",
    "Youtube Likes [Refill: 30 Days] [Max: 50K] [Start Time: Instant] [Speed: Up to 25K/Day]",
    "Instagram Followers [5K] [6H - 5K/D - R30]",
    "Twitter Followers [ X ] | 100k/D | Non Refill | Super instant",
    "Instagram USA Random Comments - Female [ Max - 1k | Speed - 100-300/hour | High Quality ] INSTANT",
    "Facebook Followers | Low Drop | No Refill | 30K Per Day | 0-1 Hour Start Time",
    "Instagram Followers [ 30 Days Auto Refill and 60 Days Refill Button ]",
    "YouTube Views | Native Ads | Real Users | 500K Per Day | Min 10K",
    "Instagram Likes | Lifetime Refill",
    "Spotify Plays | Mixed quality",
    "Instagram Likes - Fast & Cheap",
    "TikTok Video Views - Cheapest",
    "X Poll Votes",
    "YouTube Live Stream Views | 15 Minutes",
    "Instagram Story Views (all stories, last 24 hours)",
    "Telegram Post Views - Last 20 Posts",
    "YouTube Watch Time | 60 minute videos and longer",
    "Trending videos: YouTube Views",
    # a refill's terms, also where they are called a guarantee
    "30 Days Refill Guarantee",
    "Guarantee: 30-Day Refill",
    "♻️ Guarantee: Lifetime Auto-Refill",
    "Refill guarantee of 365 days",
    "R30 guarantee",
    # denials
    "Not guaranteed",
    "Non guaranteed",
    "No guarantee of engagement",
    "We do not guarantee likes, comments, real engagement or growth.",
    "Results are not in any way guaranteed.",
    "Guarantee: no",
    "Guarantee ❌",
    "❌ Guarantee",
    "❌ No refill",
    "Nobody can promise that you go viral or that your sales grow.",
    "This does not increase your sales.",
    "Not 100 % real",
    "Mixed accounts, not 100% real and active",
    "Not organic growth, and not meant to replace it.",
    "Delivery is dynamic and not guaranteed to follow exact timeframes.",
    "We don't promise organic growth.",
    "It isn't guaranteed.",
    "Not safe for new accounts",
    "This is not undetectable, and not approved by Instagram.",
    "Not instant delivery",
    "These followers may drop.",
    "Drops are possible",
    "Your account may be banned by the platform: read its rules.",
    # forecasts, starts and speeds
    "Usually takes about 2 hours",
    "Average time 2 h",
    "Average completion time: 1 hour 40 minutes",
    "0-1 h start",
    "Starts within five minutes, then about 1,200 an hour, evenly.",
    "Instant start: begins within a minute, then about 9,000 an hour, evenly.",
    "Starts within five minutes, then the whole package in about half an hour.",
    "Delivery time: 0-24 hours",
    "Delivered in about 12 hours on average",
    "Most orders are complete within a day",
    "Delivery usually completes in 2 hours, sometimes later.",
    "Speed 5k to 10k per day",
    "Start time: 1 hour",
    "Up to 500 an hour",
    "Not delivered within exactly 1 h",
    "If it is not delivered within 72 hours, what is missing is paid back.",
    # what is asked of the customer, and other honest words
    "What drops within 30 days is refilled on request.",
    "What drops later is not refilled.",
    "Refill usually takes 24-72 hours.",
    "Refills arrive within 30 days of completion on request",
    "Simulated likes: this demonstration provider counts them up and contacts no platform.",
    "The profile must be public or the order does not start.",
    "Please do not order again for the same link within 24 hours.",
    "Cancel within 10 minutes and get everything back",
    "Report a drop within 30 days.",
    "Likes come from accounts active within 7 days",
    "No password needed",
    "100 % of the quantity or your money for the rest",
    "Accounts with profile pictures from the United States",
    "Custom comments: your own texts, one a line",
    "High quality accounts with posts",
    "Your money is safe with us: what is missing is paid back.",
    "Delivered bit by bit by an advertising network",
    "Real users watch through advertisements",
    "More followers for business accounts",
    "Followers from brand new accounts",
    "No drop seen in the last 30 days, refill possible",
    "Delivery may take up to 24 hours when much is going on.",
    "Orders are started within 12 hours.",
    "We are not responsible if your account is banned.",
    "Do not make your account private.",
    "Drip-feed possible",
    "",
]


@pytest.mark.parametrize(("kind", "text"), [*BAD, *DRESSED])
def test_a_promise_that_nobody_can_keep_is_found(kind, text):
    """R13, R49, R55: no fixed promise of times, engagement, sales, growth or results can be written."""
    assert kind in {claim.kind for claim in found_in(text)}


@pytest.mark.parametrize("text", GOOD)
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


SEEDS = [text for _, text in [*BAD, *DRESSED]] + GOOD
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
