"""Appeals in the admin: the oldest first, each with its receipt and timeline, upheld or overturned once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from orders.operations import overturning
from policies.models import Appeal, Decision
from policies.rules.vocabulary import RunOutcome
from tests.factories import OrderFactory
from tests.orders.decided import decided

LIST = reverse("admin:policies_appeal_changelist")
WORDS = "<script>x()</script> It is wrong & I know it."
WHY = "It went to somebody else."


def appealed(*, age=timedelta(0), delivered=400, **more):
    now = timezone.now() - age
    order = OrderFactory(at=now, **({"user": more.pop("user")} if "user" in more else {}))
    decision = decided(order, delivered=delivered, now=now, **more)
    asked = {"user_id": order.user_id, "order_id": order.pk, "decision": decision.uuid}
    return overturning.ask(**asked, words=WORDS, now=now)


def page(appeal):
    return reverse("admin:policies_appeal_change", args=[appeal.pk])


def act(name, appeal):
    return reverse(f"admin:policies_appeal_{name}", args=[appeal.pk])


class TestList:
    def test_the_oldest_open_one_comes_first_with_its_age(self, client, staff):
        done = appealed(age=timedelta(days=9))
        old = appealed(age=timedelta(days=3, minutes=1))
        new = appealed()
        overturning.uphold(staff=staff("owner"), appeal_id=done.pk, reason=WHY, now=timezone.now())
        staff("support")

        answer = client.get(LIST)

        assert list(answer.context["cl"].result_list) == [old, new]
        assert "3 d" in answer.content.decode()
        assert list(client.get(LIST, {"state": "upheld"}).context["cl"].result_list) == [done]

    def test_ten_times_the_rows_cost_no_more_queries(self, client, staff, queries_of):
        appealed()
        staff("support")
        few = queries_of(LIST)
        for _ in range(9):
            appealed()

        assert queries_of(LIST) == few
        assert len(client.get(LIST).context["cl"].result_list) == 10

    def test_it_is_found_by_its_order(self, client, staff):
        wanted, _ = appealed(), appealed()
        staff("support")

        found = client.get(LIST, {"q": str(wanted.decision.subject_id)}).context["cl"].result_list

        assert list(found) == [wanted]
        assert list(client.get(LIST, {"q": "nothing"}).context["cl"].result_list) == []


class TestCase:
    def test_it_shows_words_receipt_and_timeline(self, client, staff):
        appeal = appealed()
        staff("support")

        shown = client.get(page(appeal)).content.decode()

        assert escape(WORDS) in shown
        assert WORDS not in shown
        for said in ("The provider ended it", "−$0.60", "Left over", "refund.7.3", "Order placed and paid."):
            assert said in shown
        assert act("uphold", appeal) in shown
        assert act("overturn", appeal) in shown

    def test_the_order_s_page_leads_to_it(self, client, staff):
        appeal = appealed()
        staff("support")

        shown = client.get(reverse("admin:orders_order_change", args=[appeal.decision.subject_id])).content.decode()

        assert "its owner appealed" in shown
        assert page(appeal) in shown

    def test_its_flag_is_not_dismissed(self, client, staff):
        flag = appealed().opened_by.orders.get().flags.get()
        staff("support")

        client.post(reverse("admin:orders_flag_dismiss", args=[flag.pk]), {"reason": "Away with it"})
        answer = client.post(
            reverse("admin:orders_flag_dismiss_chosen"),
            {"flag": [flag.pk], "reason": "Away with it"},
            follow=True,
        )

        flag.refresh_from_db()
        assert flag.resolved_at is None
        assert "It waits for a decision" in answer.content.decode()

    def test_who_had_a_part_in_it_is_offered_nothing(self, client, staff):
        person = staff("support")
        own = appealed(delivered=0, outcome=RunOutcome.STOPPED, actor=f"staff:{person.pk}")

        shown = client.get(page(own)).content.decode()
        answer = client.post(act("uphold", own), {"reason": WHY})

        assert "Somebody else has to decide" in shown
        assert act("uphold", own) not in shown
        assert "You had a part in this case" in answer.content.decode()
        assert Appeal.objects.get().result == ""

    def test_finance_looks_and_does_not_decide(self, client, staff):
        appeal = appealed()
        staff("finance")

        assert act("uphold", appeal) not in client.get(page(appeal)).content.decode()
        assert client.post(act("overturn", appeal), {"amount": "1", "reason": WHY}).status_code == 403


class TestActs:
    def test_the_undelivered_part_is_filled_in_and_paid(self, client, staff):
        appeal = appealed(delivered=990)
        staff("support")
        form = client.get(act("overturn", appeal)).context["form"]
        assert form["amount"].initial == Decimal("0.01500")

        answer = client.post(act("overturn", appeal), {"amount": "0.015", "reason": WHY}, follow=True)

        assert "Overturned. $0.015 is paid back in all" in answer.content.decode()
        assert appeal.opened_by.orders.get().refunded == Decimal("0.01500")
        appeal.refresh_from_db()
        assert (appeal.result, appeal.reason) == ("overturned", WHY)

    @pytest.mark.parametrize(
        ("amount", "said"),
        [("0.5", "greater than or equal to 0.9"), ("1.51", "less than or equal to 1.5"), ("", "required"),
         ("0.900001", "no more than 5 decimal"), ("NaN", "Enter a number"), ("0.9", "uphold the decision")],
    )  # fmt: skip
    def test_an_amount_that_cannot_be_is_said_and_changes_nothing(self, client, staff, amount, said):
        appeal = appealed(delivered=400)
        staff("support")

        answer = client.post(act("overturn", appeal), {"amount": amount, "reason": WHY})

        assert said in answer.content.decode()
        assert WHY in answer.content.decode()
        assert appeal.opened_by.orders.get().refunded == Decimal("0.90000")

    def test_a_second_click_is_told(self, client, staff):
        appeal = appealed()
        staff("support")
        client.post(act("uphold", appeal), {"reason": WHY})

        answer = client.post(act("overturn", appeal), {"amount": "1.5", "reason": WHY})

        assert "no longer possible" in answer.content.decode()
        assert appeal.opened_by.orders.get().refunded == Decimal("0.90000")

    def test_it_takes_a_reason(self, client, staff):
        appeal = appealed()
        staff("support")

        assert "required" in client.post(act("uphold", appeal), {"reason": ""}).content.decode()
        assert Appeal.objects.get().result == ""

    def test_the_customer_reads_the_reason_on_the_receipt_and_the_new_decision(self, client, staff):
        appeal = appealed()
        staff("support")
        client.post(act("overturn", appeal), {"amount": "1.5", "reason": "<i>You are right.</i>"})
        client.force_login(appeal.opened_by)
        old = reverse("orders:decision", args=[appeal.decision.subject_id, appeal.decision.uuid])

        shown = client.get(old).content.decode()
        superseding = Decision.objects.get(supersedes=appeal.decision)
        new = reverse("orders:decision", args=[superseding.subject_id, superseding.uuid])

        assert escape("<i>You are right.</i>") in shown
        assert "This decision no longer holds" in shown
        assert new in shown
        shown = client.get(new).content.decode()
        assert "A member of our staff decided" in shown
        assert "so it is final here" in shown
        assert old in shown

    def test_a_case_that_is_not_there_is_missing(self, client, staff):
        staff("support")

        assert client.get(reverse("admin:policies_appeal_uphold", args=[99])).status_code == 404
