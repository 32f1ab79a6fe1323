"""The evidence pack: everything about an order, for its owner and for staff, as a page and as JSON."""

import json
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

import policies.operations as policies
from accounts.models import User
from orders.models import Order, OrderEvent, Quote, Sample
from orders.operations import overturning
from orders.reading.evidence import own_pack, staff_pack
from plumbing import canonical
from plumbing.templatetags.amounts import amount
from policies.models import Decision
from tests.factories import CustomerFactory, OrderFactory, ServiceFactory
from tests.orders.buyer import Buyer
from tests.orders.decided import decided
from tests.orders.test_overturning import staff_of

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
    """An order that ended short, was appealed and overturned by the owner of the panel."""
    order = OrderFactory(user=customer)
    now = timezone.now()
    decision = decided(order, delivered=400, now=now)
    asked = {"user_id": customer.pk, "order_id": order.pk, "decision": decision.uuid}
    appeal = overturning.ask(**asked, words=WORDS, now=now)
    staff = staff_of("owner")
    overturning.overturn(staff=staff, appeal_id=appeal.pk, amount=Decimal("1.50"), reason="You are right.", now=now)
    return decision


def page(browser: Client, decision: Decision) -> str:
    answer = browser.get(reverse("orders:evidence", args=[decision.subject_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def as_json(browser: Client, decision: Decision) -> dict:
    answer = browser.get(reverse("orders:evidence-json", args=[decision.subject_id]))
    assert answer.headers["Content-Type"] == "application/json"
    assert "attachment" in answer.headers["Content-Disposition"]
    return json.loads(answer.getvalue())


class TestFile:
    def test_it_has_everything_about_the_order(self, browser: Client, customer: User, decision: Decision):
        """Field d, row D18 (evidence pack for chargebacks), D53."""
        order = customer.orders.get()

        content = as_json(browser, decision)["content"]

        assert (content["order"]["id"], content["order"]["charge"]) == (order.pk, "1.50000")
        assert content["terms"]["type"] == "Default"
        assert content["customer"]["email"] == customer.email
        assert {each["version"] for each in content["policies"]} == {1}
        assert content["policies"][0]["address"].endswith("/policies/refund/v1")
        assert content["policies"][0]["address"].startswith("http")
        accepted = {each["sha256_shown"] for each in content["acceptances"]}
        required = policies.required_versions(now=order.placed_at)
        assert accepted == {version.checksum for version in required}
        assert {each["sha256"] for each in content["policies"]} == accepted
        assert "Terms of service" in {each["title"] for each in content["policies"]}
        assert [each["at"] for each in content["acceptances"]] == [canonical.plain(order.placed_at)] * len(required)
        assert content["timeline"][0]["sentence"] == "Order placed and paid."
        assert content["runs"][0]["samples"] == [{"at": canonical.plain(decision.decided_at), "delivered": 400}]
        old, new = content["decisions"]
        assert (old["id"], old["superseded_by"], new["supersedes"]) == (str(decision.uuid), new["id"], old["id"])
        assert old["grounds"][0]["text"] == decision.policy_version.clauses.get(ref="refund.7.3").text
        assert (old["appeal"]["words"], old["appeal"]["result"]) == (WORDS, "overturned")
        assert [(each["what"], each["amount"]) for each in content["money"]] == [
            ("Charge", "-1.50000"), ("Refund", "0.90000"), ("Refund", "0.60000"),
        ]  # fmt: skip

    def test_its_digest_is_that_of_its_content_and_stays_while_nothing_happens(
        self, browser: Client, decision: Decision
    ):
        first, again = as_json(browser, decision), as_json(browser, decision)

        assert first["schema"] == "smmpanel.evidence/1"
        assert first["sha256"] == canonical.digest(first["content"]) == again["sha256"]
        assert first["generated_at"] < again["generated_at"]
        assert first["sha256"] in page(browser, decision)

    def test_another_word_is_another_digest(self, browser: Client, decision: Decision):
        """The control for the test above."""
        before = as_json(browser, decision)["sha256"]
        OrderEvent.objects.create(
            order_id=decision.subject_id, kind="resent", actor="system", facts={"reason": "So."}, at=timezone.now()
        )

        assert as_json(browser, decision)["sha256"] != before

    def test_it_has_the_quote_whatever_that_holds(self, browser: Client, customer: User):
        now = timezone.now()
        order = OrderFactory(user=customer, channel=Order.Channel.API_V2)
        content = {"price": "1.50000", "plan": [{"due_in": 0, "quantity": 1000}], "note": "<i>shown</i>"}
        Quote.objects.create(
            order=order,
            quote_id=uuid.uuid4(),
            issued_at=now,
            expires_at=now + timedelta(minutes=15),
            sha256=canonical.digest(content),
            content=content,
        )

        said = browser.get(reverse("orders:evidence", args=[order.pk])).content.decode()
        file = browser.get(reverse("orders:evidence-json", args=[order.pk])).getvalue()

        assert json.loads(file)["content"]["quote"]["content"] == content
        assert "<dt>plan / 1 / quantity</dt><dd>1000</dd>" in said
        assert escape("<i>shown</i>") in said

    def test_a_quote_is_shown_in_the_sentences_and_amounts_that_were_shown(self):
        """R5: as read before paying; codes, facts and the rest stay in the file."""
        buyer = Buyer()
        form = {**buyer.form(ServiceFactory()), "quantity": "1000"}
        buyer.place(buyer.look(form))
        [order] = buyer.orders

        said = buyer.browser.get(reverse("orders:evidence", args=[order.pk])).content.decode()

        shown = said.split("What was shown before paying", 1)[1].split("What was agreed", 1)[0]
        kept = order.quote.content
        for each in (*kept["expectations"], *kept["conditions"]):
            assert escape(each["said"]) in shown
        amounts = [amount(Decimal(each["amount"])) for each in kept["conditions"] if Decimal(each["amount"])]
        assert amounts
        assert all(f'<strong class="money">{each}</strong>' in shown for each in amounts)
        assert all(version["sha256"] in shown for version in kept["versions"])
        assert "at once, as one part" in shown
        assert "conditions / " not in shown
        assert (
            own_pack(order_id=order.pk, user_id=buyer.user.pk, now=timezone.now()).content["quote"]["content"] == kept
        )


class TestPage:
    def test_it_shows_the_same_and_words_as_words(self, browser: Client, decision: Decision):
        shown = page(browser, decision)

        for said in (
            "Paid back",
            "−$1.50",
            "$0.60",
            "Overturned",
            "You are right.",
            decision.inputs_sha256,
            "refund.7.3",
        ):
            assert said in shown
        assert escape(WORDS) in shown
        assert WORDS not in shown

    def test_nobody_else_s_order_is_there(self, browser: Client):
        stranger = OrderFactory()

        for name in ("evidence", "evidence-json"):
            assert browser.get(reverse(f"orders:{name}", args=[stranger.pk])).status_code == 404

    def test_an_order_without_a_decision_says_so(self, browser: Client, customer: User):
        OrderFactory(user=customer)

        answer = browser.get(reverse("orders:evidence", args=[customer.orders.get().pk]))

        assert "Nothing was refunded or refused." in answer.content.decode()

    def test_it_takes_the_same_queries_however_much_happened(
        self, customer: User, decision: Decision, django_assert_num_queries
    ):
        """P9."""
        asked = {"order_id": decision.subject_id, "user_id": customer.pk, "now": timezone.now()}
        with django_assert_num_queries(11):
            own_pack(**asked)
        run = customer.orders.get().runs.get()
        for number in range(5):
            OrderEvent.objects.create(
                order_id=decision.subject_id, kind="resent", actor="system", facts={"reason": "So."}, at=timezone.now()
            )
            Sample.objects.create(run=run, at=timezone.now(), delivered=500 + number)
            copy = Decision.objects.get(pk=decision.pk)
            copy.pk, copy.uuid, copy._state.adding = None, uuid.uuid4(), True
            copy.save()

        with django_assert_num_queries(11):
            own_pack(**asked)


class TestWhoIsNamed:
    def test_the_customer_learns_neither_who_decided_nor_who_delivers(self, browser: Client, decision: Decision):
        OrderEvent.objects.create(
            order_id=decision.subject_id, kind="dismissed", actor="staff:9", public=False, at=timezone.now()
        )

        said = json.dumps(as_json(browser, decision))

        assert "staff:" not in said
        assert "Provider " not in said
        assert "dismissed" not in said

    def test_staff_get_all_of_it(self, decision: Decision):
        OrderEvent.objects.create(
            order_id=decision.subject_id, kind="dismissed", actor="staff:9", public=False, at=timezone.now()
        )

        pack = staff_pack(order_id=decision.subject_id, now=timezone.now())

        assert pack.content["timeline"][-1]["by"] == "staff:9"
        assert pack.content["runs"][0]["provider"].startswith("Provider ")
        assert pack.content["decisions"][1]["by"].startswith("staff:")

    def test_staff_reach_it_from_the_order_s_page(self, decision: Decision, settings):
        settings.STAFF_MFA_REQUIRED = False
        browser = Client()
        browser.force_login(staff_of("support"))
        address = reverse("admin:orders_order_evidence", args=[decision.subject_id])

        assert address in browser.get(reverse("admin:orders_order_change", args=[decision.subject_id])).content.decode()
        assert "owner@staff.test" not in browser.get(address).content.decode()
        assert "a person (staff:" in browser.get(address).content.decode()
        file = browser.get(reverse("admin:orders_order_evidence_json", args=[decision.subject_id]))
        assert json.loads(file.getvalue())["content"]["runs"][0]["provider"]

    def test_staff_without_the_right_to_see_money_get_none(self, decision: Decision, settings):
        settings.STAFF_MFA_REQUIRED = False
        browser = Client()
        browser.force_login(User.objects.create_user("bare@staff.test", is_staff=True))

        assert browser.get(reverse("admin:orders_order_evidence", args=[decision.subject_id])).status_code == 403
