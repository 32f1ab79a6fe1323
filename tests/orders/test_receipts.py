"""A decision's receipt and the appeal against it, as the order's owner meets them and nobody else (D53)."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from accounts.models import Outgoing, User
from accounts.operations import suspend
from orders.models import Flag, OrderEvent
from orders.operations import overturning
from orders.reading.receipt import receipt_of
from policies.models import Appeal, Decision
from policies.rules.vocabulary import RunOutcome
from tests.factories import CustomerFactory, OrderFactory, ServiceFactory
from tests.orders.decided import decided

pytestmark = pytest.mark.django_db
WORDS = "Only <b>300</b> arrived & I can show it."


@pytest.fixture
def customer() -> User:
    return CustomerFactory(funds=Decimal(1000))


@pytest.fixture
def browser(customer: User) -> Client:
    browser = Client()
    browser.force_login(customer)
    return browser


@pytest.fixture
def decision(customer: User) -> Decision:
    """1,000 units for $1.50, of which 400 were delivered: $0.90 goes back."""
    return decided(OrderFactory(user=customer), delivered=400, now=timezone.now())


def address(decision: Decision, page: str = "decision") -> str:
    return reverse(f"orders:{page}", args=[decision.subject_id, decision.uuid])


def receipt(browser: Client, decision: Decision) -> str:
    answer = browser.get(address(decision))
    assert answer.status_code == 200
    return answer.content.decode()


def appeal(browser: Client, decision: Decision, words: str = WORDS):
    return browser.post(address(decision, "appeal"), {"words": words})


class TestReceipt:
    def test_it_shows_facts_and_the_sum_in_plain_words(self, browser: Client, decision: Decision):
        """D53: the facts."""
        page = receipt(browser, decision)

        for said in ("The provider ended it", "<dd>1,000</dd>", "<dd>400</dd>", "<dd>up to 20</dd>", "Left over"):
            assert said in page
        lines = page.partition('id="sum"')[2].partition("</dl>")[0]
        for amount in ("$1.50", "−$0.60", "$0.00", "$0.90"):
            assert amount in lines

    def test_it_shows_the_clause_as_it_stood_with_its_numbers_and_where_it_stands(
        self, browser: Client, customer: User
    ):
        """D53: the ground, and the number in the sentence is the number enforced."""
        decision = decided(OrderFactory(user=customer), delivered=990, now=timezone.now())

        page = receipt(browser, decision)

        assert decision.clause_refs == ["refund.7.2"]
        assert f'href="{reverse("policies:version", args=["refund", 1])}#refund.7.2"' in page
        clause = decision.policy_version.clauses.get(ref="refund.7.2")
        assert "{" in clause.text
        assert escape(clause.text.partition("{")[0]) in page
        assert "2 %" in page.partition("receipt-clause")[2]
        assert "10 of 1,000 are missing" in page

    def test_it_says_that_a_machine_decided_and_who_set_it_off(self, browser: Client, customer: User):
        """D53: automated or not."""
        by_rule = decided(OrderFactory(user=customer), delivered=400, now=timezone.now())
        ended = {"delivered": 0, "outcome": RunOutcome.REFUSED, "actor": "staff:7", "now": timezone.now()}
        after_staff = decided(OrderFactory(user=customer), **ended)

        assert "no person took part" in receipt(browser, by_rule)
        assert "Our staff had ended the order before" not in receipt(browser, by_rule)
        assert "Our staff had ended the order before" in receipt(browser, after_staff)

    def test_it_says_until_when_it_can_be_appealed_and_names_itself(self, browser: Client, decision: Decision):
        """D53: redress, id and SHA-256."""
        page = receipt(browser, decision)

        assert f'until <strong><time datetime="{timezone.localtime(decision.appeal_until).isoformat()}"' in page
        assert f'href="{address(decision, "appeal")}"' in page
        assert str(decision.uuid) in page
        assert decision.inputs_sha256 in page

    def test_after_the_days_it_says_that_they_have_passed(self, browser: Client, customer: User):
        month_ago = timezone.now() - timedelta(days=31)
        decision = decided(OrderFactory(user=customer, at=month_ago), delivered=400, now=month_ago)

        assert "That time has passed" in receipt(browser, decision)
        assert f'href="{address(decision, "appeal")}"' not in receipt(browser, decision)

    def test_somebody_else_s_order_and_a_decision_of_another_order_are_not_there(
        self, browser: Client, customer: User, decision: Decision
    ):
        stranger, own = decided(OrderFactory(), delivered=1, now=timezone.now()), OrderFactory(user=customer)
        mixed = reverse("orders:decision", args=[own.pk, decision.uuid])

        for where in (address(stranger), mixed, reverse("orders:decision", args=[own.pk, uuid.uuid4()])):
            assert browser.get(where).status_code == 404
        assert browser.post(address(stranger, "appeal"), {"words": WORDS}).status_code == 404
        assert not Appeal.objects.exists()

    def test_it_takes_the_same_queries_however_many_decisions(
        self, customer: User, decision: Decision, django_assert_num_queries
    ):
        asked = {"order_id": decision.subject_id, "user_id": customer.pk, "decision": decision.uuid}

        with django_assert_num_queries(3):
            assert receipt_of(**asked, now=timezone.now())
        for _ in range(3):
            copy = Decision.objects.get(pk=decision.pk)
            copy.pk, copy.uuid, copy._state.adding = None, uuid.uuid4(), True
            copy.save()
        with django_assert_num_queries(3):
            assert receipt_of(**asked, now=timezone.now())

    def test_the_order_s_page_leads_to_it_in_the_queries_it_took_before(
        self, browser: Client, decision: Decision, django_assert_num_queries
    ):
        page = reverse("orders:detail", args=[decision.subject_id])
        browser.get(page)

        with django_assert_num_queries(9):
            assert f'href="{address(decision)}"' in browser.get(page).content.decode()
        for _ in range(3):
            copy = Decision.objects.get(pk=decision.pk)
            copy.pk, copy.uuid, copy._state.adding = None, uuid.uuid4(), True
            copy.save()
        with django_assert_num_queries(9):
            browser.get(page)


class TestAppeal:
    def test_it_is_sent_once_and_staff_are_told(self, browser: Client, decision: Decision, settings):
        settings.ALARM_EMAIL = "alarm@example.test"

        answer = appeal(browser, decision)

        assert answer.headers["Location"] == address(decision)
        assert Appeal.objects.get().words == WORDS
        flag = Flag.objects.get(order_id=decision.subject_id)
        assert (flag.kind, flag.resolved_at) == ("appealed", None)
        assert WORDS in Outgoing.objects.get(to="alarm@example.test").body
        assert OrderEvent.objects.filter(order_id=decision.subject_id, kind="appealed", public=True).exists()

    def test_the_receipt_then_shows_the_words_as_words(self, browser: Client, decision: Decision):
        appeal(browser, decision)

        page = receipt(browser, decision)

        assert escape(WORDS) in page
        assert WORDS not in page
        assert "A person is looking at it" in page

    @pytest.mark.parametrize(
        ("words", "said"),
        [("", "required"), ("too few", "at least 10"), ("\u200b" * 20, "at least 10"), ("x" * 2001, "at most 2000")],
    )
    def test_words_that_do_not_do_are_said_at_the_field_and_kept(
        self, browser: Client, decision: Decision, words, said
    ):
        answer = appeal(browser, decision, words)

        assert answer.status_code == 422
        assert said in str(answer.context["form"].errors["words"])
        assert answer.context["form"]["words"].value() == words
        assert not Appeal.objects.exists()

    def test_a_line_break_counts_once(self, browser: Client, decision: Decision):
        appeal(browser, decision, "\r\n".join(["x" * 99] * 20))

        assert len(Appeal.objects.get().words) == 99 * 20 + 19

    def test_a_second_tab_is_told_and_keeps_what_it_wrote(self, browser: Client, decision: Decision):
        appeal(browser, decision)

        answer = appeal(browser, decision, "And <i>another</i> thing of mine.")

        assert answer.status_code == 409
        assert "cannot be appealed now" in answer.content.decode()
        assert escape("And <i>another</i> thing of mine.") in answer.content.decode()
        assert Appeal.objects.get().words == WORDS

    def test_a_tab_that_lost_the_race_is_told_the_same(self, browser: Client, decision: Decision, monkeypatch):
        """The other tab's appeal commits between this one's look and its write."""
        ask = overturning.ask

        def late(**asked: object) -> Appeal:
            ask(**{**asked, "words": WORDS})
            return ask(**asked)

        monkeypatch.setattr(overturning, "ask", late)
        answer = appeal(browser, decision, "The second of two tabs.")

        assert answer.status_code == 409
        assert "The second of two tabs." in answer.content.decode()
        assert Appeal.objects.get().words == WORDS

    def test_after_the_days_nothing_is_sent(self, browser: Client, customer: User):
        month_ago = timezone.now() - timedelta(days=30)
        decision = decided(OrderFactory(user=customer, at=month_ago), delivered=400, now=month_ago)

        answer = appeal(browser, decision)

        assert answer.status_code == 409
        assert escape(WORDS) in answer.content.decode()
        assert not Appeal.objects.exists()

    def test_a_suspended_customer_may_appeal(self, browser: Client, customer: User, decision: Decision):
        suspend(user_id=customer.pk, reason="For a test", actor="system", now=timezone.now())

        assert appeal(browser, decision).status_code == 302
        assert Appeal.objects.get().opened_by == customer

    def test_it_changes_no_money(self, browser: Client, customer: User, decision: Decision):
        order = customer.orders.get()

        appeal(browser, decision)

        order.refresh_from_db()
        assert (order.refunded, order.status) == (Decimal("0.90000"), "partial")


def test_a_package_s_receipt_says_all_or_nothing(browser: Client, customer: User):
    service = ServiceFactory(type="Package", min_quantity=1, max_quantity=1)
    decision = decided(OrderFactory(user=customer, service=service, quantity=1), delivered=0, now=timezone.now())

    page = receipt(browser, decision)

    assert "Sold as a package, all or nothing" in page
    assert "<dd>yes</dd>" in page
