"""What one report of a provider changes about a live run, hostile reports included."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policies.rules.delivery import RunFact, advance, cause_of, known_word, unseen
from policies.rules.refunds import RefundFacts, decide_refund
from policies.rules.vocabulary import ReportFlag, RunOutcome

HALF_WAY = RunFact(run_id=1, order_id=10000, quantity=1000, delivered=500, start_count=3572, word="In progress")


def report(status="In progress", remains="500", **more):
    return {"charge": "0.27819", "start_count": "3572", "status": status, "remains": remains, "currency": "USD", **more}


def without(*names, **more):
    return {name: value for name, value in report(**more).items() if name not in names}


class TestWhatSaysNothingNew:
    @pytest.mark.parametrize(
        "same",
        [
            report(),
            report(remains=500),
            report(start_count="9999"),  # the first that was told stands
            report(status="in_progress"),
            report(status=" IN PROGRESS "),
            without("remains"),
            report(remains=""),
            report(remains=None),
        ],
    )
    def test_changes_nothing(self, same):
        assert advance(HALF_WAY, same) is None

    def test_is_read_from_a_plain_database_row_as_well(self):
        assert advance((1, 10000, 1000, 500, 3572, "In progress"), report()) is None


class TestProgress:
    def test_moves_delivered_on(self):
        step = advance(HALF_WAY, report(remains="400"))

        assert (step.run_id, step.order_id, step.delivered, step.word) == (1, 10000, 600, "In progress")
        assert (step.ends, step.outcome, step.flags) == (False, None, ())

    @pytest.mark.parametrize(("remains", "sample"), [("481", False), ("480", True), ("479", True), ("499", False)])
    def test_asks_for_a_sample_each_fiftieth(self, remains, sample):
        """Decision 10: floor(50 × delivered / quantity) grew."""
        assert advance(HALF_WAY, report(remains=remains)).sample is sample

    def test_takes_the_first_start_count_it_is_told(self):
        fresh = HALF_WAY._replace(start_count=None)

        assert advance(fresh, report(start_count="12")).start_count == 12
        assert (
            advance(fresh, report(start_count=0)).start_count == 0
        )  # half of it is delivered: an account from nothing
        assert advance(fresh, report(start_count="")) is None

    def test_takes_no_zero_for_a_start_count_before_the_first_unit(self):
        """It is how panels say that they have not looked yet; what follows would be lost."""
        untouched = HALF_WAY._replace(start_count=None, delivered=0, word="Pending")

        assert advance(untouched, report("Pending", remains="1000", start_count="0")) is None
        assert advance(untouched, report("Processing", remains="1000", start_count="0")).start_count is None
        assert advance(untouched, report("In progress", remains="990", start_count="1308")).start_count == 1308

    @pytest.mark.parametrize("odd", ["-1", "2147483648", "1e3", "12 ", "١٢", True, [], "9" * 40])
    def test_believes_no_start_count_that_cannot_be_one(self, odd):
        assert advance(HALF_WAY._replace(start_count=None), report(start_count=odd)) is None

    def test_of_a_pending_order_is_none_whatever_remains_says(self):
        fresh = HALF_WAY._replace(delivered=0, word="")

        assert advance(fresh, report(status="Pending", remains="0")).delivered == 0

    def test_keeps_a_word_as_api_v2_spells_it(self):
        assert advance(HALF_WAY, report(status="PROCESSING")).word == "Processing"


class TestAnEnd:
    @pytest.mark.parametrize(
        ("said", "delivered", "outcome"),
        [
            (report("Completed", "0"), 1000, RunOutcome.DELIVERED),
            (report("completed", 0), 1000, RunOutcome.DELIVERED),
            (report("Completed", "20"), 980, RunOutcome.SHORT),
            (without("remains", status="Completed"), 1000, RunOutcome.DELIVERED),
            (report("Partial", "300"), 700, RunOutcome.SHORT),
            (report("Partial", "0"), 1000, RunOutcome.DELIVERED),
            (report("Canceled", "500"), 500, RunOutcome.SHORT),
            (report("Cancelled", "0"), 1000, RunOutcome.DELIVERED),
            (without("remains", status="Canceled", charge="0.00"), 500, RunOutcome.SHORT),
            (without("remains", "charge", status="Canceled"), 500, RunOutcome.SHORT),
            (report("Canceled", "", charge=""), 500, RunOutcome.SHORT),
        ],
    )
    def test_is_believed_with_its_numbers(self, said, delivered, outcome):
        step = advance(HALF_WAY, said)

        assert (step.delivered, step.ends, step.outcome, step.flags) == (delivered, True, outcome, ())

    def test_with_more_than_was_bought_is_the_whole_and_flagged(self):
        """R39: over-delivery is never charged."""
        step = advance(HALF_WAY, report("Completed", "-30"))

        assert (step.delivered, step.outcome, step.flags) == (1000, RunOutcome.DELIVERED, ("over_delivered",))

    @pytest.mark.parametrize("odd", [without("remains", status="Canceled"), report("Canceled", "900")])
    def test_is_believed_when_the_number_comes_after_all(self, odd):
        doubted = advance(HALF_WAY, odd)
        fact = HALF_WAY._replace(word=doubted.word, delivered=doubted.delivered)

        step = advance(fact, report("Canceled", "500"))

        assert (doubted.ends, step.delivered, step.outcome) == (False, 500, RunOutcome.SHORT)


class TestWhatIsOdd:
    @pytest.mark.parametrize("word", ["Completed", "Partial", "Canceled", "In progress", "Processing", "Pending"])
    @pytest.mark.parametrize("remains", ["1001", "many", "1.5", 12.5, True, "--5", "1_0", "٣", {}, "9" * 5000])
    def test_numbers_that_cannot_be_end_nothing_and_move_nothing(self, word, remains):
        """Decision 17."""
        step = advance(HALF_WAY, report(word, remains))

        assert (step.delivered, step.ends, step.flags) == (500, False, ("impossible_number",))

    @pytest.mark.parametrize("word", ["Partial", "Canceled", "In progress"])
    def test_a_negative_remainder_moves_no_money(self, word):
        assert advance(HALF_WAY, report(word, "-1")).flags == ("impossible_number",)

    @pytest.mark.parametrize("word", ["Refunded", "Error", "Fail", "", None, 7, ["Completed"]])
    def test_an_unknown_word_is_flagged_and_never_taken_for_a_failure(self, word):
        step = advance(HALF_WAY, report(word, "0"))

        assert (step.delivered, step.word, step.ends, step.flags) == (500, "In progress", False, ("unknown_word",))

    @pytest.mark.parametrize(
        "said",
        [
            without("remains", status="Canceled"),
            without("remains", status="Canceled", charge="a lot"),
            without("remains", status="Canceled", charge="NaN"),
            without("remains", status="Partial"),
            without("remains", status="Partial", charge="0"),
        ],
    )
    def test_an_end_that_hides_how_much_is_missing_waits_for_a_person(self, said):
        step = advance(HALF_WAY, said)

        assert (step.delivered, step.ends, step.flags) == (500, False, ("remains_missing",))

    def test_less_than_before_is_noted_and_not_believed(self):
        step = advance(HALF_WAY, report("In progress", "900"))

        assert (step.delivered, step.ends, step.flags) == (500, False, ("regressed",))

    @pytest.mark.parametrize("word", ["Completed", "Partial", "Canceled"])
    def test_an_end_with_less_than_before_waits_for_a_person(self, word):
        """To believe the first number would take the customer's money, to believe the second the shop's."""
        step = advance(HALF_WAY, report(word, "501", charge="0"))

        assert (step.delivered, step.word, step.ends) == (500, word, False)
        assert step.flags == ("contradicted", "regressed")

    def test_all_of_it_and_then_nothing_is_no_completion(self):
        """ "Processing, none remain", then "Canceled, all remain, nothing charged"."""
        whole = advance(HALF_WAY, report("Processing", "0"))
        fact = HALF_WAY._replace(delivered=whole.delivered, word=whole.word)

        assert advance(fact, report("Canceled", "1000", charge="0")).outcome is None

    @pytest.mark.parametrize("word", ["Partial", "Canceled"])
    @pytest.mark.parametrize(
        ("charge", "believed"), [("0.27", True), (0.27, True), ("0", False), (0, False), ("", False), (None, False)]
    )
    def test_all_of_it_is_believed_of_a_short_end_that_was_charged(self, word, charge, believed):
        step = advance(HALF_WAY, report(word, "0", charge=charge))

        assert step.ends is believed
        assert step.flags == (() if believed else ("contradicted",))
        assert step.delivered == (1000 if believed else 500)

    def test_an_answer_without_the_order_is_flagged(self):
        step = advance(HALF_WAY, None)

        assert step[:5] == (1, 10000, 500, 3572, "In progress")
        assert (step.ends, step.flags) == (False, ("not_in_answer",))


class TestPatienceOver:
    """R37, "refund.6.3": a standstill is a fact only when a report of now still shows none of the progress missed."""

    @pytest.mark.parametrize(
        ("fact", "said"),
        [
            (HALF_WAY, report()),
            (HALF_WAY, report(remains=500)),
            (HALF_WAY, report("Processing")),
            (HALF_WAY, report("Pending")),
            (HALF_WAY._replace(delivered=0), report("Pending", "0")),
            (HALF_WAY._replace(delivered=0), without("remains", status="Pending")),
        ],
    )
    def test_the_same_number_proves_a_standstill(self, fact, said):
        step = advance(fact, said, patience_over=True)

        assert (step.delivered, step.outcome, step.flags) == (fact.delivered, RunOutcome.STALLED, ())

    @pytest.mark.parametrize(
        "said", [report(remains="499"), report("Completed", "0"), report("Partial", "300"), report("Canceled", "500")]
    )
    def test_progress_and_the_provider_s_own_end_go_their_way(self, said):
        assert advance(HALF_WAY, said, patience_over=True) == advance(HALF_WAY, said)

    @pytest.mark.parametrize(
        ("said", "odd"),
        [
            (None, ("not_in_answer",)),
            (report("Refunded"), ("unknown_word",)),
            (report(remains="1001"), ("impossible_number",)),
            (report("Pending", "-1"), ("impossible_number",)),
            (report(remains="900"), ("regressed",)),
            (without("remains"), ()),
            (without("remains", status="Canceled"), ("remains_missing",)),
        ],
    )
    def test_a_report_that_tells_nothing_proves_nothing(self, said, odd):
        """Of a package too: its remains are left out, as they say nothing."""
        step = advance(HALF_WAY, said, patience_over=True)

        assert (step.delivered, step.ends, step.flags) == (500, False, (*odd, "unseen"))

    def test_a_call_that_failed_proves_nothing(self):
        assert (unseen(HALF_WAY).ends, unseen(HALF_WAY).flags) == (False, ("unseen",))


@pytest.mark.parametrize(
    ("said", "word"), [("Awaiting", "Pending"), ("Queued", "Pending"), ("Complete", "Completed"), ("Nonsense", None)]
)
def test_one_table_knows_the_words(said, word):
    assert known_word(said) == word


WORDS = st.sampled_from(
    ["Pending", "Processing", "In progress", "Completed", "Partial", "Canceled", "Error", "partial"]
)
NUMBERS = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-2000, 2000),
    st.integers(-2000, 2000).map(str),
    st.text(max_size=4),
)
REPORTS = st.none() | st.fixed_dictionaries(
    {}, optional={"status": WORDS | st.text(), "remains": NUMBERS, "start_count": NUMBERS, "charge": NUMBERS}
)
FACTS = st.builds(
    lambda quantity, share, start: RunFact(1, 2, quantity, quantity * share // 100, start, ""),
    st.integers(1, 1500),
    st.integers(0, 99),
    st.none() | st.integers(0, 100),
)


def apply(fact, step):
    """The fact after a step, as the engine writes it."""
    return fact._replace(delivered=step.delivered, start_count=step.start_count, word=step.word)


@given(FACTS, REPORTS)
def test_delivered_never_falls_and_never_exceeds_the_quantity(fact, said):
    step = advance(fact, said)

    assert step is None or fact.delivered <= step.delivered <= fact.quantity


@given(FACTS, REPORTS, st.booleans())
def test_a_step_leaves_a_shape_the_database_accepts(fact, said, late):
    step = advance(fact, said, patience_over=late)
    if step is None:
        return
    assert (step.run_id, step.order_id) == (1, 2)
    assert step.start_count is None or 0 <= step.start_count < 2**31
    assert len(step.word) <= 16
    assert {ReportFlag(flag) for flag in step.flags} <= set(ReportFlag)
    assert step.outcome in (None, RunOutcome.DELIVERED, RunOutcome.SHORT, *([RunOutcome.STALLED] if late else []))
    assert (step.outcome is RunOutcome.DELIVERED) <= (step.delivered == fact.quantity)


@given(FACTS, st.integers(1, 1500), WORDS)
def test_a_run_whose_report_shows_progress_never_fails(fact, moved, word):
    """R37: whatever the clock says."""
    said = {"status": word, "remains": str(fact.quantity - fact.delivered - moved)}
    assume(known_word(word) != "Pending" or fact.delivered > 0)  # which says that nothing has begun

    assert advance(fact, said, patience_over=True).outcome is not RunOutcome.STALLED


@given(FACTS, REPORTS)
def test_a_run_fails_only_by_the_very_number_we_knew_or_before_it_began(fact, said):
    step = advance(fact, said, patience_over=True)

    if step is not None and step.outcome is RunOutcome.STALLED:
        begun = fact.delivered > 0 or known_word(said["status"]) != "Pending"
        assert not begun or str(said["remains"]) == str(fact.quantity - fact.delivered)


@given(FACTS, REPORTS)
def test_replaying_the_same_report_changes_nothing(fact, said):
    step = advance(fact, said)
    if step is None or step.ends:
        return
    after = apply(fact, step)
    again = advance(after, said)

    assert again is None or (apply(after, again), again.ends) == (after, False)


@given(FACTS, st.lists(REPORTS, max_size=8))
def test_refunds_stay_within_the_charge_for_any_sequence_of_hostile_reports(fact, reports):
    """orders c.2: repeated, re-ordered, regressing, hostile."""
    charge, refunded, outcome = Decimal("1.00000"), Decimal(0), None
    for said in reports:
        step = advance(fact, said)
        if step is not None:
            fact, outcome = apply(fact, step), outcome or step.outcome
        cause = cause_of([outcome], missing=fact.quantity - fact.delivered)
        refunded += decide_refund(RefundFacts(cause, fact.quantity, fact.delivered, charge, refunded, 0)).amount
        if outcome is not None:
            break  # terminal is final: nothing looks at an ended run again

        assert refunded == 0
    assert 0 <= refunded <= charge


@pytest.mark.parametrize("ended", ["Canceled", "Partial", "Completed"])
def test_an_end_that_is_taken_back_is_a_step_back(ended):
    """It had said so without a number that could be used, so the run is live still (reliability 3, row 12)."""
    step = advance(HALF_WAY._replace(word=ended), report())

    assert (step.word, step.delivered, step.outcome, step.flags) == ("In progress", 500, None, ("regressed",))
