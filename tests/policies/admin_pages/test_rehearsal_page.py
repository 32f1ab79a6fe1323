"""The page on which a draft is rehearsed: asked for, watched, read (support 7.4)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from policies.models import Rehearsal
from tests.policies.admin_pages.walking import address, words
from tests.policies.people import publish, rehearse, write
from tests.policies.test_operations import record

RESULT = {
    "decisions": 400, "open_orders": 12,
    "outcomes": [
        {"before": "refuse", "after": "refuse", "count": 300, "difference": "0.00000"},
        {"before": "refuse", "after": "refund", "count": 43, "difference": "98.28000"},
        {"before": "refund", "after": "refund", "count": 69, "difference": "0.00000"},
    ],
    "paid_before": "120.00000", "paid_after": "218.28000", "difference": "98.28000",
    "examples": [
        {
            "subject_type": "order", "subject_id": 10000, "decision": None,
            "before": {"outcome": "refuse", "amount": "0", "clause": "refund.7.2"},
            "after": {"outcome": "refund", "amount": "1.50000", "clause": "refund.7.3"},
        }
    ],
}  # fmt: skip


def panel(client, draft):
    """What the page asks for again by itself."""
    return client.get(address("rehearsals", draft), headers={"HX-Request": "true"}).content.decode()


class TestAsking:
    def test_it_is_asked_for_ten_thousand_decisions_unless_otherwise(self, client, written, writer):
        assert client.get(address("rehearsals", written)).context["form"]["decisions"].value() == 10_000

        answer = client.post(address("rehearsals", written), {"decisions": "500"}, follow=True)

        assert "begins within seconds" in words(answer)
        asked = Rehearsal.objects.get()
        assert (asked.decisions, asked.asked_by, asked.state) == (500, f"staff:{writer.pk}", "waiting")

    @pytest.mark.parametrize("typed", ["0", "1000001", "many", ""])
    def test_an_impossible_number_is_refused_at_its_field(self, client, written, typed):
        answer = client.post(address("rehearsals", written), {"decisions": typed})

        assert list(answer.context["form"].errors) == ["decisions"]
        assert answer.context["form"]["decisions"].value() == typed
        assert not Rehearsal.objects.exists()

    def test_a_second_one_at_the_same_time_is_refused(self, client, written):
        rehearse(written, state="running")

        answer = client.post(address("rehearsals", written), {"decisions": "500"})

        assert "A rehearsal of this draft is under way" in words(answer)
        assert Rehearsal.objects.count() == 1

    def test_who_only_looks_is_offered_nothing_to_ask(self, client, to_publish):
        assert "Try the draft on the past" not in words(client.get(address("rehearsals", to_publish)))
        assert client.post(address("rehearsals", to_publish), {"decisions": "500"}).status_code == 403


class TestWatching:
    def test_before_the_first_it_says_what_a_rehearsal_is(self, client, written):
        assert "has not been rehearsed" in panel(client, written)
        assert "hx-get" not in panel(client, written)

    def test_while_it_runs_its_bar_moves_and_asks_again(self, client, written):
        rehearsal = rehearse(written, state="running", done=2500, total=10000)

        shown = panel(client, written)
        assert 'value="2500" max="10000"' in shown
        assert "2,500 of 10,000 cases, 25 %" in shown
        assert 'hx-trigger="every 2s"' in shown
        assert "<html" not in shown

        Rehearsal.objects.filter(pk=rehearsal.pk).update(state="done", result=RESULT, finished_at=rehearsal.asked_at)
        assert "hx-trigger" not in panel(client, written)

    def test_a_failed_one_says_so(self, client, written):
        rehearse(written, state="failed", result={"reason": "The draft changed meanwhile."})

        assert "It failed and says nothing about the draft: The draft changed meanwhile." in panel(client, written)


class TestReading:
    def test_old_outcomes_stand_against_new_with_the_money_between_them(self, client, written):
        rehearse(written, result=RESULT)

        text = words(client.get(address("rehearsals", written)))

        assert "43 of 412 cases would have come out otherwise, and $98.28 more would have been paid back." in text
        assert "400 decisions and 12 open orders" in text
        assert "refuse 43 +$98.28 300" in text
        assert "refund → refuse" not in text
        assert "refuse → refund 43" in text

    def test_its_chart_draws_what_it_says(self, client, written):
        rehearse(written, result=RESULT)

        page = client.get(address("rehearsals", written)).content.decode()

        assert 'aria-label="Paid back before: $120.00"' in page
        assert 'class="policy-old" width="54.98"' in page  # 120 of 218.28
        assert 'class="policy-new" width="100.00"' in page
        assert "style=" not in page

    def test_its_examples_lead_to_the_orders_and_decisions(self, client, written, shipped):
        decision = record(shipped["refund"])
        decided = {**RESULT["examples"][0], "decision": decision.pk}
        rehearse(written, result={**RESULT, "examples": [*RESULT["examples"], decided]})

        page = client.get(address("rehearsals", written)).content.decode()

        assert page.count(reverse("admin:orders_order_change", args=[10000])) == 2
        assert reverse("admin:policies_decision_change", args=[decision.pk]) in page
        assert "refund $1.50 refund.7.3" in words(client.get(address("rehearsals", written)))

    def test_one_that_found_nothing_says_so(self, client, written):
        nothing = {"decisions": 0, "open_orders": 0, "outcomes": [], "examples": []}
        rehearse(written, result={**nothing, "paid_before": "0", "paid_after": "0", "difference": "0"})

        text = words(client.get(address("rehearsals", written)))

        assert "Nothing would have come out otherwise." in text
        assert "No case was found" in text

    def test_it_says_whether_it_is_of_the_draft_as_it_is(self, client, written, writer):
        rehearse(written, result=RESULT)
        assert "the draft as it is now" in panel(client, written)

        write(writer, written, params={"appeal_days": 60})

        assert "the draft has changed since" in panel(client, written)

    def test_it_stays_with_the_version_when_it_is_published(self, client, to_publish, publisher):
        Rehearsal.objects.update(result=RESULT)
        publish(publisher, to_publish)

        text = words(client.get(address("rehearsals", to_publish)))

        assert "as it was published" in text
        assert "43 of 412 cases" in text
        assert "Try the draft on the past" not in text

    def test_more_of_them_take_no_more_queries(self, client, written):
        def queries():
            with CaptureQueriesContext(connection) as captured:
                client.get(address("rehearsals", written))
            return len(captured)

        rehearse(written, result=RESULT)
        queries()
        before = queries()
        for _ in range(4):
            rehearse(written, result=RESULT)

        assert queries() == before
